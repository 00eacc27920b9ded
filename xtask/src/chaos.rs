//! `cargo xtask chaos` and `cargo xtask kill`.

use std::{
    env::consts::EXE_SUFFIX,
    process::{Command, ExitCode},
};

use anyhow::{Result, ensure};
use clap::Args;

use crate::{child, workspace::Workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// The same seed makes the same histories, pictures and faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many histories
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    histories: u64,
    /// Only this one of the histories, with the log on stderr
    #[arg(long, value_name = "INDEX")]
    only: Option<u64>,
    /// With --only, up to so often, until it differs
    #[arg(long, value_name = "N", requires = "only")]
    times: Option<u64>,
    /// Instead of histories, N uploads under faults, each of which has to be derived
    #[arg(long, value_name = "N", conflicts_with = "only")]
    uploads: Option<u64>,
    /// Instead of histories, first uploads where S3 answers 403 for missing keys
    #[arg(long, conflicts_with_all = ["only", "uploads"])]
    denied: bool,
}

/// Runs what `options` choose, in release.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let Options { seed, histories, only, times, uploads, denied } = options;
    let mut arguments = match (denied, uploads) {
        (true, _) => return chaos(workspace, &["denied".to_owned()]),
        (false, Some(uploads)) => vec!["uploads".to_owned(), format!("--uploads={uploads}")],
        (false, None) => vec!["histories".to_owned(), format!("--histories={histories}")],
    };
    arguments.push(format!("--seed={seed}"));
    arguments.extend(only.map(|index| format!("--only={index}")));
    arguments.extend(times.map(|times| format!("--times={times}")));
    chaos(workspace, &arguments)
}

#[derive(Args)]
pub(crate) struct KillOptions {
    /// Only the ways whose name has this in it: first upload, overwrite, removal, rejection
    #[arg(long, value_name = "WORD")]
    way: Option<String>,
}

/// Kills the release build of `bootstrap` wherever it can be killed.
pub(crate) fn kill(workspace: &Workspace, options: &KillOptions) -> Result<ExitCode> {
    let bootstrap = workspace.target(&format!("release/bootstrap{EXE_SUFFIX}"));
    let mut arguments = vec!["kill".to_owned(), format!("--bootstrap={}", bootstrap.display())];
    arguments.extend(options.way.iter().map(|word| format!("--way={word}")));
    chaos(workspace, &arguments)
}

fn chaos(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    ensure!(child::run(&mut workspace.build_programs())?.success(), "the programs could not be built");
    let mut chaos = Command::new(workspace.target(&format!("release/chaos{EXE_SUFFIX}")));
    let status = child::run(chaos.args(arguments).current_dir(workspace.root()))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
