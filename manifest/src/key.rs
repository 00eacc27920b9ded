//! Names of objects: `<key>/manifest.json` and `<key>/<source>/<width>-<spec>.<ext>`, where `<key>` is the
//! original's key, as the author chose it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;

/// Longest key of an original, in bytes of UTF-8. S3 allows 1,024 for a whole key; the rest is room for
/// what [`rendition_path`] appends.
pub const MAX_SOURCE_KEY_BYTES: usize = 960;

/// The manifest's name below the original's key.
const MANIFEST_NAME: &str = "manifest.json";

/// Hex digits of a source's digest in a rendition's path.
const SOURCE_DIGITS: usize = 16;

/// Hex digits of a specification's hash in a rendition's path.
const SPEC_DIGITS: usize = 8;

/// Everything but RFC 3986's unreserved characters. A segment may hold more than these unencoded (pchar),
/// but `+` is a space to S3, `,` ends a candidate of a srcset, `:` makes a relative URL absolute, and
/// parentheses end a Markdown link; encoded, all of them mean the same to every server.
const ENCODED_IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A key under which no original can be derived.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The key has no bytes.
    #[error("the key is empty; give the object a name")]
    Empty,
    /// The key leaves no room for the names of its renditions.
    #[error(
        "the key is {bytes} bytes long, more than the {MAX_SOURCE_KEY_BYTES} that are allowed; \
         use a shorter name or fewer folders"
    )]
    TooLong {
        /// The key's length in bytes of UTF-8.
        bytes: usize,
    },
}

/// What a key of the derived bucket names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// The manifest of the original `key`.
    Manifest {
        /// The original's key.
        key: &'a str,
    },
    /// A rendition of the original `key`.
    Rendition {
        /// The original's key.
        key: &'a str,
        /// First 16 hex digits of the SHA-256 of the original's bytes.
        source: &'a str,
        /// Pixels.
        width: u32,
        /// First 8 hex digits of the hash over what the rendition was made by.
        spec: &'a str,
        /// The file extension, without its dot.
        ext: &'a str,
    },
}

impl<'a> Parsed<'a> {
    /// Reads back what [`manifest_key`] and [`rendition_key`] make; `None` for keys of any other form.
    pub fn from_derived_key(derived: &'a str) -> Option<Self> {
        let (folder, name) = derived.rsplit_once('/')?;
        if name == MANIFEST_NAME {
            return (!folder.is_empty()).then_some(Self::Manifest { key: folder });
        }
        let (key, source) = folder.rsplit_once('/')?;
        let (width, rest) = name.split_once('-')?;
        let (spec, ext) = rest.split_once('.')?;
        let well_formed = !key.is_empty()
            && is_hex(source, SOURCE_DIGITS)
            && is_hex(spec, SPEC_DIGITS)
            && is_decimal(width)
            && is_extension(ext);
        if !well_formed {
            return None;
        }
        Some(Self::Rendition { key, source, width: width.parse().ok()?, spec, ext })
    }

    /// The original's key.
    pub fn source_key(&self) -> &'a str {
        match *self {
            Self::Manifest { key } | Self::Rendition { key, .. } => key,
        }
    }
}

/// Where the manifest of the original `key` lies in the derived bucket: `<key>/manifest.json`.
pub fn manifest_key(key: &str) -> String {
    format!("{key}/{MANIFEST_NAME}")
}

/// A rendition's path below its original's key: `<source>/<width>-<spec>.<ext>`.
///
/// `source16` is [`source_digest`] of the original's SHA-256, `width` the rendition's real width in pixels,
/// `spec8` 8 lower-case hex digits, `ext` the extension without its dot.
pub fn rendition_path(source16: &str, width: u32, spec8: &str, ext: &str) -> String {
    format!("{source16}/{width}-{spec8}.{ext}")
}

/// Where the rendition at `path` (see [`rendition_path`]) of the original `key` lies in the derived bucket.
pub fn rendition_key(key: &str, path: &str) -> String {
    format!("{key}/{path}")
}

/// The first 16 digits of a SHA-256 in hex: what names a source in a rendition's path.
pub fn source_digest(sha256_hex: &str) -> &str {
    sha256_hex.get(..SOURCE_DIGITS).unwrap_or(sha256_hex)
}

/// Whether an original can have this key.
///
/// # Errors
///
/// [`KeyError`] when it is empty, or longer than [`MAX_SOURCE_KEY_BYTES`].
pub fn check_source_key(key: &str) -> Result<(), KeyError> {
    if key.is_empty() {
        return Err(KeyError::Empty);
    }
    if key.len() > MAX_SOURCE_KEY_BYTES {
        return Err(KeyError::TooLong { bytes: key.len() });
    }
    Ok(())
}

/// Whether browsers can ask for what lies under `key`. They resolve `.` and `..` segments away before they
/// send a request, percent-encoded or not, so that such a key is never asked for.
pub fn is_addressable(key: &str) -> bool {
    !key.split('/').any(|segment| matches!(segment, "." | ".."))
}

/// The URL of `<base>/<key>/<path>`, each segment percent-encoded (RFC 3986), its slashes kept.
///
/// `base` is a URL's beginning, such as `https://img.example.org/derived`, with or without a slash at its
/// end; an empty one gives a URL relative to the page. `path` is below the key, such as [`rendition_path`].
pub fn public_url(base: &str, key: &str, path: &str) -> String {
    let host_and_folder = base.trim_end_matches('/');
    let mut url = encode_base(host_and_folder);
    if !base.is_empty() {
        url.push('/');
    }
    if host_and_folder.is_empty() && key.starts_with('/') {
        // Two slashes at the beginning would name a host.
        url.push_str("./");
    }
    push_encoded(&mut url, key);
    url.push('/');
    push_encoded(&mut url, path);
    url
}

fn push_encoded(url: &mut String, path: &str) {
    for (i, segment) in path.split('/').enumerate() {
        if i > 0 {
            url.push('/');
        }
        url.extend(utf8_percent_encode(segment, ENCODED_IN_SEGMENT));
    }
}

/// Encodes what no URL may hold, or what would end one in markup; the rest of `base` is its owner's.
fn encode_base(base: &str) -> String {
    const NOT_IN_A_URL: &AsciiSet = &percent_encoding::CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'\'')
        .add(b'(')
        .add(b')')
        .add(b',')
        .add(b'<')
        .add(b'>')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    utf8_percent_encode(base, NOT_IN_A_URL).to_string()
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_decimal(text: &str) -> bool {
    !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_extension(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
