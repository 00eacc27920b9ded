//! A look at a file before it is sent: what it is, and what it gives away.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use image_header::{Limits, Rejection, SourceInfo, probe};

use crate::failure::Failure;
use crate::regular;
use crate::transfer::Stamp;

/// The media type of what is sent though it is no picture that is known.
const UNKNOWN: &str = "application/octet-stream";

/// Bytes of a file that are looked at: all that is said of a photograph, and all of most photographs.
const LOOKED_AT: u64 = 32 << 20;

/// What is known of a file that may be sent.
#[derive(Debug, Clone)]
pub(crate) struct Inspected {
    pub(crate) stamp: Stamp,
    /// By content, not by name.
    pub(crate) media_type: &'static str,
    /// Pixels as displayed, of a picture.
    pub(crate) size: Option<(u32, u32)>,
    /// What its owner may want to know.
    pub(crate) warnings: Vec<String>,
}

/// Looks at the file at `path`. With `force`, what cannot be derived is no reason to refuse it.
///
/// # Errors
///
/// A [`Failure`] when it cannot be read, or is nothing to be derived from.
pub(crate) async fn inspect(path: &Path, force: bool) -> Result<Inspected, Failure> {
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
    let (stamp, start) = read(path).map_err(|error| unreadable(&error))?;
    let seen_whole = start.len() as u64 == stamp.bytes;
    let fits = Rejection::check("the file's size in bytes", stamp.bytes, limits.source_bytes);
    let probed = fits.and_then(|()| probe(&start, &limits));
    let inspected = |media_type, size, warnings| Inspected { stamp, media_type, size, warnings };
    match probed {
        Ok(info) => {
            let size = Some((info.width, info.height));
            Ok(inspected(info.format.media_type(), size, warnings(&info, seen_whole)))
        }
        // Of a large file the rest may hold what is missing here; the Lambda reads all of it.
        Err(Rejection::Damaged { .. }) if !seen_whole => Ok(inspected(UNKNOWN, None, Vec::new())),
        Err(rejection) if force => {
            Ok(inspected(UNKNOWN, None, vec![format!("{rejection}; sent all the same")]))
        }
        Err(rejection) => Err(refused(&rejection)),
    }
}

/// What the file is like and how it starts.
fn read(path: &Path) -> io::Result<(Stamp, Vec<u8>)> {
    let file = regular::open(path)?;
    let metadata = file.metadata()?;
    let stamp = Stamp::of(&metadata);
    let looked_at = stamp.bytes.min(LOOKED_AT);
    let mut start = Vec::with_capacity(usize::try_from(looked_at).unwrap_or(0));
    file.take(looked_at).read_to_end(&mut start)?;
    Ok((stamp, start))
}

fn warnings(info: &SourceInfo, seen_whole: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if info.gps {
        warnings.push(
            "the photograph says where it was taken (GPS); its renditions won't, but the original in the \
             bucket keeps it"
                .to_owned(),
        );
    }
    if !info.complete && seen_whole {
        warnings.push("the file ends early; part of the picture may be missing".to_owned());
    }
    warnings
}

fn refused(rejection: &Rejection) -> Failure {
    let remedy = format!("{} To upload the file all the same, give --force.", rejection.remedy());
    Failure::new(rejection.code(), rejection.to_string(), remedy)
}

pub(super) fn unreadable(error: &io::Error) -> Failure {
    let (message, remedy) = match error.kind() {
        io::ErrorKind::NotFound => ("there is no such file".to_owned(), "Check its name."),
        io::ErrorKind::PermissionDenied => ("the file may not be read".to_owned(), "Check its permissions."),
        _ => (format!("the file cannot be read: {error}"), "Check the file and the disk that it is on."),
    };
    Failure::new("unreadable", message, remedy)
}
