//! `uploader rm`: deletes originals, whose renditions follow.

mod confirm;
mod gone;

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_s3::operation::delete_object::DeleteObjectOutput;
use clap::Args;
use futures::StreamExt;
use indicatif::HumanCount;
use manifest::Manifest;
use serde::Serialize;

use crate::cli::StoreArgs;
use crate::console::Console;
use crate::failure::Failure;
use crate::help::{self, HelpArgs};
use crate::interrupt;
use crate::listing;
use crate::lookup::AT_ONCE;
use crate::place::Place;
use crate::store::{Refusal, Store};
use crate::{FAILED, INTERRUPTED, WELL, manifests, original};

const EXAMPLES: &str = "\
Examples:
  uploader rm --yes --wait draft-1.jpg draft-2.jpg
  uploader rm --recursive 2026/drafts/

Exit status: 0 all well, 1 something failed, 2 wrong usage.";

/// Options that `--help` shows.
const DAILY: [&str; 10] =
    ["recursive", "dry_run", "yes", "wait", "timeout", "local", "profile", "bucket", "help", "help_all"];

/// Originals that one run deletes at most, so that their keys fit into memory.
const MOST: usize = 100_000;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(disable_help_flag = true, mut_args = |arg| help::fold(arg, &DAILY))]
pub(crate) struct RmArgs {
    /// Keys of originals, also as s3://BUCKET/KEY
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,

    /// Delete all originals below keys that end in /
    #[arg(long, short)]
    recursive: bool,

    /// Print what would be deleted, and stop
    #[arg(long)]
    dry_run: bool,

    /// Delete without asking
    #[arg(long, short)]
    yes: bool,

    /// Wait until the renditions are deleted too
    #[arg(long)]
    wait: bool,

    /// Longest wait for one key
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u32,

    /// Print one JSON object per key
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    help: HelpArgs,
}

/// One key of the command line, before anything is deleted.
struct Candidate {
    /// As it was given.
    given: String,
    /// Where it is, or why it cannot be deleted.
    place: Result<Place, Failure>,
}

/// What S3 made of a deletion.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Deleted {
    /// In a bucket with versions, earlier versions are kept under this marker.
    delete_marker: Option<String>,
    /// Whether the manifest says that the renditions are gone.
    removed: bool,
}

/// One line of `--json`. Fields are added, never renamed.
#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<&'a str>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_marker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

/// Deletes what `args` name, once somebody has agreed; the answer is the exit status.
///
/// # Errors
///
/// When the answer cannot be read, or standard output takes no more.
pub(crate) async fn run(args: RmArgs) -> anyhow::Result<u8> {
    if let Some(folder) = args.keys.iter().find(|key| is_folder(key) && !args.recursive) {
        return Ok(Refusal::Usage(format!(
            "'{folder}' is a folder; give --recursive to delete all originals in it, and --dry-run to see them first"
        ))
        .say());
    }
    if !args.yes && !args.dry_run && !confirm::can_ask() {
        let usage = "nobody can be asked here; give --yes to delete without being asked";
        return Ok(Refusal::Usage(usage.to_owned()).say());
    }
    let store = match Store::of(&args.store).await {
        Ok(store) => store,
        Err(refusal) => return Ok(refusal.say()),
    };
    let console = Console::lines();
    let Candidates { candidates, folders, more } = candidates(&store, &args.keys).await;
    let places: Vec<&Place> =
        candidates.iter().filter_map(|candidate| candidate.place.as_ref().ok()).collect();
    if more {
        console.warning(format_args!(
            "only the first {} are deleted; run the command again for the rest",
            HumanCount(MOST as u64)
        ));
    }
    if args.dry_run {
        return plan(&console, &candidates, args.json);
    }
    if !args.yes && !places.is_empty() && !confirm::agrees(&console, &places).await? {
        console.info("nothing was deleted");
        return Ok(FAILED);
    }

    let in_all = candidates.len();
    let mut tally = Tally::default();
    let work = remove_all(&store, &args, &console, &candidates, &folders, &mut tally);
    let status = tokio::select! {
        status = work => status?,
        () = interrupt::requested() => {
            interrupt::say(&format!(
                "interrupted; {} of {in_all} originals are deleted. Run the command again for the rest.",
                tally.deleted
            ));
            return Ok(INTERRUPTED);
        }
    };
    if args.recursive {
        let Tally { deleted, failed } = tally;
        let failed = if failed > 0 { format!(", {} failed", HumanCount(failed)) } else { String::new() };
        console.info(format_args!("{} originals deleted{failed}", HumanCount(deleted)));
    }
    Ok(status)
}

