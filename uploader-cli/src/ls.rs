//! `uploader ls`: the originals, and how far each has come.

use std::collections::{BTreeMap, HashSet};
use std::io;

use clap::Args;
use futures::StreamExt;
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;

use crate::cli::StoreArgs;
use crate::console::Console;
use crate::failure::Failure;
use crate::listing;
use crate::lookup::AT_ONCE;
use crate::manifests;
use crate::original::Original;
use crate::place::split;
use crate::standing::{Seen, Standing};
use crate::store::Store;
use crate::{FAILED, WELL};

const EXAMPLES: &str = "\
Examples:
  uploader ls
  uploader ls 2026/lisbon/
  uploader ls --json | jq -r 'select(.state == \"rejected\") | .key'";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LsArgs {
    /// What keys begin with, also as s3://BUCKET/PREFIX
    #[arg(default_value = "", hide_default_value = true)]
    prefix: String,

    /// Don't look the states up, each of which takes a request
    #[arg(long)]
    no_states: bool,

    /// Print one JSON object a key and line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArgs,
}

/// One original of the listing.
struct Entry {
    key: String,
    original: Original,
    /// `None` if it wasn't asked for.
    standing: Option<Result<Standing, Failure>>,
}

/// One line of `--json`. Fields are added, never renamed.
#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    bucket: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Standing>,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<&'a str>,
    etag: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

/// What all entries come to.
#[derive(Default)]
struct Totals {
    originals: u64,
    bytes: u64,
    standings: BTreeMap<Standing, u64>,
}

/// Lists what `args` ask for, page by page; the answer is the exit status.
///
/// # Errors
///
/// When standard output takes no more; whoever closed it knows.
pub(crate) async fn run(args: LsArgs) -> anyhow::Result<u8> {
    let store = match Store::of(&args.store).await {
        Ok(store) => store,
        Err(refusal) => return Ok(refusal.say()),
    };
    match list(&store, &args).await {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(WELL),
        status => Ok(status?),
    }
}

async fn list(store: &Store, args: &LsArgs) -> io::Result<u8> {
    let console = Console::lines();
    let (bucket, prefix) = split(&args.prefix).unwrap_or((&store.originals, &args.prefix));
    let mut status = WELL;
    let mut totals = Totals::default();
    let mut said = HashSet::new();

    let mut pages = listing::pages(store, bucket, prefix);
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                console.error(listing::failure(&error, bucket, store));
                return Ok(FAILED);
            }
        };
        let look = |(key, original)| entry(store, bucket, key, original, !args.no_states);
        let ours = listing::objects(&page)
            .filter(|(key, original)| !listing::is_folder(key, original))
            .filter(|(key, _)| !store.derived.holds(bucket, key));
        let mut entries = futures::stream::iter(ours).map(look).buffered(AT_ONCE);
        while let Some(entry) = entries.next().await {
            totals.add(&entry);
            if args.json {
                console.document(&serde_json::to_string(&line(&entry, bucket))?)?;
            } else {
                console.result(row(&entry))?;
            }
            if let Some(Err(failure)) = &entry.standing {
                status = FAILED;
                // The same trouble with a thousand keys is told once.
                if said.insert(failure.code.clone()) {
                    console.error(format_args!("{}: {failure}", entry.key));
                }
            }
        }
    }
    if !args.json {
        console.info(totals.text(bucket, prefix));
    }
    Ok(status)
}

async fn entry(store: &Store, bucket: &str, key: String, original: Original, look: bool) -> Entry {
    if !look {
        return Entry { key, original, standing: None };
    }
    let manifest = manifests::read(store, &key).await;
    let standing = manifest.map(|manifest| {
        let ours = manifest.filter(|manifest| manifest.source.bucket == bucket);
        Standing::new(Seen::There(&original), ours.as_ref())
    });
    Entry { key, original, standing: Some(standing) }
}

fn line<'a>(entry: &'a Entry, bucket: &'a str) -> Line<'a> {
    Line {
        key: &entry.key,
        bucket,
        state: entry.state(),
        bytes: entry.original.bytes,
        modified: entry.original.modified.as_deref(),
        etag: &entry.original.etag,
        error: entry.standing.as_ref().and_then(|standing| standing.as_ref().err()),
    }
}

/// State, size, date and key, in columns that no page widens.
fn row(entry: &Entry) -> String {
    let state = entry.state().map(|state| format!("{state:<9} ")).unwrap_or_default();
    let size = HumanBytes(entry.original.bytes).to_string();
    // "2026-11-22T08:00:00Z" to the minute.
    let modified = entry.original.modified.as_deref().and_then(|time| time.get(..16)).unwrap_or_default();
    format!("{state}{size:>10}  {:16}Z  {}", modified.replace('T', " "), entry.key)
}

impl Entry {
    fn state(&self) -> Option<Standing> {
        let standing = self.standing.as_ref()?;
        Some(standing.as_ref().map_or(Standing::Unknown, |standing| *standing))
    }
}

impl Totals {
    fn add(&mut self, entry: &Entry) {
        self.originals += 1;
        self.bytes += entry.original.bytes;
        if let Some(standing) = entry.state() {
            *self.standings.entry(standing).or_default() += 1;
        }
    }

    fn text(&self, bucket: &str, prefix: &str) -> String {
        if self.originals == 0 {
            return format!("no originals in {bucket}/{}", prefix);
        }
        let plural = if self.originals == 1 { "" } else { "s" };
        let mut text = format!("{} original{plural}, {}", HumanCount(self.originals), HumanBytes(self.bytes));
        let standings: Vec<String> = self
            .standings
            .iter()
            .map(|(standing, count)| format!("{} {standing}", HumanCount(*count)))
            .collect();
        if !standings.is_empty() {
            text = format!("{text}: {}", standings.join(", "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, bytes: i64, standing: Option<Standing>) -> Entry {
        let modified = aws_sdk_s3::primitives::DateTime::from_secs(1_795_334_400);
        let original = Original::new(Some("\"e\""), None, Some(bytes), Some(&modified));
        Entry { key: key.to_owned(), original, standing: standing.map(Ok) }
    }

    #[test]
    fn rows_are_aligned() {
        assert_eq!(
            row(&entry("a.jpg", 3_366_000, Some(Standing::Derived))),
            "derived     3.21 MiB  2026-11-22 08:00Z  a.jpg"
        );
        assert_eq!(
            row(&entry("b/ü.jpg", 9, Some(Standing::Rejected))),
            "rejected         9 B  2026-11-22 08:00Z  b/ü.jpg"
        );
        assert_eq!(row(&entry("c", 0, None)), "       0 B  2026-11-22 08:00Z  c");
    }

    #[test]
    fn totals_name_each_state() {
        let mut totals = Totals::default();
        assert_eq!(totals.text("originals", "2026/"), "no originals in originals/2026/");
        for standing in [Standing::Derived, Standing::Failed, Standing::Derived] {
            totals.add(&entry("x", 1024, Some(standing)));
        }
        assert_eq!(totals.text("originals", ""), "3 originals, 3.00 KiB: 2 derived, 1 failed");
    }
}
