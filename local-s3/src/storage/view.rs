//! The readable view: hard links at `DIR/<bucket>/<key>` for people to look at. Best effort, never an error.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::PoisonError;

use super::{Bucket, Store};
use crate::key;

/// A directory may be removed, being empty, by another key's removal just before we link into it.
const ATTEMPTS: usize = 4;

impl Store {
    /// Makes the view of `key` what its newest version is: linked, or absent.
    pub(super) fn show(&self, bucket: &Bucket, key: &str) {
        let Some(relative) = key::view_path(key) else {
            return;
        };
        let root = self.layout.view(bucket.name());
        let path = root.join(&relative);
        let folded = key.to_lowercase();
        let mut owners = bucket.view.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.get(&folded).is_some_and(|owner| owner != key) {
            return; // taken by a key that differs only in case
        }
        match bucket.newest(key).filter(|object| !object.delete_marker) {
            Some(object) => {
                let data = self.layout.data(bucket.name(), key, object.sequence);
                if link(&data, &path, &self.layout.tmp().join(format!("view-{}", object.sequence))).is_ok() {
                    owners.insert(folded, key.to_owned());
                }
            }
            None => {
                if owners.remove(&folded).is_some() {
                    let _ = fs::remove_file(&path);
                    remove_empty_parents(&path, &root);
                }
            }
        }
    }
}

impl Store {
    /// After a start: takes note of what is shown, and shows what is not or is out of date.
    pub(super) fn show_again(&self, bucket: &Bucket, key: &str) {
        let Some(relative) = key::view_path(key) else {
            return;
        };
        let Some(object) = bucket.newest(key).filter(|object| !object.delete_marker) else {
            return;
        };
        // Two links of one file agree in length and time; a process that ended early leaves an older file.
        let look = |path: &Path| fs::metadata(path).and_then(|data| Ok((data.len(), data.modified()?))).ok();
        let shown = look(&self.layout.view(bucket.name()).join(relative));
        if shown.is_some() && shown == look(&self.layout.data(bucket.name(), key, object.sequence)) {
            let mut owners = bucket.view.lock().unwrap_or_else(PoisonError::into_inner);
            owners.entry(key.to_lowercase()).or_insert_with(|| key.to_owned());
        } else {
            self.show(bucket, key);
        }
    }
}

/// Links by way of a second name, so that readers of the view see the old file or the new one.
fn link(data: &Path, path: &Path, beside: &Path) -> io::Result<()> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut result = Ok(());
    for _ in 0..ATTEMPTS {
        fs::create_dir_all(parent)?;
        let _ = fs::remove_file(beside);
        fs::hard_link(data, beside)?;
        result = fs::rename(beside, path);
        if result.is_ok() {
            break;
        }
    }
    let _ = fs::remove_file(beside); // renaming a link onto another link of the same file leaves it
    result
}

fn remove_empty_parents(path: &Path, root: &Path) {
    let mut parent = path.parent();
    while let Some(dir) = parent {
        if dir == root || !dir.starts_with(root) || fs::remove_dir(dir).is_err() {
            return;
        }
        parent = dir.parent();
    }
}
