//! Writing files so that a crash leaves the old one or the new one, never half of one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

/// The ending of files that are not finished; whoever opens the directory removes them.
const UNFINISHED: &str = "unfinished";

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A name beside `path` that no other writer of this process uses.
fn beside(path: &Path) -> PathBuf {
    path.with_extension(format!("{}.{UNFINISHED}", COUNTER.fetch_add(1, Ordering::Relaxed)))
}

pub(crate) fn is_unfinished(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == UNFINISHED)
}

/// Puts `bytes` at `path`, replacing what was there; on return they outlive a power cut.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write(path, bytes)?;
    sync_parent(path);
    Ok(())
}

/// As [`replace`], but after a power cut there may be what was there before. Never half of something.
pub(crate) fn replace_soon(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write(path, bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let unfinished = beside(path);
    let written = (|| {
        let mut file = create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?; // also here: a renamed file may be empty after a power cut
        fs::rename(&unfinished, path)
    })();
    written.map_err(|error| {
        let _ = fs::remove_file(&unfinished);
        Error::io("write", path)(error)
    })
}

/// Creates an empty file that only its owner can read, or empties the existing one.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    owner_only().create(true).truncate(true).open(path)
}

/// Returns options for writing a file that, if it is created, only its owner can read.
pub(crate) fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a rename or removal in `path`'s directory outlive a power cut. Not every file system can; those that
/// cannot have nothing better to offer.
pub(crate) fn sync_parent(path: &Path) {
    if let Some(parent) = path.parent() {
        sync_folder(if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    }
}

/// Makes all renames and removals in a directory outlive a power cut, as far as the file system can.
pub(crate) fn sync_folder(path: &Path) {
    if let Ok(directory) = File::open(path) {
        let _ = directory.sync_all();
    }
}

/// Makes a file's bytes outlive a power cut; that it is gone already is fine.
pub(crate) fn sync(path: &Path) -> Result<(), Error> {
    match File::open(path).and_then(|file| file.sync_all()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("write", path)(error)),
        _ => Ok(()),
    }
}

/// Creates a directory and those above it for their owner alone, so that each outlives a power cut.
pub(crate) fn create_dir_all(path: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.is_dir()).collect();
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path).map_err(Error::io("create", path))?;
    missing.into_iter().for_each(sync_parent);
    Ok(())
}

/// Removes a file; that it is gone already is fine.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// The entries of a directory in order of name; none if it does not exist.
pub(crate) fn entries(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let listing = match fs::read_dir(path) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", path)(error)),
    };
    let mut entries = listing
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Error::io("list", path))?;
    entries.sort();
    Ok(entries)
}

/// Reads a JSON document that we wrote.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::Damaged { path: path.to_path_buf(), reason: error.to_string() })
}

/// A document as bytes. Our own types always serialise; should one not, that is an I/O error like any other.
pub(crate) fn to_json<T: serde::Serialize>(path: &Path, document: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(document).map_err(|error| Error::io("encode", path)(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn replacing_leaves_no_other_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(entries(dir.path()).unwrap(), [path]);
    }

    #[test]
    fn a_failed_write_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("missing/a.json");
        let error = replace(&path, b"one").unwrap_err().to_string();
        assert!(error.contains("missing/a.json"), "{error}");
    }
}
