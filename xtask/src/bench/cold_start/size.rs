//! How large a function's code is, as files and as Lambda is given them.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::bench::install;

/// Bytes.
pub(super) struct Size {
    pub(super) bytes: u64,
    /// `None` where there is no Python to zip with.
    pub(super) zipped: Option<u64>,
}

/// Of `names` in `folder`, files or folders; `archive` is written anew.
pub(super) fn measure(folder: &Path, names: &[&str], archive: &Path) -> Result<Size> {
    let mut bytes = 0;
    for name in names {
        bytes += on_disk(&folder.join(name))?;
    }
    // The same tool for both, so that they compare.
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "--create"]).arg(archive).args(names).current_dir(folder);
    let zipped = match install::output(&mut zip) {
        Some(_) => Some(on_disk(archive)?),
        None => None,
    };
    Ok(Size { bytes, zipped })
}

/// Bytes of a file, or of all files under a folder.
fn on_disk(path: &Path) -> Result<u64> {
    let context = || format!("cannot read {}", path.display());
    let metadata = fs::symlink_metadata(path).with_context(context)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    let mut bytes = 0;
    for entry in fs::read_dir(path).with_context(context)? {
        bytes += on_disk(&entry?.path())?;
    }
    Ok(bytes)
}
