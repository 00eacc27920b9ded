//! Everything that S3, SQS and Lambda may do to the pipeline, done to it on purpose, and the outcome compared with
//! what it has to be.
//!
//! # Layout
//!
//! - `histories`: what people do to their pictures, at random, while events are repeated, delayed and shuffled, S3
//!   fails and workers die. `history` is a list of operations, `model` says in ten lines what they lead to, `author`
//!   does them, `round` runs some hundred at once, `verdict` compares, `replay` and `tidy` look for what is left over
//! - `uploads`: many uploads under faults, each of which has to be derived; then all their events again
//! - `denied`: a function without `s3:ListBucket`
//! - `kill`: the real `bootstrap`, killed at every boundary of one upload's way
//! - `world` is S3 and its clients, `crew` the workers behind its queue, `sqs` their payloads, `pictures` what is
//!   uploaded, `faults` what S3 does to requests, `totals` what is printed

mod author;
mod crew;
mod denied;
mod faults;
mod histories;
mod history;
mod kill;
mod model;
mod pictures;
mod replay;
mod round;
mod sqs;
mod tidy;
mod totals;
mod uploads;
mod verdict;
mod world;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Does to the pipeline what S3, SQS and Lambda may do to it, and compares the outcome with what it has to be.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    run: Run,
}

#[derive(Subcommand)]
enum Run {
    /// Random histories of uploads, overwrites and removals under faults, against a model
    Histories(histories::Options),
    /// Many uploads under faults, each of which has to be derived; then every event again
    Uploads(uploads::Options),
    /// First uploads where S3 answers 403 for missing keys
    Denied(denied::Options),
    /// Kills the real `bootstrap` at every boundary of an upload, an overwrite, a removal and rejections
    Kill(kill::Options),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    AllWell,
    Differences,
    Interrupted,
}

#[tokio::main]
async fn main() -> ExitCode {
    let run = Arguments::parse().run;
    log_to_stderr(matches!(&run, Run::Histories(options) if options.only.is_some()));
    let ending = match run {
        Run::Histories(options) => histories::run(options).await,
        Run::Uploads(options) => uploads::run(options).await,
        Run::Denied(options) => denied::run(options).await,
        Run::Kill(options) => kill::run(options).await,
    };
    match ending {
        Ok(Ending::AllWell) => ExitCode::SUCCESS,
        Ok(Ending::Differences) => ExitCode::FAILURE,
        Ok(Ending::Interrupted) => ExitCode::from(130),
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Faults make warnings by the thousand, so that the log is off unless one history is looked at or `RUST_LOG` is set.
fn log_to_stderr(one_history: bool) {
    let default = if one_history { "info,thumbnailer=debug,local_s3=debug" } else { "off" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let ansi = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(ansi).with_env_filter(filter).init();
}
