//! `thumbnailer status`: what became of keys, as their manifests say.

use cli_support::{escape, spellings};
use futures::{StreamExt, stream};
use manifest::{DerivedPlace, Manifest, State};
use serde::Serialize;

use crate::manifests::{self, ReadError};
use crate::report::{aligned, pixels, print_json, print_lines, size};
use crate::store::Store;
use crate::{Ending, cli};

/// Manifests that are read at once.
const AT_ONCE: usize = 8;

/// One key's state.
#[derive(Debug, Serialize)]
struct Status {
    key: String,
    /// A manifest's, or `missing`, or `unknown` where it could not be read.
    state: &'static str,
    /// Why it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Manifest>,
}

pub(crate) async fn run(args: cli::Status) -> anyhow::Result<Ending> {
    let store = Store::open(&args.derived).await?;
    let mut statuses = stream::iter(args.keys).map(|key| Status::of(&store, key)).buffered(AT_ONCE);
    let mut ending = Ending::AllWell;
    let mut first = true;
    while let Some(status) = statuses.next().await {
        if status.state != word(State::Derived) {
            ending = Ending::SomethingFailed;
        }
        if args.json {
            print_json(&serde_json::to_string(&status)?);
        } else {
            let gap = if first { "" } else { "\n" };
            print_lines(&format!("{gap}{}", status.text(&args.derived.place)));
        }
        first = false;
    }
    Ok(ending)
}

impl Status {
    /// Reads the manifest of `key`, in whichever Unicode spelling it exists.
    async fn of(store: &Store, key: String) -> Self {
        for spelling in spellings(&key) {
            match manifests::read(&store.s3, &store.place, &spelling).await {
                Ok(Some(manifest)) => {
                    return Self {
                        key: spelling,
                        state: word(manifest.state),
                        error: None,
                        manifest: Some(manifest),
                    };
                }
                Ok(None) => {}
                Err(error) => {
                    let error = match error {
                        ReadError::Request(error) => store.explain(&error).to_string(),
                        ReadError::Content(_) => error.to_string(),
                    };
                    return Self { key, state: "unknown", error: Some(error), manifest: None };
                }
            }
        }
        Self { key, state: "missing", error: None, manifest: None }
    }

    /// For people: a headline, then what there is to say, indented.
    fn text(&self, derived: &DerivedPlace) -> String {
        let Self { state, error, manifest, .. } = self;
        let key = escape(&self.key);
        if let Some(error) = error {
            return format!("{key}: {state}\n  {}\n", escape(error));
        }
        let Some(manifest) = manifest else {
            return format!("{key}: {state}\n{}", missing(&key, derived));
        };
        let mut text = format!("{key}: {state} since {}\n", escape(&to_the_second(&manifest.written)));
        for (name, value) in facts(manifest) {
            text += &format!("  {name:<9} {}\n", escape(&value));
        }
        if !manifest.renditions.is_empty() {
            text.push('\n');
            text += &indented(&renditions(manifest));
        }
        text
    }
}

/// What the manifest says, line by line.
fn facts(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let source = &manifest.source;
    let mut facts = Vec::new();
    if let Some(reason) = &manifest.reason {
        facts.push(("reason", format!("{} ({})", reason.message, reason.code)));
        facts.push(("remedy", reason.remedy.clone()));
    }
    let mut what = vec![format!("s3://{}/{}", source.bucket, source.key)];
    if manifest.state != State::Removed {
        what.push(size(source.bytes));
        what.extend(source.media_type.clone());
        if source.width.is_some() {
            what.push(pixels(source.width, source.height));
        }
    }
    facts.push(("source", what.join(", ")));
    if let Some(version) = &source.version_id {
        facts.push(("version", version.clone()));
    }
    if !source.etag.is_empty() {
        facts.push(("etag", source.etag.clone()));
    }
    facts.extend(manifest.alt.as_deref().map(|alt| match alt {
        "" => ("alt", "empty: the picture is decoration".to_owned()),
        alt => ("alt", alt.to_owned()),
    }));
    facts.extend(manifest.caption.as_deref().map(|caption| ("caption", caption.to_owned())));
    facts.extend(manifest.focal_point.map(|point| ("focus", point.to_string())));
    facts.extend(manifest.warnings.iter().map(|warning| ("warning", warning.clone())));
    let retired = &manifest.retired;
    if let Some(oldest) = retired.iter().map(|retired| &retired.since).min() {
        let renditions = if retired.len() == 1 { "rendition" } else { "renditions" };
        facts.push((
            "retired",
            format!(
                "{} {renditions} of earlier manifests, the oldest since {}",
                retired.len(),
                to_the_second(oldest)
            ),
        ));
    }
    facts
}

fn renditions(manifest: &Manifest) -> String {
    let mut rows = vec![["RENDITION", "TYPE", "PIXELS", "SIZE"].map(str::to_owned)];
    rows.extend(manifest.renditions.iter().map(|rendition| {
        [
            rendition.path.clone(),
            rendition.media_type.clone(),
            pixels(Some(rendition.width), Some(rendition.height)),
            size(rendition.bytes),
        ]
    }));
    aligned(&rows)
}

/// What it may mean that there is no manifest.
fn missing(key: &str, derived: &DerivedPlace) -> String {
    let about =
        format!("There is no {} in s3://{derived}. One of these is the reason:", manifest::manifest_key(key));
    let reasons = [
        "It is not uploaded, or under another key: keys are case-sensitive, and written here as in the originals \
         bucket, without any %XX.",
        "It is being worked on. That takes seconds; while S3 or the function is throttled, minutes.",
        "Its event was given up. Then it lies in the dead-letter queue, and the function's log has the cause.",
        "The originals bucket does not notify the queue or the function of this key.",
    ];
    let list: String = reasons.iter().map(|reason| format!("  - {reason}\n")).collect();
    format!("  {about}\n{list}")
}

fn word(state: State) -> &'static str {
    match state {
        State::Derived => "derived",
        State::Rejected => "rejected",
        State::Failed => "failed",
        State::Removed => "removed",
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// A time of RFC 3339 in UTC without its fraction, which nobody reads.
fn to_the_second(rfc3339: &str) -> String {
    match rfc3339.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => rfc3339.to_owned(),
    }
}
