//! Where a TIFF's strips or tiles lie.

use crate::ifd::Directory;
use crate::{Limits, Rejection};

const STRIP_OFFSETS: u16 = 273;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_BYTE_COUNTS: u16 = 279;
const TILE_WIDTH: u16 = 322;
const TILE_LENGTH: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;

/// Strips or tiles.
pub(super) struct Chunks {
    /// Whether every one of them lies within the file.
    pub(super) all_there: bool,
    /// Bytes of the lists of their places and lengths, 4 a number.
    pub(super) list_bytes: u64,
}

impl Chunks {
    /// Reads the lists for a picture of `size` pixels in a file of `file_len` bytes.
    ///
    /// # Errors
    ///
    /// `Damaged` if their number does not fit the size or their places are not stated, `LimitExceeded` for
    /// tiles larger than a picture may be.
    pub(super) fn read(
        directory: &Directory<'_>,
        file_len: usize,
        limits: &Limits,
        (width, height): (u32, u32),
    ) -> Result<Self, Rejection> {
        let strips = directory.value(STRIP_OFFSETS).zip(directory.value(STRIP_BYTE_COUNTS));
        let tiles = directory.value(TILE_OFFSETS).zip(directory.value(TILE_BYTE_COUNTS));
        let ((offsets, lengths), expected) = match (strips, tiles) {
            (Some(strips), None) => {
                let rows = directory.number(ROWS_PER_STRIP).unwrap_or(height);
                (strips, pieces(height, rows)?)
            }
            (None, Some(tiles)) => {
                let across = directory.number(TILE_WIDTH).unwrap_or(0);
                let down = directory.number(TILE_LENGTH).unwrap_or(0);
                limits.check_size(across, down)?;
                (tiles, pieces(width, across)?.saturating_mul(pieces(height, down)?))
            }
            _ if [STRIP_OFFSETS, TILE_OFFSETS].iter().any(|&tag| directory.has(tag)) => {
                return Err(Rejection::damaged("the TIFF's list of strips or tiles is cut off or ambiguous"));
            }
            _ => {
                return Err(Rejection::damaged("the TIFF does not say where its picture lies"));
            }
        };
        if offsets.count() as u64 != expected || lengths.count() as u64 != expected {
            return Err(Rejection::damaged(format!(
                "the TIFF needs {expected} strips or tiles and lists {}",
                offsets.count()
            )));
        }
        if offsets.number(0).is_none() || lengths.number(0).is_none() {
            return Err(Rejection::damaged("the TIFF's list of strips or tiles cannot be read"));
        }
        let file_len = file_len as u64;
        let mut places = offsets.numbers().zip(lengths.numbers());
        let all_there = places.all(|(at, len)| u64::from(at) + u64::from(len) <= file_len);
        Ok(Self { all_there, list_bytes: 2 * 4 * expected })
    }
}

/// How many pieces of `piece` it takes to cover `whole`.
fn pieces(whole: u32, piece: u32) -> Result<u64, Rejection> {
    if piece == 0 {
        return Err(Rejection::damaged("the TIFF's strips or tiles have no size"));
    }
    Ok(u64::from(whole.div_ceil(piece)))
}
