//! `thumbnailer sweep`: deletes what no manifest names and is past its grace.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::time::Duration;

use anyhow::Context;
use cli_support::escape;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use thumbnailer::{Sweep, Swept, sweep};
use tokio::signal;

use crate::report::{print_json, print_lines, size};
use crate::store::Store;
use crate::{Ending, cli};

/// Work that was begun may take so long; what it has put is not to be swept from under it.
const LONGEST_WORK: Duration = Duration::from_secs(60 * 60);

/// What `--json` prints.
#[derive(Serialize)]
struct Summary<'a> {
    bucket: &'a str,
    dry_run: bool,
    finished: bool,
    seen: u64,
    deleted: u64,
    bytes: u64,
    troubles: &'a BTreeMap<String, String>,
    next: Option<&'a str>,
}

pub(crate) async fn run(args: cli::Sweep) -> anyhow::Result<Ending> {
    if args.grace < LONGEST_WORK && !args.dry_run {
        cli_support::tell(
            "a grace below an hour is safe only while nothing is derived: what is being made is not named yet",
        );
    }
    let store = Store::open(&args.derived).await?;
    let order = Sweep {
        prefix: args.prefix.clone(),
        after: args.after.clone(),
        dry_run: args.dry_run,
        ..Sweep::new(args.grace)
    };
    let bar = progress();
    let so_far = RefCell::new(Swept { next: args.after.clone(), ..Swept::default() });
    let page = |swept: &Swept| {
        if let Some(bar) = &bar {
            bar.set_message(format!("{} looked at, {} to delete", swept.seen, swept.deleted));
            bar.tick();
        }
        so_far.replace(swept.clone());
    };
    let work = async {
        store.check().await.map_err(|explanation| explanation.to_string())?;
        sweep(&store.s3, &store.place, &order, page).await.map(drop).map_err(|cause| cause.to_string())
    };
    let finished = tokio::select! {
        finished = work => Some(finished),
        pressed = signal::ctrl_c() => {
            pressed.context("Ctrl-C")?;
            None
        }
    };
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let swept = so_far.into_inner();
    let failure = finished.as_ref().and_then(|finished| finished.as_ref().err());
    let finished = matches!(finished, Some(Ok(_)));
    if args.json {
        let summary = Summary {
            bucket: &args.derived.place.to_string(),
            dry_run: args.dry_run,
            finished,
            seen: swept.seen,
            deleted: swept.deleted,
            bytes: swept.bytes,
            troubles: &swept.troubles,
            next: swept.next.as_deref().filter(|_| !finished),
        };
        print_json(&serde_json::to_string(&summary)?);
    } else {
        print_lines(&told(&swept, args.dry_run));
    }
    if let Some(cause) = failure {
        cli_support::tell(format_args!("thumbnailer: {cause}"));
    }
    if !finished {
        match &swept.next {
            Some(next) => {
                cli_support::tell(format_args!("the sweep did not finish; continue it with --after {next:?}"))
            }
            None => cli_support::tell("the sweep did not finish"),
        }
    }
    let well = finished && swept.troubles.is_empty();
    Ok(if well { Ending::AllWell } else { Ending::SomethingFailed })
}

fn told(swept: &Swept, dry_run: bool) -> String {
    let did = if dry_run { "would be deleted" } else { "deleted" };
    let mut text = format!(
        "{} versions of renditions looked at, {} {did}, {}\n",
        swept.seen,
        swept.deleted,
        size(swept.bytes)
    );
    for (key, why) in &swept.troubles {
        text += &format!("kept what belongs to {}: {}\n", escape(key), escape(why));
    }
    text
}

fn progress() -> Option<ProgressBar> {
    io::stderr().is_terminal().then(|| {
        let style = ProgressStyle::with_template("{spinner} {wide_msg}");
        ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
    })
}
