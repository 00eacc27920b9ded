//! The project's own chores: `cargo xtask test | venv | fixtures | fuzz | bench | chaos | kill | cli-docs |
//! package | deploy | destroy`.
//!
//! # Layout
//!
//! - `test`: every test there is, those against real parts too; `summary` reads the runners' counts
//! - `venv`: the Python tools that they need, under `target/`
//! - `fixtures`: the generated inputs as files
//! - `fuzz`: the fuzz targets, for a bounded time
//! - `bench`: the criterion benches, and the runs side by side with peers
//! - `chaos`: histories under faults against a model; processes killed at every boundary
//! - `cli_docs`: completions and manual pages of `uploader`
//! - `package`: the Lambda's zip; `deploy`: that to a CloudFormation stack, and the way back, by `infra`
//! - `workspace`: where things lie; `child`: commands that end when we are told to

mod bench;
mod chaos;
mod child;
mod cli_docs;
mod deploy;
mod fixtures;
mod fuzz;
mod package;
mod summary;
mod test;
mod venv;
mod workspace;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{child::Interrupt, workspace::Workspace};

/// Tests against real parts, generated inputs, benchmarks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Runs every test: Rust's, then pytest against the release binaries, the AWS CLI, boto3, MiniStack
    Test(test::Options),
    /// Installs the Python tools that the tests need, under target/
    Venv,
    /// Writes one file of every input kind and the broken files, to try by hand
    Fixtures {
        /// The folder to write to; made if absent
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Runs the fuzz targets, each for some seconds. Needs a C++ compiler
    Fuzz(fuzz::Options),
    /// Runs the criterion benches, or us beside sharp, libvips, Pillow and ImageMagick
    Bench(bench::Options),
    /// Random histories of uploads and removals under faults, compared with a model: about five minutes
    Chaos(chaos::Options),
    /// Kills the real `bootstrap` at every boundary of its work and compares what redelivery makes of it
    Kill(chaos::KillOptions),
    /// Writes shell completions and manual pages of `uploader`
    CliDocs(cli_docs::Options),
    /// Builds the Lambda's executable and zips it, as it is deployed
    Package(package::Options),
    /// Packages, and makes or changes a CloudFormation stack by a change set, which is shown first
    Deploy(deploy::Options),
    /// Deletes a stack, and its buckets with all that is in them, after asking
    Destroy(deploy::DestroyOptions),
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(code) => code,
        Err(error) if error.is::<Interrupt>() => {
            eprintln!("interrupted");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<ExitCode> {
    child::heed_signals()?;
    match chore {
        Chore::Test(options) => test::run(&Workspace::find()?, &options),
        Chore::Venv => venv::run(&Workspace::find()?),
        Chore::Fixtures { out } => fixtures::run(&out),
        Chore::Fuzz(options) => fuzz::run(&Workspace::find()?, &options),
        Chore::Bench(options) => bench::run(&Workspace::find()?, &options),
        Chore::Chaos(options) => chaos::run(&Workspace::find()?, &options),
        Chore::Kill(options) => chaos::kill(&Workspace::find()?, &options),
        Chore::CliDocs(options) => cli_docs::run(&Workspace::find()?, &options),
        Chore::Package(options) => package::run(&Workspace::find()?, &options),
        Chore::Deploy(options) => deploy::run(&Workspace::find()?, &options),
        Chore::Destroy(options) => deploy::destroy(&Workspace::find()?, &options),
    }
}
