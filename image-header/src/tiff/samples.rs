//! What the samples of a TIFF's pixel mean.

use crate::ifd::Directory;
use crate::{ColorModel, Rejection};

const BITS_PER_SAMPLE: u16 = 258;
const PHOTOMETRIC: u16 = 262;
const SAMPLES_PER_PIXEL: u16 = 277;
const PLANAR_CONFIGURATION: u16 = 284;
const INK_SET: u16 = 332;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;

/// Samples that are all whole numbers of 8 or 16 bits, a pixel's side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Samples {
    pub(super) color: ColorModel,
    pub(super) bits: u8,
    pub(super) alpha: bool,
    /// Colours are multiplied by alpha.
    pub(super) premultiplied: bool,
    /// Alpha is a guess: four channels in an RGB file that does not say what the fourth is.
    pub(super) unnamed_alpha: bool,
    /// Channels beyond colours and alpha, which are not used.
    pub(super) dropped: u32,
}

impl Samples {
    pub(super) fn read(directory: &Directory<'_>) -> Result<Self, Rejection> {
        let count = directory.number(SAMPLES_PER_PIXEL).unwrap_or(1);
        let photometric = directory
            .number(PHOTOMETRIC)
            .ok_or_else(|| Rejection::damaged("the TIFF does not say what its samples mean"))?;
        let (color, colors) = color(photometric)?;
        if count < colors {
            return Err(Rejection::damaged(format!(
                "the TIFF has {count} channels where its colours need {colors}"
            )));
        }
        if color == (ColorModel::Cmyk { inverted: false }) && directory.number(INK_SET).unwrap_or(1) != 1 {
            return Err(Rejection::unsupported("a TIFF of inks other than CMYK"));
        }
        check_format(directory)?;
        let bits = bits(directory, count)?;
        if count > 1 && directory.number(PLANAR_CONFIGURATION).unwrap_or(1) != 1 {
            return Err(Rejection::unsupported("a TIFF with each channel in a plane of its own"));
        }

        let further = count - colors;
        let named = directory.value(EXTRA_SAMPLES);
        if named.is_some_and(|named| named.count() != further as usize) {
            return Err(Rejection::damaged("the TIFF names more or fewer extra channels than it has"));
        }
        if named.is_none() && further > 1 {
            return Err(Rejection::unsupported(format!(
                "a TIFF with {further} channels of no stated meaning"
            )));
        }
        let meaning = named.and_then(|named| named.number(0));
        let unnamed_alpha = meaning.is_none() && further == 1 && color == ColorModel::Rgb;
        let alpha = unnamed_alpha || matches!(meaning, Some(1 | 2));
        let dropped = further - u32::from(alpha);
        if color == ColorModel::Grey && (dropped > 0 || photometric == 0 && further > 0) {
            return Err(Rejection::unsupported("a grey TIFF with further channels"));
        }
        Ok(Self { color, bits, alpha, premultiplied: meaning == Some(1), unnamed_alpha, dropped })
    }
}

/// The colour model of a photometric interpretation, and how many samples it takes.
fn color(photometric: u32) -> Result<(ColorModel, u32), Rejection> {
    let named = |name: &str| Err(Rejection::unsupported(format!("a TIFF in {name}")));
    match photometric {
        0 | 1 => Ok((ColorModel::Grey, 1)),
        2 => Ok((ColorModel::Rgb, 3)),
        3 => Err(Rejection::unsupported("a TIFF with a palette")),
        4 => Err(Rejection::unsupported("a TIFF that is a transparency mask")),
        5 => Ok((ColorModel::Cmyk { inverted: false }, 4)),
        6 => named("YCbCr"),
        8..=10 => named("CIE L*a*b*"),
        32844 | 32845 => named("LogLuv"),
        other => Err(Rejection::unsupported(format!("a TIFF with photometric interpretation {other}"))),
    }
}

/// Errs unless all samples are unsigned integers.
fn check_format(directory: &Directory<'_>) -> Result<(), Rejection> {
    let Some(formats) = directory.value(SAMPLE_FORMAT) else {
        return Ok(());
    };
    match formats.numbers().find(|&format| format != 1) {
        None if formats.number(0).is_some() => Ok(()),
        None => Err(Rejection::damaged("the TIFF's sample format cannot be read")),
        Some(2) => Err(Rejection::unsupported("a TIFF of signed samples")),
        Some(3) => Err(Rejection::unsupported("a TIFF of floating-point samples")),
        Some(5 | 6) => Err(Rejection::unsupported("a TIFF of complex samples")),
        Some(_) => Err(Rejection::unsupported("a TIFF of samples without a stated format")),
    }
}

/// Bits of each of the `count` samples, which must be the same.
fn bits(directory: &Directory<'_>, count: u32) -> Result<u8, Rejection> {
    let value = directory.value(BITS_PER_SAMPLE);
    let stated = value.map_or(1, |value| value.count());
    if stated != 1 && stated != count as usize {
        return Err(Rejection::damaged("the TIFF states the bits of more or fewer samples than it has"));
    }
    let first = value.map_or(Some(1), |value| value.number(0));
    let mixed = value.is_some_and(|value| value.numbers().any(|bits| Some(bits) != first));
    match first {
        _ if mixed => Err(Rejection::unsupported("a TIFF with samples of different sizes")),
        Some(8) => Ok(8),
        Some(16) => Ok(16),
        Some(bits) => Err(Rejection::unsupported(format!("a TIFF of {bits} bits a sample"))),
        None => Err(Rejection::damaged("the TIFF's bits per sample cannot be read")),
    }
}
