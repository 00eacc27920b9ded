//! `uploader rm`: deletes originals, whose renditions follow.

mod confirm;
mod gone;

use std::time::Duration;

use clap::Args;
use futures::StreamExt;
use manifest::Manifest;
use serde::Serialize;

use crate::cli::StoreArgs;
use crate::console::Console;
use crate::failure::Failure;
use crate::lookup::AT_ONCE;
use crate::place::Place;
use crate::store::{Refusal, Store};
use crate::{FAILED, WELL, manifests, original};

const EXAMPLES: &str = "\
Examples:
  uploader rm --yes --wait draft-1.jpg draft-2.jpg

Exit status: 0 all well, 1 something failed, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RmArgs {
    /// Keys of originals, also as s3://BUCKET/KEY
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,

    /// Don't ask
    #[arg(long, short)]
    yes: bool,

    /// Wait until the renditions are gone, too
    #[arg(long)]
    wait: bool,

    /// How long to wait for one key's
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u32,

    /// Print one JSON object a key and line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArgs,
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
    if !args.yes && !confirm::can_ask() {
        let usage = "nobody can be asked here; give --yes to delete without being asked";
        return Ok(Refusal::Usage(usage.to_owned()).say());
    }
    let store = match Store::of(&args.store).await {
        Ok(store) => store,
        Err(refusal) => return Ok(refusal.say()),
    };
    let console = Console::lines();
    let candidates = candidates(&store, &args.keys).await;
    let places: Vec<&Place> =
        candidates.iter().filter_map(|candidate| candidate.place.as_ref().ok()).collect();
    if !args.yes && !places.is_empty() && !confirm::agrees(&places)? {
        console.info("nothing was deleted");
        return Ok(FAILED);
    }

    let mut status = WELL;
    let removals = futures::stream::iter(&candidates).map(|candidate| remove(&store, &args, candidate));
    let mut removals = removals.buffered(AT_ONCE);
    while let Some((candidate, removed)) = removals.next().await {
        if removed.is_err() {
            status = FAILED;
        }
        report(&console, candidate, &removed, args.json)?;
    }
    Ok(status)
}

/// What is there of `keys`: S3 would "delete" what isn't, and say that all is well.
async fn candidates(store: &Store, keys: &[String]) -> Vec<Candidate> {
    let look = async |given: &String| {
        let place = match Place::parse(given, store) {
            Ok(place) => find(store, place).await,
            Err(failure) => Err(failure),
        };
        Candidate { given: given.clone(), place }
    };
    futures::stream::iter(keys).map(look).buffered(AT_ONCE).collect().await
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
    let request = store.client.delete_object().bucket(&place.bucket).key(&place.key);
    let answer = request.send().await.map_err(|error| {
        Failure::of_request(&error, &place.bucket, store).needing("s3:DeleteObject", &place.bucket)
    })?;
    if args.wait {
        let patience = Duration::from_secs(args.timeout.into());
        gone::for_removal(store, place, before.as_ref(), patience).await?;
    }
    let is_marker = answer.delete_marker() == Some(true);
    let delete_marker = answer.version_id().filter(|_| is_marker).map(str::to_owned);
    Ok(Deleted { delete_marker, removed: args.wait })
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
