//! TIFF 6.0: the first directory, both byte orders. What passes is what the `tiff` crate decodes into
//! plain samples; every other kind is named.

mod chunks;
mod raw;
mod samples;

use crate::exif::Exif;
use crate::ifd::{Directory, Tiff};
use crate::{Format, Limits, Profile, Rejection, SourceInfo};
use samples::Samples;

const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const COMPRESSION: u16 = 259;
const FILL_ORDER: u16 = 266;
const PREDICTOR: u16 = 317;
const ICC_PROFILE: u16 = 34675;

/// LZW and the two numbers of Deflate.
const LZW_OR_DEFLATE: [u32; 3] = [5, 8, 32946];

pub(crate) fn probe(source: &[u8], limits: &Limits) -> Result<SourceInfo, Rejection> {
    let (tiff, first) = Tiff::open(source).ok_or(Rejection::NotAnImage)?;
    let directory = tiff
        .directory(first)
        .ok_or_else(|| Rejection::damaged("the TIFF's first directory lies outside of the file"))?;
    // No reader follows a chain of directories that bites its own tail.
    if directory.next() == Some(first) {
        return Err(Rejection::damaged("the TIFF's first page is followed by itself"));
    }
    if let Some(what) = raw::named(&directory) {
        return Err(Rejection::unsupported(what));
    }
    let (Some(width), Some(height)) = (directory.number(IMAGE_WIDTH), directory.number(IMAGE_LENGTH)) else {
        return Err(Rejection::damaged("the TIFF does not say its size"));
    };
    limits.check_size(width, height)?;
    let samples = Samples::read(&directory)?;
    check_coding(&directory, &samples)?;

    let mut info = SourceInfo::new(Format::Tiff, (width, height), samples.color, samples.bits);
    info.alpha = samples.alpha;
    info.premultiplied = samples.premultiplied;
    let chunks = chunks::Chunks::read(&directory, source.len(), limits, (width, height))?;
    info.complete = chunks.all_there;
    info.metadata = chunks.list_bytes;
    if samples.unnamed_alpha {
        info.notes.push("The fourth channel has no stated meaning and is taken for transparency.".into());
    }
    if directory.next().is_some_and(|next| next != 0) {
        info.notes.push("Only the first page of the TIFF is used.".into());
    }
    if let Some(profile) =
        directory.value(ICC_PROFILE).map(|value| value.range()).filter(|range| !range.is_empty())
    {
        info.profile = Profile::Ranges(vec![profile]);
        limits.check_profile(&info.profile)?;
    } else if directory.has(ICC_PROFILE) {
        info.notes.push("The colour profile is incomplete and is ignored.".into());
    }
    Exif::of(&directory).apply(&mut info);
    Ok(info)
}

/// Errs for what would be decoded wrongly or not at all.
fn check_coding(directory: &Directory<'_>, samples: &Samples) -> Result<(), Rejection> {
    check_counts(directory)?;
    let compression = directory.number(COMPRESSION).unwrap_or(1);
    if let Some(what) = unread_compression(compression) {
        return Err(Rejection::unsupported(what));
    }
    if directory.number(FILL_ORDER).unwrap_or(1) != 1 {
        return Err(Rejection::unsupported("a TIFF whose bits are in reverse order"));
    }
    match directory.number(PREDICTOR).unwrap_or(1) {
        1 => Ok(()),
        // Decoders disagree on whether the tag counts with other compressions.
        2 if !LZW_OR_DEFLATE.contains(&compression) => {
            Err(Rejection::unsupported("a TIFF that names a predictor without LZW or Deflate"))
        }
        // The decoder drops the further channels before it undoes the prediction, which spans all.
        2 if samples.dropped > 0 => {
            Err(Rejection::unsupported("a TIFF with a predictor and further channels"))
        }
        2 => Ok(()),
        3 => Err(Rejection::unsupported("a TIFF with the floating-point predictor")),
        other => Err(Rejection::damaged(format!("the TIFF names predictor {other}, which does not exist"))),
    }
}

/// Errs for an entry that decoders read whole and that announces more than it can need: they make room for all of it
/// before they look whether it is there.
fn check_counts(directory: &Directory<'_>) -> Result<(), Rejection> {
    /// Sizes, samples, coding; lists of strips and tiles are counted against the picture's size.
    const READ_WHOLE: [u16; 14] = [256, 257, 258, 259, 262, 266, 277, 278, 284, 317, 322, 323, 338, 339];
    /// JPEG's tables and chroma subsampling, which no kind that passes has.
    const UNUSED: [u16; 2] = [347, 530];
    /// A number for each channel is the most that any needs.
    const MOST: usize = 1 << 10;
    for tag in READ_WHOLE.into_iter().chain(UNUSED) {
        if directory.has(tag) && directory.value(tag).is_none_or(|value| value.count() > MOST) {
            let what = format!("the TIFF's entry {tag} is cut off, or longer than any can be");
            return Err(Rejection::damaged(what));
        }
    }
    Ok(())
}

/// The name of a compression that is not read.
fn unread_compression(number: u32) -> Option<String> {
    let name = match number {
        1 | 5 | 8 | 32946 | 32773 => return None,
        2..=4 => "fax",
        6 | 7 | 34892 => "JPEG",
        9 | 10 => "JBIG",
        34712 => "JPEG 2000",
        34925 => "LZMA",
        50000 => "Zstandard",
        50001 => "WebP",
        50002 | 52546 => "JPEG XL",
        other => return Some(format!("a TIFF with compression {other}")),
    };
    Some(format!("a TIFF with {name} compression"))
}
