//! What survives the program: which upload on the server belongs to which file.
//!
//! One small file of JSON lines for each upload: what is sent where, then the upload's id, then each part as it
//! arrives. The first two are on the disk before the next step is taken. What has arrived is asked of the server; the
//! lines of parts are for servers that list parts without checksums.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crc_fast::{CrcAlgorithm, checksum};
use serde::{Deserialize, Serialize};

/// What is sent where. Another run goes on only with exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The server; empty for Amazon's.
    pub(crate) endpoint: String,
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// The file's absolute path.
    pub(crate) file: PathBuf,
    /// Bytes.
    pub(crate) bytes: u64,
    /// Nanoseconds since 1970; 0 where the file system doesn't say.
    pub(crate) modified: i128,
    /// Bytes of a part.
    pub(crate) part_bytes: u64,
    pub(crate) media_type: String,
    /// Name and value, as they are sent.
    pub(crate) metadata: Vec<(String, String)>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// With when it was begun, in seconds since 1970.
    Plan {
        plan: Plan,
        begun: u64,
    },
    Upload {
        id: String,
    },
    Part {
        number: u32,
        etag: String,
        crc64nvme: String,
    },
}

/// A part as the server confirmed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) etag: String,
    /// CRC-64/NVME, base64.
    pub(crate) crc64nvme: String,
}

/// The journal of one upload, locked as long as this lives.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    plan: Option<Plan>,
    begun: u64,
    upload_id: Option<String>,
    parts: HashMap<u32, Arrived>,
}

/// Why there is no journal.
#[derive(Debug)]
pub(crate) enum Unavailable {
    /// Another process is at this very upload.
    Busy,
    Io(io::Error),
}

impl From<io::Error> for Unavailable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Journal {
    /// The journal below `folder` of what is sent from `file` to that place, made if there is none.
    pub(crate) fn open(
        folder: &Path,
        endpoint: &str,
        bucket: &str,
        key: &str,
        file: &Path,
    ) -> Result<Self, Unavailable> {
        fs::create_dir_all(folder)?;
        Self::at(&path(folder, endpoint, bucket, key, file))
    }

    /// The same, but none is made.
    pub(crate) fn existing(
        folder: &Path,
        endpoint: &str,
        bucket: &str,
        key: &str,
        file: &Path,
    ) -> Option<Self> {
        let path = path(folder, endpoint, bucket, key, file);
        path.exists().then(|| Self::at(&path).ok()).flatten()
    }

    /// All journals below `folder` that no other process is using.
    pub(crate) fn all(folder: &Path) -> io::Result<Vec<Self>> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                match Self::at(&path) {
                    Ok(journal) => all.push(journal),
                    Err(Unavailable::Busy) => {}
                    Err(Unavailable::Io(error)) => return Err(error),
                }
            }
        }
        Ok(all)
    }

    fn at(path: &Path) -> Result<Self, Unavailable> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Unavailable::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut journal = Self {
            path: path.to_owned(),
            file,
            plan: None,
            begun: 0,
            upload_id: None,
            parts: HashMap::new(),
        };
        journal.read()?;
        Ok(journal)
    }

    fn read(&mut self) -> io::Result<()> {
        let mut whole = 0;
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            // A line that was cut off by a crash, and what may follow it, was never written.
            let Some(parsed) = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok())
            else {
                break;
            };
            whole += read as u64;
            match parsed {
                Line::Plan { plan, begun } => (self.plan, self.begun) = (Some(plan), begun),
                Line::Upload { id } => self.upload_id = Some(id),
                Line::Part { number, etag, crc64nvme } => {
                    self.parts.insert(number, Arrived { etag, crc64nvme });
                }
            }
        }
        drop(reader);
        self.file.set_len(whole)?;
        self.file.seek(SeekFrom::Start(whole))?;
        Ok(())
    }

    /// What is sent where, if anything was begun.
    pub(crate) fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// When it was begun, in seconds since 1970.
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    /// The upload on the server, if it is known.
    pub(crate) fn upload_id(&self) -> Option<&str> {
        self.upload_id.as_deref()
    }

    /// What the server said of part `number`.
    pub(crate) fn part(&self, number: u32) -> Option<&Arrived> {
        self.parts.get(&number)
    }

    /// Forgets what there was; an upload by `plan` will be begun next.
    pub(crate) fn begin(&mut self, plan: Plan, now: u64) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        (self.upload_id, self.parts) = (None, HashMap::new());
        self.append(&Line::Plan { plan: plan.clone(), begun: now })?;
        (self.plan, self.begun) = (Some(plan), now);
        self.sync()
    }

    /// The server has begun the upload.
    pub(crate) fn uploading(&mut self, id: &str) -> io::Result<()> {
        self.append(&Line::Upload { id: id.to_owned() })?;
        self.upload_id = Some(id.to_owned());
        self.sync()
    }

    /// A part has arrived. If this is lost in a crash, the server still knows.
    pub(crate) fn arrived(&mut self, number: u32, part: &Arrived) -> io::Result<()> {
        let Arrived { etag, crc64nvme } = part.clone();
        self.append(&Line::Part { number, etag, crc64nvme })
    }

    /// It is over: nothing is left to go on with.
    pub(crate) fn finish(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_all()?;
        // The name has to last, too, where folders can be synchronised.
        if let Some(folder) = self.path.parent() {
            File::open(folder).and_then(|folder| folder.sync_all()).ok();
        }
        Ok(())
    }
}

