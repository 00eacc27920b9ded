use std::path::{Path, PathBuf};

use super::Stored;
use crate::Error;
use crate::storage::files;

/// The states a message's file can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folder {
    Staged,
    Ready,
    Dead,
}

impl Folder {
    fn path(self, root: &Path) -> PathBuf {
        root.join(match self {
            Folder::Staged => "staged",
            Folder::Ready => "ready",
            Folder::Dead => "dead",
        })
    }

    fn file(self, root: &Path, id: &str) -> PathBuf {
        self.path(root).join(format!("{id}.json"))
    }
}

/// What an earlier run left.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(super) staged: Vec<Stored>,
    pub(super) ready: Vec<Stored>,
    pub(super) dead: Vec<Stored>,
}

impl Kept {
    pub(crate) fn read(root: &Path) -> Result<Self, Error> {
        let read = |folder: Folder| -> Result<Vec<Stored>, Error> {
            let path = folder.path(root);
            files::create_dir_all(&path)?;
            let mut found = Vec::new();
            for path in files::entries(&path)? {
                if files::is_unfinished(&path) {
                    files::remove(&path)?;
                } else {
                    found.push(files::read_json(&path)?);
                }
            }
            Ok(found)
        };
        Ok(Self { staged: read(Folder::Staged)?, ready: read(Folder::Ready)?, dead: read(Folder::Dead)? })
    }

    /// The greatest number that an id here was made from.
    pub(crate) fn newest(&self) -> Option<u64> {
        let all = self.staged.iter().chain(&self.ready).chain(&self.dead);
        all.filter_map(|stored| u64::from_str_radix(&stored.id, 16).ok()).max()
    }
}

/// Writes a message so that it outlives a power cut.
pub(super) fn write(root: &Path, stored: &Stored, folder: Folder) -> Result<(), Error> {
    let path = folder.file(root, &stored.id);
    files::replace(&path, &files::to_json(&path, stored)?)
}

/// Writes a message's new receive count. A power cut may lose the count, which costs one delivery more, but not the
/// message.
pub(super) fn rewrite(root: &Path, stored: &Stored) -> Result<(), Error> {
    let path = Folder::Ready.file(root, &stored.id);
    files::replace_soon(&path, &files::to_json(&path, stored)?)
}

pub(super) fn relocate(root: &Path, id: &str, from: Folder, to: Folder) -> Result<(), Error> {
    let (from, to) = (from.file(root, id), to.file(root, id));
    std::fs::rename(&from, &to).map_err(Error::io("move", &from))
}

pub(super) fn remove(root: &Path, id: &str, folder: Folder) -> Result<(), Error> {
    files::remove(&folder.file(root, id))
}
