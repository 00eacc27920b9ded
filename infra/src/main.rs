//! `infra`, the operator's tool: the stack is made, changed and taken down by it.
//!
//! # Layout
//!
//! - `cli`: what can be asked for
//! - `deploy`: template, package and parameters to a change set, and that to a stack; `destroy`: the way back
//! - `template`, `package`, `parameters`, `revision`: what goes in
//! - `code_bucket`: where the package lies for Lambda; `loan`: where a long template lies while it is read
//! - `empty`: a bucket and all that is in it, gone; `versions`: what that is
//! - `change_set`: CloudFormation's plan; `change`: what happens to one part; `replacement`: what is really replaced;
//!   `diff`: all that as one reads it; `risk`: what it costs
//! - `stack`: what there is; `events`: what happens to it; `alarms`: what may roll it back
//! - `account`: whose clients, and where
//! - `failure`: what went wrong and what to do about it; `console`: what people and programs are told

#![deny(clippy::print_stdout, clippy::print_stderr)] // `console` escapes what it prints

mod account;
mod alarms;
mod change;
mod change_set;
mod cli;
mod code_bucket;
mod console;
mod deploy;
mod destroy;
mod diff;
mod empty;
mod events;
mod failure;
mod loan;
mod package;
mod parameters;
mod replacement;
mod revision;
mod risk;
mod stack;
mod template;
mod versions;

use std::process::ExitCode;

use anyhow::Context;

use crate::{
    cli::{Cli, Command},
    failure::Failure,
};

/// All went well.
const WELL: u8 = 0;
/// Something failed.
const FAILED: u8 = 1;
/// What was asked for makes no sense, or has to be agreed to; nothing was done. clap exits with it, too.
const USAGE: u8 = 2;
/// Ctrl-C, as shells say it.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    match run(cli_support::parse::<Cli>()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            cli_support::tell(format_args!("error: {error:#}"));
            let usage = error.downcast_ref::<Failure>().is_some_and(|failure| failure.usage);
            ExitCode::from(if usage { USAGE } else { FAILED })
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the program's threads could not be started")?;
    let status = match cli.command {
        Command::Deploy(args) => runtime.block_on(deploy::run(args)),
        Command::Destroy(args) => runtime.block_on(destroy::run(args)),
    };
    // A question that Ctrl-C answered still waits for its line.
    runtime.shutdown_background();
    status
}
