//! What is there in the end, and how it differs from what has to be.

use std::fmt;

use anyhow::Context as _;
use manifest::{Manifest, RenditionInfo, rendition_key};
use sha2::{Digest, Sha256};

use crate::history::History;
use crate::model::{self, State};
use crate::pictures::{Content, Pictures};
use crate::world::World;

/// What there is under a key.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// In the model's words; `None` for what the model has no word for.
    pub(crate) state: Option<State>,
    pub(crate) manifest: Option<Manifest>,
    /// What is wrong with the manifest by itself, in words.
    pub(crate) flaws: Vec<String>,
    /// What is missing or not whole of what it names, in words.
    pub(crate) torn: Vec<String>,
}

/// How a history's end differs from the model's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is what an earlier operation led to.
    Lost,
    /// It is anything else, or renditions are torn, missing or not what the manifest says.
    Wrong,
    /// There is more than the manifest names, or settled work was done again.
    Duplicated,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Wrong => "wrong",
            Self::Duplicated => "duplicated",
        })
    }
}

/// A difference, as it is printed.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    pub(crate) kind: Kind,
    pub(crate) history: History,
    pub(crate) found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let History { index, versioned, key, operations, .. } = &self.history;
        let expected = model::state(operations, *versioned);
        let kept = if *versioned { "versioned" } else { "unversioned" };
        writeln!(
            f,
            "{}: history {index} (--only {index}), s3://{}/{key}, {kept}",
            self.kind,
            self.history.bucket()
        )?;
        for (number, operation) in operations.iter().enumerate() {
            writeln!(f, "    {}. {operation}", number + 1)?;
        }
        writeln!(f, "  has to be: {expected}")?;
        write!(f, "  is:        {}", self.found)
    }
}

/// Looks at what there is under the history's key, rendition by rendition.
pub(crate) async fn look(world: &World, pictures: &Pictures, history: &History) -> anyhow::Result<Found> {
    let manifest = world.manifest(&history.key).await?;
    let Some(manifest) = manifest else {
        return Ok(Found {
            state: Some(State::Nothing),
            manifest: None,
            flaws: Vec::new(),
            torn: Vec::new(),
        });
    };
    let mut flaws = Vec::new();
    if manifest.source.bucket != history.bucket() {
        flaws.push(format!("the manifest names the bucket {}", manifest.source.bucket));
    }
    let content = content_of(pictures, manifest.source.sha256.as_deref());
    let state = match (manifest.state, content) {
        (manifest::State::Derived, Some(content)) => Some(State::Derived(content)),
        (manifest::State::Rejected, Some(content)) => Some(State::Rejected(content)),
        (manifest::State::Removed, _) => Some(State::Removed),
        (manifest::State::Derived | manifest::State::Rejected | manifest::State::Failed, _) => None,
    };
    if matches!(state, Some(State::Derived(_) | State::Rejected(_))) {
        let current = current_etag(world, history).await?;
        if current.as_deref() != Some(manifest.source.etag.as_str()) {
            flaws.push(format!("the manifest's etag is {}, S3's {current:?}", manifest.source.etag));
        }
    }
    match (manifest.state == manifest::State::Derived, manifest.renditions.is_empty()) {
        (true, true) => flaws.push("derived without renditions".to_owned()),
        (false, false) => flaws.push("it names renditions".to_owned()),
        _ => {}
    }
    let torn = torn(world, &manifest).await?;
    Ok(Found { state, manifest: Some(manifest), flaws, torn })
}

/// What is missing or not whole of what the manifest names.
pub(crate) async fn torn(world: &World, manifest: &Manifest) -> anyhow::Result<Vec<String>> {
    let mut flaws = Vec::new();
    for rendition in &manifest.renditions {
        let RenditionInfo { path, media_type, bytes, sha256, .. } = rendition;
        let Some((object, content)) = world.derived(&rendition_key(&manifest.source.key, path)).await? else {
            flaws.push(format!("{path} is missing"));
            continue;
        };
        if content.len() as u64 != *bytes || hex::encode(Sha256::digest(&content)) != *sha256 {
            flaws.push(format!("{path} is not what the manifest says"));
        }
        if object.content_type() != Some(media_type) {
            flaws.push(format!("{path} has the media type {:?}, not {media_type}", object.content_type()));
        }
    }
    Ok(flaws)
}

