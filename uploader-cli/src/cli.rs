//! What can be asked for.

use clap::{Args, Parser, Subcommand, ValueEnum};
use manifest::markup;

use crate::put::PutArgs;

const EXAMPLES: &str = "\
Examples:
  uploader put harbour.jpg --alt \"Boats in the harbour at dawn\"
  uploader put photos/ --to 2026/lisbon --markup markdown
  uploader put *.jpg --json > uploaded.jsonl

Credentials come from where the AWS CLI finds them: the environment, AWS_PROFILE,
~/.aws, single sign-on. With `thumbnailer up` on this machine:
  export AWS_ENDPOINT_URL=http://127.0.0.1:9000 \\
         AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=locallocal";

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

/// The markup that is wanted.
#[derive(Debug, Args)]
pub(crate) struct SnippetArgs {
    /// html, markdown, jsx, hugo, astro, url or none
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, value_name = "KIND")]
    pub(crate) markup: MarkupKind,

    /// The picture's width on the page, as HTML's sizes attribute
    #[arg(long, value_name = "SIZES")]
    pub(crate) sizes: Option<String>,

    /// What the picture shows; "" if it is mere decoration
    #[arg(long, value_name = "TEXT")]
    pub(crate) alt: Option<String>,

    /// Wrap the picture in a figure with its caption, if it has one
    #[arg(long)]
    pub(crate) figure: bool,

    /// What URLs begin with, such as https://your-cdn [default: ENDPOINT/DERIVED-BUCKET; without an
    /// endpoint nothing, and URLs are relative]
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

    /// S3 server to use instead of Amazon's [env: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL", value_parser = http_url)]
    pub(crate) endpoint_url: Option<String>,
}

/// The environment's variables that name an S3 server, the stronger first.
pub(crate) const ENDPOINT_VARIABLES: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

impl StoreArgs {
    /// The S3 server that the command line or else the environment names. What is empty counts as not set.
    ///
    /// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
    ///
    /// # Errors
    ///
    /// Which variable is no URL, in words.
    pub(crate) fn endpoint(&self, env: impl Fn(&str) -> Option<String>) -> Result<Option<String>, String> {
        if self.endpoint_url.is_some() {
            return Ok(self.endpoint_url.clone());
        }
        if env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        {
            return Ok(None);
        }
        let set = |name| env(name).filter(|value| !value.trim().is_empty()).map(|value| (name, value));
        let named = ENDPOINT_VARIABLES.into_iter().find_map(set);
        named
            .map(|(name, value)| http_url(&value).map_err(|why| format!("{name} is '{value}': {why}")))
            .transpose()
    }
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
    Hugo,
    Astro,
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
            Self::Hugo => Some(markup::Format::Hugo),
            Self::Astro => Some(markup::Format::Astro),
            Self::Url => Some(markup::Format::Url),
            Self::None => None,
        }
    }
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
    fn the_strongest_endpoint_that_is_not_empty_is_in_force() {
        let endpoint = |flag: Option<&str>, variables: &[(&str, &str)]| {
            let args = StoreArgs {
                bucket: String::new(),
                derived_bucket: String::new(),
                endpoint_url: flag.map(str::to_owned),
            };
            args.endpoint(|name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let all = [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_S3", "http://s3/")];
        assert_eq!(endpoint(Some("http://flag"), &all), Ok(Some("http://flag".into())));
        assert_eq!(endpoint(None, &all), Ok(Some("http://s3".into())));
        assert_eq!(endpoint(None, &all[..1]), Ok(Some("http://all".into())));
        assert_eq!(endpoint(None, &[all[0], ("AWS_ENDPOINT_URL_S3", "")]), Ok(Some("http://all".into())));
        assert_eq!(endpoint(None, &[("AWS_ENDPOINT_URL", "")]), Ok(None));
        assert_eq!(endpoint(None, &[all[0], ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]), Ok(None));
        let wrong = endpoint(None, &[("AWS_ENDPOINT_URL_S3", "127.0.0.1:9000"), all[0]]);
        assert!(wrong.is_err_and(|why| why.contains("AWS_ENDPOINT_URL_S3 is '127.0.0.1:9000'")));
    }
}
