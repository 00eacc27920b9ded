//! `uploader status`: what has become of originals.

use std::pin::pin;

use clap::Args;
use cli_support::escape;
use futures::StreamExt;
use indicatif::HumanBytes;
use manifest::{Manifest, Reason, RenditionInfo};
use serde::Serialize;

use crate::cli::StoreArgs;
use crate::console::Console;
use crate::failure::Failure;
use crate::lookup::{self, Lookup, Obstacles};
use crate::standing::Standing;
use crate::store::Store;
use crate::{FAILED, WELL};

const EXAMPLES: &str = "\
Examples:
  uploader status 2026/lisbon/harbour.jpg
  uploader status --json s3://blog-originals/harbour.jpg

Exit status: 0 all well, 1 one is missing, rejected or failed, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StatusArgs {
    /// Keys of originals, also as s3://BUCKET/KEY
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,

    /// Print one JSON object a key and line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArgs,
}

/// One line of `--json`. Fields are added, never renamed.
#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    bucket: &'a str,
    state: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<&'a str>,
    renditions: &'a [RenditionInfo],
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

/// Tells what has become of the keys in `args`; the answer is the exit status.
///
/// # Errors
///
/// When standard output takes no more.
pub(crate) async fn run(args: StatusArgs) -> anyhow::Result<u8> {
    let store = match Store::of(&args.store).await {
        Ok(store) => store,
        Err(refusal) => return Ok(refusal.say()),
    };
    let console = Console::lines();
    let mut status = WELL;
    let mut looked = pin!(lookup::all(&store, &args.keys));
    let mut obstacles = Obstacles::default();
    while let Some(lookup) = looked.next().await {
        if args.json {
            console.document(&serde_json::to_string(&line(&lookup))?)?;
        } else if lookup.failure.is_none() {
            console.paragraph(&text(&lookup))?;
        }
        if let Some(failure) = &lookup.failure
            && !obstacles.take(&lookup.key, failure)
        {
            console.error(format_args!("{}: {failure}", lookup.key));
        }
        if lookup.standing.is_trouble() {
            status = FAILED;
        }
    }
    for line in obstacles.lines() {
        console.error(line);
    }
    Ok(status)
}

fn line(lookup: &Lookup) -> Line<'_> {
    let manifest = lookup.current();
    let source = manifest.map(|manifest| &manifest.source);
    let original = lookup.original.as_ref();
    Line {
        key: &lookup.key,
        bucket: &lookup.bucket,
        state: lookup.standing,
        bytes: original.map(|original| original.bytes).or(source.map(|source| source.bytes)),
        modified: original.and_then(|original| original.modified.as_deref()),
        media_type: source.and_then(|source| source.media_type.as_deref()),
        width: source.and_then(|source| source.width),
        height: source.and_then(|source| source.height),
        written: manifest.map(|manifest| manifest.written.as_str()),
        renditions: manifest.map(|manifest| manifest.renditions.as_slice()).unwrap_or_default(),
        warnings: manifest.map(|manifest| manifest.warnings.as_slice()).unwrap_or_default(),
        reason: manifest.and_then(|manifest| manifest.reason.as_ref()),
        error: lookup.failure.as_ref(),
    }
}

/// A paragraph for people.
fn text(lookup: &Lookup) -> String {
    let mut text = format!("{}: {}", escape(&lookup.key), lookup.standing);
    let mut row = |what: &str, words: String| text.push_str(&format!("\n  {what:<12}{}", escape(&words)));
    if let Some(original) = &lookup.original {
        row("original", describe(original.bytes, lookup.current()));
    }
    let Some(manifest) = &lookup.manifest else {
        row("manifest", "none yet".to_owned());
        return text;
    };
    match lookup.standing {
        Standing::Uploaded => {
            row("manifest", format!("still that of an earlier upload, written {}", manifest.written));
            return text;
        }
        Standing::Removing => row("manifest", "the renditions are still there".to_owned()),
        _ => row("manifest", format!("written {}", manifest.written)),
    }
    if !manifest.renditions.is_empty() {
        row("renditions", summary(&manifest.renditions));
    }
    for warning in &manifest.warnings {
        row("warning", warning.clone());
    }
    if let Some(reason) = &manifest.reason {
        row("reason", reason.message.clone());
        row("remedy", reason.remedy.clone());
    }
    text
}

/// Size, pixels and kind of an original.
fn describe(bytes: u64, manifest: Option<&Manifest>) -> String {
    let source = manifest.map(|manifest| &manifest.source);
    let pixels = source.and_then(|source| Some(format!("{} × {}, ", source.width?, source.height?)));
    let kind = source.and_then(|source| source.media_type.as_ref()).map(|kind| format!("{kind}, "));
    format!("{}{}{}", pixels.unwrap_or_default(), kind.unwrap_or_default(), HumanBytes(bytes))
}

/// Number, widths, formats and size of renditions.
fn summary(renditions: &[RenditionInfo]) -> String {
    let widths = || renditions.iter().map(|rendition| rendition.width);
    let (least, most) = (widths().min().unwrap_or_default(), widths().max().unwrap_or_default());
    let mut formats: Vec<&str> = Vec::new();
    for rendition in renditions {
        let format = rendition.media_type.strip_prefix("image/").unwrap_or(&rendition.media_type);
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    let range = if least == most { format!("{most} px") } else { format!("{least} to {most} px") };
    let bytes = renditions.iter().map(|rendition| rendition.bytes).sum();
    format!("{}, {range} wide, {}, {} in all", renditions.len(), formats.join(", "), HumanBytes(bytes))
}
