//! After the sweep: nothing is left but what manifests name.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use manifest::{Manifest, Parsed};

use crate::world::{DERIVED, World};

/// What lies in the derived bucket, noncurrent versions too.
#[derive(Debug, Default)]
pub(crate) struct Lying {
    /// Paths of renditions by their source's key.
    renditions: BTreeMap<String, BTreeSet<String>>,
    strangers: Vec<String>,
}

impl Lying {
    /// Lists everything.
    pub(crate) async fn list(world: &World) -> anyhow::Result<Self> {
        let mut lying = Self::default();
        let (mut key, mut version) = (None, None);
        loop {
            let page = world
                .s3
                .list_object_versions()
                .bucket(DERIVED)
                .set_key_marker(key)
                .set_version_id_marker(version)
                .send()
                .await
                .context("listing the derived bucket's versions")?;
            page.versions().iter().filter_map(|version| version.key()).for_each(|key| lying.note(key));
            for marker in page.delete_markers() {
                lying.strangers.push(format!("a delete marker on {:?}", marker.key()));
            }
            if page.is_truncated() != Some(true) {
                return Ok(lying);
            }
            (key, version) =
                (page.next_key_marker().map(str::to_owned), page.next_version_id_marker().map(str::to_owned));
        }
    }

    fn note(&mut self, derived_key: &str) {
        match Parsed::from_derived_key(derived_key) {
            Some(Parsed::Manifest { .. }) => {}
            Some(Parsed::Rendition { key, .. }) => {
                let path = derived_key.get(key.len() + 1..).unwrap_or_default();
                self.renditions.entry(key.to_owned()).or_default().insert(path.to_owned());
            }
            None => self.strangers.push(derived_key.to_owned()),
        }
    }

    /// What lies there and has no business to.
    pub(crate) fn strangers(&self) -> &[String] {
        &self.strangers
    }

    /// The paths under `key` that `manifest` does not name.
    pub(crate) fn unnamed(&self, key: &str, manifest: Option<&Manifest>) -> Vec<&str> {
        let renditions = manifest.into_iter().flat_map(|manifest| &manifest.renditions);
        let named: BTreeSet<&str> = renditions.map(|rendition| rendition.path.as_str()).collect();
        let lying = self.renditions.get(key).into_iter().flatten().map(String::as_str);
        lying.filter(|path| !named.contains(path)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_manifest_names_is_told() {
        let mut lying = Lying::default();
        lying.note("a/b.jpg/manifest.json");
        lying.note("a/b.jpg/0123456789abcdef/8-01234567.jpg");
        lying.note("notes.txt");
        assert_eq!(lying.unnamed("a/b.jpg", None), ["0123456789abcdef/8-01234567.jpg"]);
        assert!(lying.unnamed("a", None).is_empty());
        assert_eq!(lying.strangers(), ["notes.txt"]);
    }
}
