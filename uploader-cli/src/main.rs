//! `uploader`, the author's tool: photographs in, markup for a page out.
//!
//! # Layout
//!
//! - `cli`: what can be asked for
//! - `transfer`: bytes to S3, checked, paced, resumed; `accelerate`: by which way
//! - `put`: sends files and waits for what is derived from them
//! - `status`, `snippet`, `ls`, `rm`: what is there already; `lookup` asks both buckets about one key, `original` and
//!   `manifests` one each, `standing` is what follows, and `listing` lists
//!   originals
//! - `init`: writes the configuration file; `doctor`: checks everything that uploads need
//! - `docs`: completions and manual pages; `help`: which options `--help` shows
//! - `place`: what a key on the command line means
//! - `settings`: which buckets, which server, whose credentials; `config` is the file that may say so
//! - `aws`: the AWS configuration and its credentials
//! - `store`: the two buckets, and the way to them
//! - `watch`: follows a folder; `abort`: throws away what is unfinished; `speed`: measures the two ways
//! - `state`: what is remembered between runs
//! - `failure`: what went wrong, where, and what to do about it
//! - `console`: what people and programs are told

#![deny(clippy::print_stdout, clippy::print_stderr)] // `console` escapes what it prints

mod abort;
mod accelerate;
mod aws;
mod cli;
mod config;
mod console;
mod docs;
mod doctor;
mod failure;
mod help;
mod init;
mod listing;
mod local;
mod lookup;
mod ls;
mod manifests;
mod original;
mod place;
mod put;
mod rm;
mod settings;
mod snippet;
mod speed;
mod standing;
mod state;
mod status;
mod store;
mod transfer;
mod watch;

use std::process::ExitCode;

use anyhow::Context;
use cli::{Cli, Command};

/// All went well.
const WELL: u8 = 0;
/// Something failed.
const FAILED: u8 = 1;
/// Ctrl-C, as shells say it.
const INTERRUPTED: u8 = 130;
/// What was asked for makes no sense; nothing was done. clap exits with it, too.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = cli_support::parse::<Cli>();
    match run(cli) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            cli_support::tell(format_args!("error: {error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the program's threads could not be started")?;
    match cli.command {
        Command::Put(args) => runtime.block_on(put::run(args)),
        Command::Watch(args) => runtime.block_on(watch::run(args)),
        Command::Speed(args) => runtime.block_on(speed::run(args)),
        Command::Abort(args) => runtime.block_on(abort::run(args)),
        Command::Status(args) => runtime.block_on(status::run(args)),
        Command::Snippet(args) => runtime.block_on(snippet::run(args)),
        Command::Ls(args) => runtime.block_on(ls::run(args)),
        Command::Rm(args) => runtime.block_on(rm::run(args)),
        Command::Init(args) => runtime.block_on(init::run(args)),
        Command::Doctor(args) => runtime.block_on(doctor::run(args)),
        Command::Completions(args) => docs::completions(&args),
        Command::Man(args) => docs::man(&args),
    }
}
