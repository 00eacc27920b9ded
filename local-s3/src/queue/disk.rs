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

/// Writes a message that a batch's record holds as well, so that nothing has to wait for the disk.
pub(super) fn write_recorded(root: &Path, stored: &Stored) -> Result<(), Error> {
    let path = Folder::Ready.file(root, &stored.id);
    std::fs::write(&path, files::to_json(&path, stored)?).map_err(Error::io("write", &path))
}

/// Makes the files of recorded messages outlive a power cut; those that were dealt with have none.
pub(crate) fn sync_ready(root: &Path, recorded: &[Stored]) -> Result<(), Error> {
    for stored in recorded {
        files::sync(&Folder::Ready.file(root, &stored.id))?;
    }
    if !recorded.is_empty() {
        files::sync_folder(&Folder::Ready.path(root));
    }
    Ok(())
}

/// Writes recorded messages again after a crash, except dead letters.
pub(crate) fn restore(root: &Path, recorded: &[Stored]) -> Result<(), Error> {
    files::create_dir_all(&Folder::Ready.path(root))?;
    let mut lost = recorded.iter().filter(|stored| !Folder::Dead.file(root, &stored.id).exists());
    lost.try_for_each(|stored| write(root, stored, Folder::Ready))
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
