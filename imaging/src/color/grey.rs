//! Grey through a profile: every level is converted once, and looked up afterwards.
//!
//! As in Chromium, a profile of RGB applies to a grey picture as if red, green and blue were equal.

use moxcms::{CmsError, ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::to_eight;
use crate::picture::{Components, Samples};

/// How far the three primaries of a level may be apart, of 65,535, to be taken for grey: rounding in a profile.
const NEUTRAL: u16 = 3 * 257;

/// The sRGB value of each level, in 8 bits.
pub(super) enum GreyTable {
    Grey(Vec<u8>),
    /// Levels that a profile of tables turns into colours.
    Rgb(Vec<[u8; 3]>),
}

impl GreyTable {
    /// Converts all levels of 8 bits, or 16 where `sixteen`, by `profile`, which is of grey or RGB.
    pub(super) fn new(profile: &ColorProfile, sixteen: bool) -> Result<Self, CmsError> {
        let levels = || (0..=u16::MAX).step_by(if sixteen { 1 } else { 257 });
        let (layout, samples): (Layout, Vec<u16>) = match profile.color_space {
            DataColorSpace::Gray => (Layout::Gray, levels().collect()),
            _ => (Layout::Rgb, levels().flat_map(|level| [level; 3]).collect()),
        };
        let transform = profile.create_transform_16bit(
            layout,
            &ColorProfile::new_srgb(),
            Layout::Rgb,
            TransformOptions::default(),
        )?;
        let mut rgb = vec![0; levels().len() * 3];
        transform.transform(&samples, &mut rgb)?;
        let pixels = rgb.as_chunks::<3>().0;
        let is_neutral = pixels
            .iter()
            .all(|&[red, green, blue]| red.max(green).max(blue) - red.min(green).min(blue) <= NEUTRAL);
        Ok(if is_neutral {
            Self::Grey(to_eight(&pixels.iter().map(|pixel| pixel[1]).collect::<Vec<_>>()))
        } else {
            Self::Rgb(to_eight(&rgb).as_chunks().0.to_vec())
        })
    }

    /// Converts `samples`, which are grey with alpha where `components` says so.
    pub(super) fn convert(&self, components: Components, samples: &Samples) -> (Components, Vec<u8>) {
        let alpha = components.has_alpha();
        let step = components.count();
        let count = match samples {
            Samples::Eight(samples) => samples.len(),
            Samples::Sixteen(samples) => samples.len(),
        } / step;
        // The level to look up, and alpha of 8 bits.
        let pixel = |at: usize| match samples {
            Samples::Eight(samples) => (usize::from(samples[at * step]), samples[at * step + step - 1]),
            Samples::Sixteen(samples) => {
                let alpha = (u32::from(samples[at * step + step - 1]) * 255 + 32_767) / 65_535;
                (usize::from(samples[at * step]), alpha as u8)
            }
        };
        let pixels = (0..count).map(pixel);
        let capacity = |channels: usize| Vec::with_capacity(count * channels);
        match (self, alpha) {
            (Self::Grey(table), false) => {
                let mut out = capacity(1);
                out.extend(pixels.map(|(level, _)| table[level]));
                (Components::Grey, out)
            }
            (Self::Grey(table), true) => {
                let mut out = capacity(2);
                out.extend(pixels.flat_map(|(level, alpha)| [table[level], alpha]));
                (Components::GreyAlpha, out)
            }
            (Self::Rgb(table), false) => {
                let mut out = capacity(3);
                out.extend(pixels.flat_map(|(level, _)| table[level]));
                (Components::Rgb, out)
            }
            (Self::Rgb(table), true) => {
                let mut out = capacity(4);
                out.extend(pixels.flat_map(|(level, alpha)| {
                    let [red, green, blue] = table[level];
                    [red, green, blue, alpha]
                }));
                (Components::Rgba, out)
            }
        }
    }
}
