//! What can be asked for.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const DEPLOY_EXAMPLES: &str = "\
Examples:
  cargo xtask deploy --stack blog --param OriginalsBucketName=blog-originals
  cargo xtask deploy --stack blog --param MemorySize=3008 --dry-run
  cargo xtask deploy --stack blog --yes --watch-minutes 10

Exit status: 0 all well (also if there was nothing to change), 1 something failed, 2 wrong usage.";

const DESTROY_EXAMPLES: &str = "\
Examples:
  cargo xtask destroy --stack blog
  cargo xtask destroy --stack blog --keep-buckets

Whatever breaks it off, the same command goes on. Exit status: 0 all well, 1 something failed, 2 wrong usage.";

/// Deploy the pipeline by CloudFormation, and take it down.
#[derive(Debug, Parser)]
#[command(name = "infra", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make or change the stack by a change set, which is shown first
    Deploy(DeployArgs),
    /// Delete the stack, and its buckets with all that is in them
    Destroy(DestroyArgs),
}

#[derive(Debug, Args)]
#[command(after_help = DEPLOY_EXAMPLES)]
pub(crate) struct DeployArgs {
    /// The stack's name
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: String,

    /// The template
    #[arg(long, value_name = "FILE", default_value = "infra/template.yaml")]
    pub(crate) template: PathBuf,

    /// The package that `cargo xtask package` made
    #[arg(long, value_name = "FILE")]
    pub(crate) zip: PathBuf,

    /// A parameter of the template; those not given stay as they are
    #[arg(long = "param", value_name = "K=V", value_parser = pair)]
    pub(crate) parameters: Vec<(String, String)>,

    /// A tag of the stack and of all that it makes
    #[arg(long = "tag", value_name = "K=V", value_parser = pair)]
    pub(crate) tags: Vec<(String, String)>,

    /// A bucket of yours for the package, instead of thumbnailer-code-<account>-<region>
    #[arg(long, value_name = "NAME")]
    pub(crate) code_bucket: Option<String>,

    /// Show what would change, and change nothing
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,

    /// Don't ask
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Roll back if an alarm of the stack rings within so many minutes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..=180))]
    pub(crate) watch_minutes: Option<i32>,

    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

#[derive(Debug, Args)]
#[command(after_help = DESTROY_EXAMPLES)]
pub(crate) struct DestroyArgs {
    /// The stack's name
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: String,

    /// Don't ask
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Leave the stack's buckets, with all that is in them
    #[arg(long)]
    pub(crate) keep_buckets: bool,

    /// Leave the bucket of the packages
    #[arg(long)]
    pub(crate) keep_code: bool,

    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

/// Where, as whom, and how it is told.
#[derive(Debug, Args)]
pub(crate) struct ReachArgs {
    /// The region; else the environment's or the AWS profile's
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,

    /// An AWS profile, as with the AWS CLI
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// A server to use instead of Amazon's
    #[arg(long, value_name = "URL", value_parser = http_url)]
    pub(crate) endpoint_url: Option<String>,

    /// Print one JSON object an event and line
    #[arg(long)]
    pub(crate) json: bool,
}

impl ReachArgs {
    /// The flags that lead another command to the same place.
    pub(crate) fn again(&self) -> String {
        let flags = [("--region", &self.region), ("--endpoint-url", &self.endpoint_url)];
        let given = flags.iter().filter_map(|(flag, value)| Some(format!(" {flag} {}", value.as_ref()?)));
        given.collect()
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("it is written K=V, such as MemorySize=3008".to_owned()),
    }
}

fn http_url(text: &str) -> Result<String, String> {
    let has_host = ["http://", "https://"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    });
    if !has_host {
        return Err("an endpoint begins with http:// or https://, such as http://127.0.0.1:4566".to_owned());
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
    fn a_value_may_hold_equals_signs_or_nothing() {
        assert_eq!(pair("Preset=widths = [1]"), Ok(("Preset".to_owned(), "widths = [1]".to_owned())));
        assert_eq!(pair("LiveVersion="), Ok(("LiveVersion".to_owned(), String::new())));
        assert!(pair("MemorySize").is_err() && pair("=1").is_err());
    }

    #[test]
    fn another_command_is_led_to_the_same_place() {
        let mut reach = ReachArgs { region: None, profile: None, endpoint_url: None, json: false };
        assert_eq!(reach.again(), "");
        reach.region = Some("eu-west-1".to_owned());
        reach.endpoint_url = Some("http://127.0.0.1:4566".to_owned());
        assert_eq!(reach.again(), " --region eu-west-1 --endpoint-url http://127.0.0.1:4566");
    }
}
