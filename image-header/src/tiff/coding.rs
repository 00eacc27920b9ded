//! How a TIFF's strips or tiles are compressed.

use super::chunks::Chunks;
use super::samples::Samples;
use crate::ifd::Directory;
use crate::reader::range_within;
use crate::{Rejection, TiffCoding, TiffColor, TiffFax, TiffInfo, TiffPredictor};

const COMPRESSION: u16 = 259;
const STRIP_OFFSETS: u16 = 273;
const T4_OPTIONS: u16 = 292;
const PREDICTOR: u16 = 317;
const JPEG_TABLES: u16 = 347;
const JPEG_FILE: u16 = 513;
const JPEG_FILE_LENGTH: u16 = 514;

/// Returns the compression, or the name of one that is not read.
pub(super) fn coding(directory: &Directory<'_>, source: &[u8]) -> Result<TiffCoding, Rejection> {
    let name = match directory.number(COMPRESSION).unwrap_or(1) {
        1 => return Ok(TiffCoding::None),
        2 => return Ok(TiffCoding::Fax(TiffFax::Rows)),
        3 => {
            let two_dimensional = directory.number(T4_OPTIONS).unwrap_or(0) & 1 != 0;
            return Ok(TiffCoding::Fax(TiffFax::Group3 { two_dimensional }));
        }
        4 => return Ok(TiffCoding::Fax(TiffFax::Group4)),
        5 => return Ok(TiffCoding::Lzw),
        6 => return old_jpeg(directory, source).map(TiffCoding::OldJpeg),
        7 => {
            let tables = directory.value(JPEG_TABLES).map(|value| value.range());
            return Ok(TiffCoding::Jpeg(tables));
        }
        8 | 32946 => return Ok(TiffCoding::Deflate),
        32773 => return Ok(TiffCoding::PackBits),
        50000 => return Ok(TiffCoding::Zstandard),
        9 | 10 | 34661 => "JBIG",
        32766 => "NeXT run-length",
        32771 => "word-aligned fax",
        32809 => "ThunderScan",
        32895 | 32896 => "Kodak or prepress",
        32908 | 32909 => "Pixar",
        34676 | 34677 => "SGI Log",
        34712 | 33003 | 33005 | 34713 => "JPEG 2000",
        34887 => "LERC",
        34892 => "lossy camera raw",
        34925 => "LZMA",
        34934 => "JPEG XR",
        50001 => "WebP",
        50002 | 52546 => "JPEG XL",
        other => {
            let what =
                format!("a TIFF with compression {other}; save it with LZW or without compression: it");
            return Err(Rejection::unsupported(what));
        }
    };
    let what = format!("a TIFF with {name} compression; save it with LZW or without compression: it");
    Err(Rejection::unsupported(what))
}

/// Returns the range of the JPEG file that a TIFF with old-style JPEG compression holds.
fn old_jpeg(directory: &Directory<'_>, source: &[u8]) -> Result<std::ops::Range<usize>, Rejection> {
    let number = |tag| directory.number(tag).and_then(|value| usize::try_from(value).ok());
    // Some writers state the file's place as a strip, others the headers' alone, before the strip.
    let starts = [number(JPEG_FILE), number(STRIP_OFFSETS)];
    let is_file = |at: &usize| source.get(*at..).is_some_and(|file| file.starts_with(&[0xFF, 0xD8, 0xFF]));
    let Some(start) = starts.into_iter().flatten().find(is_file) else {
        let what = "a TIFF with old-style JPEG compression, whose JPEG tables are apart; save it with LZW or \
                    without compression: it";
        return Err(Rejection::unsupported(what));
    };
    let stated = number(JPEG_FILE_LENGTH).and_then(|length| range_within(source.len(), start, length));
    // Where the stated length ends before the scan's data, that follows it.
    let whole = stated.filter(|range| source[range.clone()].ends_with(&[0xFF, 0xD9]));
    Ok(whole.unwrap_or(start..source.len()))
}

/// Returns the one strip of a picture whose data is a whole JPEG file.
pub(super) fn one_chunk(directory: &Directory<'_>, size: (u32, u32)) -> Result<Chunks, Rejection> {
    let place = directory.value(STRIP_OFFSETS).or_else(|| directory.value(JPEG_FILE));
    let offsets = place.ok_or_else(|| Rejection::damaged("the TIFF does not say where its picture lies"))?;
    Ok(Chunks { size, tiled: false, offsets: offsets.list(), lengths: None })
}

/// Returns the prediction. Readers look at its tag only with compressions that can have one.
pub(super) fn predictor(
    directory: &Directory<'_>,
    coding: &TiffCoding,
    samples: &Samples,
) -> Result<TiffPredictor, Rejection> {
    if !matches!(coding, TiffCoding::Lzw | TiffCoding::Deflate | TiffCoding::Zstandard) {
        return Ok(TiffPredictor::None);
    }
    let subsampled = matches!(samples.color, TiffColor::YCbCr(color) if color.subsampling != (1, 1));
    match directory.number(PREDICTOR).unwrap_or(1) {
        1 => Ok(TiffPredictor::None),
        2 if matches!(samples.bits, 8 | 16 | 32 | 64) && !subsampled => Ok(TiffPredictor::Horizontal),
        2 if subsampled => Err(Rejection::unsupported("a TIFF with a predictor and color subsampling")),
        2 => {
            let what = format!("a TIFF with a predictor and {} bits a sample", samples.bits);
            Err(Rejection::unsupported(what))
        }
        3 => Err(Rejection::damaged("the TIFF has whole numbers and a predictor for floating point")),
        other => Err(Rejection::damaged(format!("the TIFF names predictor {other}, which does not exist"))),
    }
}

/// Errs for samples that the compression cannot hold.
pub(super) fn check(info: &TiffInfo) -> Result<(), Rejection> {
    match &info.coding {
        TiffCoding::Fax(_) if info.bits != 1 || info.samples != 1 => {
            Err(Rejection::damaged("the TIFF has fax compression and more than one bit a pixel"))
        }
        _ if info.is_jpeg() && info.bits != 8 => Err(Rejection::unsupported(format!(
            "a TIFF with JPEG compression of {} bits a sample",
            info.bits
        ))),
        _ if info.is_jpeg() && !info.planar && !matches!(info.samples, 1 | 3 | 4) => {
            let what = format!("a TIFF with JPEG compression of {} channels", info.samples);
            Err(Rejection::unsupported(what))
        }
        _ => match info.color {
            TiffColor::YCbCr(color) if info.planar && color.subsampling != (1, 1) => {
                Err(Rejection::unsupported("a TIFF in YCbCr with color subsampling and each channel apart"))
            }
            _ => Ok(()),
        },
    }
}
