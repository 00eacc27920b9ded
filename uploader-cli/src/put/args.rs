//! What `uploader put` can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::{OutputArgs, SnippetArgs, StoreArgs};

const EXAMPLES: &str = "\
Examples:
  uploader put harbour.jpg --alt \"Boats in the harbour at dawn\"
  uploader put photos/ --to 2026/lisbon --markup jsx --base-url https://img.example.org

Exit status: 0 all well, 1 something failed, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PutArgs {
    /// Pictures, and folders of pictures
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// Folder of the bucket that the files go to
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    pub(crate) to: String,

    /// Upload even what is no picture that can be derived
    #[arg(long)]
    pub(crate) force: bool,

    /// Don't wait for the renditions; prints no markup
    #[arg(long)]
    pub(crate) no_wait: bool,

    /// How long to wait for one file's renditions
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub(crate) timeout: Duration,

    #[command(flatten)]
    pub(crate) snippet: SnippetArgs,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

fn seconds(text: &str) -> Result<Duration, String> {
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
