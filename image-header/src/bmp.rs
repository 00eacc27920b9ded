//! Windows and OS/2 bitmaps: BITMAPCOREHEADER, OS22XBITMAPHEADER, and BITMAPINFOHEADER to BITMAPV5HEADER.

mod rle;

use crate::reader::{le16, le32, range_within};
use crate::{ColorModel, Format, Limits, Profile, Rejection, SourceInfo};

const FILE_HEADER: usize = 14;
const CORE_HEADER: u32 = 12;
const INFO_HEADER: u32 = 40;
const V3_HEADER: u32 = 56;
/// OS/2 2.x. Shorter ones are cut off after any field.
const OS2_HEADER: u32 = 64;
const V5_HEADER: u32 = 124;

/// Values of `biCompression` that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    Rgb,
    Rle8,
    Rle4,
    Bitfields,
}

pub(crate) fn probe(source: &[u8], limits: &Limits) -> Result<SourceInfo, Rejection> {
    let cut = || Rejection::damaged("the BMP's header is cut off");
    let header_size = le32(source, FILE_HEADER).ok_or_else(cut)?;
    if !matches!(header_size, CORE_HEADER | 16..=64 | 108 | V5_HEADER) {
        return Err(Rejection::damaged(format!("the BMP has a header of {header_size} bytes")));
    }
    let len = usize::try_from(header_size).map_err(|_| cut())?;
    let header = source.get(FILE_HEADER..FILE_HEADER + len).ok_or_else(cut)?;
    let (width, height, bits, compression) = layout(header).ok_or_else(cut)??;
    limits.check_size(width, height)?;
    let (color, stored) = match (bits, compression) {
        (1 | 2 | 4 | 8, Compression::Rgb) if bits != 2 || header_size > CORE_HEADER => {
            (ColorModel::Palette, bits as u8)
        }
        (8, Compression::Rle8) | (4, Compression::Rle4) => (ColorModel::Palette, bits as u8),
        (16 | 24 | 32, Compression::Rgb) | (16 | 32, Compression::Bitfields) => (ColorModel::Rgb, 8),
        _ => {
            return Err(Rejection::damaged(format!(
                "the BMP says {bits} bits a pixel in a way that does not exist"
            )));
        }
    };
    let mut info = SourceInfo::new(Format::Bmp, (width, height), color, stored);
    let masked = compression == Compression::Bitfields || (compression == Compression::Rgb && bits == 32);
    let alpha_mask =
        (header_size >= V3_HEADER && header_size != OS2_HEADER && masked).then(|| le32(header, 52)).flatten();
    info.alpha = alpha_mask.is_some_and(|mask| mask != 0);
    info.complete = check_present(source, width, height, bits, compression)?;
    if matches!(compression, Compression::Rle8 | Compression::Rle4) {
        let start = le32(source, 10).and_then(|at| usize::try_from(at).ok());
        let data = start.and_then(|start| source.get(start..)).unwrap_or_default();
        info.alpha = rle::skips(data, (width, height), compression == Compression::Rle4);
    }
    info.profile = profile(source, header, &mut info.notes);
    limits.check_profile(&info.profile)?;
    Ok(info)
}

/// Returns width, height, bits a pixel and compression; `None` if the header is too short.
fn layout(header: &[u8]) -> Option<Result<(u32, u32, u16, Compression), Rejection>> {
    if header.len() == CORE_HEADER as usize {
        let size = (u32::from(le16(header, 4)?), u32::from(le16(header, 6)?));
        return Some(Ok((size.0, size.1, le16(header, 10)?, Compression::Rgb)));
    }
    // Both are signed; a negative height means that the first row is the topmost.
    let width = le32(header, 4)?;
    let height = le32(header, 8)?.cast_signed().unsigned_abs();
    let bits = le16(header, 14)?;
    if width > i32::MAX as u32 || height > i32::MAX as u32 {
        return Some(Err(Rejection::damaged("the BMP says a size that no picture can have")));
    }
    // OS/2's headers may end before any field, which is 0 then.
    let os2 = header.len() < INFO_HEADER as usize || header.len() == OS2_HEADER as usize;
    let unsupported = |what: &str| Some(Err(Rejection::unsupported(what)));
    let compression = match le32(header, 16).unwrap_or(0) {
        0 => Compression::Rgb,
        1 => Compression::Rle8,
        2 => Compression::Rle4,
        3 if os2 => return unsupported("an OS/2 bitmap with fax compression"),
        3 => Compression::Bitfields,
        4 if os2 => return unsupported("an OS/2 bitmap with 24-bit run lengths"),
        4 => return unsupported("a BMP that holds a JPEG"),
        5 => return unsupported("a BMP that holds a PNG"),
        // Windows CE: a fourth mask follows the three.
        6 if header.len() >= V3_HEADER as usize => Compression::Bitfields,
        6 => return unsupported("a BMP with Windows CE's alpha masks"),
        11..=13 => return unsupported("a BMP in CMYK"),
        other => {
            return Some(Err(Rejection::damaged(format!(
                "the BMP names compression {other}, which does not exist"
            ))));
        }
    };
    Some(Ok((width, height, bits, compression)))
}

/// Returns whether all rows are in the file; of run lengths, whether any are.
///
/// # Errors
///
/// `Damaged` if the file holds less than half of the rows, so that no memory is taken for them.
fn check_present(
    source: &[u8],
    width: u32,
    height: u32,
    bits: u16,
    compression: Compression,
) -> Result<bool, Rejection> {
    let end = pixels_end(source, width, height, bits, compression);
    let length = source.len() as u64;
    if matches!(compression, Compression::Rle8 | Compression::Rle4) || end <= length {
        return Ok(end <= length);
    }
    let start = le32(source, 10).map_or(0, u64::from);
    let (stored, expected) = (length.saturating_sub(start), end.saturating_sub(start));
    if stored < expected.div_ceil(2) {
        let percent = u128::from(stored) * 100 / u128::from(expected.max(1));
        return Err(Rejection::damaged(format!("the file holds only {percent} % of the picture")));
    }
    Ok(false)
}

/// Where the last row ends, in bytes from the file's start; of run lengths, where they begin.
fn pixels_end(source: &[u8], width: u32, height: u32, bits: u16, compression: Compression) -> u64 {
    let start = le32(source, 10).map_or(0, u64::from);
    match compression {
        Compression::Rle8 | Compression::Rle4 => start + 1,
        Compression::Rgb | Compression::Bitfields => {
            let row = (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
            start.saturating_add(row.saturating_mul(u64::from(height)))
        }
    }
}

/// BITMAPV5HEADER's embedded profile; one that is linked to is a path on the author's machine.
fn profile(source: &[u8], header: &[u8], notes: &mut Vec<String>) -> Profile {
    const EMBEDDED: u32 = u32::from_be_bytes(*b"MBED");
    if header.len() != V5_HEADER as usize || le32(header, 56) != Some(EMBEDDED) {
        return Profile::None;
    }
    let place = |at| le32(header, at).and_then(|value| usize::try_from(value).ok());
    let range = place(112)
        .and_then(|start| start.checked_add(FILE_HEADER))
        .zip(place(116).filter(|&len| len > 0))
        .and_then(|(start, len)| range_within(source.len(), start, len));
    match range {
        Some(range) => Profile::Ranges(vec![range]),
        None => {
            notes.push("The colour profile is incomplete and is ignored.".into());
            Profile::None
        }
    }
}
