//! `thumbnailer render`: files in, files out.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use anyhow::Context;
use imaging::{DeriveError, Limits, Preset, Rejection, Rendition, Stop};
use manifest::{rendition_path, source_digest};
use sha2::{Digest, Sha256};

use crate::Ending;
use crate::budget::{Budget, Share};
use crate::cli::{self, UsageError};
use crate::files::{self, Found, Source, Unusable};
use crate::preset;
use crate::report::{RenditionReport, SourceReport, State, millis};

/// Bytes that the pictures being worked on may take together: what a laptop of 8 GiB can spare, and dozens of
/// photographs.
const MEMORY: u64 = 2 << 30;

pub(crate) fn run(args: cli::Render) -> anyhow::Result<Ending> {
    let preset = preset::with_flags(&args)?;
    let found = files::find(&args.paths, &args.out)?;
    found.tell_skipped();
    if found.sources.is_empty() {
        return Err(UsageError("there are no pictures in the folders named".to_owned()).into());
    }
    nothing_in_the_way(&found, &args.out)?;
    fs::create_dir_all(&args.out).with_context(|| format!("--out {}", args.out.display()))?;

    let budget = Budget::new(MEMORY);
    let mut ending = Ending::AllWell;
    each_in_order(
        &found.sources,
        |source| render(source, &args.out, &preset, &budget),
        |report| {
            if report.state != State::Derived {
                ending = Ending::SomethingFailed;
            }
            report.print(args.json);
        },
    );
    Ok(ending)
}

/// Each source's renditions get a folder of its name, for which a file leaves no room.
fn nothing_in_the_way(found: &Found, out: &Path) -> Result<(), UsageError> {
    for source in found.sources.iter().flatten() {
        let folder = out.join(&source.key);
        let mut above = folder.ancestors().take_while(|above| above.starts_with(out));
        if let Some(file) = above.find(|above| above.exists() && !above.is_dir()) {
            return Err(UsageError(format!(
                "--out {}: the renditions of {} would lie in the folder {}, but {} is a file. Choose another --out",
                out.display(),
                source.path.display(),
                folder.display(),
                file.display()
            )));
        }
    }
    Ok(())
}

/// Works on `items` with as many threads as there are cores, and hands over the results in the items' order,
/// each as soon as those before it are there.
fn each_in_order<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync, mut done: impl FnMut(R)) {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                while let Some((index, item)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    items.get(index).map(|item| (index, item))
                } {
                    if sender.send((index, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut turn = 0;
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&turn) {
                done(result);
                turn += 1;
            }
        }
    });
}

/// One source, whatever happens in it.
fn render(source: &Result<Source, Unusable>, out: &Path, preset: &Preset, budget: &Budget) -> SourceReport {
    let started = Instant::now();
    let source = match source {
        Ok(source) => source,
        Err(Unusable { path, reason }) => {
            let name = path.display().to_string();
            return SourceReport::failed(name.clone(), name, reason.clone());
        }
    };
    let name = source.path.display().to_string();
    let mut report = SourceReport::failed(name, source.key.clone(), String::new());
    let result = catch_unwind(AssertUnwindSafe(|| derive(source, out, preset, budget, &mut report)));
    report.ms = Some(millis(started.elapsed()));
    match result {
        Ok(Ok(())) => {
            report.state = State::Derived;
            report.reason = None;
        }
        Ok(Err(Failure::Rejected(rejection))) => {
            report.state = State::Rejected;
            report.reason = Some(format!("{rejection}. {}", rejection.remedy()));
        }
        Ok(Err(Failure::Other(reason))) => report.reason = Some(reason),
        // The panic's message has been printed to stderr already.
        Err(_) => report.reason = Some("internal fault: a panic. Please report this file".to_owned()),
    }
    if report.state != State::Derived {
        report.renditions.clear();
    }
    report
}

enum Failure {
    Rejected(Rejection),
    Other(String),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

fn derive(
    source: &Source,
    out: &Path,
    preset: &Preset,
    budget: &Budget,
    report: &mut SourceReport,
) -> Result<(), Failure> {
    let limits = Limits::default();
    let (mut memory, bytes) = read(&source.path, &limits, budget, report)?;
    let info = imaging::probe(&bytes, &limits)?;
    let (width, height) = info.displayed();
    (report.width, report.height) = (Some(width), Some(height));
    let plan = imaging::plan(&info, preset, &limits)?;
    memory.work(plan.predicted_peak);

    let sha256 = hex::encode(Sha256::digest(&bytes));
    let folder = out.join(&source.key);
    let derived = imaging::derive(&bytes, &plan, &Stop::new(), |Rendition { spec, bytes }| {
        let name = rendition_path(source_digest(&sha256), spec.width, spec.spec(), spec.format.extension());
        let path = folder.join(name);
        write(&path, &bytes).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        report.renditions.push(RenditionReport {
            path: path.display().to_string(),
            media_type: spec.format.media_type().to_owned(),
            width: spec.width,
            height: spec.height,
            bytes: bytes.len() as u64,
        });
        Ok::<_, String>(())
    });
    match derived {
        Ok(derived) => {
            report.warnings = derived.warnings;
            Ok(())
        }
        Err(DeriveError::Rejected(rejection)) => Err(rejection.into()),
        Err(DeriveError::Sink(reason) | DeriveError::Fault(reason)) => Err(Failure::Other(reason)),
        Err(error @ DeriveError::Stopped) => Err(Failure::Other(error.to_string())),
    }
}

/// Reads a file unless it is above the limit; the share of memory is to be kept as long as the bytes.
fn read<'a>(
    path: &Path,
    limits: &Limits,
    budget: &'a Budget,
    report: &mut SourceReport,
) -> Result<(Share<'a>, Vec<u8>), Failure> {
    let failed = |error: io::Error| Failure::Other(format!("cannot be read: {error}"));
    let file = fs::File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    report.bytes = Some(length);
    let check = |length| Rejection::check("the file's size in bytes", length, limits.source_bytes);
    check(length)?;
    let memory = budget.hold(length);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    // A pipe, or a file that grows, has no length to rely on.
    file.take(limits.source_bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
    check(bytes.len() as u64)?;
    report.bytes = Some(bytes.len() as u64);
    Ok((memory, bytes))
}

/// Writes a file so that it is there whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    fs::create_dir_all(&folder)?;
    let mut file = tempfile::Builder::new().prefix(".rendering-").tempfile_in(&folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are their owner's alone; renditions are for a web server to read.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..40).rev().collect();
        let mut seen = Vec::new();
        each_in_order(
            &items,
            |&n| {
                thread::sleep(std::time::Duration::from_micros(n * 50));
                n
            },
            |n| seen.push(n),
        );
        assert_eq!(seen, items);
    }
}
