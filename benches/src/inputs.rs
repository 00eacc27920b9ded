//! The files that go in, made once and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result};
use fixtures::bench;

use crate::drawn;

/// A file that goes in.
pub struct Input {
    /// Its file name.
    pub name: &'static str,
    make: Box<dyn Fn() -> Vec<u8> + Send + Sync>,
}

/// All there are, those that take longest first.
pub fn all() -> Vec<Input> {
    // A poster that is drawn otherwise wants another name: files are kept.
    let poster = Input { name: "100mp-drawn.png", make: Box::new(drawn::png_100mp) };
    let photographs = bench::inputs()
        .into_iter()
        .map(|input| Input { name: input.name, make: Box::new(move || input.make()) });
    std::iter::once(poster).chain(photographs).collect()
}

/// Makes those of `names` that are missing below `home`, two at a time (the largest takes 1 GB), and says which.
/// Returns their folder.
///
/// # Errors
///
/// If they cannot be written.
pub fn ready(home: &Path, names: &[&str]) -> Result<PathBuf> {
    let folder = home.join(format!("inputs/{}", bench::REVISION));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let missing: Vec<Input> = all()
        .into_iter()
        .filter(|input| names.contains(&input.name) && !folder.join(input.name).is_file())
        .collect();
    if missing.is_empty() {
        return Ok(folder);
    }
    eprintln!("inputs: making {} in {}", missing.len(), folder.display());
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(input) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = write(&folder, input) {
                        *failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(error);
                        return;
                    }
                }
            });
        }
    });
    match failure.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
        Some(error) => Err(error),
        None => Ok(folder),
    }
}

/// Renamed when whole, so that half a file is never taken for one.
fn write(folder: &Path, input: &Input) -> Result<()> {
    let bytes = (input.make)();
    let (part, whole) = (folder.join(format!("{}.part", input.name)), folder.join(input.name));
    fs::write(&part, &bytes)
        .and_then(|()| fs::rename(&part, &whole))
        .with_context(|| format!("cannot write {}", whole.display()))?;
    eprintln!("  {}: {:.1} MB", input.name, bytes.len() as f64 / 1e6);
    Ok(())
}
