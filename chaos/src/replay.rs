//! Settled events once more: they must write nothing.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use local_s3::{Message, RequestCounts};
use manifest::{Manifest, sequencer};
use thumbnailer::Thumbnailer;

use crate::sqs::{self, Told};
use crate::world::World;

/// Operations that change nothing.
const READS: [&str; 6] =
    ["GetObject", "HeadObject", "HeadBucket", "ListObjectVersions", "ListObjectsV2", "GetBucketVersioning"];

/// Hands one event over as a queue would, and answers what S3 was asked for it.
pub(crate) async fn one(
    world: &World,
    thumbnailer: &Thumbnailer,
    body: &str,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let before = world.server.requests();
    let answer = thumbnailer.handle(sqs::event(&[message(body)]), None).await?;
    let mut asked = since(&before, &world.server.requests());
    if !sqs::failed_ids(&answer).is_empty() {
        asked.insert("a failure".to_owned(), 1);
    }
    Ok(asked)
}

/// The requests of each operation since `before`.
pub(crate) fn since(before: &RequestCounts, now: &RequestCounts) -> BTreeMap<String, u64> {
    let more = |(name, count): (&str, u64)| (name.to_owned(), count - before.get(name));
    now.iter().map(more).filter(|(_, count)| *count > 0).collect()
}

/// What is wrong with `asked` for an event, given the manifest that is there.
pub(crate) fn objection(
    told: &Told,
    manifest: Option<&Manifest>,
    asked: &BTreeMap<String, u64>,
) -> Option<String> {
    let words = || {
        let asked: Vec<String> = asked.iter().map(|(name, count)| format!("{count} {name}")).collect();
        format!("a replay of the event {} made {}", told.sequencer, asked.join(", "))
    };
    if asked.keys().any(|name| !READS.contains(&name.as_str())) {
        return Some(words());
    }
    let settled = manifest.is_some_and(|manifest| {
        let order = sequencer::compare(Some(&told.sequencer), manifest.source.sequencer.as_deref());
        order != Ordering::Greater
    });
    let one_get = asked.len() == 1 && asked.get("GetObject") == Some(&1);
    (settled && !one_get).then(words)
}

/// A message that was never received before.
fn message(body: &str) -> Message {
    Message {
        id: "replay".to_owned(),
        receipt: "replay".to_owned(),
        body: body.to_owned(),
        receive_count: 1,
        sent_unix_ms: 0,
        first_receive_unix_ms: 0,
        max_receives: u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_no_objection_and_writing_is() {
        let told = Told { key: "a".to_owned(), sequencer: "01".to_owned() };
        let asked = |of: &[&str]| of.iter().map(|name| ((*name).to_owned(), 1)).collect();
        assert_eq!(objection(&told, None, &asked(&["GetObject", "HeadObject"])), None);
        for more in ["PutObject", "DeleteObjects", "DeleteObject", "CopyObject", "a failure"] {
            let words = objection(&told, None, &asked(&["GetObject", more])).unwrap_or_default();
            assert!(words.contains(more), "{words}");
        }
    }
}
