//! What the operator asks for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::color;
use crate::encode;

/// A format as an operator names it; what it comes to may depend on the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormatChoice {
    /// WebP, lossy.
    Webp,
    /// WebP, lossless.
    WebpLossless,
    /// JPEG; transparency is flattened on [`Preset::background`].
    Jpeg,
    /// PNG.
    Png,
    /// What every reader can show: JPEG, or PNG where the source has alpha.
    Auto,
}

impl FormatChoice {
    const ALL: [Self; 5] = [Self::Webp, Self::WebpLossless, Self::Jpeg, Self::Png, Self::Auto];
}

impl fmt::Display for FormatChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Webp => "webp",
            Self::WebpLossless => "webp-lossless",
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Auto => "auto",
        })
    }
}

impl FromStr for FormatChoice {
    type Err = PresetError;

    fn from_str(text: &str) -> Result<Self, PresetError> {
        Self::ALL.into_iter().find(|choice| choice.to_string() == text).ok_or_else(|| {
            PresetError::new(format!(
                "unknown format `{text}`; known are webp, webp-lossless, jpeg, png, auto"
            ))
        })
    }
}

/// Encoders' quality settings, each on its own encoder's scale of 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quality {
    /// libjpeg's scale.
    pub jpeg: u8,
    /// libwebp's scale.
    pub webp: u8,
}

impl Quality {
    /// `value` for every format.
    pub fn all(value: u8) -> Self {
        Self { jpeg: value, webp: value }
    }
}

impl Default for Quality {
    fn default() -> Self {
        // The usual setting of blogs for both; libwebp's 78 lies near libjpeg's 80 in SSIMULACRA2.
        Self { jpeg: 80, webp: 78 }
    }
}

/// How long encoders may take to make files smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// The least time: JPEG with the standard's Huffman tables, WebP by libwebp's method 2.
    Fast,
    /// What pays: JPEG with tables of its own, WebP by method 4.
    #[default]
    Balanced,
    /// The fewest bytes: progressive JPEG, WebP by method 6.
    Small,
}

/// The colours of renditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// All are converted to sRGB and say nothing of it.
    #[default]
    Srgb,
    /// Where a source's colours are wider than sRGB and its profile is three primaries and a curve, such as Display
    /// P3, they are kept, under a profile of at most 600 bytes. All else is converted to sRGB.
    Keep,
}

/// Widths, formats, quality: what to make of every source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preset {
    /// Widths in pixels. A source narrower than some of them yields its own width once instead.
    pub widths: Vec<u32>,
    /// Formats, in the order a page should prefer them.
    pub formats: Vec<FormatChoice>,
    /// Encoders' quality.
    pub quality: Quality,
    /// How long encoders may take.
    pub effort: Effort,
    /// Whether wide colours are kept.
    pub colour: Colour,
    /// What lies under transparent pixels where the format has no alpha: red, green, blue.
    #[serde(with = "hex_color")]
    pub background: [u8; 3],
}

impl Default for Preset {
    fn default() -> Self {
        Self {
            widths: vec![320, 640, 960, 1280, 1920],
            formats: vec![FormatChoice::Webp, FormatChoice::Auto],
            quality: Quality::default(),
            effort: Effort::default(),
            colour: Colour::default(),
            background: [255, 255, 255],
        }
    }
}

/// A preset that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("preset: {0}")]
pub struct PresetError(String);

impl PresetError {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl Preset {
    /// Reads a preset from TOML; what it leaves out keeps its default.
    ///
    /// ```
    /// let preset = imaging::Preset::from_toml("widths = [400, 800]\nformats = [\"webp\", \"auto\"]")?;
    /// assert_eq!(preset.widths, [400, 800]);
    /// assert_eq!(preset.quality.jpeg, 80);
    /// # Ok::<(), imaging::PresetError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where the TOML is wrong or [`Preset::check`] objects.
    pub fn from_toml(text: &str) -> Result<Self, PresetError> {
        let preset: Self = toml::from_str(text).map_err(|error| PresetError::new(error.to_string()))?;
        preset.check()?;
        Ok(preset)
    }

    /// Whether renditions can be made by it.
    ///
    /// # Errors
    ///
    /// Names the field and what is allowed there.
    pub fn check(&self) -> Result<(), PresetError> {
        if self.widths.is_empty() || self.widths.len() > 32 {
            return Err(PresetError::new("`widths` needs 1 to 32 widths, such as [320, 640, 1280]"));
        }
        if let Some(width) = self.widths.iter().find(|&&width| !(1..=16_383).contains(&width)) {
            return Err(PresetError::new(format!("width {width} is not between 1 and 16383 pixels")));
        }
        if self.formats.is_empty() {
            return Err(PresetError::new(
                "`formats` needs at least one format, such as [\"webp\", \"auto\"]",
            ));
        }
        for (name, quality) in [("jpeg", self.quality.jpeg), ("webp", self.quality.webp)] {
            if !(1..=100).contains(&quality) {
                return Err(PresetError::new(format!(
                    "quality of {name} is {quality}, not between 1 and 100"
                )));
            }
        }
        Ok(())
    }

    /// 16 hex digits that change whenever this preset, or what an encoder makes of it, does.
    pub fn fingerprint(&self) -> String {
        let mut widths = self.widths.clone();
        widths.sort_unstable();
        widths.dedup();
        let text = format!(
            "{widths:?} {:?} {:?} {:?} {:?} {:?} {:?} {}",
            self.formats,
            self.quality,
            self.effort,
            self.colour,
            self.background,
            encode::REVISIONS,
            color::REVISION
        );
        hex::encode(&Sha256::digest(text)[..8])
    }
}

mod hex_color {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(color: &[u8; 3], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("#{}", hex::encode(color)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 3], D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut color = [0; 3];
        text.strip_prefix('#')
            .and_then(|digits| hex::decode_to_slice(digits, &mut color).ok())
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no colour; write it as #rrggbb")))?;
        Ok(color)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_toml_leaves_out_keeps_its_default() {
        let preset = Preset::from_toml("background = \"#102030\"\nquality = { webp = 60 }").unwrap();
        assert_eq!(preset.background, [16, 32, 48]);
        assert_eq!(preset.quality, Quality { jpeg: 80, webp: 60 });
        assert_eq!(preset.widths, Preset::default().widths);
        assert_eq!((preset.effort, preset.colour), (Effort::Balanced, Colour::Srgb));
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for (toml, word) in [
            ("width = [320]", "width"),
            ("widths = []", "widths"),
            ("widths = [0]", "width 0"),
            ("widths = [20000]", "20000"),
            ("formats = [\"avif\"]", "avif"),
            ("formats = []", "formats"),
            ("quality = { jpeg = 0 }", "jpeg"),
            ("background = \"white\"", "white"),
            ("effort = \"best\"", "best"),
            ("colour = \"p3\"", "p3"),
        ] {
            let error = Preset::from_toml(toml).unwrap_err().to_string();
            assert!(error.contains(word), "{toml}: {error}");
        }
    }

    #[test]
    fn fingerprint_sees_settings_but_not_the_order_of_widths() {
        let preset = Preset::default();
        let mut shuffled = preset.clone();
        shuffled.widths.reverse();
        assert_eq!(preset.fingerprint(), shuffled.fingerprint());
        for other in ["quality = { jpeg = 81 }", "effort = \"small\"", "colour = \"keep\""] {
            let other = Preset::from_toml(other).unwrap();
            assert_ne!(preset.fingerprint(), other.fingerprint(), "{other:?}");
        }
    }
}
