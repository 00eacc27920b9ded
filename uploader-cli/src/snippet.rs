//! `uploader snippet`: the markup of what is there already.

use std::pin::pin;

use clap::Args;
use futures::StreamExt;
use manifest::{Markup, Snippet};
use serde::Serialize;

use crate::cli::{SnippetArgs, StoreArgs, lazy};
use crate::console::Console;
use crate::failure::Failure;
use crate::help::{self, HelpArgs};
use crate::lookup::{self, Lookup, Obstacles};
use crate::standing::Standing;
use crate::store::{Refusal, Store};
use crate::{FAILED, WELL};

const EXAMPLES: &str = "\
Examples:
  uploader snippet 2026/lisbon/tram.jpg --markup markdown --sizes 50vw";

/// Options that `--help` shows.
const DAILY: [&str; 9] =
    ["markup", "sizes", "eager", "alt", "figure", "base_url", "local", "help", "help_all"];

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(disable_help_flag = true, mut_args = |arg| help::fold(arg, &DAILY))]
pub(crate) struct SnippetsArgs {
    /// Keys of originals, also as s3://BUCKET/KEY
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,

    #[command(flatten)]
    snippet: SnippetArgs,

    /// Print one JSON object a key and line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    help: HelpArgs,
}

/// One line of `--json`. Fields are added, never renamed.
#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    bucket: &'a str,
    state: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    markup: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_alt: Option<bool>,
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

/// Prints the markup of the keys in `args`; the answer is the exit status.
///
/// # Errors
///
/// When standard output takes no more.
pub(crate) async fn run(args: SnippetsArgs) -> anyhow::Result<u8> {
    if let Err(usage) = check(&args) {
        return Ok(Refusal::Usage(usage).say());
    }
    let store = match Store::of(&args.store).await {
        Ok(store) => store,
        Err(refusal) => return Ok(refusal.say()),
    };
    let console = Console::lines();
    let Some(markup) = args.snippet.markup(&store) else {
        return Ok(Refusal::Usage("--markup none leaves nothing to print".to_owned()).say());
    };
    if args.snippet.base_url.is_none() && markup.base_url.is_empty() {
        console.warning("URLs are relative; give --base-url https://your-cdn");
    }

    let mut status = WELL;
    let mut looked = pin!(lookup::all(&store, &args.keys));
    let mut obstacles = Obstacles::default();
    let mut markup = markup;
    while let Some(lookup) = looked.next().await {
        let rendered = render(&lookup, &markup);
        if rendered.is_ok() {
            markup = lazy(&markup);
        }
        let mut tell = true;
        if let Err(failure) = &rendered {
            status = FAILED;
            tell = !obstacles.take(&lookup.key, failure);
        }
        report(&console, &lookup, &rendered, tell, args.json)?;
    }
    for line in obstacles.lines() {
        console.error(line);
    }
    Ok(status)
}

/// Refuses one text for several pictures.
fn check(args: &SnippetsArgs) -> Result<(), String> {
    if args.keys.len() > 1 && args.snippet.alt.as_ref().is_some_and(|alt| !alt.is_empty()) {
        return Err(format!(
            "--alt says what one picture shows, but there are {}; ask for each with its own",
            args.keys.len()
        ));
    }
    Ok(())
}

fn render(lookup: &Lookup, markup: &Markup) -> Result<Snippet, Failure> {
    if let Some(failure) = &lookup.failure {
        return Err(failure.clone());
    }
    let later = "Look again in a few seconds; `uploader status` says how far it is.";
    match (lookup.standing, lookup.current()) {
        (Standing::Uploaded, _) | (_, None) => {
            Err(Failure::new("uploaded", "its renditions are not there yet", later))
        }
        (Standing::Removing | Standing::Removed, _) => {
            Err(Failure::new("removed", "the original was deleted", "Upload it again with `uploader put`."))
        }
        (_, Some(manifest)) => markup.render(manifest).map_err(Failure::from),
    }
}

fn report(
    console: &Console,
    lookup: &Lookup,
    rendered: &Result<Snippet, Failure>,
    tell_failure: bool,
    json: bool,
) -> anyhow::Result<()> {
    let key = &lookup.key;
    let snippet = rendered.as_ref().ok();
    let manifest = snippet.and(lookup.current());
    let warnings = manifest.map(|manifest| manifest.warnings.as_slice()).unwrap_or_default();
    for warning in warnings {
        console.warning(format_args!("{key}: {warning}"));
    }
    if snippet.is_some_and(|snippet| snippet.missing_alt) {
        console.warning(format_args!(
            "{key}: the markup doesn't say what the picture shows; give --alt TEXT (or --alt \"\" if it is decoration)"
        ));
    }
    if let Err(failure) = rendered
        && tell_failure
    {
        console.error(format_args!("{key}: {failure}"));
    }
    if json {
        let line = Line {
            key: &lookup.key,
            bucket: &lookup.bucket,
            state: lookup.standing,
            markup: snippet.map(|snippet| snippet.text.as_str()),
            missing_alt: snippet.map(|snippet| snippet.missing_alt),
            warnings,
            error: rendered.as_ref().err(),
        };
        console.document(&serde_json::to_string(&line)?)?;
    } else if let Some(snippet) = snippet {
        console.document(&snippet.text)?;
    }
    Ok(())
}
