//! RGB spaces of three primaries and a tone curve each, in numbers.

use moxcms::{CmsError, ColorProfile, DataColorSpace};

/// What an 8-bit RGB space means in linear light of sRGB's primaries.
#[derive(Debug, Clone)]
pub(crate) struct Shaper {
    /// Linear light of each value of red, green and blue, 0 to 1.
    pub(crate) linear: [Box<[f32; 256]>; 3],
    /// From linear light of the space to that of sRGB, by rows.
    pub(crate) matrix: [[f64; 3]; 3],
}

impl Shaper {
    /// `profile` in numbers, if it is nothing but primaries and curves.
    pub(crate) fn new(profile: &ColorProfile) -> Option<Self> {
        let tables = [
            &profile.lut_a_to_b_perceptual,
            &profile.lut_a_to_b_colorimetric,
            &profile.lut_a_to_b_saturation,
        ];
        if !profile.is_matrix_shaper()
            || profile.pcs != DataColorSpace::Xyz
            || tables.iter().any(|table| table.is_some())
        {
            return None;
        }
        let linear = curves(profile).ok()?;
        let matrix = profile.transform_matrix(&ColorProfile::new_srgb()).v;
        let finite = linear.iter().flat_map(|curve| curve.iter()).all(|value| value.is_finite())
            && matrix.as_flattened().iter().all(|value| value.is_finite());
        finite.then_some(Self { linear, matrix })
    }

    /// `color` in sRGB, 0 to 255, not rounded; what lies outside of sRGB is cut off.
    pub(crate) fn srgb(&self, color: [u8; 3]) -> [f64; 3] {
        let linear = [0, 1, 2].map(|at| f64::from(self.linear[at][usize::from(color[at])]));
        self.matrix.map(|row| {
            let sum: f64 = row.iter().zip(linear).map(|(factor, value)| factor * value).sum();
            255.0 * encoded(sum.clamp(0.0, 1.0))
        })
    }

    /// Whether converting changes nothing: a cube of colours and all greys move by one level at most.
    pub(crate) fn is_srgb(&self) -> bool {
        let cube = (0..216_u8).map(|n| [n / 36, n / 6 % 6, n % 6].map(|level| level * 51));
        let greys = (0..=255_u8).map(|grey| [grey; 3]);
        cube.chain(greys).all(|color| {
            self.srgb(color).into_iter().zip(color).all(|(is, was)| (is - f64::from(was)).abs() <= 1.0)
        })
    }

    /// Whether the space has colours that lie clearly outside of sRGB.
    pub(crate) fn is_wide(&self) -> bool {
        self.matrix.as_flattened().iter().any(|&factor| factor < -0.01)
    }
}

fn curves(profile: &ColorProfile) -> Result<[Box<[f32; 256]>; 3], CmsError> {
    Ok([
        profile.build_r_linearize_table::<u8, 256, 8>(true)?,
        profile.build_g_linearize_table::<u8, 256, 8>(true)?,
        profile.build_b_linearize_table::<u8, 256, 8>(true)?,
    ])
}

/// sRGB's signal for linear light, both 0 to 1 (IEC 61966-2-1).
pub(crate) fn encoded(linear: f64) -> f64 {
    if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

/// Linear light of sRGB's signal, both 0 to 1.
pub(crate) fn decoded(signal: f64) -> f64 {
    if signal <= 0.040_45 { signal / 12.92 } else { ((signal + 0.055) / 1.055).powf(2.4) }
}
