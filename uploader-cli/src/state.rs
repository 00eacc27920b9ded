//! What the program has to remember between runs; `config::state_folder` says where.

use std::io;
use std::path::{Path, PathBuf};

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
