//! Profiles of one curve, or of primaries and curves, whose connection space is CIE L\*a\*b\* instead of XYZ.

use moxcms::{ColorProfile, DataColorSpace, ToneReprCurve};

/// Values of a curve that is written anew.
const VALUES: usize = 4_096;

/// Returns `profile` with XYZ as its connection space where it has no tables. A grey curve then leads to lightness
/// (ICC.1:2022, F.2), and is replaced by one that leads to light. Primaries are XYZ whatever the header says.
pub(super) fn without(mut profile: ColorProfile) -> ColorProfile {
    if profile.pcs != DataColorSpace::Lab {
        return profile;
    }
    match profile.color_space {
        DataColorSpace::Gray => {
            let Ok(lightness) = profile.build_gray_linearize_table::<u16, 65_536, 16>() else {
                return profile;
            };
            let values = (0..VALUES).map(|at| {
                let lightness = f64::from(lightness[at * 65_535 / (VALUES - 1)]);
                (65_535.0 * light(lightness.clamp(0.0, 1.0))).round() as u16
            });
            profile.gray_trc = Some(ToneReprCurve::Lut(values.collect()));
            profile.pcs = DataColorSpace::Xyz;
        }
        DataColorSpace::Rgb if profile.is_matrix_shaper() && profile.lut_a_to_b_perceptual.is_none() => {
            profile.pcs = DataColorSpace::Xyz;
        }
        _ => {}
    }
    profile
}

/// Returns the light (Y) of a lightness (L\*), both 0 to 1 (CIE 15:2018, 8.2.1).
fn light(lightness: f64) -> f64 {
    const EDGE: f64 = 0.08;
    if lightness <= EDGE { lightness * 2_700.0 / 24_389.0 } else { ((lightness + 0.16) / 1.16).powi(3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_of_mid_grey_is_an_18_percent_light() {
        assert!((light(0.5) - 0.184_187).abs() < 1e-5);
        assert_eq!((light(0.0), light(1.0)), (0.0, 1.0));
        assert!((light(0.08) - light(0.080_001)).abs() < 1e-6);
    }
}
