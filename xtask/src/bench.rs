//! `cargo xtask bench`: criterion benches; with `--peers`, `--uploads` and `--cold-start`, the runs side by side with
//! other programs.

mod cold_start;
mod install;
mod peers;
mod readme;
mod uploads;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;

use crate::{child, workspace::Workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// Runs against sharp, libvips, Pillow and ImageMagick instead, and rewrites the table in README.md. Needs node
    /// with npm, and python3 with venv; what is missing is left out. About ten minutes
    #[arg(long)]
    peers: bool,
    /// Uploads beside the AWS CLI, boto3 and rclone instead, on loopback. Needs python3 with venv, and 7 GB of disk
    #[arg(long, conflicts_with = "peers")]
    uploads: bool,
    /// Starts the Lambda beside Node.js with sharp and the S3 client instead, up to the first request for an event, and
    /// rewrites the table in benches/README.md. Needs node with npm
    #[arg(long, conflicts_with_all = ["peers", "uploads"])]
    cold_start: bool,
    /// This `bootstrap` rather than one built now; benches/README.md stays as it is
    #[arg(long, requires = "cold_start", value_name = "FILE")]
    bootstrap: Option<PathBuf>,
    /// Only tasks whose id begins with one of these, such as `T1,T2-12mp`; README.md stays as it is
    #[arg(long, requires = "peers", value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// As many rounds of each task, rather than about 8 seconds
    #[arg(long, requires = "peers", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// About 2 seconds a task, small uploads, or few starts of the release build; README.md stays as it is
    #[arg(long)]
    quick: bool,
    /// README.md stays as it is
    #[arg(long, requires = "peers")]
    no_readme: bool,
    /// Passed on to criterion, for example a filter
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, conflicts_with_all = ["peers", "uploads", "cold_start"])]
    arguments: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    match options {
        Options { peers: true, .. } => peers::run(workspace, options),
        Options { uploads: true, .. } => uploads::run(workspace, options.quick),
        Options { cold_start: true, .. } => cold_start::run(workspace, options),
        _ => criterion(workspace, &options.arguments),
    }
}

/// Runs the criterion benches with `arguments`; their reports lie under `target/criterion`.
fn criterion(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let mut cargo = workspace.cargo(&["bench", "--package", "benches", "--benches", "--"]);
    let status = child::run(cargo.args(arguments))?;
    println!("reports: {}", workspace.target("criterion").display());
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
