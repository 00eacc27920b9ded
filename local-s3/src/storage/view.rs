//! The readable view: hard links at `DIR/<bucket>/<key>` for people to look at. Best effort, never an error.
//!
//! People put files and links of their own where they like. So nothing is replaced or removed that is not a link of ours,
//! and no symbolic link is followed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};

use super::folder::Folder;
use super::{Bucket, Store, files};
use crate::{Error, key};

/// A directory may be removed, being empty, by another key's removal just before we link into it.
const ATTEMPTS: usize = 4;

/// What the links of one file have in common, and no other file has.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark {
    pub(super) device: u64,
    pub(super) inode: u64,
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

/// The place of a key in the view.
struct Place {
    /// The bucket's folder, the folders below it, and the file.
    segments: Vec<String>,
    /// The path within the bucket in lower case, as some file systems ignore case.
    folded: String,
}

impl Place {
    /// Opens the folders down to the file's: first the data directory `root`, then the bucket's, and so on.
    fn open(&self, root: &Path) -> io::Result<Vec<Folder>> {
        self.descend(root, Folder::enter)
    }

    /// Opens the folders down to the file's, and creates those that do not exist.
    fn create(&self, root: &Path) -> io::Result<Vec<Folder>> {
        self.descend(root, Folder::enter_or_create)
    }

    fn descend(
        &self,
        root: &Path,
        enter: impl Fn(&Folder, &str) -> io::Result<Folder>,
    ) -> io::Result<Vec<Folder>> {
        let mut folders = vec![Folder::open(root)?];
        for name in &self.segments[..self.segments.len() - 1] {
            folders.push(enter(&folders[folders.len() - 1], name)?);
        }
        Ok(folders)
    }

    /// The file's name in its folder.
    fn name(&self) -> &str {
        &self.segments[self.segments.len() - 1]
    }

    /// Removes `file` if it still lies here, and the folders that are empty then, except the bucket's.
    fn remove(&self, root: &Path, file: Mark) {
        let Ok(folders) = self.open(root) else { return };
        let within = &folders[folders.len() - 1];
        if within.mark(self.name()) != Some(file) {
            return;
        }
        let _ = within.remove_file(self.name());
        for depth in (2..folders.len()).rev() {
            if folders[depth - 1].remove_folder(&self.segments[depth - 1]).is_err() {
                return;
            }
        }
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

    fn remove(&mut self, place: &Place, root: &Path) {
        if let Some(shown) = self.shown.remove(&place.folded) {
            place.remove(root, shown.file);
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
        let Some(place) = place(bucket, key) else {
            return;
        };
        let mut view = bucket.view();
        if view.is_taken(&place.folded, key) {
            return;
        }
        let root = self.layout.root();
        let Some(object) = bucket.newest(key).filter(|object| !object.delete_marker) else {
            return view.remove(&place, root);
        };
        let data = self.layout.data(bucket.name(), key, object.sequence);
        let beside = self.layout.tmp().join(format!("view-{}", object.sequence));
        let ours = view.shown.get(&place.folded).map(|shown| shown.file);
        match link(&data, &place, root, &beside, ours) {
            Ok(file) => {
                view.shown.insert(place.folded, Shown { key: key.to_owned(), file });
            }
            Err(error) => {
                tracing::debug!(%error, bucket = bucket.name(), key, "an object is stored but not shown");
                view.remove(&place, root); // nothing is better than something outdated
            }
        }
    }

    /// Takes `key` out of the view, before its newest version is removed: a process that ends in between leaves
    /// too little in the view, which the next start completes, and never too much.
    pub(super) fn hide(&self, bucket: &Bucket, key: &str) {
        if let Some(place) = place(bucket, key) {
            let mut view = bucket.view();
            if !view.is_taken(&place.folded, key) {
                view.remove(&place, self.layout.root());
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
        let Some(place) = place(bucket, key) else {
            return;
        };
        let Ok(mut folders) = place.open(self.layout.root()) else {
            return;
        };
        let Some((folder, file)) =
            folders.pop().and_then(|folder| folder.mark(place.name()).map(|file| (folder, file)))
        else {
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
            || versions.first().is_some_and(|sequence| are_alike(&folder, place.name(), &data(*sequence)));
        if is_ours {
            view.shown.entry(place.folded).or_insert_with(|| Shown { key: key.to_owned(), file });
        }
    }

    /// Refuses a folder that has something in it: that is not ours to write into.
    pub(super) fn check_view_is_free(&self, bucket: &str) -> Result<(), Error> {
        let folder = self.layout.view(bucket);
        let is_folder = fs::symlink_metadata(&folder).map(|data| data.is_dir());
        if is_folder.is_err() || (is_folder.is_ok_and(|yes| yes) && files::entries(&folder)?.is_empty()) {
            return Ok(());
        }
        Err(Error::FolderTaken { dir: self.layout.root().to_path_buf(), folder: bucket.to_owned() })
    }
}

/// Returns the place of `key` in the view, if the key is a plain path.
fn place(bucket: &Bucket, key: &str) -> Option<Place> {
    let within = key::view_segments(key)?;
    let segments = std::iter::once(bucket.name()).chain(within).map(str::to_owned).collect();
    Some(Place { segments, folded: key.to_lowercase() })
}

/// Returns `true` if two files agree in length and time.
fn are_alike(folder: &Folder, name: &str, other: &Path) -> bool {
    let look = |file: io::Result<fs::File>| {
        let data = file.and_then(|file| file.metadata()).ok().filter(fs::Metadata::is_file)?;
        Some((data.len(), data.modified().ok()?))
    };
    let seen = look(folder.read(name));
    seen.is_some() && seen == look(fs::File::open(other))
}

/// Links `data` to `place`, where nothing lies or the file `ours`. That one is replaced by way of a second name, so
/// that readers of the view see the old file or the new one.
fn link(data: &Path, place: &Place, root: &Path, beside: &Path, ours: Option<Mark>) -> io::Result<Mark> {
    let file = Mark::of(data).ok_or(io::ErrorKind::NotFound)?;
    let mut result = Ok(file);
    for _ in 0..ATTEMPTS {
        let folders = place.create(root)?;
        let folder = &folders[folders.len() - 1];
        let linked = match folder.mark(place.name()) {
            Some(present) if present == file => Ok(()),
            Some(present) if Some(present) == ours => replace(data, folder, place.name(), beside),
            Some(_) => {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is not ours"));
            }
            None => folder.link(data, place.name()),
        };
        result = linked.map(|()| file);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn replace(data: &Path, folder: &Folder, name: &str, beside: &Path) -> io::Result<()> {
    let _ = fs::remove_file(beside);
    fs::hard_link(data, beside)?;
    let replaced = folder.replace(beside, name);
    let _ = fs::remove_file(beside);
    replaced
}
