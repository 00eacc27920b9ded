//! What a contender is told to do, in a JSON file.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A format of a rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JPEG, 4:2:0.
    Jpeg,
    /// WebP, lossy.
    Webp,
    /// PNG.
    Png,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
            Self::Png => "png",
        })
    }
}

/// How a peer goes about several renditions. We decode once anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// A call from the file for each rendition, as most programs do.
    Each,
    /// The largest width once into raw pixels, all renditions from those.
    Once,
}

/// One task, as a contender is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The file, read into memory before anything is measured.
    pub input: PathBuf,
    /// Widths in pixels, ascending.
    pub widths: Vec<u32>,
    /// Formats of every width.
    pub formats: Vec<Format>,
    /// libjpeg's scale.
    pub jpeg_quality: u8,
    /// libwebp's scale.
    pub webp_quality: u8,
    /// libwebp's method.
    pub webp_effort: u8,
    /// How to go about it.
    pub way: Way,
    /// Threads that may work at once.
    pub workers: usize,
    /// Do it once, report the peak of memory, write the files to `out` if that is set, and end.
    pub once: bool,
    /// A folder for the files, named as [`file_name`] says.
    pub out: Option<PathBuf>,
}

/// What a rendition's file is called.
pub fn file_name(width: u32, format: Format) -> String {
    format!("{width}.{format}")
}

/// What a contender reports once it has warmed up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    /// Itself and what matters of its parts, such as `sharp 0.35.5, libvips 8.18.3`.
    pub version: String,
}

/// What a contender reports of a round: totals in milliseconds of as many times as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// User and system time of the whole process.
    pub cpu: f64,
    /// Time on the wall.
    pub wall: f64,
}

/// What a contender reports of doing it once in a fresh process.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Once {
    /// The most memory that was resident, in bytes; `None` where the system doesn't tell.
    pub peak: Option<u64>,
}
