//! A look at a file before it is sent: what it is, what it gives away, its checksum.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest};
use image_header::{Limits, Rejection, SourceInfo, probe};

use crate::failure::Failure;

/// The media type of what is sent though it is no picture.
const UNKNOWN: &str = "application/octet-stream";

/// Bytes read at once of a file that is too large to be looked at as a whole.
const CHUNK: usize = 1 << 20;

/// What S3 takes in one PUT.
///
/// Source: Amazon S3 User Guide, "Uploading objects".
const LARGEST_PUT: u64 = 5 << 30;

/// What is known of a file that may be sent.
#[derive(Debug)]
pub(super) struct Inspected {
    /// Bytes.
    pub(super) bytes: u64,
    /// By content, not by name.
    pub(super) media_type: &'static str,
    /// CRC-64/NVME, big-endian, base64: as S3 wants it.
    pub(super) crc64nvme: String,
    /// What its owner may want to know.
    pub(super) warnings: Vec<String>,
}

/// Looks at the file at `path`. With `force`, what cannot be derived is no reason to refuse it.
///
/// # Errors
///
/// A [`Failure`] when it cannot be read, or is nothing to be derived from.
pub(super) async fn inspect(path: &Path, force: bool) -> Result<Inspected, Failure> {
    let path = PathBuf::from(path);
    let looked = tokio::task::spawn_blocking(move || look(&path, force)).await;
    looked.unwrap_or_else(|error| {
        Err(Failure::new(
            "panicked",
            format!("the file could not be looked at: {error}"),
            "Report this file.",
        ))
    })
}

fn look(path: &Path, force: bool) -> Result<Inspected, Failure> {
    let limits = Limits::default();
    let (bytes, crc, probed) = read(path, &limits).map_err(|error| unreadable(&error))?;
    if bytes > LARGEST_PUT {
        return Err(Failure::new(
            "EntityTooLarge",
            format!("the file has {bytes} bytes, more than the {LARGEST_PUT} that one upload holds"),
            "Export the picture smaller.",
        ));
    }
    let (media_type, warnings) = match probed {
        Ok(info) => (info.format.media_type(), warnings(&info)),
        Err(rejection) if force => (UNKNOWN, vec![format!("{rejection}; sent all the same")]),
        Err(rejection) => return Err(refused(&rejection)),
    };
    Ok(Inspected { bytes, media_type, crc64nvme: STANDARD.encode(crc.to_be_bytes()), warnings })
}

/// The file's length, its checksum, and what its header says. The whole file is in memory only if it is
/// small enough to be derived.
fn read(path: &Path, limits: &Limits) -> io::Result<(u64, u64, Result<SourceInfo, Rejection>)> {
    let mut file = std::fs::File::open(path)?;
    let announced = file.metadata()?;
    if announced.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if announced.len() <= limits.source_bytes {
        let mut source = Vec::new();
        // A file that grows meanwhile is read no further than one byte past the limit.
        let bytes = file.take(limits.source_bytes + 1).read_to_end(&mut source)? as u64;
        let crc = crc_fast::checksum(CrcAlgorithm::Crc64Nvme, &source);
        return Ok((bytes, crc, probe(&source, limits)));
    }
    let mut digest = Digest::new(CrcAlgorithm::Crc64Nvme);
    let mut chunk = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        digest.update(&chunk[..read]);
        bytes += read as u64;
    }
    let too_large = Rejection::check("the file's length in bytes", bytes, limits.source_bytes);
    let rejection = too_large.err().unwrap_or_else(|| Rejection::damaged("it shrank while it was read"));
    Ok((bytes, digest.finalize(), Err(rejection)))
}

fn warnings(info: &SourceInfo) -> Vec<String> {
    let mut warnings = Vec::new();
    if info.gps {
        warnings.push(
            "the photograph says where it was taken (GPS); its renditions won't, but the original in the \
             bucket keeps it"
                .to_owned(),
        );
    }
    if !info.complete {
        warnings.push("the file ends early; part of the picture may be missing".to_owned());
    }
    warnings
}

fn refused(rejection: &Rejection) -> Failure {
    let remedy = format!("{} To upload the file all the same, give --force.", rejection.remedy());
    Failure::new(rejection.code(), rejection.to_string(), remedy)
}

fn unreadable(error: &io::Error) -> Failure {
    let (message, remedy) = match error.kind() {
        io::ErrorKind::NotFound => ("there is no such file".to_owned(), "Check its name."),
        io::ErrorKind::PermissionDenied => ("the file may not be read".to_owned(), "Check its permissions."),
        _ => (format!("the file cannot be read: {error}"), "Check the file and the disk that it is on."),
    };
    Failure::new("unreadable", message, remedy)
}
