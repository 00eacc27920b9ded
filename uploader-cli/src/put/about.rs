//! What is said about a picture: alt text, caption and focal point. It travels as the original's metadata.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::failure::Failure;

/// What S3 takes as an object's own metadata: bytes of all names and values.
///
/// Source: Amazon S3 User Guide, "Working with object metadata".
const LONGEST: usize = 2048;

const ALT: &str = "alt";
const CAPTION: &str = "caption";
const FOCAL_POINT: &str = "focal-point";

/// Headers carry ASCII; the rest is percent-encoded UTF-8.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is said about one picture. What is `None` stays as it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct About {
    /// Empty if the picture is decoration.
    pub(crate) alt: Option<String>,
    pub(crate) caption: Option<String>,
    pub(crate) focal_point: Option<Focus>,
}

/// A point of a picture: shares of its width and height, from its left and top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Focus {
    x: f64,
    y: f64,
}

/// A file of texts: `"harbour.jpg" = "Boats"`, or a table with `alt`, `caption` and `focal_point`.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    path: PathBuf,
    texts: HashMap<String, Text>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Text {
    Alt(String),
    Table(Table),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    alt: Option<String>,
    caption: Option<String>,
    focal_point: Option<[f64; 2]>,
}

impl About {
    /// As an object's metadata: what `present` has, with what is new.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when it is more than S3 takes.
    pub(crate) fn metadata(
        &self,
        present: &HashMap<String, String>,
    ) -> Result<Vec<(String, String)>, Failure> {
        let mut metadata = present.clone();
        for (name, value) in self.encoded() {
            metadata.insert(name.to_owned(), value);
        }
        let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > LONGEST {
            return Err(Failure::new(
                "MetadataTooLarge",
                format!(
                    "alt text and caption take {bytes} bytes as S3 stores them, and there is room for {LONGEST}"
                ),
                "Shorten them; letters outside of ASCII count for three bytes and more.",
            ));
        }
        let mut metadata: Vec<_> = metadata.into_iter().collect();
        metadata.sort_unstable();
        Ok(metadata)
    }

    /// Whether `present` says all of it already.
    pub(crate) fn is_said_by(&self, present: &HashMap<String, String>) -> bool {
        self.encoded().all(|(name, value)| present.get(name) == Some(&value))
    }

    /// Whether an object with this metadata has an alt text.
    pub(crate) fn has_alt(present: &HashMap<String, String>) -> bool {
        present.contains_key(ALT)
    }

    fn encoded(&self) -> impl Iterator<Item = (&'static str, String)> {
        let encode = |text: &String| utf8_percent_encode(text, ENCODED).to_string();
        let focal_point = self.focal_point.map(|point| format!("{},{}", rounded(point.x), rounded(point.y)));
        [
            (ALT, self.alt.as_ref().map(encode)),
            (CAPTION, self.caption.as_ref().map(encode)),
            (FOCAL_POINT, focal_point),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// Four decimals are a pixel in ten thousand.
fn rounded(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}

impl Focus {
    fn new(x: f64, y: f64) -> Option<Self> {
        let within = |share: &f64| (0.0..=1.0).contains(share);
        (within(&x) && within(&y)).then_some(Self { x, y })
    }
}

impl FromStr for Focus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let point =
            text.split_once(',').and_then(|(x, y)| Self::new(x.trim().parse().ok()?, y.trim().parse().ok()?));
        point.ok_or_else(|| "give two shares from 0 to 1, such as 0.5,0.25".to_owned())
    }
}

impl Texts {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let texts: HashMap<String, Text> = toml::from_str(text).map_err(|error| {
            format!(
                "{}: {}\nA line is \"harbour.jpg\" = \"Boats in the harbour\", or a table [\"harbour.jpg\"] with alt, \
                 caption and focal_point = [0.4, 0.25]",
                path.display(),
                error.to_string().trim_end()
            )
        })?;
        let outside = texts.iter().find_map(|(name, text)| match text {
            Text::Table(Table { focal_point: Some([x, y]), .. }) if Focus::new(*x, *y).is_none() => {
                Some(name)
            }
            _ => None,
        });
        match outside {
            Some(name) => {
                Err(format!("{}: the focal point of \"{name}\" is not within the picture", path.display()))
            }
            None => Ok(Self { path: path.to_owned(), texts }),
        }
    }