/// Counts of what happened to candidates.
#[derive(Debug, Default)]
struct Tally {
    deleted: u64,
    failed: u64,
}

/// Deletes all `candidates` and then the `folders`, unless something failed.
async fn remove_all(
    store: &Store,
    args: &RmArgs,
    console: &Console,
    candidates: &[Candidate],
    folders: &[Place],
    tally: &mut Tally,
) -> anyhow::Result<u8> {
    let removals = futures::stream::iter(candidates).map(|candidate| remove(store, args, candidate));
    let mut removals = removals.buffered(AT_ONCE);
    while let Some((candidate, removed)) = removals.next().await {
        report(console, candidate, &removed, args.json)?;
        match &removed {
            Ok(_) => tally.deleted += 1,
            Err(failure) => {
                tally.failed += 1;
                // The next key would fail in the same way.
                if failure.concerns_all {
                    return Ok(FAILED);
                }
            }
        }
    }
    if tally.failed > 0 {
        return Ok(FAILED);
    }
    for folder in folders {
        if let Err(failure) = delete_object(store, folder).await {
            console.error(format_args!("{}: {failure}", folder.key));
            return Ok(FAILED);
        }
    }
    Ok(WELL)
}

/// Prints what would be deleted; the answer is the exit status.
fn plan(console: &Console, candidates: &[Candidate], json: bool) -> anyhow::Result<u8> {
    let mut status = WELL;
    for candidate in candidates {
        match &candidate.place {
            Ok(place) if json => {
                let line = Line {
                    key: &place.key,
                    bucket: Some(&place.bucket),
                    state: "planned",
                    delete_marker: None,
                    error: None,
                };
                console.document(&serde_json::to_string(&line)?)?;
            }
            Ok(place) => console.result(format_args!("{}/{}", place.bucket, place.key))?,
            Err(failure) => {
                status = FAILED;
                report(console, candidate, &Err(failure.clone()), json)?;
            }
        }
    }
    let count = candidates.iter().filter(|candidate| candidate.place.is_ok()).count() as u64;
    let plural = if count == 1 { "" } else { "s" };
    console.info(format_args!("{} original{plural} would be deleted", HumanCount(count)));
    Ok(status)
}

/// Returns `true` if `given` names all originals below it.
fn is_folder(given: &str) -> bool {
    given.ends_with('/')
}

/// Everything that the command line names.
#[derive(Default)]
struct Candidates {
    candidates: Vec<Candidate>,
    /// Empty objects that stand for folders; they are deleted last.
    folders: Vec<Place>,
    /// The folders have more originals than one run deletes.
    more: bool,
}

