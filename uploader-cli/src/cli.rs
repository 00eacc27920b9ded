//! What can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use manifest::markup;

const EXAMPLES: &str = "\
Examples:
  uploader put harbour.jpg --alt \"Boats in the harbour at dawn\"
  uploader put photos/ --to 2026/lisbon --markup markdown
  uploader put *.jpg --json > uploaded.jsonl

Credentials come from where the AWS CLI finds them: the environment, AWS_PROFILE,
~/.aws, single sign-on. With `thumbnailer up` on this machine:
  export AWS_ENDPOINT_URL=http://127.0.0.1:9000 \\
         AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=locallocal";

const PUT_EXAMPLES: &str = "\
Examples:
  uploader put harbour.jpg --alt \"Boats in the harbour at dawn\"
  uploader put photos/ --to 2026/lisbon --markup jsx --base-url https://img.example.org

Exit status: 0 all well, 1 something failed, 2 wrong usage.";

/// Upload photographs and get the markup for your page back.
#[derive(Debug, Parser)]
#[command(name = "uploader", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Upload pictures, wait until their renditions are there, print the markup
    Put(PutArgs),
}

#[derive(Debug, Args)]
#[command(after_help = PUT_EXAMPLES)]
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

/// The markup that is wanted.
#[derive(Debug, Args)]
pub(crate) struct SnippetArgs {
    /// html, markdown, jsx, url or none
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, value_name = "KIND")]
    pub(crate) markup: MarkupKind,

    /// The picture's width on the page, as HTML's sizes attribute
    #[arg(long, value_name = "SIZES")]
    pub(crate) sizes: Option<String>,

    /// What the picture shows; "" if it is mere decoration
    #[arg(long, value_name = "TEXT")]
    pub(crate) alt: Option<String>,

    /// What URLs begin with [default: ENDPOINT/DERIVED-BUCKET]
    #[arg(long, value_name = "URL", env = "UPLOADER_BASE_URL", hide_env_values = true)]
    pub(crate) base_url: Option<String>,
}

/// Where files go and renditions come from.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Bucket of the originals
    #[arg(
        long,
        value_name = "NAME",
        env = "UPLOADER_BUCKET",
        hide_env_values = true,
        default_value = "originals"
    )]
    pub(crate) bucket: String,

    /// Bucket of the renditions
    #[arg(
        long,
        value_name = "NAME",
        env = "UPLOADER_DERIVED_BUCKET",
        hide_env_values = true,
        default_value = "derived"
    )]
    pub(crate) derived_bucket: String,

    /// S3 server to use instead of Amazon's
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", hide_env_values = true, value_parser = http_url)]
    pub(crate) endpoint_url: Option<String>,
}

/// What is told, and to whom.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Print one JSON object a file and line
    #[arg(long)]
    pub(crate) json: bool,

    /// Say nothing but the markup and what failed
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum MarkupKind {
    #[default]
    Html,
    Markdown,
    Jsx,
    Url,
    None,
}

impl MarkupKind {
    /// The format, or `None` if no markup is wanted.
    pub(crate) fn format(self) -> Option<markup::Format> {
        match self {
            Self::Html => Some(markup::Format::Html),
            Self::Markdown => Some(markup::Format::Markdown),
            Self::Jsx => Some(markup::Format::Jsx),
            Self::Url => Some(markup::Format::Url),
            Self::None => None,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let digits = text.strip_suffix('s').unwrap_or(text);
    let seconds: u32 =
        digits.parse().map_err(|_| "give a whole number of seconds, such as 120".to_owned())?;
    Ok(Duration::from_secs(seconds.into()))
}

fn http_url(text: &str) -> Result<String, String> {
    let has_host = ["http://", "https://"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    });
    if !has_host {
        return Err("an endpoint begins with http:// or https://, such as http://127.0.0.1:9000".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn endpoints_have_a_scheme_and_a_host() {
        assert_eq!(http_url("http://127.0.0.1:9000/").as_deref(), Ok("http://127.0.0.1:9000"));
        for wrong in ["127.0.0.1:9000", "http://", "https:///x", "s3://bucket", ""] {
            assert!(http_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn timeouts_are_seconds() {
        assert_eq!(seconds("90"), Ok(Duration::from_secs(90)));
        assert_eq!(seconds("90s"), Ok(Duration::from_secs(90)));
        assert!(seconds("-1").is_err() && seconds("soon").is_err());
    }
}
