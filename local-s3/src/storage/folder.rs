//! Folders opened without following symbolic links, for writing where people may have put links of their own.

use std::fs;
use std::io;
use std::path::Path;

use super::view::Mark;

/// An open folder of the readable view. Its own name and those above it may change meanwhile; it stays the same folder.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Folder(std::os::fd::OwnedFd);

#[cfg(unix)]
impl Folder {
    /// Opens the data directory, which may itself be reached through a symbolic link.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(fs::File::open(path)?.into()))
    }

    /// Opens the folder `name` in this one.
    ///
    /// # Errors
    ///
    /// `NotADirectory` or `FilesystemLoop` if it is a symbolic link or a file, `NotFound` if it does not exist.
    pub(super) fn enter(&self, name: &str) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags, openat};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self(openat(&self.0, name, flags, Mode::empty())?))
    }

    /// Opens the folder `name` in this one, and creates it for its owner alone if it does not exist.
    pub(super) fn enter_or_create(&self, name: &str) -> io::Result<Self> {
        match rustix::fs::mkdirat(&self.0, name, rustix::fs::Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.enter(name),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the mark of the file `name`, or `None` if there is none.
    pub(super) fn mark(&self, name: &str) -> Option<Mark> {
        let data = rustix::fs::statat(&self.0, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).ok()?;
        #[allow(clippy::useless_conversion, reason = "the types differ from system to system")]
        Some(Mark { device: data.st_dev.into(), inode: data.st_ino.into() })
    }

    /// Opens the file `name` for reading.
    pub(super) fn read(&self, name: &str) -> io::Result<fs::File> {
        use rustix::fs::{Mode, OFlags, openat};
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(openat(&self.0, name, flags, Mode::empty())?.into())
    }

    /// Creates the hard link `name` of `file`.
    pub(super) fn link(&self, file: &Path, name: &str) -> io::Result<()> {
        Ok(rustix::fs::linkat(rustix::fs::CWD, file, &self.0, name, rustix::fs::AtFlags::empty())?)
    }

    /// Moves `file` to `name`, replacing the file there.
    pub(super) fn replace(&self, file: &Path, name: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(rustix::fs::CWD, file, &self.0, name)?)
    }

    /// Removes the file `name`.
    pub(super) fn remove_file(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, rustix::fs::AtFlags::empty())?)
    }

    /// Removes the folder `name`, which must be empty.
    pub(super) fn remove_folder(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, rustix::fs::AtFlags::REMOVEDIR)?)
    }
}

/// A folder of the readable view, by its path: other systems have no way to open one and stay in it.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Folder(std::path::PathBuf);

#[cfg(not(unix))]
impl Folder {
    /// Opens the data directory, which may itself be reached through a symbolic link.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(path.to_path_buf()))
    }

    /// Opens the folder `name` in this one.
    ///
    /// # Errors
    ///
    /// `NotADirectory` if it is a symbolic link or a file, `NotFound` if it does not exist.
    pub(super) fn enter(&self, name: &str) -> io::Result<Self> {
        let path = self.0.join(name);
        match fs::symlink_metadata(&path)?.is_dir() {
            true => Ok(Self(path)),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Opens the folder `name` in this one, and creates it if it does not exist.
    pub(super) fn enter_or_create(&self, name: &str) -> io::Result<Self> {
        match fs::create_dir(self.0.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => self.enter(name),
        }
    }

    /// Returns the mark of the file `name`, or `None` if there is none.
    pub(super) fn mark(&self, name: &str) -> Option<Mark> {
        Mark::of(&self.0.join(name))
    }

    /// Opens the file `name` for reading.
    pub(super) fn read(&self, name: &str) -> io::Result<fs::File> {
        let path = self.0.join(name);
        match fs::symlink_metadata(&path)?.is_file() {
            true => fs::File::open(path),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Creates the hard link `name` of `file`.
    pub(super) fn link(&self, file: &Path, name: &str) -> io::Result<()> {
        fs::hard_link(file, self.0.join(name))
    }

    /// Moves `file` to `name`, replacing the file there.
    pub(super) fn replace(&self, file: &Path, name: &str) -> io::Result<()> {
        fs::rename(file, self.0.join(name))
    }

    /// Removes the file `name`.
    pub(super) fn remove_file(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    /// Removes the folder `name`, which must be empty.
    pub(super) fn remove_folder(&self, name: &str) -> io::Result<()> {
        fs::remove_dir(self.0.join(name))
    }
}
