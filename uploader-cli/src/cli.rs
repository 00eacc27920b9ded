//! What can be asked for.

use clap::{Args, Parser, Subcommand, ValueEnum};
use manifest::{Markup, markup};

use crate::abort::AbortArgs;
use crate::docs::{CompletionsArgs, ManArgs};
use crate::doctor::DoctorArgs;
use crate::init::InitArgs;
use crate::ls::LsArgs;
use crate::put::PutArgs;
use crate::rm::RmArgs;
use crate::snippet::SnippetsArgs;
use crate::speed::SpeedArgs;
use crate::status::StatusArgs;
use crate::store::Store;
use crate::watch::WatchArgs;

const EXAMPLES: &str = "\
Examples:
  uploader put harbour.jpg --alt \"Boats in the harbour at dawn\"
  uploader put photos/ --to 2026/lisbon --markup markdown

Start with `uploader init`; credentials come from where the AWS CLI has them.
For `thumbnailer up` on this computer, add --local.";

/// Fits a screen: everybody knows -h and -V.
const TEMPLATE: &str = "\
{about}

{usage-heading} {usage}

Commands:
{subcommands}{after-help}";

/// Upload photographs and get the markup for your page back.
#[derive(Debug, Parser)]
#[command(name = "uploader", version, after_help = EXAMPLES, help_template = TEMPLATE, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Upload pictures, wait for their renditions, print the markup
    Put(PutArgs),
    /// Upload what appears in a folder, or changes there
    Watch(WatchArgs),
    /// Throw away uploads that were begun and not finished
    Abort(AbortArgs),
    /// Measure whether Transfer Acceleration is faster from here
    Speed(SpeedArgs),
    /// Tell what has become of originals
    Status(StatusArgs),
    /// Print the markup of what is there already
    Snippet(SnippetsArgs),
    /// List originals with their sizes and states
    Ls(LsArgs),
    /// Delete originals; their renditions follow
    Rm(RmArgs),
    /// Write the configuration file, from a stack or from flags
    Init(InitArgs),
    /// Check everything that uploads need, and say what to do
    Doctor(DoctorArgs),
    /// Print what a shell needs to complete commands
    Completions(CompletionsArgs),
    /// Write the manual's pages
    #[command(hide = true)]
    Man(ManArgs),
}

/// The markup that is wanted.
#[derive(Debug, Args)]
pub(crate) struct SnippetArgs {
    /// html, markdown, jsx, hugo, astro, url or none
    #[arg(
        long,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true,
        value_name = "KIND"
    )]
    pub(crate) markup: MarkupKind,

    /// Print ![alt](url), for Markdown without HTML
    #[arg(long, conflicts_with = "markup")]
    pub(crate) markdown_image: bool,

    /// Width of the picture on the page, as HTML's sizes
    #[arg(long, value_name = "SIZES")]
    pub(crate) sizes: Option<String>,

    /// Names for the class attribute
    #[arg(long, value_name = "NAMES")]
    pub(crate) class: Option<String>,

    /// Load the first picture at once, not lazily
    #[arg(long)]
    pub(crate) eager: bool,

    /// Print no style attribute, for a strict CSP
    #[arg(long)]
    pub(crate) no_inline_style: bool,

    /// Alternative text; "" if it is decoration
    #[arg(long, value_name = "TEXT")]
    pub(crate) alt: Option<String>,

    /// Wrap it in a figure with its caption, if any
    #[arg(long)]
    pub(crate) figure: bool,

    /// Beginning of URLs, such as https://your-cdn
    #[arg(long, value_name = "URL", env = "UPLOADER_BASE_URL", hide_env = true, value_parser = base_url)]
    pub(crate) base_url: Option<String>,
}

impl SnippetArgs {
    /// Returns how to write the markup of the first picture in `store`, if markup is wanted. [`lazy`] is for the others.
    pub(crate) fn markup(&self, store: &Store) -> Option<Markup> {
        let format =
            if self.markdown_image { Some(markup::Format::MarkdownImage) } else { self.markup.format() };
        let (loading, fetch_priority) = match self.eager {
            true => (markup::Loading::Eager, markup::FetchPriority::High),
            false => Default::default(),
        };
        let mut markup = Markup {
            format: format?,
            class: self.class.clone().filter(|names| !names.trim().is_empty()),
            loading,
            fetch_priority,
            inline_style: !self.no_inline_style,
            base_url: self.base_url.clone().unwrap_or_else(|| store.default_base_url()),
            alt: self.alt.clone(),
            figure: self.figure,
            ..Markup::default()
        };
        if let Some(sizes) = &self.sizes {
            markup.sizes.clone_from(sizes);
        }
        Some(markup)
    }
}