    /// What is said about the file at `path`, which becomes `key`: by its key, its path, or its mere name.
    pub(crate) fn about(&self, path: &Path, key: &str) -> About {
        let names = [
            Some(key.to_owned()),
            path.to_str().map(str::to_owned),
            path.file_name().and_then(|name| Some(name.to_str()?.to_owned())),
        ];
        match names.into_iter().flatten().find_map(|name| self.texts.get(&name)) {
            Some(Text::Alt(alt)) => About { alt: Some(alt.clone()), ..About::default() },
            Some(Text::Table(table)) => About {
                alt: table.alt.clone(),
                caption: table.caption.clone(),
                focal_point: table.focal_point.and_then(|[x, y]| Focus::new(x, y)),
            },
            None => About::default(),
        }
    }

    /// Names in the file that none of `files` (path and key) has: most likely a slip.
    pub(crate) fn unused(&self, files: &[(&Path, &str)]) -> Vec<String> {
        let is_used = |name: &String| {
            files.iter().any(|(path, key)| {
                *key == name
                    || path.to_str() == Some(name)
                    || path.file_name().and_then(|file| file.to_str()) == Some(name)
            })
        };
        let mut unused: Vec<String> = self
            .texts
            .keys()
            .filter(|name| !is_used(name))
            .map(|name| format!("{} names '{name}', which is not among the files", self.path.display()))
            .collect();
        unused.sort_unstable();
        unused
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn texts_are_percent_encoded() {
        let about = About {
            alt: Some("Boote, 50 % im Nebel".into()),
            caption: Some(String::new()),
            focal_point: "0.33333333, 1".parse().ok(),
        };
        let expected =
            [("alt", "Boote%2C%2050%20%25%20im%20Nebel"), ("caption", ""), ("focal-point", "0.3333,1")];
        let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(about.metadata(&HashMap::new()).unwrap(), expected);
        let present: HashMap<String, String> = expected.into_iter().collect();
        assert!(about.is_said_by(&present));
        assert!(About::default().is_said_by(&HashMap::new()));
        assert!(!about.is_said_by(&HashMap::new()));
    }

    #[test]
    fn what_is_not_said_stays() {
        let present =
            HashMap::from([("alt".to_owned(), "old".to_owned()), ("mine".to_owned(), "x".to_owned())]);
        let about = About { caption: Some("new".into()), ..About::default() };
        let metadata: HashMap<String, String> = about.metadata(&present).unwrap().into_iter().collect();
        assert_eq!(
            (metadata["alt"].as_str(), metadata["mine"].as_str(), metadata["caption"].as_str()),
            ("old", "x", "new")
        );
    }

    #[test]
    fn two_kilobytes_are_the_limit() {
        let about = |length: usize| About { alt: Some("a".repeat(length)), ..About::default() };
        assert!(about(LONGEST - 3).metadata(&HashMap::new()).is_ok());
        let failure = about(LONGEST - 2).metadata(&HashMap::new()).unwrap_err();
        assert!(failure.message.contains("2049"), "{failure}");
    }

    #[test]
    fn focal_points_lie_within_the_picture() {
        for wrong in ["", "0.5", "0.5;0.5", "1.1,0", "-0.1,0", "NaN,0", "0,0,0"] {
            assert!(wrong.parse::<Focus>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_of_texts_names_pictures_by_key_path_or_name() {
        let file = "\"a.jpg\" = 'A'\n'2026/b.jpg' = 'B'\n['c.jpg']\ncaption = 'C'\nfocal_point = [0.5, 0]\n";
        // Integers are shares, too.
        let texts = Texts::parse(Path::new("alt.toml"), &file.replace(", 0]", ", 0.0]")).unwrap();
        assert_eq!(texts.about(Path::new("x/a.jpg"), "2026/a.jpg").alt.as_deref(), Some("A"));
        assert_eq!(texts.about(Path::new("x/b.jpg"), "2026/b.jpg").alt.as_deref(), Some("B"));
        assert_eq!(texts.about(Path::new("c.jpg"), "c.jpg").focal_point, "0.5,0".parse().ok());
        assert_eq!(texts.about(Path::new("d.jpg"), "d.jpg"), About::default());
        let unused = texts.unused(&[(Path::new("x/a.jpg"), "a.jpg"), (Path::new("c.jpg"), "c.jpg")]);
        assert!(unused.len() == 1 && unused[0].contains("'2026/b.jpg'"), "{unused:?}");
    }

    #[test]
    fn a_file_of_texts_that_is_wrong_says_where() {
        let wrong = |text: &str| Texts::parse(Path::new("alt.toml"), text).unwrap_err();
        assert!(wrong("a.jpg: Boats").contains("alt.toml"));
        assert!(wrong("['a.jpg']\nfocal_point = [2.0, 0.0]").contains("a.jpg"));
    }
}
