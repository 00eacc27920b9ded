//! TIFF 6.0 and BigTIFF: the first directory, both byte orders. Kinds that `imaging` does not decode are named.

mod chunks;
mod coding;
mod raw;
mod samples;

use crate::exif::Exif;
use crate::ifd::{Directory, Tiff};
use crate::{ColorModel, Format, Limits, Profile, Rejection, SourceInfo};
use crate::{TiffCoding, TiffColor, TiffInfo};
use chunks::Chunks;
use samples::Samples;

const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const FILL_ORDER: u16 = 266;
const PLANAR_CONFIGURATION: u16 = 284;
/// Entries that decide how the picture is read: BitsPerSample, Compression, PhotometricInterpretation, FillOrder,
/// SamplesPerPixel, PlanarConfiguration, ExtraSamples, SampleFormat. Their defaults are for files without them.
const LAYOUT: [u16; 8] = [258, 259, 262, FILL_ORDER, 277, PLANAR_CONFIGURATION, 338, 339];
const ICC_PROFILE: u16 = 34675;

pub(crate) fn probe(source: &[u8], limits: &Limits) -> Result<SourceInfo, Rejection> {
    let (tiff, first) = Tiff::open(source).ok_or(Rejection::NotAnImage)?;
    let directory = tiff
        .directory(first)
        .ok_or_else(|| Rejection::damaged("the TIFF's first directory lies outside of the file"))?;
    if let Some(what) = raw::named(&directory) {
        return Err(Rejection::unsupported(what));
    }
    let (Some(width), Some(height)) = (directory.number(IMAGE_WIDTH), directory.number(IMAGE_LENGTH)) else {
        return Err(Rejection::damaged("the TIFF does not say its size"));
    };
    limits.check_size(width, height)?;
    let unreadable = |tag: &u16| directory.has(*tag) && directory.number(*tag).is_none();
    if let Some(tag) = LAYOUT.into_iter().find(unreadable) {
        return Err(Rejection::damaged(format!("the TIFF's entry {tag} cannot be read")));
    }
    let size = (width, height);
    let coding = coding::coding(&directory, source)?;
    let jpeg = matches!(coding, TiffCoding::Jpeg(_) | TiffCoding::OldJpeg(_));
    let samples = Samples::read(&directory, jpeg, matches!(coding, TiffCoding::Fax(_)))?;
    let layout = layout(&directory, limits, size, coding, &samples)?;

    let (color, bits) = decoded(&layout);
    let mut info = SourceInfo::new(Format::Tiff, size, color, bits);
    info.complete = chunks::check_present(&layout, source, size)?;
    info.alpha = samples.alpha.is_some() && color != (ColorModel::Cmyk { inverted: false });
    info.premultiplied = samples.premultiplied && info.alpha;
    notes(&samples, &info.color, &mut info.notes);
    if directory.next().is_some_and(|next| next != 0 && next != first) {
        info.notes.push("Only the first page of the TIFF is used.".into());
    }
    let profile = directory.value(ICC_PROFILE).map(|value| value.range()).filter(|range| !range.is_empty());
    match profile {
        // L*a*b* becomes sRGB without a profile's help, and a palette's colors are RGB.
        _ if matches!(layout.color, TiffColor::Lab { .. }) => {}
        Some(profile) => {
            info.profile = Profile::Ranges(vec![profile]);
            limits.check_profile(&info.profile)?;
        }
        None if directory.has(ICC_PROFILE) => {
            info.notes.push("The colour profile is incomplete and is ignored.".into());
        }
        None => {}
    }
    info.tiff = Some(layout);
    Exif::of(&directory).apply(&mut info);
    Ok(info)
}

fn notes(samples: &Samples, color: &ColorModel, notes: &mut Vec<String>) {
    if samples.unnamed_alpha {
        notes.push("The fourth channel has no stated meaning and is taken for transparency.".into());
    }
    if samples.alpha.is_some() && *color == (ColorModel::Cmyk { inverted: false }) {
        notes.push("The transparency of the CMYK picture is ignored.".into());
    }
}

fn layout(
    directory: &Directory<'_>,
    limits: &Limits,
    size: (u32, u32),
    coding: TiffCoding,
    samples: &Samples,
) -> Result<TiffInfo, Rejection> {
    let planar = samples.count > 1 && directory.number(PLANAR_CONFIGURATION) == Some(2);
    let planes = if planar { samples.count } else { 1 };
    let Chunks { size: chunk, tiled, offsets, lengths } = match coding {
        TiffCoding::OldJpeg(_) => coding::one_chunk(directory, size)?,
        _ => Chunks::read(directory, limits, size, planes)?,
    };
    let info = TiffInfo {
        big_endian: directory.is_big_endian(),
        predictor: coding::predictor(directory, &coding, samples)?,
        coding,
        reversed_bits: directory.number(FILL_ORDER) == Some(2),
        color: samples.color.clone(),
        samples: samples.count,
        bits: samples.bits,
        numbers: samples.numbers,
        alpha: samples.alpha,
        planar,
        chunk,
        tiled,
        offsets,
        lengths,
    };
    coding::check(&info)?;
    Ok(info)
}

/// Returns the colour model and the bits of the decoded samples.
fn decoded(info: &TiffInfo) -> (ColorModel, u8) {
    let color = match info.color {
        TiffColor::WhiteIsZero | TiffColor::BlackIsZero => ColorModel::Grey,
        TiffColor::Palette(_) => ColorModel::Palette,
        TiffColor::Cmyk => ColorModel::Cmyk { inverted: false },
        TiffColor::Rgb | TiffColor::YCbCr(_) | TiffColor::Lab { .. } => ColorModel::Rgb,
    };
    let deep = info.bits > 8 && color != ColorModel::Palette;
    (color, if deep { 16 } else { 8 })
}
