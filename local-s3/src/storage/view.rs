//! The readable view: hard links at `DIR/<bucket>/<key>` for people to look at. Best effort, never an error.
//!
//! People put files of their own where they like, so nothing is replaced or removed that is not a link of ours.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};

use super::{Bucket, Store, files};
use crate::{Error, key};

/// A directory may be removed, being empty, by another key's removal just before we link into it.
const ATTEMPTS: usize = 4;

/// What the links of one file have in common, and no other file has.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark {
    device: u64,
    inode: u64,
}

/// What the links of one file have in common, and hardly another file has.
#[cfg(not(unix))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark {
    length: u64,
    modified: Option<std::time::SystemTime>,
}

impl Mark {
    /// `None` if there is no such file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let data = fs::symlink_metadata(path).ok()?;
        #[cfg(unix)]
        return {
            use std::os::unix::fs::MetadataExt;
            Some(Self { device: data.dev(), inode: data.ino() })
        };
        #[cfg(not(unix))]
        Some(Self { length: data.len(), modified: data.modified().ok() })
    }
}

/// What a bucket's view shows.
#[derive(Debug, Default)]
pub(super) struct View {
    /// By path in lower case, as some file systems ignore case.
    shown: HashMap<String, Shown>,
    /// Bytes that this start found to belong to no version any more; the view may still link them.
    pub(super) former: HashSet<Mark>,
}

/// The key that owns a path, and the file it put there.
#[derive(Debug)]
struct Shown {
    key: String,
    file: Mark,
}

impl View {
    /// Whether another key has the path of this one.
    fn is_taken(&self, folded: &str, key: &str) -> bool {
        self.shown.get(folded).is_some_and(|shown| shown.key != key)
    }

    fn remove(&mut self, folded: &str, path: &Path, root: &Path) {
        if let Some(shown) = self.shown.remove(folded)
            && Mark::of(path) == Some(shown.file)
        {
            let _ = fs::remove_file(path);
            remove_empty_parents(path, root);
        }
    }
}

impl Bucket {
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Makes the view of `key` what its newest version is: linked, or absent.
    pub(super) fn show(&self, bucket: &Bucket, key: &str) {
        let Some((path, folded)) = self.place(bucket, key) else {
            return;
        };
        let mut view = bucket.view();
        if view.is_taken(&folded, key) {
            return;
        }
        let root = self.layout.view(bucket.name());
        let Some(object) = bucket.newest(key).filter(|object| !object.delete_marker) else {
            return view.remove(&folded, &path, &root);
        };
        let data = self.layout.data(bucket.name(), key, object.sequence);
        let beside = self.layout.tmp().join(format!("view-{}", object.sequence));
        let ours = view.shown.get(&folded).map(|shown| shown.file);
        match link(&data, &path, &beside, ours) {
            Ok(file) => {
                view.shown.insert(folded, Shown { key: key.to_owned(), file });
            }
            Err(error) => {
                tracing::debug!(%error, path = %path.display(), "an object is stored but not shown");
                view.remove(&folded, &path, &root); // nothing is better than something outdated
            }
        }
    }

    /// Takes `key` out of the view, before its newest version is removed: a process that ends in between leaves
    /// too little to be seen, which the next start mends, and never too much.
    pub(super) fn hide(&self, bucket: &Bucket, key: &str) {
        if let Some((path, folded)) = self.place(bucket, key) {
            let mut view = bucket.view();
            if !view.is_taken(&folded, key) {
                view.remove(&folded, &path, &self.layout.view(bucket.name()));
            }
        }
    }

    /// After a start: takes note of what an earlier run showed, then shows what is not or is out of date.
    pub(super) fn show_again(&self, bucket: &Bucket) {
        let keys: Vec<String> = bucket.objects().keys().cloned().collect();
        for key in &keys {
            self.recognise(bucket, key);
        }
        for key in &keys {
            self.show(bucket, key);
        }
        bucket.view().former.clear();
    }

    /// Takes note of the file in `key`'s place, if it is a link of one of its versions, present or former.
    fn recognise(&self, bucket: &Bucket, key: &str) {
        let Some((path, folded)) = self.place(bucket, key) else {
            return;
        };
        let Some(file) = Mark::of(&path) else {
            return;
        };
        let data = |sequence| self.layout.data(bucket.name(), key, sequence);
        let versions: Vec<u64> = match bucket.objects().get(key) {
            Some(versions) => versions.iter().map(|object| object.sequence).collect(),
            None => return,
        };
        let mut view = bucket.view();
        let is_ours = view.former.contains(&file)
            || versions.iter().any(|sequence| Mark::of(&data(*sequence)) == Some(file))
            // Two files, as after a restored backup.
            || versions.first().is_some_and(|sequence| are_alike(&path, &data(*sequence)));
        if is_ours {
            view.shown.entry(folded).or_insert_with(|| Shown { key: key.to_owned(), file });
        }
    }

    /// Where `key` is to be seen, if it is a plain path, and that path within the bucket in lower case.
    fn place(&self, bucket: &Bucket, key: &str) -> Option<(PathBuf, String)> {
        let relative = key::view_path(key)?;
        Some((self.layout.view(bucket.name()).join(relative), key.to_lowercase()))
    }

    /// Refuses a folder that has something in it: that is not ours to write into.
    pub(super) fn check_view_is_free(&self, bucket: &str) -> Result<(), Error> {
        let folder = self.layout.view(bucket);
        if Mark::of(&folder).is_none() || (folder.is_dir() && files::entries(&folder)?.is_empty()) {
            return Ok(());
        }
        Err(Error::FolderTaken { dir: self.layout.root().to_path_buf(), folder: bucket.to_owned() })
    }
}

/// Whether two files agree in length and time.
fn are_alike(one: &Path, other: &Path) -> bool {
    let look = |path: &Path| fs::metadata(path).and_then(|data| Ok((data.len(), data.modified()?))).ok();
    look(one).is_some_and(|seen| look(other) == Some(seen))
}

/// Links `data` to `path`, where nothing lies or the file `ours`. That one is replaced by way of a second name, so
/// that readers of the view see the old file or the new one.
fn link(data: &Path, path: &Path, beside: &Path, ours: Option<Mark>) -> io::Result<Mark> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let file = Mark::of(data).ok_or(io::ErrorKind::NotFound)?;
    let mut result = Ok(file);
    for _ in 0..ATTEMPTS {
        fs::create_dir_all(parent)?;
        let linked = match Mark::of(path) {
            Some(there) if there == file => Ok(()),
            Some(there) if Some(there) == ours => replace(data, path, beside),
            Some(_) => {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is not ours"));
            }
            None => fs::hard_link(data, path),
        };
        result = linked.map(|()| file);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn replace(data: &Path, path: &Path, beside: &Path) -> io::Result<()> {
    let _ = fs::remove_file(beside);
    fs::hard_link(data, beside)?;
    let replaced = fs::rename(beside, path);
    let _ = fs::remove_file(beside);
    replaced
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
