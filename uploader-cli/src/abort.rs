//! `uploader abort`: throws away what was begun and not finished.

use clap::Args;
use cli_support::nfc;

use crate::cli::{OutputArgs, StoreArgs};
use crate::config::state_folder;
use crate::console::Console;
use crate::failure::Failure;
use crate::state;
use crate::store::Store;
use crate::transfer::{Journal, abort};
use crate::{FAILED, WELL};

const EXAMPLES: &str = "\
Examples:
  uploader abort                      what this machine has begun in the bucket
  uploader abort 2026/lisbon/tram.tif  only this key";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AbortArgs {
    /// Keys of unfinished uploads [default: all that this machine has begun]
    keys: Vec<String>,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// One line of `--json`.
#[derive(serde::Serialize)]
struct Line<'a> {
    key: &'a str,
    file: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// Ends the uploads that `args` name; the answer is the exit status.
///
/// # Errors
///
/// When the journals cannot be read, or standard output takes no more.
pub(crate) async fn run(args: AbortArgs) -> anyhow::Result<u8> {
    let console = Console::new(&args.output);
    let store = match Store::of(&args.store).await {
        Ok(store) => store,
        Err(refusal) => return Ok(refusal.say()),
    };
    let folder = state_folder(|name| std::env::var(name).ok()).map(|folder| state::journals(&folder));
    let journals = folder.map(|folder| Journal::all(&folder)).transpose()?.unwrap_or_default();
    let endpoint = store.endpoint.clone().unwrap_or_default();
    let mut status = WELL;
    let mut found: Vec<String> = Vec::new();
    for journal in journals {
        let Some(plan) = journal.plan().cloned() else { continue };
        let here = plan.endpoint == endpoint && plan.bucket == store.originals;
        if !here || (!args.keys.is_empty() && !args.keys.iter().any(|key| nfc(key) == nfc(&plan.key))) {
            continue;
        }
        let place = format!("{}/{}", plan.bucket, plan.key);
        let file = plan.file.display().to_string();
        let error = abort(&store, journal).await.err();
        match &error {
            None => console.info(format_args!("{file} → {place}: thrown away")),
            Some(failure) => {
                status = FAILED;
                console.error(format_args!("{file} → {place}: {failure}"));
            }
        }
        if args.output.json {
            let state = if error.is_none() { "aborted" } else { "failed" };
            console.document(&serde_json::to_string(&Line { key: &plan.key, file: &file, state, error })?)?;
        }
        found.push(plan.key);
    }
    for key in args.keys.iter().filter(|key| !found.iter().any(|found| nfc(found) == nfc(key))) {
        status = FAILED;
        console.error(format_args!(
            "{key}: this machine has begun no upload to it that is unfinished. What other machines left behind, \
             the bucket's lifecycle clears away."
        ));
    }
    if found.is_empty() && args.keys.is_empty() {
        console.info("Nothing is unfinished.");
    }
    Ok(status)
}
