//! What travels with an original as its object's metadata, into the manifest and every snippet made of it.
//!
//! S3 carries metadata as HTTP headers (`x-amz-meta-alt` and so on), which hold ASCII only. So values are
//! percent-encoded UTF-8.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::FocalPoint;

/// Names of the metadata, without the header's `x-amz-meta-`.
const ALT: &str = "alt";
const CAPTION: &str = "caption";
const FOCAL_POINT: &str = "focal-point";

/// What stays as it is in a value.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b',');

/// What an author says of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sidecar {
    /// Text that stands for the picture; empty if it is decoration.
    pub alt: Option<String>,
    /// Text beside the picture.
    pub caption: Option<String>,
    /// What stays in view where a page crops the picture.
    pub focal_point: Option<FocalPoint>,
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
            decoded.ok().map(String::from)
        };
        let alt = text(ALT);
        let caption = text(CAPTION).filter(|text| !text.is_empty());
        let point = text(FOCAL_POINT).filter(|text| !text.is_empty());
        let point = point.map(|point| point.parse::<FocalPoint>());
        if let Some(Err(why)) = point {
            warnings.push(left_out(FOCAL_POINT, &format!("cannot be read ({why})")));
        }
        (Self { alt, caption, focal_point: point.and_then(Result::ok) }, warnings)
    }

    /// The metadata that [`Sidecar::read`] understands: names without `x-amz-meta-`, and values in ASCII.
    pub fn metadata(&self) -> impl Iterator<Item = (&'static str, String)> {
        let text = |text: &String| utf8_percent_encode(text, PLAIN).to_string();
        let values = [
            (ALT, self.alt.as_ref().map(text)),
            (CAPTION, self.caption.as_ref().map(text)),
            (FOCAL_POINT, self.focal_point.map(|point| point.to_string())),
        ];
        values.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

fn left_out(name: &str, why: &str) -> String {
    format!("the object's metadata `{name}` {why} and was left out")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

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
    fn what_is_written_is_read() {
        let said = Sidecar {
            alt: Some("Bäume, 50 % \"im\"\nNebel".into()),
            caption: Some("1923".into()),
            focal_point: FocalPoint::new(1.0 / 3.0, 1.0).ok(),
        };
        let written: Vec<_> = said.metadata().collect();
        assert!(
            written.iter().all(|(_, value)| value.bytes().all(|byte| byte.is_ascii_graphic())),
            "{written:?}"
        );
        let written: Vec<_> = written.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(read(&written), (said, Vec::new()));
    }

    #[test]
    fn only_an_empty_alt_means_something() {
        let decoration = Sidecar { alt: Some(String::new()), ..Sidecar::default() };
        assert_eq!(read(&[("alt", ""), ("caption", ""), ("focal-point", "")]), (decoration, Vec::new()));
        assert_eq!(read(&[]), (Sidecar::default(), Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_told_and_left_out() {
        let (read, warnings) = read(&[("alt", "%FF"), ("focal-point", "left")]);
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
}
