//! What travels with an original as its object's metadata, into the manifest and every snippet made of it.
//!
//! S3 carries metadata as HTTP headers (`x-amz-meta-alt` and so on), which hold ASCII only. So values are
//! percent-encoded UTF-8.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use thiserror::Error;

use crate::FocalPoint;

/// Names of the metadata, without the header's `x-amz-meta-`.
const ALT: &str = "alt";
const CAPTION: &str = "caption";
const FOCAL_POINT: &str = "focal-point";

/// Most bytes of an object's metadata, names and encoded values together.
///
/// Source: Amazon S3 User Guide, "Working with object metadata".
pub const MAX_METADATA_BYTES: usize = 2048;

/// Spaces at a value's ends are a header's to trim, those in a row a signature's to fold, and `=?` begins what RFC 2047
/// encodes. Everything beyond ASCII is encoded besides.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'=');

/// What an author says of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sidecar {
    /// Text that stands for the picture. An empty one does not travel.
    pub alt: Option<String>,
    /// Text beside the picture. An empty one does not travel.
    pub caption: Option<String>,
    /// What stays in view where a page crops the picture.
    pub focal_point: Option<FocalPoint>,
}

/// More than an object's metadata can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "alt text and caption come to {bytes} bytes, percent-encoded, and S3 keeps {MAX_METADATA_BYTES} beside an object; \
     shorten them"
)]
pub struct SidecarError {
    /// What it would take.
    pub bytes: usize,
}

impl Sidecar {
    /// Reads what `metadata` answers to names without `x-amz-meta-`, and says in words what could not be understood:
    /// a text that is wrong does not make the picture wrong.
    pub fn read<'a>(metadata: impl Fn(&str) -> Option<&'a str>) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let mut text = |name: &str| {
            let decoded = percent_decode_str(metadata(name)?).decode_utf8();
            if decoded.is_err() {
                warnings.push(left_out(name, "is not percent-encoded UTF-8"));
            }
            decoded.ok().map(String::from).filter(|text| !text.is_empty())
        };
        let (alt, caption, point) = (text(ALT), text(CAPTION), text(FOCAL_POINT));
        let point = point.map(|point| point.parse::<FocalPoint>());
        if let Some(Err(why)) = point {
            warnings.push(left_out(FOCAL_POINT, &format!("cannot be read ({why})")));
        }
        (Self { alt, caption, focal_point: point.and_then(Result::ok) }, warnings)
    }

    /// Names, without `x-amz-meta-`, and values for the object's metadata.
    ///
    /// # Errors
    ///
    /// [`SidecarError`] when it is more than S3 keeps.
    pub fn to_metadata(&self) -> Result<Vec<(&'static str, String)>, SidecarError> {
        let encode = |text: &String| utf8_percent_encode(text, ENCODED).to_string();
        let text = |text: &Option<String>| text.as_ref().filter(|text| !text.is_empty()).map(encode);
        let all = [
            (ALT, text(&self.alt)),
            (CAPTION, text(&self.caption)),
            (FOCAL_POINT, self.focal_point.map(|point| point.to_string())),
        ];
        let metadata: Vec<_> = all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let bytes = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > MAX_METADATA_BYTES {
            return Err(SidecarError { bytes });
        }
        Ok(metadata)
    }
}

fn left_out(name: &str, why: &str) -> String {
    format!("the object's metadata `{name}` {why} and was left out")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashMap;

    use super::*;
    use proptest::prelude::*;

    fn read(metadata: &[(&str, &str)]) -> (Sidecar, Vec<String>) {
        let metadata: HashMap<_, _> = metadata.iter().copied().collect();
        Sidecar::read(|name| metadata.get(name).copied())
    }

    #[test]
    fn texts_are_percent_encoded_utf8() {
        let (read, warnings) = read(&[
            ("alt", "Ein%20M%C3%A4dchen + 100%25"),
            ("caption", "Plain, with a stray 5% sign"),
            ("focal-point", "0.5%2C0.25"),
        ]);
        assert_eq!(read.alt.as_deref(), Some("Ein Mädchen + 100%"));
        assert_eq!(read.caption.as_deref(), Some("Plain, with a stray 5% sign"));
        assert_eq!(read.focal_point, FocalPoint::new(0.5, 0.25).ok());
        assert_eq!(warnings, [""; 0]);
    }

    #[test]
    fn what_is_wrong_is_told_and_left_out() {
        let (read, warnings) = read(&[("alt", "%FF"), ("caption", ""), ("focal-point", "left")]);
        assert_eq!(read, Sidecar::default());
        assert_eq!(
            warnings,
            [
                "the object's metadata `alt` is not percent-encoded UTF-8 and was left out",
                "the object's metadata `focal-point` cannot be read (a focal point is two numbers from 0 to 1, with \
                 up to 4 decimals: fractions of the picture's width from the left and of its height from the top, \
                 such as 0.375,0.2) and was left out",
            ]
        );
    }

    #[test]
    fn more_than_s3_keeps_is_refused() {
        let of = |bytes: usize| Sidecar { alt: Some("x".repeat(bytes)), ..Sidecar::default() };
        assert!(of(MAX_METADATA_BYTES - ALT.len()).to_metadata().is_ok());
        let refused = of(MAX_METADATA_BYTES).to_metadata().unwrap_err();
        assert_eq!(refused, SidecarError { bytes: MAX_METADATA_BYTES + ALT.len() });
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            alt in any::<String>(), caption in "\\PC{0,30}", x in 0.0..=1.0f64, y in 0.0..=1.0f64,
        ) {
            let some = |text: String| Some(text).filter(|text| !text.is_empty());
            let point = FocalPoint::new(x, y).unwrap();
            let sidecar = Sidecar { alt: some(alt), caption: some(caption), focal_point: Some(point) };
            let Ok(metadata) = sidecar.to_metadata() else { return Ok(()) };
            for (_, value) in &metadata {
                prop_assert!(value.bytes().all(|byte| byte.is_ascii_graphic()), "{value}");
            }
            let metadata: Vec<_> = metadata.iter().map(|(name, value)| (*name, value.as_str())).collect();
            prop_assert_eq!(read(&metadata), (sidecar, Vec::new()));
        }
    }
}
