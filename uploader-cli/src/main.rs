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
//! - `endpoint`: addresses of S3 servers
//! - `settings`: which buckets, which server, whose credentials; `config` is the file that may say so
//! - `aws`: the AWS configuration and its credentials
//! - `store`: the two buckets, and the way to them
//! - `watch`: follows a folder; `abort`: throws away what is unfinished; `speed`: measures the two ways
//! - `interrupt`: Ctrl-C and SIGTERM; `regular`: opens files that are neither pipes nor devices
//! - `state`: what is remembered between runs
//! - `region`: where a bucket is; `words`: failures of requests whose answers have no words
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
mod endpoint;
mod failure;
mod help;
mod init;
mod interrupt;
mod listing;
mod local;
mod lookup;
mod ls;
mod manifests;
mod original;
mod place;
mod put;
mod region;
mod regular;
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
mod words;

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
    runtime.spawn(interrupt::end_soon());
    let status = runtime.block_on(async {
        match cli.command {
            Command::Put(args) => put::run(args).await,
            Command::Watch(args) => watch::run(args).await,
            Command::Rm(args) => interrupt::or(rm::run(args)).await,
            Command::Speed(args) => interrupt::or(speed::run(args)).await,
            Command::Abort(args) => interrupt::or(abort::run(args)).await,
            Command::Status(args) => interrupt::or(status::run(args)).await,
            Command::Snippet(args) => interrupt::or(snippet::run(args)).await,
            Command::Ls(args) => interrupt::or(ls::run(args)).await,
            Command::Init(args) => interrupt::or(init::run(args)).await,
            Command::Doctor(args) => interrupt::or(doctor::run(args)).await,
            Command::Completions(args) => docs::completions(&args),
            Command::Man(args) => docs::man(&args),
        }
    });
    // A thread may wait for a file of a hung share, or for an answer at the terminal. Nobody waits for that thread.
    runtime.shutdown_background();
    status
}
