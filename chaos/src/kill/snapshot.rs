//! The derived bucket's current objects, in a form in which two data sets can be compared.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use manifest::Parsed;
use serde_json::Value;

use crate::world::{DERIVED, World};

/// One object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Object {
    bytes: Vec<u8>,
    media_type: Option<String>,
    cache_control: Option<String>,
}

/// All objects by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Snapshot(BTreeMap<String, Object>);

impl Snapshot {
    /// Reads everything. `sequencers` are those of the data set's events, in order.
    pub(super) async fn take(world: &World, sequencers: &[String]) -> anyhow::Result<Self> {
        let list =
            world.s3.list_objects_v2().bucket(DERIVED).send().await.context("listing what was derived")?;
        let mut objects = BTreeMap::new();
        for key in list.contents().iter().filter_map(|object| object.key()) {
            let (object, mut bytes) = world.derived(key).await?.with_context(|| format!("{key} has gone"))?;
            if matches!(Parsed::from_derived_key(key), Some(Parsed::Manifest { .. })) {
                bytes = comparable(&bytes, sequencers).with_context(|| key.to_owned())?;
            }
            let media_type = object.content_type().map(str::to_owned);
            let cache_control = object.cache_control().map(str::to_owned);
            objects.insert(key.to_owned(), Object { bytes, media_type, cache_control });
        }
        Ok(Self(objects))
    }

    /// How `self` differs from `reference`, in words.
    pub(super) fn differences(&self, reference: &Self) -> Vec<String> {
        let keys: BTreeSet<&String> = self.0.keys().chain(reference.0.keys()).collect();
        let difference = |key: &&String| match (self.0.get(*key), reference.0.get(*key)) {
            (None, _) => Some(format!("{key} is missing")),
            (_, None) => Some(format!("{key} is too much")),
            (Some(ours), Some(theirs)) if ours.bytes != theirs.bytes => {
                Some(format!("{key} has other bytes: {}", first_difference(&ours.bytes, &theirs.bytes)))
            }
            (Some(ours), Some(theirs)) if ours != theirs => {
                Some(format!("{key} has another media type or cache lifetime"))
            }
            _ => None,
        };
        keys.iter().filter_map(difference).collect()
    }
}

/// A manifest without what is never the same: times, and the originals' version ids. Its sequencer becomes the number
/// of the event that it is of.
fn comparable(json: &[u8], sequencers: &[String]) -> anyhow::Result<Vec<u8>> {
    let mut manifest: Value = serde_json::from_slice(json)?;
    if let Some(written) = manifest.get_mut("written") {
        *written = Value::Null;
    }
    for retired in manifest.get_mut("retired").and_then(Value::as_array_mut).into_iter().flatten() {
        retired["since"] = Value::Null;
    }
    if let Some(source) = manifest.get_mut("source").and_then(Value::as_object_mut) {
        source.remove("version_id");
        let event = source.get("sequencer").and_then(Value::as_str);
        let number = event.and_then(|event| sequencers.iter().position(|known| known == event));
        if let Some(number) = number {
            source.insert("sequencer".to_owned(), format!("of event {number}").into());
        }
    }
    Ok(serde_json::to_vec_pretty(&manifest)?)
}

/// The first line that differs, for texts; how many bytes there are, for others.
fn first_difference(ours: &[u8], theirs: &[u8]) -> String {
    match (std::str::from_utf8(ours), std::str::from_utf8(theirs)) {
        (Ok(ours), Ok(theirs)) => {
            let pair = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
            pair.map_or_else(
                || "one ends before the other".to_owned(),
                |(ours, theirs)| format!("{:?} instead of {:?}", ours.trim(), theirs.trim()),
            )
        }
        _ => format!("{} bytes instead of {}", ours.len(), theirs.len()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn snapshot(objects: &[(&str, &str)]) -> Snapshot {
        let object = |bytes: &str| Object {
            bytes: bytes.into(),
            media_type: Some("text/plain".into()),
            cache_control: None,
        };
        Snapshot(objects.iter().map(|(key, bytes)| ((*key).to_owned(), object(bytes))).collect())
    }

    #[test]
    fn differences_are_told_by_key() {
        let one = snapshot(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert!(one.differences(&one).is_empty());
        let mut other = snapshot(&[("b", "2"), ("c", "4"), ("d", "5")]);
        assert_eq!(
            other.differences(&one),
            ["a is missing", "c has other bytes: \"4\" instead of \"3\"", "d is too much"]
        );
        other.0.get_mut("b").unwrap().cache_control = Some("no-cache".to_owned());
        assert_eq!(other.differences(&one)[1], "b has another media type or cache lifetime");
    }

    #[test]
    fn only_times_and_version_ids_are_left_out_of_manifests() {
        let of = |time: &str, sequencer: &str, etag: &str| {
            let json = format!(
                r#"{{"written":"{time}","retired":[{{"path":"p","since":"{time}"}}],
                    "source":{{"etag":"{etag}","sequencer":"{sequencer}","version_id":"{time}"}}}}"#
            );
            comparable(json.as_bytes(), &["01".to_owned(), "02".to_owned()]).unwrap()
        };
        assert_eq!(of("1", "02", "e"), of("2", "02", "e"));
        assert_ne!(of("1", "02", "e"), of("1", "01", "e"));
        assert_ne!(of("1", "02", "e"), of("1", "02", "f"));
        assert_ne!(of("1", "02", "e"), of("1", "03", "e"));
    }
}
