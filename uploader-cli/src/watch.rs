//! `uploader watch`: uploads what appears in a folder or changes there, once nobody writes to it any more.
//!
//! The folder is looked through again and again, which works on memory cards and network drives, too, where systems
//! tell nobody of changes. The log says what became of each file, and is what the next start goes by.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use crc_fast::{CrcAlgorithm, checksum};
use manifest::Sidecar;
use serde::{Deserialize, Serialize};

use crate::cli::{OutputArgs, SnippetArgs, StoreArgs};
use crate::config::state_folder;
use crate::console::Console;
use crate::help::{self, HelpArgs};
use crate::interrupt;
use crate::put::{Found, Item, Looks, Session, Tell, Texts, Usage, WayArgs, find, seconds, skipped_files};
use crate::store::Store;
use crate::transfer::Stamp;
use crate::{FAILED, USAGE, WELL};

const EXAMPLES: &str = "\
Examples:
  uploader watch ~/Pictures/blog --to 2026
  uploader watch exports/ --markup markdown >> snippets.md

Existing files are uploaded too, unless the bucket has them. A changed file
replaces its older upload. After Ctrl-C the next start continues.";

/// Options that `--help` shows.
const DAILY: [&str; 8] = ["to", "markup", "new_only", "settle", "local", "profile", "help", "help_all"];

/// Between two looks through the folder.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file that could not be sent is tried again after so long.
const RETRY_AFTER: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(disable_help_flag = true, mut_args = |arg| help::fold(arg, &DAILY))]
pub(crate) struct WatchArgs {
    /// Folder to watch
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Time a file must stay unchanged [default: 2]
    #[arg(long, value_name = "SECONDS", default_value = "2", hide_default_value = true, value_parser = seconds)]
    settle: Duration,

    /// Skip files that exist at the first start
    #[arg(long)]
    new_only: bool,

    /// Path of the log [default: in the state folder]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    #[command(flatten)]
    way: WayArgs,

    #[command(flatten)]
    snippet: SnippetArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    help: HelpArgs,
}

/// One line of the log: what became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// RFC 3339, UTC.
    time: String,
    file: PathBuf,
    /// Bytes.
    bytes: u64,
    /// Nanoseconds since 1970.
    modified: i128,
    #[serde(default)]
    key: String,
    /// `derived`, `uploaded`, `refused`, `rejected`, `failed`, or `passed-over`.
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Entry {
    fn new(file: &Path, stamp: Stamp, key: &str, state: &str, error: Option<String>) -> Self {
        Self {
            time: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            file: file.to_owned(),
            bytes: stamp.bytes,
            modified: stamp.modified,
            key: key.to_owned(),
            state: state.to_owned(),
            error,
        }
    }

    fn stamp(&self) -> Stamp {
        Stamp { bytes: self.bytes, modified: self.modified }
    }

    /// Whether another try would end the same way.
    fn is_final(&self) -> bool {
        self.state != "failed"
    }
}

/// The log, and what it says of each file.
struct Log {
    file: File,
    last: HashMap<PathBuf, Entry>,
    is_new: bool,
}

impl Log {
    fn open(path: &Path) -> io::Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        // What a crash cut off must not swallow the next line.
        if text.as_ref().is_some_and(|text| !text.is_empty() && !text.ends_with('\n')) {
            file.write_all(b"\n")?;
        }
        let is_new = text.is_none();
        let entries =
            text.iter().flat_map(|text| text.lines()).filter_map(|line| serde_json::from_str(line).ok());
        let last = entries.map(|entry: Entry| (entry.file.clone(), entry)).collect();
        Ok(Self { file, last, is_new })
    }

    fn add(&mut self, entry: Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.last.insert(entry.file.clone(), entry);
        Ok(())
    }
}

/// A file that may be sent, its path, and how it looked when it was found.
type Ready = (Item, PathBuf, Stamp);

/// What was seen of a file that isn't settled.
struct Seen {
    stamp: Stamp,
    since: Instant,
}

/// What is ready to be sent, by and by.
#[derive(Default)]
struct Waiting {
    seen: HashMap<PathBuf, Seen>,
    failed: HashMap<PathBuf, Instant>,
}