/// One name for each way from a file to a key.
fn path(folder: &Path, endpoint: &str, bucket: &str, key: &str, file: &Path) -> PathBuf {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let way = [endpoint, bucket, key, &file.to_string_lossy()].join("\0");
    folder.join(format!("{:016x}.jsonl", checksum(CrcAlgorithm::Crc64Nvme, way.as_bytes())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn plan() -> Plan {
        Plan {
            endpoint: String::new(),
            bucket: "originals".into(),
            key: "a b.jpg".into(),
            file: "/photos/a b.jpg".into(),
            bytes: 20 << 20,
            modified: 1_700_000_000_000_000_001,
            part_bytes: 8 << 20,
            media_type: "image/jpeg".into(),
            metadata: vec![("alt".into(), "Boats".into())],
        }
    }

    fn open(folder: &Path) -> Result<Journal, Unavailable> {
        Journal::open(folder, "", "originals", "a b.jpg", Path::new("/photos/a b.jpg"))
    }

    #[test]
    fn it_is_read_back_wherever_it_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let part = Arrived { etag: "\"e\"".into(), crc64nvme: "AAAAAAAAAAA=".into() };
        let mut journal = open(folder.path()).unwrap();
        journal.begin(plan(), 17).unwrap();
        journal.uploading("id").unwrap();
        journal.arrived(3, &part).unwrap();
        let path = journal.path.clone();
        drop(journal);

        let whole = fs::read(&path).unwrap();
        let ends: Vec<usize> =
            whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
        for length in 0..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let mut journal = open(folder.path()).unwrap();
            assert_eq!(journal.plan().is_some(), length >= ends[0], "{length}");
            assert_eq!(journal.upload_id().is_some(), length >= ends[1], "{length}");
            assert_eq!(journal.part(3).is_some(), length >= ends[2], "{length}");
            // It goes on behind what is whole.
            journal.arrived(4, &part).unwrap();
            drop(journal);
            assert_eq!(open(folder.path()).unwrap().part(4), Some(&part), "{length}");
        }
    }

    #[test]
    fn a_new_upload_forgets_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = open(folder.path()).unwrap();
        journal.begin(plan(), 17).unwrap();
        journal.uploading("old").unwrap();
        journal.begin(Plan { bytes: 1, ..plan() }, 18).unwrap();
        drop(journal);
        let journal = open(folder.path()).unwrap();
        assert_eq!((journal.upload_id(), journal.begun(), journal.plan().unwrap().bytes), (None, 18, 1));
        journal.finish().unwrap();
        assert!(Journal::all(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn two_processes_do_not_send_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path()).unwrap();
        assert!(matches!(open(folder.path()), Err(Unavailable::Busy)));
        assert!(Journal::all(folder.path()).unwrap().is_empty());
        drop(journal);
        assert!(open(folder.path()).is_ok());
    }
}
