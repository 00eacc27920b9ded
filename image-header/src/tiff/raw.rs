//! Camera raws that are TIFF files and mark themselves by tags of the first directory.

use crate::ifd::Directory;

const NEW_SUBFILE_TYPE: u16 = 254;
const PHOTOMETRIC: u16 = 262;
const MAKE: u16 = 271;
const SUB_DIRECTORIES: u16 = 330;
const DNG_VERSION: u16 = 50706;
/// TIFF/EP's colour filter array, and DNG's linear raw.
const SENSOR_DATA: [u32; 2] = [32803, 34892];

/// The name of the raw that `first` belongs to, if it is one.
///
/// NEF, ARW and their like put a thumbnail (a "reduced-resolution image") first and point to the sensor's
/// data from it; a TIFF that is meant to be seen has its picture first.
pub(super) fn named(first: &Directory<'_>) -> Option<&'static str> {
    const REDUCED: u32 = 1;
    if first.has(DNG_VERSION) {
        return Some("a camera raw (DNG)");
    }
    let reduced = first.number(NEW_SUBFILE_TYPE).is_some_and(|kind| kind & REDUCED != 0);
    let sensor = first.number(PHOTOMETRIC).is_some_and(|kind| SENSOR_DATA.contains(&kind));
    if !(sensor || reduced && first.has(SUB_DIRECTORIES)) {
        return None;
    }
    let make = first.value(MAKE).map(|value| value.bytes().to_ascii_uppercase()).unwrap_or_default();
    Some(match make.as_slice() {
        [b'N', b'I', b'K', b'O', b'N', ..] => "a camera raw (Nikon NEF)",
        [b'S', b'O', b'N', b'Y', ..] => "a camera raw (Sony ARW)",
        [b'P', b'E', b'N', b'T', b'A', b'X', ..] => "a camera raw (Pentax PEF)",
        [b'H', b'A', b'S', b'S', b'E', b'L', ..] => "a camera raw (Hasselblad 3FR)",
        _ => "a camera raw",
    })
}
