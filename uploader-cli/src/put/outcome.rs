//! How it ended for one file, told to people or as JSON.

use std::io;

use indicatif::HumanBytes;
use manifest::{Manifest, Markup, MarkupError, Reason};
use serde::Serialize;

use super::plan::Item;
use super::send::Sent;
use crate::console::Console;
use crate::failure::Failure;
use crate::store::Store;

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    /// Sent; nobody waited.
    Uploaded,
    /// The renditions are there.
    Derived {
        /// The markup, if it is wanted.
        markup: Option<String>,
        missing_alt: bool,
        /// The manifest's.
        warnings: Vec<String>,
    },
    /// It wasn't sent.
    Refused(Failure),
    /// It was sent, but nothing can be derived from it.
    Rejected(Failure),
    /// Something else.
    Failed(Failure),
}

/// All that is told of one file.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) file: String,
    key: String,
    /// Bytes, once it was looked at.
    pub(super) bytes: Option<u64>,
    pub(super) warnings: Vec<String>,
    pub(super) sent: Option<Sent>,
    end: End,
}

/// One line of `--json`. Fields are added, never renamed.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'a str,
    bucket: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum_crc64nvme: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    markup: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_alt: Option<bool>,
    warnings: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

impl End {
    /// What `manifest` says of our upload.
    pub(super) fn of_manifest(manifest: &Manifest, markup: Option<&Markup>) -> Self {
        // Without a wish for markup, making it all the same shows whether there is something to show.
        let rendered = markup.unwrap_or(&Markup::default()).render(manifest);
        match rendered {
            Ok(snippet) => Self::Derived {
                missing_alt: markup.is_some() && snippet.missing_alt,
                markup: markup.map(|_| snippet.text),
                warnings: manifest.warnings.clone(),
            },
            Err(MarkupError::NotDerived { state: manifest::State::Rejected, reason, .. }) => {
                Self::Rejected(reason.into())
            }
            Err(MarkupError::NotDerived { reason, .. }) => Self::Failed(reason.into()),
            Err(other) => {
                Self::Failed(Failure::new("markup", other.to_string(), "Upload the picture again."))
            }
        }
    }

    fn state(&self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Derived { .. } => "derived",
            Self::Refused(_) => "refused",
            Self::Rejected(_) => "rejected",
            Self::Failed(_) => "failed",
        }
    }

    fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Uploaded | Self::Derived { .. } => None,
            Self::Refused(failure) | Self::Rejected(failure) | Self::Failed(failure) => Some(failure),
        }
    }
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self { code: reason.code, message: reason.message, remedy: reason.remedy }
    }
}

impl Outcome {
    pub(super) fn new(item: &Item) -> Self {
        Self {
            file: item.name.clone(),
            key: item.key.clone(),
            bytes: None,
            warnings: Vec::new(),
            sent: None,
            end: End::Uploaded,
        }
    }

    pub(super) fn ended(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    pub(super) fn is_well(&self) -> bool {
        self.end.failure().is_none()
    }

    /// Tells people on standard error; puts the markup, or the JSON line, on standard output.
    ///
    /// # Errors
    ///
    /// When standard output takes no more.
    pub(super) fn report(&self, console: &Console, store: &Store, json: bool) -> io::Result<()> {
        let place = format!("{}/{}", store.originals, self.key);
        for warning in self.all_warnings() {
            console.warning(format_args!("{}: {warning}", self.file));
        }
        match &self.end {
            End::Uploaded | End::Derived { .. } => {
                let size = HumanBytes(self.bytes.unwrap_or_default());
                console.info(format_args!("{} → {place} ({size}): {}", self.file, self.end.state()));
            }
            End::Refused(failure) => console.error(format_args!("{} was not sent: {failure}", self.file)),
            End::Rejected(failure) => {
                console.error(format_args!("{} → {place} was rejected: {failure}", self.file));
            }
            End::Failed(failure) => console.error(format_args!("{} → {place}: {failure}", self.file)),
        }
        match &self.end {
            _ if json => console.result(&serde_json::to_string(&self.line(store))?),
            End::Derived { markup: Some(markup), .. } => console.result(markup),
            _ => Ok(()),
        }
    }

    fn all_warnings(&self) -> Vec<&str> {
        let mut warnings: Vec<&str> = self.warnings.iter().map(String::as_str).collect();
        if let End::Derived { warnings: of_manifest, missing_alt, .. } = &self.end {
            warnings.extend(of_manifest.iter().map(String::as_str));
            if *missing_alt {
                warnings.push("the markup doesn't say what the picture shows; give --alt TEXT (or --alt \"\" if it is decoration)");
            }
        }
        warnings
    }

    fn line<'a>(&'a self, store: &'a Store) -> Line<'a> {
        let (markup, missing_alt) = match &self.end {
            End::Derived { markup, missing_alt, .. } => {
                (markup.as_deref(), markup.as_ref().map(|_| *missing_alt))
            }
            _ => (None, None),
        };
        let sent = self.sent.as_ref();
        Line {
            file: &self.file,
            key: &self.key,
            bucket: &store.originals,
            state: self.end.state(),
            bytes: self.bytes,
            etag: sent.map(|sent| sent.etag.as_str()),
            version_id: sent.and_then(|sent| sent.version_id.as_deref()),
            checksum_crc64nvme: sent.map(|sent| sent.crc64nvme.as_str()),
            markup,
            missing_alt,
            warnings: self.all_warnings(),
            error: self.end.failure(),
        }
    }
}