/// Looks for the originals that `keys` name: S3 would "delete" absent ones and answer that all is well.
async fn candidates(store: &Store, keys: &[String]) -> Candidates {
    let look = async |given: &String| {
        let place = Place::parse(given, store);
        match place {
            Ok(place) if is_folder(given) => {
                let below = listing::below(store, &place.bucket, &place.key, MOST).await;
                below.map_err(|failure| Candidate { given: given.clone(), place: Err(failure) })
            }
            Ok(place) => Err(Candidate { given: given.clone(), place: find(store, place).await }),
            Err(failure) => Err(Candidate { given: given.clone(), place: Err(failure) }),
        }
    };
    let mut looked = futures::stream::iter(keys).map(look).buffered(AT_ONCE);
    let mut all = Candidates::default();
    let mut seen = HashSet::new();
    let mut given = keys.iter();
    while let (Some(looked), Some(given)) = (looked.next().await, given.next()) {
        match looked {
            Ok(below) if below.originals.is_empty() && below.folders.is_empty() => {
                all.candidates.push(Candidate { place: Err(nothing_below(given)), given: given.clone() });
            }
            Ok(below) => {
                all.more |= below.more;
                all.folders.extend(below.folders);
                let candidates = below
                    .originals
                    .into_iter()
                    .map(|place| Candidate { given: place.key.clone(), place: Ok(place) });
                all.candidates.extend(candidates);
            }
            Err(candidate) => all.candidates.push(candidate),
        }
    }
    all.candidates
        .retain(|candidate| candidate.place.as_ref().map_or(true, |place| seen.insert(place.clone())));
    all.more |= all.candidates.len() > MOST;
    all.candidates.truncate(MOST);
    if all.more {
        all.folders.clear();
    }
    all
}

fn nothing_below(folder: &str) -> Failure {
    Failure::new(
        "NoSuchKey",
        format!("there are no originals below '{folder}'"),
        "`uploader ls` shows the existing keys.",
    )
}

/// Returns the place of the original that `place` names, in whichever Unicode spelling it exists.
async fn find(store: &Store, place: Place) -> Result<Place, Failure> {
    for spelling in place.spellings() {
        if original::look(store, &spelling).await?.is_some() {
            return Ok(spelling);
        }
    }
    Err(original::missing(&place))
}

async fn remove<'a>(
    store: &Store,
    args: &RmArgs,
    candidate: &'a Candidate,
) -> (&'a Candidate, Result<Deleted, Failure>) {
    let removed = match &candidate.place {
        Ok(place) => delete(store, args, place).await,
        Err(failure) => Err(failure.clone()),
    };
    (candidate, removed)
}

async fn delete(store: &Store, args: &RmArgs, place: &Place) -> Result<Deleted, Failure> {
    // A manifest of an earlier removal under this key is no sign of ours.
    let before: Option<Manifest> = if args.wait { manifests::read(store, &place.key).await? } else { None };
    let answer = delete_object(store, place).await?;
    if args.wait {
        let patience = Duration::from_secs(args.timeout.into());
        gone::for_removal(store, place, before.as_ref(), patience).await?;
    }
    let is_marker = answer.delete_marker() == Some(true);
    let delete_marker = answer.version_id().filter(|_| is_marker).map(str::to_owned);
    Ok(Deleted { delete_marker, removed: args.wait })
}

async fn delete_object(store: &Store, place: &Place) -> Result<DeleteObjectOutput, Failure> {
    let request = store.client.delete_object().bucket(&place.bucket).key(&place.key);
    request.send().await.map_err(|error| {
        Failure::of_request(&error, &place.bucket, store).needing("s3:DeleteObject", &place.bucket)
    })
}

fn report(
    console: &Console,
    candidate: &Candidate,
    removed: &Result<Deleted, Failure>,
    json: bool,
) -> anyhow::Result<()> {
    let place = candidate.place.as_ref().ok();
    let name = &candidate.given;
    match removed {
        Ok(deleted) => {
            let kept = if deleted.delete_marker.is_some() { " (the bucket keeps its versions)" } else { "" };
            let renditions = if deleted.removed { "are gone, too" } else { "follow in a few seconds" };
            console.info(format_args!("{name}: deleted{kept}; its renditions {renditions}"));
        }
        Err(failure) => console.error(format_args!("{name}: {failure}")),
    }
    if json {
        let deleted = removed.as_ref().ok();
        let line = Line {
            key: place.map_or(&candidate.given, |place| &place.key),
            bucket: place.map(|place| place.bucket.as_str()),
            state: match removed {
                Ok(Deleted { removed: true, .. }) => "removed",
                Ok(_) => "deleted",
                Err(_) => "failed",
            },
            delete_marker: deleted.and_then(|deleted| deleted.delete_marker.as_deref()),
            error: removed.as_ref().err(),
        };
        console.document(&serde_json::to_string(&line)?)?;
    }
    Ok(())
}
