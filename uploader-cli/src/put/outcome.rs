//! How it ended for one file, told to people or as JSON.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use indicatif::HumanBytes;
use manifest::{Manifest, Markup, MarkupError, Reason};
use serde::Serialize;

use super::causes::Words;
use super::inspect::Inspected;
use super::plan::Item;
use crate::console::Console;
use crate::failure::Failure;
use crate::store::Store;
use crate::transfer::Sent;

/// What is done about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// It is sent where nothing was.
    New,
    /// The same bytes are there, and all is said about them.
    Unchanged,
    /// The same bytes are there; something else is said about them.
    Described,
    /// It takes another picture's place.
    Replaced,
}

impl Action {
    /// Whether the file's bytes are sent.
    pub(super) fn sends(self) -> bool {
        matches!(self, Self::New | Self::Replaced)
    }

    fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unchanged => "unchanged",
            Self::Described => "described",
            Self::Replaced => "replaced",
        }
    }

    /// In words; empty of what is usual.
    fn remark(self) -> &'static str {
        match self {
            Self::New => "",
            Self::Unchanged => ", unchanged",
            Self::Described => ", described anew",
            Self::Replaced => ", replaced",
        }
    }
}

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    /// Nothing was done; this is what would be.
    Planned,
    /// Sent, or there already; nobody waited.
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
pub(crate) struct Outcome {
    pub(super) file: String,
    key: String,
    bucket: String,
    /// Bytes, once it was looked at.
    bytes: Option<u64>,
    media_type: Option<&'static str>,
    /// Pixels.
    size: Option<(u32, u32)>,
    action: Option<Action>,
    warnings: Vec<String>,
    /// Of the warnings, those that people were told of already, of many files at once.
    pub(super) told: Arc<HashSet<String>>,
    pub(super) sent: Option<Sent>,
    end: End,
}

/// One line of `--json`. Fields are added, never renamed.
#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    file: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'a str,
    bucket: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
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
            Self::Planned => "planned",
            Self::Uploaded => "uploaded",
            Self::Derived { .. } => "derived",
            Self::Refused(_) => "refused",
            Self::Rejected(_) => "rejected",
            Self::Failed(_) => "failed",
        }
    }

    fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Planned | Self::Uploaded | Self::Derived { .. } => None,
            Self::Refused(failure) | Self::Rejected(failure) | Self::Failed(failure) => Some(failure),
        }
    }
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self::new(&reason.code, reason.message, reason.remedy)
    }
}

impl Outcome {
    pub(super) fn new(item: &Item, bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            file: item.name.clone(),
            key: item.key.clone(),
            bytes: None,
            media_type: None,
            size: None,
            action: None,
            warnings: Vec::new(),
            told: Arc::default(),
            sent: None,
            end: End::Uploaded,
        }
    }

    /// What was found out before anything was sent.
    pub(super) fn looked_at(&mut self, file: &Inspected, action: Action) {
        self.bytes = Some(file.stamp.bytes);
        self.media_type = Some(file.media_type);
        self.size = file.size;
        self.action = Some(action);
        self.warnings.clone_from(&file.warnings);
    }

    pub(super) fn ended(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    pub(super) fn is_well(&self) -> bool {
        self.end.failure().is_none()
    }

    /// Its file, as people call it.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// Its key in the originals bucket.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// How it ended, in a word.
    pub(crate) fn state(&self) -> &'static str {
        self.end.state()
    }

    /// What went wrong, if anything.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.end.failure()
    }

    /// The markup, if there is some.
    pub(super) fn markup(&self) -> Option<&str> {
        match &self.end {
            End::Derived { markup, .. } => markup.as_deref(),
            _ => None,
        }
    }

    /// Tells people on standard error; puts the markup, or the JSON line, on standard output.
    ///
    /// # Errors
    ///
    /// When standard output takes no more.
    pub(super) fn report(
        &self,
        console: &Console,
        store: &Store,
        words: Words,
        json: bool,
    ) -> io::Result<()> {
        let place = format!("{}/{}", store.originals, self.key);
        for warning in self.all_warnings().into_iter().filter(|warning| !self.told.contains(*warning)) {
            console.warning(format_args!("{}: {warning}", self.file));
        }
        match &self.end {
            End::Planned => {
                let kind = self.media_type.unwrap_or_default();
                let size = self.size.map(|(width, height)| format!(" {width}×{height}")).unwrap_or_default();
                let bytes = HumanBytes(self.bytes.unwrap_or_default());
                let action = self.action.map(Action::name).unwrap_or_default();
                let plan = format!("{} → {place} ({kind}{size}, {bytes}): {action}", self.file);
                // The plan is what was asked for.
                return if json { self.print_line(console, store) } else { console.result(plan) };
            }
            End::Uploaded | End::Derived { .. } => {
                let size = HumanBytes(self.bytes.unwrap_or_default());
                let remark = self.action.map(Action::remark).unwrap_or_default();
                console.info(format_args!("{} → {place} ({size}): {}{remark}", self.file, self.end.state()));
            }
            End::Refused(_) | End::Rejected(_) | End::Failed(_) if words == Words::Later => {}
            End::Refused(failure) | End::Rejected(failure) | End::Failed(failure)
                if words == Words::Reference =>
            {
                console.error(format_args!("{}: {} (see above)", self.place_words(), failure.code));
            }
            End::Refused(failure) => console.error(format_args!("{} was not sent: {failure}", self.file)),
            End::Rejected(failure) => {
                console.error(format_args!("{} → {place} was rejected: {failure}", self.file));
            }
            End::Failed(failure) => console.error(format_args!("{} → {place}: {failure}", self.file)),
        }
        match &self.end {
            _ if json => self.print_line(console, store),
            End::Derived { markup: Some(markup), .. } => console.document(markup),
            _ => Ok(()),
        }
    }

    fn print_line(&self, console: &Console, store: &Store) -> io::Result<()> {
        console.document(&serde_json::to_string(&self.line(store))?)
    }

    /// Returns the file, and what did not happen to it.
    pub(super) fn place_words(&self) -> String {
        match &self.end {
            End::Refused(_) => format!("{} was not sent", self.file),
            End::Rejected(_) => format!("{} was rejected", self.file),
            _ => format!("{} → {}/{}", self.file, self.bucket, self.key),
        }
    }

    pub(super) fn action(&self) -> Option<Action> {
        self.action
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.unwrap_or_default()
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
            event: "settled",
            file: &self.file,
            key: &self.key,
            bucket: &store.originals,
            state: self.end.state(),
            action: self.action.map(Action::name),
            bytes: self.bytes,
            etag: sent.map(|sent| sent.etag.as_str()),
            version_id: sent.and_then(|sent| sent.version_id.as_deref()),
            checksum_crc64nvme: sent.and_then(|sent| sent.crc64nvme.as_deref()),
            markup,
            missing_alt,
            warnings: self.all_warnings(),
            error: self.end.failure(),
        }
    }
}