impl Waiting {
    /// Whether the file is to be sent now: it is not what the log says it was, and has been left alone.
    fn is_ready(&mut self, path: &Path, stamp: Stamp, logged: Option<&Entry>, settle: Duration) -> bool {
        if logged.is_some_and(|entry| entry.stamp() == stamp && entry.is_final()) {
            self.seen.remove(path);
            return false;
        }
        if self.failed.get(path).is_some_and(|when| when.elapsed() < RETRY_AFTER) {
            return false;
        }
        let now = Instant::now();
        let seen = self.seen.entry(path.to_owned()).or_insert(Seen { stamp, since: now });
        if seen.stamp != stamp {
            *seen = Seen { stamp, since: now };
        }
        seen.since.elapsed() >= settle
    }
}

/// Watches until it is told to stop; the answer is the exit status.
///
/// # Errors
///
/// When the log cannot be written, or standard output takes no more.
pub(crate) async fn run(mut args: WatchArgs) -> anyhow::Result<u8> {
    let console = Console::new(&args.output);
    args.way.overwrite = true;
    if !args.folder.is_dir() {
        console.error(format_args!("{} is not a folder", args.folder.display()));
        return Ok(USAGE);
    }
    let store = match Store::of(&args.store).await {
        Ok(store) => store,
        Err(refusal) => return Ok(refusal.say()),
    };
    let folder = std::path::absolute(&args.folder)?;
    let Some(path) = args.log.clone().or_else(|| log_path(&store, &folder, &args.way.to)) else {
        console.error("there is no folder for state; give --log FILE");
        return Ok(USAGE);
    };
    let mut log = Log::open(&path)?;
    let mut looks = Looks::default();
    let paths = vec![folder];
    if args.new_only && log.is_new {
        for (_, path, stamp) in files(&paths, &args.way, &mut looks).unwrap_or_default().0 {
            log.add(Entry::new(&path, stamp, "", "passed-over", None))?;
        }
    }
    let markup = args.snippet.markup(&store);
    let tell = Tell { json: args.output.json, events: args.output.events, clipboard: false };
    let settle = args.settle;
    let session = match Session::new(store, args.way, markup, tell, console.clone()).await {
        Ok(session) => session,
        Err(failure) => {
            console.error(failure);
            return Ok(FAILED);
        }
    };
    console.info(format_args!("watching {}; the log is {}", paths[0].display(), path.display()));

    let mut waiting = Waiting::default();
    let mut told: HashSet<PathBuf> = HashSet::new();
    let mut refused: Option<Usage> = None;
    let watching = async {
        loop {
            let (found, mut skipped) = match files(&paths, session.way(), &mut looks) {
                Ok(files) => files,
                Err(usage) => {
                    if refused.as_ref() != Some(&usage) {
                        console.error(&usage);
                    }
                    refused = Some(usage);
                    tokio::time::sleep(LOOK_EVERY).await;
                    continue;
                }
            };
            refused = None;
            skipped.retain(|path| told.insert(path.clone()));
            if let Some(skipped) = skipped_files(&skipped) {
                console.info(skipped);
            }
            waiting.seen.retain(|path, _| found.iter().any(|(_, found, _)| found == path));
            let ready: Vec<_> = found
                .into_iter()
                .filter(|(_, path, stamp)| waiting.is_ready(path, *stamp, log.last.get(path), settle))
                .collect();
            if !ready.is_empty() {
                send(&session, ready, &mut log, &mut waiting).await?;
                if session.needs_a_person() {
                    console.error("stopped; fix this and start the command again, which sends the rest");
                    return Ok(());
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let stopped = interrupt::requested();
    tokio::select! {
        ended = watching => {
            let ended: anyhow::Result<()> = ended;
            ended.map(|()| FAILED)
        }
        () = stopped => {
            console.finish();
            console.info("stopped; the next start continues");
            Ok(WELL)
        }
    }
}

/// Sends what is ready and logs what became of it.
async fn send(
    session: &Session,
    ready: Vec<Ready>,
    log: &mut Log,
    waiting: &mut Waiting,
) -> anyhow::Result<()> {
    let stamps: HashMap<String, (PathBuf, Stamp)> =
        ready.iter().map(|(item, path, stamp)| (item.name.clone(), (path.clone(), *stamp))).collect();
    let items = ready.into_iter().map(|(item, ..)| item).collect();
    let each = &mut |outcome: &crate::put::Outcome| -> io::Result<()> {
        let Some((path, stamp)) = stamps.get(outcome.file()) else { return Ok(()) };
        let error = outcome.failure().map(ToString::to_string);
        let entry = Entry::new(path, *stamp, outcome.key(), outcome.state(), error);
        if entry.is_final() {
            waiting.failed.remove(path);
        } else {
            waiting.failed.insert(path.clone(), Instant::now());
        }
        waiting.seen.remove(path);
        log.add(entry)
    };
    session.put(items, &Sidecar::default(), &Texts::default(), false, each).await?;
    Ok(())
}

/// Returns the pictures below the folder, as they are now, and the skipped files. A folder that is absent for the moment
/// has none.
///
/// # Errors
///
/// [`Usage`] if two files would have the same key.
fn files(paths: &[PathBuf], way: &WayArgs, looks: &mut Looks) -> Result<(Vec<Ready>, Vec<PathBuf>), Usage> {
    let Found { items, mut skipped, special } = find(paths, way, looks)?;
    skipped.extend(special.into_iter().map(|(path, _)| path));
    let with_stamp = |item: Item| {
        let path = item.path.as_ref().ok()?.clone();
        let stamp = Stamp::of(&fs::metadata(&path).ok()?);
        Some((item, path, stamp))
    };
    Ok((items.into_iter().filter_map(with_stamp).collect(), skipped))
}

/// One log for each way from a folder to a bucket.
fn log_path(store: &Store, folder: &Path, prefix: &str) -> Option<PathBuf> {
    let state = state_folder(|name| std::env::var(name).ok())?;
    let endpoint = store.endpoint.as_deref().unwrap_or_default();
    let way = [endpoint, &store.originals, prefix, &folder.to_string_lossy()].join("\0");
    Some(
        state.join("watch").join(format!("{:016x}.jsonl", checksum(CrcAlgorithm::Crc64Nvme, way.as_bytes()))),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const STAMP: Stamp = Stamp { bytes: 7, modified: 1 };

    #[test]
    fn a_file_that_is_written_to_is_left_alone() {
        let mut waiting = Waiting::default();
        let path = Path::new("/a.jpg");
        assert!(waiting.is_ready(path, STAMP, None, Duration::ZERO));
        assert!(!waiting.is_ready(path, STAMP, None, Duration::from_secs(60)));
        let grown = Stamp { bytes: 8, ..STAMP };
        let since = waiting.seen[path].since;
        assert!(!waiting.is_ready(path, grown, None, Duration::from_secs(60)));
        assert!(waiting.seen[path].since > since);
    }

    #[test]
    fn what_the_log_says_is_not_sent_again_unless_it_failed_or_changed() {
        let mut waiting = Waiting::default();
        let path = Path::new("/a.jpg");
        let mut ready = |state: &str, stamp| {
            let entry = Entry::new(path, STAMP, "a.jpg", state, None);
            waiting.is_ready(path, stamp, Some(&entry), Duration::ZERO)
        };
        for state in ["derived", "uploaded", "refused", "rejected", "passed-over"] {
            assert!(!ready(state, STAMP), "{state}");
        }
        assert!(ready("failed", STAMP));
        assert!(ready("derived", Stamp { modified: 2, ..STAMP }));
        waiting.failed.insert(path.to_owned(), Instant::now());
        assert!(!waiting.is_ready(path, STAMP, None, Duration::ZERO));
    }

    #[test]
    fn the_log_is_read_back_and_survives_a_line_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let entry = |name: &str, state: &str| Entry::new(Path::new(name), STAMP, name, state, None);
        let mut log = Log::open(&path).unwrap();
        assert!(log.is_new);
        log.add(entry("/a", "failed")).unwrap();
        log.add(entry("/a", "derived")).unwrap();
        log.file.write_all(b"{\"time\": \"20").unwrap();
        let mut log = Log::open(&path).unwrap();
        assert!(!log.is_new);
        assert_eq!(log.last[Path::new("/a")].state, "derived");
        log.add(entry("/b", "uploaded")).unwrap();
        let log = Log::open(&path).unwrap();
        assert_eq!(log.last[Path::new("/b")].state, "uploaded");
    }
}
