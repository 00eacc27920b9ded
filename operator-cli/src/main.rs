//! The operator's tool: run the pipeline on a laptop (`up`), derive files to files (`render`), say what became of an
//! upload (`status`), delete what nothing names any more (`sweep`).
//!
//! # Layout
//!
//! `cli` is what can be asked, `files` which files that means. `render` needs no S3 at all, and shares memory
//! out by a `budget`; `up` starts the embedded S3 and calls the Lambda's own handler. `report` is
//! what both say of a source, as JSON or as text. `status` and `sweep` work on any derived bucket: `store` is the way
//! to it, and `manifests` reads from it.

#![deny(clippy::print_stdout, clippy::print_stderr)] // `cli_support` escapes what it prints

mod budget;
mod cli;
mod files;
mod manifests;
mod preset;
mod render;
mod report;
mod status;
mod store;
mod sweep;
mod up;

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use cli::{Cli, Command};

/// Whether all went well; the exit code says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    AllWell,
    SomethingFailed,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = cli_support::parse::<Cli>();
    imaging::keep_memory();
    log_to_stderr();
    let ending = match cli.command {
        Command::Up(args) => up::run(args).await,
        Command::Render(args) => render::run(args),
        Command::Status(args) => status::run(args).await,
        Command::Sweep(args) => sweep::run(args).await,
    };
    match ending {
        Ok(Ending::AllWell) => ExitCode::SUCCESS,
        Ok(Ending::SomethingFailed) => ExitCode::from(1),
        Err(error) => {
            cli_support::tell(format_args!("thumbnailer: {error:#}"));
            ExitCode::from(if error.is::<cli::UsageError>() { 2 } else { 1 })
        }
    }
}

/// Logs are for finding faults; what a person wants to know is printed. `RUST_LOG` turns them on.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
    // The writer escapes each record, so a record must not contain colors.
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(cli_support::LogWriter::default)
        .with_env_filter(filter)
        .init();
}
