//! Where the program keeps what it has to remember between runs.

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// The folder for state: `UPLOADER_STATE`, else `uploader` in the XDG state folder (or what the system has instead).
///
/// Source: XDG Base Directory Specification 0.8.
pub(crate) fn folder(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    if let Some(folder) = env("UPLOADER_STATE").filter(|folder| !folder.trim().is_empty()) {
        return Some(PathBuf::from(folder));
    }
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("uploader"))
}

/// Where the journals of unfinished uploads lie in it.
pub(crate) fn journals(folder: &Path) -> PathBuf {
    folder.join("uploads")
}

/// Replaces the file at `path` by `text`, as a whole or not at all.
///
/// # Errors
///
/// When the folder cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
