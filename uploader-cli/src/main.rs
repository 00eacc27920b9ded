//! `uploader`, the author's tool: photographs in, markup for a page out.
//!
//! # Layout
//!
//! - `cli`: what can be asked for
//! - `transfer`: bytes to S3, checked, paced, resumed; `accelerate`: by which way
//! - `put`: sends files and waits for what is derived from them
//! - `settings`: which buckets, which server, whose credentials; `config` is the file that may say so
//! - `aws`: the AWS configuration and its credentials
//! - `store`: the two buckets, and the way to them
//! - `state`: what is remembered between runs
//! - `failure`: what went wrong, where, and what to do about it
//! - `console`: what people and programs are told

mod accelerate;
mod aws;
mod cli;
mod config;
mod console;
mod failure;
mod put;
mod settings;
mod state;
mod store;
mod transfer;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

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
    let cli = Cli::parse();
    match run(cli) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error:#}");
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
    }
}
