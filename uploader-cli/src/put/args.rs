//! What `uploader put` can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use manifest::FocalPoint;

use crate::cli::{OutputArgs, SnippetArgs, StoreArgs};
use crate::help::{self, HelpArgs};

const EXAMPLES: &str = "\
Examples:
  uploader put harbour.jpg --alt \"Boats in the harbour at dawn\"
  uploader put photos/ --to 2026/lisbon --dry-run";

const ALL_EXAMPLES: &str = "\
Examples:
  uploader put harbour.jpg --alt \"Boats in the harbour at dawn\"
  uploader put photos/ --to 2026/lisbon --exclude '*.png' --dry-run
  convert ... jpg:- | uploader put - --name chart.jpg --markup jsx

Run an interrupted command again: a large upload continues where it stopped.
Exit status: 0 all well, 1 something failed, 2 wrong usage, 130 interrupted.";

/// Options that `--help` shows.
const DAILY: [&str; 11] = [
    "to",
    "dry_run",
    "alt_file",
    "caption",
    "markup",
    "alt",
    "overwrite",
    "local",
    "profile",
    "help",
    "help_all",
];

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = ALL_EXAMPLES)]
#[command(disable_help_flag = true, mut_args = |arg| help::fold(arg, &DAILY))]
pub(crate) struct PutArgs {
    /// Pictures, folders, patterns; - is standard input
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) way: WayArgs,

    /// Name of the file that - reads
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Print what would be sent where, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// TOML file of "file name" = "alt text" lines
    #[arg(long, value_name = "FILE", conflicts_with = "alt")]
    pub(crate) alt_file: Option<PathBuf>,

    /// Text below the picture
    #[arg(long, value_name = "TEXT")]
    pub(crate) caption: Option<String>,

    /// Point that crops keep, as fractions: 0.4,0.25
    #[arg(long, value_name = "X,Y")]
    pub(crate) focal_point: Option<FocalPoint>,

    #[command(flatten)]
    pub(crate) snippet: SnippetArgs,

    /// Copy the markup to the clipboard (OSC 52)
    #[arg(long)]
    pub(crate) clipboard: bool,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    #[command(flatten)]
    help: HelpArgs,
}

/// How files get to the bucket; `watch` has these, too.
#[derive(Debug, Args)]
pub(crate) struct WayArgs {
    /// Folder in the bucket
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    pub(crate) to: String,

    /// Take only matching files of folders (.gitignore)
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// Leave out matching files of folders
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Upload files even if no rendition can be made
    #[arg(long)]
    pub(crate) force: bool,

    /// Replace other pictures under the same keys
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Keep names as they are encoded, instead of as NFC
    #[arg(long)]
    pub(crate) raw_names: bool,

    /// Use Transfer Acceleration [default: the bucket's]
    #[arg(long, overrides_with = "no_accelerate")]
    accelerate: bool,

    /// Do not use Transfer Acceleration
    #[arg(long)]
    no_accelerate: bool,

    /// Bytes of a part of a large file, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 8, hide = true, overrides_with = "part_size", value_parser = clap::value_parser!(u64).range(5..=5120))]
    part_size: u64,

    /// How long the network may fail before an upload is given up
    #[arg(long, value_name = "SECONDS", default_value = "60", hide = true, value_parser = seconds)]
    pub(crate) retry_for: Duration,

    /// Do not wait for renditions; prints no markup
    #[arg(long)]
    pub(crate) no_wait: bool,

    /// Longest wait for one file [default: 120]
    #[arg(long, value_name = "SECONDS", default_value = "120", hide_default_value = true, value_parser = seconds)]
    pub(crate) timeout: Duration,
}

impl WayArgs {
    /// Whether uploads shall be accelerated, if somebody said so.
    pub(crate) fn accelerate(&self) -> Option<bool> {
        match (self.accelerate, self.no_accelerate) {
            (_, true) => Some(false),
            (true, false) => Some(true),
            (false, false) => None,
        }
    }

    /// Bytes of a part.
    pub(crate) fn part_bytes(&self) -> u64 {
        self.part_size << 20
    }
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let digits = text.strip_suffix('s').unwrap_or(text);
    let seconds: u32 =
        digits.parse().map_err(|_| "give a whole number of seconds, such as 120".to_owned())?;
    Ok(Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_seconds() {
        assert_eq!(seconds("90"), Ok(Duration::from_secs(90)));
        assert_eq!(seconds("90s"), Ok(Duration::from_secs(90)));
        assert!(seconds("-1").is_err() && seconds("soon").is_err());
    }
}
