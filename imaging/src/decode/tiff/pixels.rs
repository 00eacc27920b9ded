//! Samples to pixels of grey, RGB or CMYK, with alpha or without.

use std::sync::LazyLock;

use image_header::{Rejection, SourceInfo, TiffColor, TiffInfo, TiffNumbers, TiffYCbCr};

use crate::decode::boxes::Sample;
use crate::picture::Components;

/// A sample of the decoded picture.
pub(super) trait Depth: Sample {
    /// Converts a sample that has this type's range already.
    fn of(sample: u16) -> Self;
    /// Converts a sample of 8 bits.
    fn of_eight(sample: u8) -> Self;
}

impl Depth for u8 {
    fn of(sample: u16) -> Self {
        sample as u8
    }

    fn of_eight(sample: u8) -> Self {
        sample
    }
}

impl Depth for u16 {
    fn of(sample: u16) -> Self {
        sample
    }

    fn of_eight(sample: u8) -> Self {
        u16::from(sample) * 257
    }
}

/// A conversion of rows.
pub(super) struct Pixels<'a> {
    tiff: &'a TiffInfo,
    /// Samples of a stored pixel that are used: colors, then alpha.
    wanted: Vec<usize>,
    components: Components,
    premultiplied: bool,
    /// The highest stored value, at most 16 bits of it, and the highest decoded one.
    highest: (u32, u32),
    palette: Vec<[u8; 3]>,
}

impl<'a> Pixels<'a> {
    pub(super) fn new(source: &[u8], info: &SourceInfo, tiff: &'a TiffInfo) -> Result<Self, Rejection> {
        let color = match &tiff.color {
            TiffColor::WhiteIsZero | TiffColor::BlackIsZero => Components::Grey,
            TiffColor::Cmyk => Components::Cmyk { inverted: false },
            _ => Components::Rgb,
        };
        let alpha = tiff.alpha.filter(|_| info.alpha);
        let wanted = (0..tiff.color.count()).chain(alpha).map(usize::from).collect();
        let palette = match &tiff.color {
            TiffColor::Palette(range) => {
                let map =
                    source.get(range.clone()).ok_or_else(|| Rejection::damaged("its palette is missing"))?;
                palette(map, tiff.big_endian)
            }
            _ => Vec::new(),
        };
        let deepest = if info.bits_per_sample == 16 { 65_535 } else { 255 };
        Ok(Self {
            tiff,
            wanted,
            components: super::with_alpha(color, alpha.is_some()),
            premultiplied: info.premultiplied,
            highest: ((1 << tiff.bits.min(16)) - 1, deepest),
            palette,
        })
    }

    pub(super) fn wanted(&self) -> &[usize] {
        &self.wanted
    }

    pub(super) fn components(&self) -> Components {
        self.components
    }

    /// Converts a row of wanted samples.
    pub(super) fn convert<S: Depth>(&self, samples: &[u16], row: &mut [S]) {
        let (stored, count) = (self.wanted.len(), self.components.count());
        let highest = self.highest.1;
        for (from, to) in samples.chunks_exact(stored).zip(row.chunks_exact_mut(count)) {
            let mut pixel = [0_u16; 5];
            let colors = self.color(from, &mut pixel);
            if self.components.has_alpha() {
                let alpha = self.scale(from[stored - 1]);
                if self.premultiplied {
                    pixel[..colors].iter_mut().for_each(|color| *color = divide(*color, alpha, highest));
                }
                pixel[colors] = alpha;
            }
            to.iter_mut().zip(pixel).for_each(|(to, sample)| *to = S::of(sample));
        }
    }

    /// Writes the colors of one pixel. Returns how many.
    fn color(&self, from: &[u16], to: &mut [u16; 5]) -> usize {
        match &self.tiff.color {
            TiffColor::WhiteIsZero => to[0] = self.highest.1 as u16 - self.scale(from[0]),
            TiffColor::BlackIsZero => to[0] = self.scale(from[0]),
            TiffColor::Palette(_) => {
                let color = self.palette.get(usize::from(from[0])).copied().unwrap_or_default();
                to[..3].copy_from_slice(&color.map(u16::from));
                return 3;
            }
            TiffColor::Rgb | TiffColor::Cmyk => {
                let count = self.tiff.color.count().into();
                to[..count].iter_mut().zip(from).for_each(|(to, &sample)| *to = self.scale(sample));
                return count;
            }
            TiffColor::YCbCr(parameters) => {
                to[..3].copy_from_slice(&ycbcr(parameters, [from[0], from[1], from[2]]));
                return 3;
            }
            TiffColor::Lab { offset } => {
                let rgb = lab(self.lab([from[0], from[1], from[2]], *offset));
                let highest = self.highest.1 as f32;
                to[..3].copy_from_slice(&rgb.map(|part| (part * highest + 0.5) as u16));
                return 3;
            }
        }
        1
    }

    /// Brings a stored sample to the decoded range.
    fn scale(&self, sample: u16) -> u16 {
        let (stored, decoded) = self.highest;
        // Negative numbers are below black.
        let sample = match (self.tiff.numbers, self.tiff.bits) {
            (TiffNumbers::Signed, 16 | 32) => {
                (sample.cast_signed().max(0).cast_unsigned() << 1) | sample >> 14 & 1
            }
            _ => sample,
        };
        if stored == decoded {
            return sample;
        }
        ((u32::from(sample).min(stored) * decoded + stored / 2) / stored) as u16
    }

