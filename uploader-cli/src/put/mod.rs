//! `uploader put`: each file is looked at, sent, waited for, and reported, in the order given.

mod args;
mod inspect;
mod outcome;
mod plan;
mod send;
mod wait;

use std::env;

use futures::StreamExt;
use manifest::Markup;
use tokio::sync::Semaphore;

use crate::cli::SnippetArgs;
use crate::console::Console;
use crate::store::Store;
use crate::{FAILED, USAGE, WELL};
pub(crate) use args::PutArgs;
use outcome::{End, Outcome};
use plan::Item;

/// Files that are sent at once.
const SENDING: usize = 4;

/// Files that are on their way at once, most of them waiting for their renditions.
const UNDERWAY: usize = 64;

/// What all files of one run have in common.
struct Run {
    args: PutArgs,
    store: Store,
    /// How the markup is written, if it is wanted.
    markup: Option<Markup>,
    sending: Semaphore,
    /// One file at a time is held in memory as a whole.
    inspecting: Semaphore,
    console: Console,
}

impl Run {
    /// Whether nobody has said what URLs begin with; `--base-url ""` does.
    fn has_no_base_url(&self) -> bool {
        self.args.snippet.base_url.is_none() && self.store.default_base_url().is_empty()
    }
}

/// Puts what `args` name; the answer is the exit status.
///
/// # Errors
///
/// When standard output takes no more.
pub(crate) async fn run(args: PutArgs) -> anyhow::Result<u8> {
    let usage = plan::items(&args).map_err(|usage| usage.to_string());
    let usage = usage.and_then(|items| Ok((items, args.store.endpoint(|name| env::var(name).ok())?)));
    let (items, endpoint) = match usage {
        Ok(usage) => usage,
        Err(usage) => {
            eprintln!("error: {usage}");
            return Ok(USAGE);
        }
    };
    let store = match Store::open(&args.store, endpoint).await {
        Ok(store) => store,
        Err(failure) => {
            eprintln!("error: {failure}");
            return Ok(FAILED);
        }
    };
    let run = Run {
        markup: markup(&args.snippet, &store),
        console: Console::new(&args.output, items.len()),
        sending: Semaphore::new(SENDING),
        inspecting: Semaphore::new(1),
        args,
        store,
    };

    if !run.args.no_wait && run.markup.is_some() && run.has_no_base_url() {
        run.console.warning("URLs are relative; give --base-url https://your-cdn");
    }

    let mut status = WELL;
    let mut outcomes = futures::stream::iter(items).map(|item| put(&run, item)).buffered(UNDERWAY);
    while let Some(outcome) = outcomes.next().await {
        outcome.report(&run.console, &run.store, run.args.output.json)?;
        if !outcome.is_well() {
            status = FAILED;
        }
        run.console.advance();
    }
    run.console.finish();
    Ok(status)
}

/// One file, from the disk to its markup.
async fn put(run: &Run, item: Item) -> Outcome {
    let mut outcome = Outcome::new(&item);
    let path = match item.path {
        Ok(path) => path,
        Err(failure) => return outcome.ended(End::Refused(failure)),
    };

    let sent = {
        let _turn = run.sending.acquire().await;
        run.console.doing(format_args!("sending {}", outcome.file));
        let looked = {
            let _alone = run.inspecting.acquire().await;
            inspect::inspect(&path, run.args.force).await
        };
        let inspected = match looked {
            Ok(inspected) => inspected,
            Err(failure) => return outcome.ended(End::Refused(failure)),
        };
        outcome.bytes = Some(inspected.bytes);
        outcome.warnings.extend(inspected.warnings.iter().cloned());
        match send::send(&run.store, &path, &item.key, &inspected).await {
            Ok(sent) => sent,
            Err(failure) => return outcome.ended(End::Failed(failure)),
        }
    };
    outcome.sent = Some(sent.clone());
    if run.args.no_wait {
        return outcome.ended(End::Uploaded);
    }

    run.console.doing(format_args!("waiting for the renditions of {}", outcome.file));
    let end = match wait::for_manifest(&run.store, &item.key, &sent, run.args.timeout).await {
        Ok(manifest) => End::of_manifest(&manifest, run.markup.as_ref()),
        Err(failure) => End::Failed(failure),
    };
    outcome.ended(end)
}

fn markup(args: &SnippetArgs, store: &Store) -> Option<Markup> {
    let format = args.markup.format()?;
    let mut markup = Markup {
        format,
        base_url: args.base_url.clone().unwrap_or_else(|| store.default_base_url()),
        alt: args.alt.clone(),
        figure: args.figure,
        ..Markup::default()
    };
    if let Some(sizes) = &args.sizes {
        markup.sizes.clone_from(sizes);
    }
    Some(markup)
}
