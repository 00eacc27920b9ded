//! `thumbnailer up`: the embedded S3, whose queue calls the Lambda's own handler.
//!
//! `surroundings` starts what AWS would be, `uploads` brings files in, `watch` follows what becomes of them,
//! `summary` reads it back from the manifests.

mod summary;
mod surroundings;
mod uploads;
mod watch;

use std::cell::Cell;

use anyhow::Context;
use thumbnailer::Config;
use tokio::signal;

use crate::cli::{self, DEFAULT_SECRET, UsageError};
use crate::files::{self, Found};
use crate::report::{self, SourceReport, State, print_json, print_lines};
use crate::{Ending, preset};
use surroundings::Surroundings;
use watch::Watch;

pub(crate) async fn run(args: cli::Up) -> anyhow::Result<Ending> {
    check(&args)?;
    let mut config = Config::new(surroundings::DERIVED)?;
    config.originals_bucket = Some(surroundings::ORIGINALS.to_owned());
    config.preset = preset::from_file(args.preset.as_deref())?;
    let fingerprint = config.preset.fingerprint();

    let found = files::find(&args.paths, &args.data)?;
    found.tell_skipped();
    if !args.paths.is_empty() && found.sources.is_empty() {
        return Err(UsageError("there are no pictures in the folders named".to_owned()).into());
    }

    let (surroundings, outcomes) = Surroundings::start(&args, config).await?;
    let watch = Watch::new(outcomes, found.sources.len(), args.json);
    // What was asked for with --once is not done until it is; without it, only what failed counts.
    let so_far = Cell::new(if args.once { Ending::SomethingFailed } else { Ending::AllWell });
    let work = serve(&args, &surroundings, watch, &found, &fingerprint, &so_far);
    let ending = tokio::select! {
        ending = work => ending,
        asked = asked_to_stop() => asked.map(|()| {
            cli_support::tell("stopping");
            so_far.get()
        }),
    };
    tokio::select! {
        () = surroundings.stop() => {}
        // Nothing is lost: what was under way is in the queue and will be done when started again.
        _ = asked_to_stop() => {}
    }
    ending
}

fn check(args: &cli::Up) -> Result<(), UsageError> {
    if args.once && args.paths.is_empty() {
        return Err(UsageError("--once needs files or folders: thumbnailer up photos --once".to_owned()));
    }
    if !args.listen.is_loopback() && args.secret_key == DEFAULT_SECRET {
        return Err(UsageError(format!(
            "--listen {} lets other computers in, and everyone knows the secret key {DEFAULT_SECRET:?}. \
             Choose another with --secret-key",
            args.listen
        )));
    }
    Ok(())
}

/// Brings the files in, says what became of them, and unless asked to end then, follows what else comes.
/// `so_far` is told how it went with the files, for whoever ends it.
async fn serve(
    args: &cli::Up,
    surroundings: &Surroundings,
    mut watch: Watch,
    found: &Found,
    fingerprint: &str,
    so_far: &Cell<Ending>,
) -> anyhow::Result<Ending> {
    if !args.once {
        surroundings.introduce(args);
    }
    let uploads = tokio::select! {
        uploads = uploads::bring_in(surroundings, &found.sources, fingerprint) => uploads,
        never = watch.follow() => never,
    };
    watch.catch_up();

    let mut reports = Vec::with_capacity(uploads.len());
    for upload in &uploads {
        reports.push(summary::of_upload(&surroundings.s3, upload, watch.latest(&upload.key)).await);
    }
    let well = reports.iter().all(|report| report.state == State::Derived);
    so_far.set(if well { Ending::AllWell } else { Ending::SomethingFailed });
    say(&reports, args.json);
    if !args.once {
        watch.stay(&surroundings.s3).await;
    }
    Ok(so_far.get())
}

fn say(reports: &[SourceReport], json: bool) {
    if json {
        reports.iter().for_each(|report| print_json(&report.json()));
    } else if !reports.is_empty() {
        print_lines(&report::table(reports));
        let derived: Vec<_> = reports.iter().filter(|report| report.state == State::Derived).collect();
        let renditions: usize = derived.iter().map(|report| report.renditions.len()).sum();
        print_lines(&format!(
            "\n{} of {} derived, {renditions} renditions. Bytes saved: the original less its heaviest rendition.\n",
            derived.len(),
            reports.len()
        ));
    }
}

/// Resolves on Ctrl-C and on SIGTERM.
async fn asked_to_stop() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        let mut term = signal::unix::signal(signal::unix::SignalKind::terminate()).context("SIGTERM")?;
        tokio::select! {
            pressed = signal::ctrl_c() => pressed.context("Ctrl-C"),
            _ = term.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await.context("Ctrl-C")
}
