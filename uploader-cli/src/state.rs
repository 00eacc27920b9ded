//! What the program has to remember between runs; `config::state_folder` says where.

use std::path::{Path, PathBuf};

/// Where the journals of unfinished uploads lie in it.
pub(crate) fn journals(folder: &Path) -> PathBuf {
    folder.join("uploads")
}