fn content_of(pictures: &Pictures, sha256: Option<&str>) -> Option<Content> {
    let is_it =
        |content: &Content| pictures.file(*content).is_ok_and(|file| Some(file.sha256.as_str()) == sha256);
    Content::all().find(is_it)
}

/// The current original's, without quotation marks; `None` when there is none.
async fn current_etag(world: &World, history: &History) -> anyhow::Result<Option<String>> {
    match world.s3.head_object().bucket(history.bucket()).key(&history.key).send().await {
        Ok(head) => Ok(head.e_tag().map(|etag| etag.trim_matches('"').to_owned())),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("looking at {}", history.key)),
    }
}

/// Compares what was found with the model.
pub(crate) fn judge(history: &History, found: &Found) -> Option<Difference> {
    let states: Vec<State> = (0..=history.operations.len())
        .map(|length| model::state(&history.operations[..length], history.versioned))
        .collect();
    let expected = states.last().copied();
    let is_whole = found.flaws.is_empty() && found.torn.is_empty();
    if found.state.is_some() && found.state == expected && is_whole {
        return None;
    }
    let earlier = found.state.is_some_and(|state| states.contains(&state)) && found.state != expected;
    let mut words = match (&found.state, &found.manifest) {
        (Some(state), _) => state.to_string(),
        (None, Some(manifest)) => format!(
            "{:?}, of a source with SHA-256 {:?}, because {:?}",
            manifest.state,
            manifest.source.sha256,
            manifest.reason.as_ref().map(|reason| &reason.message)
        ),
        (None, None) => "without words".to_owned(),
    };
    for flaw in found.flaws.iter().chain(&found.torn) {
        words.push_str("; ");
        words.push_str(flaw);
    }
    let kind = if earlier && found.torn.is_empty() { Kind::Lost } else { Kind::Wrong };
    Some(Difference { kind, history: history.clone(), found: words })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::history::Operation;

    #[test]
    fn what_an_earlier_operation_led_to_is_lost_and_all_else_wrong() {
        let mut history = History::new(1, 0);
        let (a, b, x) = (Content::Picture(0), Content::Picture(1), Content::Rejected(0));
        history.operations = vec![Operation::Put(a), Operation::Put(b)];
        let kind = |state, flaws: &[&str], torn: &[&str]| {
            let [flaws, torn] =
                [flaws, torn].map(|words| words.iter().map(|word| (*word).to_owned()).collect());
            judge(&history, &Found { state, manifest: None, flaws, torn }).map(|difference| difference.kind)
        };
        assert_eq!(kind(Some(State::Derived(b)), &[], &[]), None);
        assert_eq!(kind(Some(State::Derived(b)), &["another etag"], &[]), Some(Kind::Wrong));
        assert_eq!(kind(Some(State::Derived(b)), &[], &["a rendition"]), Some(Kind::Wrong));
        assert_eq!(kind(Some(State::Derived(a)), &["another etag"], &[]), Some(Kind::Lost));
        assert_eq!(kind(Some(State::Derived(a)), &[], &["a rendition"]), Some(Kind::Wrong));
        assert_eq!(kind(Some(State::Nothing), &[], &[]), Some(Kind::Lost));
        assert_eq!(kind(Some(State::Rejected(x)), &[], &[]), Some(Kind::Wrong));
        assert_eq!(kind(Some(State::Removed), &[], &[]), Some(Kind::Wrong));
        assert_eq!(kind(None, &[], &[]), Some(Kind::Wrong));
    }

    #[test]
    fn a_difference_says_how_to_see_it_again() {
        let found =
            Found { state: Some(State::Nothing), manifest: None, flaws: Vec::new(), torn: Vec::new() };
        let mut history = History::new(1, 0);
        history.operations = vec![Operation::Put(Content::Picture(0))];
        let words = judge(&history, &found).unwrap().to_string();
        for part in [
            "lost",
            "--only 0",
            "1. put picture A",
            "has to be: derived from picture A",
            "is:        nothing",
        ] {
            assert!(words.contains(part), "{words}");
        }
    }
}
