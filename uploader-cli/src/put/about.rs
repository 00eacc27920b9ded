//! What is said about a picture: alt text, caption and focal point. It travels as the original's metadata.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use cli_support::nfc;
use manifest::{FocalPoint, Sidecar};
use serde::Deserialize;

use crate::failure::Failure;

/// What S3 takes as an object's own metadata: bytes of all names and values.
///
/// Source: Amazon S3 User Guide, "Working with object metadata".
const LONGEST: usize = 2048;

/// A file of texts: `"harbour.jpg" = "Boats"`, or a table with `alt`, `caption` and `focal_point`.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    path: PathBuf,
    /// By names in NFC, which is how they are compared.
    texts: HashMap<String, Named>,
}

#[derive(Debug, Clone)]
struct Named {
    /// As the file has it.
    name: String,
    text: Text,
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

/// What `said` comes to as an object's metadata: what `present` has, with what is new.
///
/// # Errors
///
/// A [`Failure`] when it is more than S3 takes.
pub(super) fn metadata(
    said: &Sidecar,
    present: &HashMap<String, String>,
) -> Result<Vec<(String, String)>, Failure> {
    let mut metadata = present.clone();
    metadata.extend(said.metadata().map(|(name, value)| (name.to_owned(), value)));
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
pub(super) fn is_said_by(said: &Sidecar, present: &HashMap<String, String>) -> bool {
    let (there, _) = Sidecar::read(|name| present.get(name).map(String::as_str));
    is_in(said, &there)
}

/// Whether `there` says all that is said, whatever else it says. An empty text is as good as none.
pub(super) fn is_in(said: &Sidecar, there: &Sidecar) -> bool {
    let text = |said: &Option<String>, there: &Option<String>| match said {
        Some(said) => *said == *there.as_deref().unwrap_or_default(),
        None => true,
    };
    let alt_is_told = said.alt.is_none() || there.alt.is_some();
    alt_is_told
        && text(&said.alt, &there.alt)
        && text(&said.caption, &there.caption)
        && said.focal_point.is_none_or(|point| there.focal_point == Some(point))
}

/// Whether an object with this metadata has an alt text.
pub(super) fn has_alt(present: &HashMap<String, String>) -> bool {
    Sidecar::read(|name| present.get(name).map(String::as_str)).0.alt.is_some()
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
        let entries: HashMap<String, Text> = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count();
            let why = match error.message() {
                message if message.contains("untagged enum") => "the value is neither a text nor such a table",
                message => message,
            };
            format!(
                "{}, line {}, `{}`: {}. An entry is a line \"harbour.jpg\" = \"Boats in the harbour\", or a table \
                 [\"harbour.jpg\"] with alt, caption and focal_point = [0.4, 0.25]",
                path.display(),
                line + 1,
                text.lines().nth(line).unwrap_or_default().trim(),
                why.replace('\n', ", ")
            )
        })?;
        let outside = entries.iter().find_map(|(name, text)| match text {
            Text::Table(Table { focal_point: Some([x, y]), .. }) if FocalPoint::new(*x, *y).is_err() => {
                Some(name)
            }
            _ => None,
        });
        if let Some(name) = outside {
            return Err(format!(
                "{}: the focal point of \"{name}\" is not within the picture",
                path.display()
            ));
        }
        let mut texts = HashMap::with_capacity(entries.len());
        for (name, text) in entries {
            if let Some(Named { name, .. }) = texts.insert(nfc(&name).into_owned(), Named { name, text }) {
                return Err(format!(
                    "{}: \"{name}\" is there twice, with its accents in two encodings (NFC and NFD); remove one",
                    path.display()
                ));
            }
        }
        Ok(Self { path: path.to_owned(), texts })
    }

    /// Returns the texts about the file at `path`, which becomes `key`. The file may be called by its key, its path or its
    /// name.
    pub(crate) fn about(&self, path: &Path, key: &str) -> Sidecar {
        let names = [
            Some(key.to_owned()),
            path.to_str().map(str::to_owned),
            path.file_name().and_then(|name| Some(name.to_str()?.to_owned())),
        ];
        let named = names.into_iter().flatten().find_map(|name| self.texts.get(&*nfc(&name)));
        match named.map(|named| &named.text) {
            Some(Text::Alt(alt)) => Sidecar { alt: Some(alt.clone()), ..Sidecar::default() },
            Some(Text::Table(table)) => Sidecar {
                alt: table.alt.clone(),
                caption: table.caption.clone(),
                focal_point: table.focal_point.and_then(|[x, y]| FocalPoint::new(x, y).ok()),
            },
            None => Sidecar::default(),
        }
    }

    /// Returns a warning for each name in the file that none of `files` (path and key) has.
    pub(crate) fn unused(&self, files: &[(&Path, &str)]) -> Vec<String> {
        let used: HashSet<Cow<'_, str>> = files
            .iter()
            .flat_map(|(path, key)| {
                [Some(*key), path.to_str(), path.file_name().and_then(|name| name.to_str())]
            })
            .flatten()
            .map(nfc)
            .collect();
        let mut unused: Vec<String> = self
            .texts
            .iter()
            .filter(|(nfc, _)| !used.contains(nfc.as_str()))
            .map(|(_, Named { name, .. })| {
                format!("{} names '{name}', which is not among the files", self.path.display())
            })
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
    fn what_is_said_already_is_known() {
        let said = |alt: &str| Sidecar { alt: Some(alt.into()), ..Sidecar::default() };
        let present: HashMap<_, _> =
            metadata(&said("50 % fog"), &HashMap::new()).unwrap().into_iter().collect();
        assert!(is_said_by(&said("50 % fog"), &present) && has_alt(&present));
        assert!(!is_said_by(&said("fog"), &present) && is_said_by(&Sidecar::default(), &present));
        // Decoration has to be said; no caption has not.
        assert!(!is_said_by(&said(""), &HashMap::new()));
        assert!(is_said_by(&Sidecar { caption: Some(String::new()), ..Sidecar::default() }, &HashMap::new()));
    }

    #[test]
    fn what_is_not_said_stays() {
        let present =
            HashMap::from([("alt".to_owned(), "old".to_owned()), ("mine".to_owned(), "x".to_owned())]);
        let about = Sidecar { caption: Some("new".into()), ..Sidecar::default() };
        let merged: HashMap<String, String> = metadata(&about, &present).unwrap().into_iter().collect();
        assert_eq!(
            (merged["alt"].as_str(), merged["mine"].as_str(), merged["caption"].as_str()),
            ("old", "x", "new")
        );
    }

    #[test]
    fn two_kilobytes_are_the_limit() {
        let about = |length: usize| Sidecar { alt: Some("a".repeat(length)), ..Sidecar::default() };
        assert!(metadata(&about(LONGEST - 3), &HashMap::new()).is_ok());
        let failure = metadata(&about(LONGEST - 2), &HashMap::new()).unwrap_err();
        assert!(failure.message.contains("2049"), "{failure}");
    }

    #[test]
    fn a_file_of_texts_names_pictures_by_key_path_or_name() {
        let file = "\"a.jpg\" = 'A'\n'2026/b.jpg' = 'B'\n['c.jpg']\ncaption = 'C'\nfocal_point = [0.5, 0]\n";
        // Integers are shares, too.
        let texts = Texts::parse(Path::new("alt.toml"), &file.replace(", 0]", ", 0.0]")).unwrap();
        assert_eq!(texts.about(Path::new("x/a.jpg"), "2026/a.jpg").alt.as_deref(), Some("A"));
        assert_eq!(texts.about(Path::new("x/b.jpg"), "2026/b.jpg").alt.as_deref(), Some("B"));
        assert_eq!(texts.about(Path::new("c.jpg"), "c.jpg").focal_point, "0.5,0".parse().ok());
        assert_eq!(texts.about(Path::new("d.jpg"), "d.jpg"), Sidecar::default());
        let unused = texts.unused(&[(Path::new("x/a.jpg"), "a.jpg"), (Path::new("c.jpg"), "c.jpg")]);
        assert!(unused.len() == 1 && unused[0].contains("'2026/b.jpg'"), "{unused:?}");
    }

    #[test]
    fn names_match_in_either_encoding() {
        let (composed, decomposed) = ("Caf\u{e9}.jpg", "Cafe\u{301}.jpg");
        for (in_file, on_disk) in [(composed, decomposed), (decomposed, composed)] {
            let texts = Texts::parse(Path::new("alt.toml"), &format!("'{in_file}' = 'Coffee'")).unwrap();
            assert_eq!(texts.about(Path::new(on_disk), composed).alt.as_deref(), Some("Coffee"));
            assert!(texts.unused(&[(Path::new(on_disk), on_disk)]).is_empty());
        }
        let twice = format!("'{composed}' = 'a'\n'{decomposed}' = 'b'");
        assert!(Texts::parse(Path::new("alt.toml"), &twice).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_file_of_texts_that_is_wrong_says_where() {
        let wrong = |text: &str| Texts::parse(Path::new("alt.toml"), text).unwrap_err();
        assert!(wrong("a.jpg: Boats").contains("alt.toml"));
        assert!(wrong("['a.jpg']\nfocal_point = [2.0, 0.0]").contains("a.jpg"));
    }
}
