//! The ICC profile that renditions carry when their colours are kept: nothing but primaries and a curve.

use moxcms::{ColorProfile, Matrix3d, Xyzd};

use super::shaper::{Shaper, decoded};

/// Raised when the bytes of profiles change, so that renditions get new keys.
pub(crate) const REVISION: u32 = 1;

/// Bytes that a profile has at most.
#[cfg(test)]
const LONGEST: usize = 600;

/// What renditions in the space of `profile` are tagged with: version 4 (ICC.1:2022), written from its numbers. None
/// where a curve is neither sRGB's nor a power.
pub(crate) fn compact(profile: &ColorProfile, shaper: &Shaper) -> Option<Vec<u8>> {
    let [red, green, blue] = shaper.linear.each_ref().map(|table| curve(table));
    let curves = [red?, green?, blue?];
    let colorants = [profile.red_colorant, profile.green_colorant, profile.blue_colorant];
    let mut tags: Vec<([u8; 4], Vec<u8>)> =
        vec![(*b"desc", text(name(&colorants, &curves))), (*b"cprt", text("CC0")), (*b"wtpt", xyz(D50))];
    if let Some(Matrix3d { v }) = profile.chromatic_adaptation {
        tags.push((*b"chad", numbers(*b"sf32", v.as_flattened())));
    }
    for (name, colorant) in [*b"rXYZ", *b"gXYZ", *b"bXYZ"].into_iter().zip(colorants) {
        tags.push((name, xyz(colorant)));
    }
    for (name, curve) in [*b"rTRC", *b"gTRC", *b"bTRC"].into_iter().zip(curves) {
        tags.push((name, curve.tag()));
    }
    Some(file(&tags))
}

/// The connection space's white (ICC.1:2022, 7.2.16).
const D50: Xyzd = Xyzd { x: 0.9642, y: 1.0, z: 0.8249 };

/// A curve that a few numbers tell.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Curve {
    Srgb,
    Gamma(f64),
}

impl Curve {
    fn light(self, signal: f64) -> f64 {
        match self {
            Self::Srgb => decoded(signal),
            Self::Gamma(gamma) => signal.powf(gamma),
        }
    }

    /// `parametricCurveType`: its function 3 or 0.
    fn tag(self) -> Vec<u8> {
        let (function, parameters): (u8, &[f64]) = match self {
            Self::Srgb => (3, &[2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.040_45]),
            Self::Gamma(gamma) => (0, &[gamma]),
        };
        let mut tag = b"para\0\0\0\0\0".to_vec();
        tag.extend([function, 0, 0]);
        tag.extend(parameters.iter().flat_map(|&value| fixed(value)));
        tag
    }
}

/// The curve that `table` holds the values of, to a quarter of a level of 255.
fn curve(table: &[f32; 256]) -> Option<Curve> {
    let middle = f64::from(table[128]);
    let gamma = middle.ln() / (128.0_f64 / 255.0).ln();
    // To what the file can say.
    let gamma = (gamma * 65_536.0).round() / 65_536.0;
    [Curve::Srgb, Curve::Gamma(gamma)].into_iter().find(|curve| {
        (0..=255_u8).all(|value| {
            let near = |signal: f64| curve.light(signal.clamp(0.0, 1.0));
            let (signal, light) = (f64::from(value) / 255.0, f64::from(table[usize::from(value)]));
            let quarter = 0.25 / 255.0;
            (near(signal - quarter) - 1e-6..=near(signal + quarter) + 1e-6).contains(&light)
        })
    })
}