    /// Returns L\* from 0 to 100, and a\* and b\*.
    fn lab(&self, [l, a, b]: [u16; 3], offset: bool) -> [f32; 3] {
        let deep = self.tiff.bits == 16;
        let (white, unit) = if deep { (65_535.0, 256.0) } else { (255.0, 1.0) };
        let difference = |sample: u16| match (offset, deep) {
            (true, _) => f32::from(sample) / unit - 128.0,
            (false, true) => f32::from(sample.cast_signed()) / unit,
            (false, false) => f32::from((sample as u8).cast_signed()),
        };
        // ICC's 16-bit encoding has 100 at FF00.
        let white = if offset && deep { 65_280.0 } else { white };
        [f32::from(l) * 100.0 / white, difference(a), difference(b)]
    }
}

fn divide(color: u16, alpha: u16, highest: u32) -> u16 {
    let (color, alpha) = (u32::from(color), u32::from(alpha));
    (color * highest + alpha / 2).checked_div(alpha).unwrap_or(0).min(highest) as u16
}

/// Reads a palette. Some writers store 8 bits where 16 belong.
fn palette(map: &[u8], big_endian: bool) -> Vec<[u8; 3]> {
    let entry =
        |bytes: &[u8; 2]| if big_endian { u16::from_be_bytes(*bytes) } else { u16::from_le_bytes(*bytes) };
    let all = map.as_chunks::<2>().0;
    let shift = if all.iter().all(|bytes| entry(bytes) < 256) { 0 } else { 8 };
    let colors = all.len() / 3;
    let part = |index: usize| (entry(&all[index]) >> shift) as u8;
    (0..colors).map(|color| [color, colors + color, 2 * colors + color].map(part)).collect()
}

/// Converts YCbCr to RGB (TIFF 6.0, section 21).
fn ycbcr(parameters: &TiffYCbCr, samples: [u16; 3]) -> [u16; 3] {
    let [red, green, blue] = parameters.coefficients;
    let r = parameters.reference;
    let code = |index: usize, range: f32| {
        let (black, white) = (r[2 * index], r[2 * index + 1]);
        (f32::from(samples[index]) - black) * range / (white - black)
    };
    let (y, cb, cr) = (code(0, 255.0), code(1, 127.0), code(2, 127.0));
    let r = cr * (2.0 - 2.0 * red) + y;
    let b = cb * (2.0 - 2.0 * blue) + y;
    let g = (y - blue * b - red * r) / green;
    [r, g, b].map(|part| (part + 0.5).clamp(0.0, 255.0) as u16)
}

/// Converts CIE L\*a\*b\* under D50 to sRGB, from 0 to 1.
fn lab([l, a, b]: [f32; 3]) -> [f32; 3] {
    // ISO 15076-1, 6.3.4.3; Bradford from D50 to D65 and the primaries of IEC 61966-2-1 in one matrix.
    const WHITE: [f32; 3] = [0.964_2, 1.0, 0.824_9];
    const MATRIX: [[f32; 3]; 3] = [
        [3.134_187, -1.617_209, -0.490_694],
        [-0.978_749, 1.916_13, 0.033_433],
        [0.071_964, -0.228_994, 1.405_754],
    ];
    let y = (l + 16.0) / 116.0;
    let inverse = |t: f32| {
        if t > 6.0 / 29.0 { t * t * t } else { (t - 4.0 / 29.0) * 3.0 * (6.0 / 29.0) * (6.0 / 29.0) }
    };
    let xyz = [inverse(y + a / 500.0) * WHITE[0], inverse(y) * WHITE[1], inverse(y - b / 200.0) * WHITE[2]];
    MATRIX.map(|row| encode(row.iter().zip(xyz).map(|(factor, part)| factor * part).sum()))
}

/// Applies sRGB's curve, from a table.
fn encode(linear: f32) -> f32 {
    const STEPS: usize = 4_096;
    // Steps of the square root: the curve is steep near black.
    static TABLE: LazyLock<Vec<f32>> = LazyLock::new(|| {
        let curve = |linear: f32| {
            if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
        };
        (0..=STEPS + 1).map(|step| step as f32 / STEPS as f32).map(|root| curve(root * root)).collect()
    });
    let at = linear.clamp(0.0, 1.0).sqrt() * STEPS as f32;
    let (step, part) = (at as usize, at.fract());
    (TABLE[step] + (TABLE[step + 1] - TABLE[step]) * part).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_becomes_srgb() {
        for (color, expected) in [
            ([100.0, 0.0, 0.0], [255, 255, 255]),
            ([0.0, 0.0, 0.0], [0, 0, 0]),
            ([53.585, 0.0, 0.0], [128, 128, 128]),
            // sRGB's red, adapted to D50.
            ([54.29, 80.81, 69.89], [255, 0, 0]),
        ] {
            let got = lab(color).map(|part| (part * 255.0 + 0.5) as i32);
            assert!(
                got.iter().zip(expected).all(|(a, b): (_, i32)| (a - b).abs() <= 2),
                "{color:?}: {got:?}"
            );
        }
    }
}
