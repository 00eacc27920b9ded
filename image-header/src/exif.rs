//! What is wanted of Exif: which way is up, which colour space, and whether it tells where.

use crate::ifd::{Directory, Tiff};
use crate::{Orientation, SourceInfo};

const ORIENTATION: u16 = 0x0112;
const EXIF_DIRECTORY: u16 = 0x8769;
const INTEROPERABILITY_DIRECTORY: u16 = 0xA005;
const INTEROPERABILITY_INDEX: u16 = 0x0001;
const GPS_DIRECTORY: u16 = 0x8825;
/// GPSLatitude, GPSLongitude, GPSDestLatitude, GPSDestLongitude. Cameras without a receiver write the
/// GPS directory too, with a version and nothing else.
const GPS_POSITIONS: [u16; 4] = [0x0002, 0x0004, 0x0014, 0x0016];

/// The parts of Exif 3.0 that matter to a rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Exif {
    pub(crate) orientation: Orientation,
    pub(crate) gps: bool,
    pub(crate) interoperability_r03: bool,
}

impl Exif {
    /// Reads an Exif block: a TIFF header and its directories, with or without the `Exif\0\0` before it
    /// that belongs to JPEG's APP1 but is found in WebP and PNG files too.
    pub(crate) fn read(block: &[u8]) -> Option<Self> {
        let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        let (tiff, first) = Tiff::open(tiff)?;
        Some(Self::of(&tiff.directory(first)?))
    }

    /// Reads from a picture's first directory and those that it points to.
    pub(crate) fn of(first: &Directory<'_>) -> Self {
        let orientation = first.number(ORIENTATION).and_then(|value| u16::try_from(value).ok());
        let interoperability = first
            .child(EXIF_DIRECTORY)
            .and_then(|exif| exif.child(INTEROPERABILITY_DIRECTORY))
            .and_then(|directory| directory.value(INTEROPERABILITY_INDEX));
        let gps = first.child(GPS_DIRECTORY);
        Self {
            orientation: orientation.map(Orientation::from_exif).unwrap_or_default(),
            gps: gps.is_some_and(|gps| GPS_POSITIONS.iter().any(|&tag| gps.has(tag))),
            interoperability_r03: interoperability.is_some_and(|value| value.bytes().starts_with(b"R03")),
        }
    }

    /// Writes what was read into `info`.
    pub(crate) fn apply(self, info: &mut SourceInfo) {
        info.orientation = self.orientation;
        info.gps = self.gps;
        info.interoperability_r03 = self.interoperability_r03;
    }

    /// Reads `block` into `info`; a block that cannot be read becomes a note.
    pub(crate) fn apply_block(block: &[u8], info: &mut SourceInfo) {
        match Self::read(block) {
            Some(exif) => exif.apply(info),
            None => info.notes.push("The Exif block cannot be read; its orientation is ignored.".into()),
        }
    }
}
