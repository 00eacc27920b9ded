//! What can be asked.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use imaging::FormatChoice;
use local_s3::WebOrigin;
use manifest::DerivedPlace;
use thiserror::Error;

/// Turns photographs into page-ready renditions.
#[derive(Debug, Parser)]
#[command(name = "thumbnailer", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  thumbnailer up                                   an S3 on this computer; upload to bucket originals
  thumbnailer up photos --once                     derive a folder, print a table, end
  thumbnailer render photos --out site/images      files to files, without S3
  thumbnailer render a.jpg --out out --widths 320,640 --formats jpeg,webp
  thumbnailer status 2026/harbour.jpg              what became of an upload
  thumbnailer sweep --dry-run                      what nothing names any more, and could go

Exit codes: 0 all well, 1 something failed or was rejected, 2 wrong usage.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run S3 and the pipeline on this computer
    Up(Up),
    /// Derive files to files, without S3
    Render(Render),
    /// Say what became of an upload, and why
    Status(Status),
    /// Delete renditions that no manifest names any more
    Sweep(Sweep),
}

const UP_EXAMPLES: &str = "\
Examples:
  thumbnailer up
  thumbnailer up photos cover.jpg --once
  thumbnailer up --data /tmp/t --s3-port 9100 --preset small.toml

Objects lie under DIR; where a key is a plain path, DIR/derived/<key>/… can be opened.";

#[derive(Debug, Args)]
#[command(after_help = UP_EXAMPLES)]
pub(crate) struct Up {
    /// Files, and folders to walk, to upload first
    pub(crate) paths: Vec<PathBuf>,
    /// End when everything is settled, instead of staying up
    #[arg(long)]
    pub(crate) once: bool,
    /// Where objects and the queue are kept
    #[arg(long, value_name = "DIR", default_value = ".thumbnailer")]
    pub(crate) data: PathBuf,
    /// Port of the S3 endpoint; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 9000)]
    pub(crate) s3_port: u16,
    /// Address to listen on; other computers can reach any but a loopback one, and whoever reaches it can read
    /// the derived bucket
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) listen: IpAddr,
    /// Origin of a web page that may send requests, such as http://localhost:1313; may be given more than once
    #[arg(long = "allow-origin", value_name = "URL")]
    pub(crate) allowed_origins: Vec<WebOrigin>,
    /// Further host name under which clients reach the server; may be given more than once
    #[arg(long = "allow-host", value_name = "NAME")]
    pub(crate) allowed_hosts: Vec<String>,
    /// Access key that clients use
    #[arg(long, value_name = "KEY", default_value = "local")]
    pub(crate) access_key: String,
    /// Secret key that clients use
    #[arg(long, value_name = "SECRET", default_value = DEFAULT_SECRET)]
    pub(crate) secret_key: String,
    /// A preset (TOML): widths, formats, quality, background
    #[arg(long, value_name = "FILE")]
    pub(crate) preset: Option<PathBuf>,
    /// One JSON object a source on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// Everyone knows it, so that it protects nothing.
pub(crate) const DEFAULT_SECRET: &str = "locallocal";

const RENDER_EXAMPLES: &str = "\
Examples:
  thumbnailer render photos --out site/images
  thumbnailer render a.jpg b.png --out out --widths 320,640 --formats webp,auto --quality 75
  thumbnailer render photos --out out --json | jq -r 'select(.state != \"derived\") | .source'

Files are named DIR/<source>/<digest of its content>/<width>-<spec>.<ext>.";

#[derive(Debug, Args)]
#[command(after_help = RENDER_EXAMPLES)]
pub(crate) struct Render {
    /// Files, and folders to walk
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Where to write
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Widths in pixels, instead of the preset's
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub(crate) widths: Option<Vec<u32>>,
    /// Formats, instead of the preset's: webp, webp-lossless, jpeg, png, auto
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(crate) formats: Option<Vec<FormatChoice>>,
    /// Quality of lossy formats, 1 to 100, instead of the preset's
    #[arg(long, value_name = "N")]
    pub(crate) quality: Option<u8>,
    /// A preset (TOML): widths, formats, quality, background
    #[arg(long, value_name = "FILE")]
    pub(crate) preset: Option<PathBuf>,
    /// One JSON object a source on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// A derived bucket, wherever it is.
#[derive(Debug, Args)]
pub(crate) struct Derived {
    /// Bucket of the renditions and manifests, with the prefix of their keys if they have one
    #[arg(
        long = "bucket",
        value_name = "NAME[/PREFIX]",
        env = "DERIVED_BUCKET",
        hide_env_values = true,
        default_value = "derived"
    )]
    pub(crate) place: DerivedPlace,
    /// Another S3 than Amazon's, as in AWS_ENDPOINT_URL
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
}

const STATUS_EXAMPLES: &str = "\
Examples:
  thumbnailer status 2026/harbour.jpg --bucket my-derived-bucket
  thumbnailer status a.jpg b.jpg --endpoint-url http://127.0.0.1:9000
  thumbnailer status a.jpg --json | jq .manifest.reason

Keys are those of the originals. Credentials and region come from where the AWS CLI finds them.
Exit codes: 0 all are derived, 1 some are not, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = STATUS_EXAMPLES)]
pub(crate) struct Status {
    /// Keys of originals
    #[arg(required = true, value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    #[command(flatten)]
    pub(crate) derived: Derived,
    /// One JSON object a key on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

const SWEEP_EXAMPLES: &str = "\
Examples:
  thumbnailer sweep --bucket my-derived-bucket --dry-run
  thumbnailer sweep --bucket my-derived-bucket --grace 7d
  thumbnailer sweep --prefix 2026/ --endpoint-url http://127.0.0.1:9000

Goes: what was replaced or removed longer ago than the grace, and what work that broke off has left behind.
Stays: whatever a manifest names, and all that is not a rendition. The bucket has to keep versions; each one is
deleted by its id, so that an upload at the same time loses nothing. Ctrl-C ends it, and it says how to go on.";

#[derive(Debug, Args)]
#[command(after_help = SWEEP_EXAMPLES)]
pub(crate) struct Sweep {
    #[command(flatten)]
    pub(crate) derived: Derived,
    /// How long pages may go on showing what was replaced: 30d, 12h, 90m
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = humantime::parse_duration)]
    pub(crate) grace: Duration,
    /// Only below this prefix
    #[arg(long, value_name = "PREFIX", default_value = "")]
    pub(crate) prefix: String,
    /// Only keys after this one, where an earlier run ended
    #[arg(long, value_name = "KEY")]
    pub(crate) after: Option<String>,
    /// Delete nothing, only count
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// One JSON object on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// What was asked cannot be done as asked; exit code 2.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);