/// Returns `markup` for a picture that is not a page's first.
pub(crate) fn lazy(markup: &Markup) -> Markup {
    Markup { loading: markup::Loading::Lazy, fetch_priority: markup::FetchPriority::Auto, ..markup.clone() }
}

/// Where files go and renditions come from.
#[derive(Debug, Default, Args)]
pub(crate) struct StoreArgs {
    /// Use `thumbnailer up` on this computer
    #[arg(long, conflicts_with = "endpoint_url")]
    pub(crate) local: bool,

    /// Profile of the configuration file or of AWS
    #[arg(long, value_name = "NAME", env = "UPLOADER_PROFILE", hide_env = true)]
    pub(crate) profile: Option<String>,

    /// Bucket of the originals
    #[arg(long, value_name = "NAME", env = "UPLOADER_BUCKET", hide_env = true)]
    pub(crate) bucket: Option<String>,

    /// Bucket of the renditions, or BUCKET/PREFIX
    #[arg(long, value_name = "NAME", env = "UPLOADER_DERIVED_BUCKET", hide_env = true)]
    pub(crate) derived_bucket: Option<String>,

    /// The buckets' region
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,

    /// S3 server to use instead of Amazon's
    #[arg(long, value_name = "URL", value_parser = http_url)]
    pub(crate) endpoint_url: Option<String>,
}

/// What is told, and to whom.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Print one JSON object per file
    #[arg(long)]
    pub(crate) json: bool,

    /// With --json, print progress too
    #[arg(long, requires = "json")]
    pub(crate) events: bool,

    /// Print only the markup and failures
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum MarkupKind {
    #[default]
    Html,
    Markdown,
    MarkdownImage,
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
            Self::MarkdownImage => Some(markup::Format::MarkdownImage),
            Self::Jsx => Some(markup::Format::Jsx),
            Self::Hugo => Some(markup::Format::Hugo),
            Self::Astro => Some(markup::Format::Astro),
            Self::Url => Some(markup::Format::Url),
            Self::None => None,
        }
    }
}

/// `text`, if it names a server, without a slash at its end.
///
/// # Errors
///
/// What it ought to be, in words.
pub(crate) fn http_url(text: &str) -> Result<String, String> {
    let has_host = ["http://", "https://"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    });
    if !has_host {
        return Err("an endpoint begins with http:// or https://, such as http://127.0.0.1:9000".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Returns `text` if URLs on a page may begin with it: http, https, or a relative base such as `/images` or `../img`.
///
/// # Errors
///
/// A reason in words.
pub(crate) fn base_url(text: &str) -> Result<String, String> {
    let first = text.split('/').next().unwrap_or_default();
    let is_web = http_url(&text.to_ascii_lowercase()).is_ok();
    // A colon in the first segment ends a scheme, such as that of `javascript:`.
    if (first.contains(':') && !is_web) || text.contains(['?', '#', '\\']) {
        return Err(
            "it begins with http:// or https://, or is relative, such as /images or ../img, and has neither \
                    query nor fragment"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
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
    fn a_base_is_of_the_web_or_relative() {
        for right in
            ["", "https://c", "HTTP://c/x/", "/images", "images/", "../img", "./a:b", "//cdn.example.org"]
        {
            assert_eq!(base_url(right).as_deref(), Ok(right));
        }
        for wrong in [
            "javascript:alert(1)",
            " javascript:x//",
            "java\nscript:x",
            "data:,x",
            "https:",
            "https:///x",
            "cdn:80",
            "ftp://c",
            "https://c?x",
            "/i#f",
            "\\\\host",
        ] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn endpoints_have_a_scheme_and_a_host() {
        assert_eq!(http_url("http://127.0.0.1:9000/").as_deref(), Ok("http://127.0.0.1:9000"));
        for wrong in ["127.0.0.1:9000", "http://", "https:///x", "s3://bucket", ""] {
            assert!(http_url(wrong).is_err(), "{wrong}");
        }
    }
}
