//! Where a TIFF's strips or tiles lie.

use crate::ifd::Directory;
use crate::{Limits, Rejection, TiffCoding, TiffInfo, TiffList};

const STRIP_OFFSETS: u16 = 273;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_BYTE_COUNTS: u16 = 279;
const TILE_WIDTH: u16 = 322;
const TILE_LENGTH: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;

/// Strips or tiles.
pub(super) struct Chunks {
    pub(super) size: (u32, u32),
    pub(super) tiled: bool,
    pub(super) offsets: TiffList,
    pub(super) lengths: Option<TiffList>,
}

impl Chunks {
    /// Reads the lists for a picture of `size` pixels in `planes` planes.
    ///
    /// # Errors
    ///
    /// `Damaged` if the file lists too few strips or tiles, `LimitExceeded` for tiles larger than a picture may be.
    pub(super) fn read(
        directory: &Directory<'_>,
        limits: &Limits,
        (width, height): (u32, u32),
        planes: u16,
    ) -> Result<Self, Rejection> {
        let tiled = directory.has(TILE_WIDTH) || directory.has(TILE_OFFSETS);
        // Some writers list tiles under the tags of strips.
        let tags = match tiled {
            true => [(TILE_OFFSETS, TILE_BYTE_COUNTS), (STRIP_OFFSETS, STRIP_BYTE_COUNTS)],
            false => [(STRIP_OFFSETS, STRIP_BYTE_COUNTS); 2],
        };
        let Some((offsets, lengths)) =
            tags.into_iter().find_map(|(at, length)| Some((directory.value(at)?, directory.value(length))))
        else {
            let listed = tags.iter().any(|(at, _)| directory.has(*at));
            return Err(Rejection::damaged(match listed {
                true => "the TIFF's list of strips or tiles is cut off",
                false => "the TIFF does not say where its picture lies",
            }));
        };
        let (chunk, expected) = if tiled {
            let across = directory.number(TILE_WIDTH).unwrap_or(0);
            let down = directory.number(TILE_LENGTH).unwrap_or(0);
            if across == 0 || down == 0 {
                return Err(Rejection::damaged("the TIFF's tiles have no size"));
            }
            limits.check_size(across, down)?;
            let tiles = u64::from(width.div_ceil(across)).saturating_mul(height.div_ceil(down).into());
            ((across, down), tiles)
        } else {
            // 2^32 − 1, the default, means one strip.
            let rows = directory.number(ROWS_PER_STRIP).filter(|&rows| rows > 0).unwrap_or(u32::MAX);
            let rows = rows.min(height);
            ((width, rows), u64::from(height.div_ceil(rows)))
        };
        let expected = expected.saturating_mul(u64::from(planes));
        // A surplus does no harm.
        if (offsets.count() as u64) < expected {
            return Err(Rejection::damaged(format!(
                "the TIFF needs {expected} strips or tiles and lists {}",
                offsets.count()
            )));
        }
        if offsets.offset(0).is_none() {
            return Err(Rejection::damaged("the TIFF's list of strips or tiles cannot be read"));
        }
        Ok(Self { size: chunk, tiled, offsets: offsets.list(), lengths: lengths.map(|value| value.list()) })
    }
}

/// Returns whether the file holds all strips or tiles, at their stated lengths.
///
/// # Errors
///
/// `Damaged` if the file holds less than half of the picture, however well its data could be compressed. No memory is
/// taken for such a file.
pub(super) fn check_present(
    info: &TiffInfo,
    source: &[u8],
    (width, height): (u32, u32),
) -> Result<bool, Rejection> {
    // Bytes that one stored byte becomes at most: run lengths of PackBits and LZW, matches of Deflate.
    let expansion = match info.coding {
        TiffCoding::None => 1,
        TiffCoding::PackBits => 64,
        TiffCoding::Lzw => 2_731,
        TiffCoding::Deflate => 1_032,
        // A row takes at least a bit, a block of 64 samples two.
        TiffCoding::Fax(_) => u64::from(width).div_ceil(8) * 8,
        TiffCoding::Jpeg(_) | TiffCoding::OldJpeg(_) => 1_024,
        TiffCoding::Zstandard => 1 << 18,
    };
    let (chunk_rows, across) = (info.chunk.1, info.across(width));
    let planes = if info.planar { info.samples } else { 1 };
    let (mut stored, mut expected, mut all) = (0_u64, 0_u64, true);
    let mut index = 0;
    for _ in 0..planes {
        for top in (0..height).step_by(chunk_rows as usize) {
            let rows = if info.tiled { chunk_rows } else { chunk_rows.min(height - top) };
            let size = info.chunk_bytes(rows);
            for _ in 0..across {
                let range = match &info.coding {
                    TiffCoding::OldJpeg(file) => Some(file.clone()),
                    _ => info.range(source, index, size),
                };
                let length = range.map_or(0, |range| range.len() as u64);
                stored = stored.saturating_add(length.saturating_mul(expansion).min(size));
                expected = expected.saturating_add(size);
                all &= is_whole(info, source, index, size, length);
                index += 1;
            }
        }
    }
    if stored < expected.div_ceil(2) {
        let percent = u128::from(stored) * 100 / u128::from(expected.max(1));
        return Err(Rejection::damaged(format!("the file holds only {percent} % of the picture")));
    }
    Ok(all)
}

fn is_whole(info: &TiffInfo, source: &[u8], index: usize, size: u64, length: u64) -> bool {
    match (&info.coding, info.lengths.and_then(|lengths| lengths.get(source, index))) {
        (TiffCoding::None, _) => length >= size,
        (TiffCoding::OldJpeg(_), _) => true,
        (_, Some(stated)) => length >= stated && length > 0,
        (_, None) => length > 0,
    }
}
