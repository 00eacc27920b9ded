//! Help of commands with more flags than a screen has lines: `--help` shows the daily ones, `--help-all` all.

use clap::{Arg, ArgAction, Args};

/// The flags that show help, instead of clap's own.
#[derive(Debug, Args)]
pub(crate) struct HelpArgs {
    /// Print this help
    #[arg(long, short, action = ArgAction::HelpShort)]
    help: Option<bool>,

    /// Print help with all options
    #[arg(long, action = ArgAction::HelpLong)]
    help_all: Option<bool>,
}

/// Headings of `--help-all`, each with the ids of its arguments.
const GROUPS: [(&str, &[&str]); 5] = [
    (
        "Files and keys",
        &["to", "include", "exclude", "force", "overwrite", "raw_names", "name", "new_only", "settle", "log"],
    ),
    ("Texts", &["alt", "alt_file", "caption", "focal_point"]),
    (
        "Markup",
        &[
            "markup",
            "markdown_image",
            "sizes",
            "class",
            "eager",
            "no_inline_style",
            "figure",
            "base_url",
            "clipboard",
        ],
    ),
    ("Transfer", &["accelerate", "no_accelerate", "part_size", "retry_for", "no_wait", "timeout"]),
    ("Buckets", &["local", "profile", "bucket", "derived_bucket", "region", "endpoint_url"]),
];

/// Returns `arg` below the heading of its group, and hidden from the short help unless its id is among the `daily` ones.
pub(crate) fn fold(arg: Arg, daily: &[&str]) -> Arg {
    let id = arg.get_id().as_str().to_owned();
    if arg.is_positional() || daily.contains(&id.as_str()) {
        return arg;
    }
    let group = GROUPS.iter().find(|(_, ids)| ids.contains(&id.as_str()));
    let arg = arg.hide_short_help(true);
    match group {
        Some((heading, _)) => arg.help_heading(*heading),
        None => arg,
    }
}