/// What programs show to people.
fn name(colorants: &[Xyzd; 3], curves: &[Curve; 3]) -> &'static str {
    let known = [
        ("Display P3", ColorProfile::new_display_p3(), Curve::Srgb),
        ("Adobe RGB compatible", ColorProfile::new_adobe_rgb(), Curve::Gamma(2.2)),
    ];
    let near =
        |a: Xyzd, b: Xyzd| [(a.x, b.x), (a.y, b.y), (a.z, b.z)].iter().all(|(a, b)| (a - b).abs() < 2e-3);
    let found = known.iter().find(|(_, profile, curve)| {
        let theirs = [profile.red_colorant, profile.green_colorant, profile.blue_colorant];
        let same = match (curve, curves[0]) {
            (Curve::Srgb, Curve::Srgb) => true,
            (Curve::Gamma(a), Curve::Gamma(b)) => (a - b).abs() < 0.01,
            _ => false,
        };
        same && colorants.iter().zip(theirs).all(|(a, b)| near(*a, b))
    });
    found.map_or("Wide RGB", |(name, ..)| name)
}

/// Header, directory and data; equal tags share their data.
fn file(tags: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let start = 128 + 4 + 12 * tags.len();
    let mut directory = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data: Vec<u8> = Vec::new();
    let mut written: Vec<(&[u8], usize)> = Vec::new();
    for (name, bytes) in tags {
        let at = match written.iter().find(|(other, _)| other == bytes) {
            Some(&(_, at)) => at,
            None => {
                let at = start + data.len();
                data.extend_from_slice(bytes);
                data.resize(data.len().next_multiple_of(4), 0);
                written.push((bytes, at));
                at
            }
        };
        directory.extend_from_slice(name);
        directory.extend((at as u32).to_be_bytes());
        directory.extend((bytes.len() as u32).to_be_bytes());
    }
    [header(start + data.len()), directory, data].concat()
}

/// ICC.1:2022, 7.2: a display's profile, of no date, for the media-relative intent.
fn header(size: usize) -> Vec<u8> {
    let mut header = vec![0; 128];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &(size as u32).to_be_bytes());
    put(8, &[4, 0x30]);
    put(12, b"mntrRGB XYZ ");
    put(36, b"acsp");
    put(64, &1_u32.to_be_bytes());
    put(68, &[D50.x, D50.y, D50.z].map(fixed).concat());
    header
}

fn xyz(value: Xyzd) -> Vec<u8> {
    numbers(*b"XYZ ", &[value.x, value.y, value.z])
}

fn numbers(kind: [u8; 4], values: &[f64]) -> Vec<u8> {
    let mut tag = kind.to_vec();
    tag.extend([0; 4]);
    tag.extend(values.iter().flat_map(|&value| fixed(value)));
    tag
}

/// s15Fixed16Number.
fn fixed(value: f64) -> [u8; 4] {
    ((value * 65_536.0).round() as i32).to_be_bytes()
}

/// `multiLocalizedUnicodeType` with one record, en-US.
fn text(text: &str) -> Vec<u8> {
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut tag = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS".to_vec();
    tag.extend((utf16.len() as u32).to_be_bytes());
    tag.extend(28_u32.to_be_bytes());
    tag.extend(utf16);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_as_the_space_it_was_made_of() {
        for (profile, words) in [
            (fixtures::icc::display_p3(), "Display P3"),
            (fixtures::icc::adobe_rgb(), "Adobe RGB compatible"),
        ] {
            let profile = ColorProfile::new_from_slice(&profile).unwrap();
            let shaper = Shaper::new(&profile).unwrap();
            let file = compact(&profile, &shaper).unwrap();
            assert!(file.len() <= LONGEST, "{} bytes", file.len());
            assert!(file.windows(4).any(|window| window == [0, words.as_bytes()[0], 0, words.as_bytes()[1]]));
            let again = Shaper::new(&ColorProfile::new_from_slice(&file).unwrap()).unwrap();
            for color in (0..216_u8).map(|n| [n / 36, n / 6 % 6, n % 6].map(|level| level * 51)) {
                let off = shaper.srgb(color).into_iter().zip(again.srgb(color)).map(|(a, b)| (a - b).abs());
                assert!(off.fold(0.0, f64::max) < 0.7, "{words}: {color:?}");
            }
        }
    }

    #[test]
    fn a_curve_of_its_own_is_not_written() {
        let odd: [f32; 256] = std::array::from_fn(|value| (value as f32 / 255.0).powf(2.0) * 0.9 + 0.1);
        assert_eq!(curve(&odd), None);
    }
}
