//! The meaning of the samples of a TIFF's pixel.

use crate::ifd::Directory;
use crate::{Rejection, TiffColor, TiffNumbers, TiffYCbCr};

const BITS_PER_SAMPLE: u16 = 258;
const PHOTOMETRIC: u16 = 262;
const SAMPLES_PER_PIXEL: u16 = 277;
const COLOR_MAP: u16 = 320;
const INK_SET: u16 = 332;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const YCBCR_COEFFICIENTS: u16 = 529;
const YCBCR_SUBSAMPLING: u16 = 530;
const REFERENCE_BLACK_WHITE: u16 = 532;

/// Most samples of a pixel. Satellite pictures have up to some hundred.
const MOST: u32 = 1_024;

/// Samples that all have the same size and type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Samples {
    pub(super) color: TiffColor,
    pub(super) count: u16,
    pub(super) bits: u16,
    pub(super) numbers: TiffNumbers,
    /// The index of alpha among all samples.
    pub(super) alpha: Option<u16>,
    /// Colors are multiplied by alpha.
    pub(super) premultiplied: bool,
    /// Alpha is a guess: four channels in an RGB file that does not state the meaning of the fourth.
    pub(super) unnamed_alpha: bool,
}

impl Samples {
    /// Reads the samples of a picture that is a JPEG (`jpeg`), a fax, or neither.
    pub(super) fn read(directory: &Directory<'_>, jpeg: bool, fax: bool) -> Result<Self, Rejection> {
        let bits = directory.value(BITS_PER_SAMPLE);
        let photometric = directory.number(PHOTOMETRIC);
        let count = match directory.number(SAMPLES_PER_PIXEL) {
            Some(count) => count,
            None if jpeg && matches!(photometric, Some(2 | 6)) => 3,
            None => 1,
        };
        if count == 0 || count > MOST {
            return Err(Rejection::damaged(format!("the TIFF says that a pixel has {count} samples")));
        }
        let photometric = match (photometric, count) {
            (Some(photometric), _) => photometric,
            (None, 1 | 2) if fax => 0,
            (None, 1 | 2) => 1,
            (None, _) => 2,
        };
        let color = color(directory, photometric)?;
        let colors = u32::from(color.count());
        if count < colors {
            return Err(Rejection::damaged(format!(
                "the TIFF has {count} channels where its colours need {colors}"
            )));
        }
        if color == TiffColor::Cmyk && directory.number(INK_SET).unwrap_or(1) != 1 {
            return Err(Rejection::unsupported("a TIFF of inks other than CMYK"));
        }
        let numbers = numbers(directory)?;
        let bits = match bits {
            None if jpeg => 8,
            None => 1,
            Some(bits) => {
                let mut all = bits.numbers().take(count as usize);
                let first = all.next();
                if all.any(|other| Some(other) != first) {
                    return Err(Rejection::unsupported("a TIFF with samples of different sizes"));
                }
                first.ok_or_else(|| Rejection::damaged("the TIFF's bits per sample cannot be read"))?
            }
        };
        let fits = match numbers {
            TiffNumbers::Signed => matches!(bits, 8 | 16 | 32),
            TiffNumbers::Unsigned => matches!(bits, 1..=16 | 24 | 32),
        };
        if !fits {
            return Err(Rejection::unsupported(format!("a TIFF of {bits} bits a sample")));
        }
        check_color(&color, bits)?;

        let named = directory.value(EXTRA_SAMPLES);
        let meanings = || named.into_iter().flat_map(|named| named.numbers());
        let place = meanings().take((count - colors) as usize).position(|meaning| matches!(meaning, 1 | 2));
        let unnamed_alpha = named.is_none() && color == TiffColor::Rgb && count == 4;
        let alpha = match place {
            Some(place) => Some(colors as u16 + place as u16),
            None => unnamed_alpha.then_some(3),
        };
        let premultiplied = place.is_some_and(|place| meanings().nth(place) == Some(1));
        let (count, bits) = (count as u16, bits as u16);
        Ok(Self { color, count, bits, numbers, alpha, premultiplied, unnamed_alpha })
    }
}

/// Returns the colour model of a photometric interpretation.
fn color(directory: &Directory<'_>, photometric: u32) -> Result<TiffColor, Rejection> {
    let named = |name: &str| Err(Rejection::unsupported(format!("a TIFF in {name}")));
    match photometric {
        0 => Ok(TiffColor::WhiteIsZero),
        1 => Ok(TiffColor::BlackIsZero),
        2 => Ok(TiffColor::Rgb),
        3 => match directory.value(COLOR_MAP).map(|map| map.range()).filter(|map| map.len() >= 6) {
            Some(map) => Ok(TiffColor::Palette(map)),
            None => Err(Rejection::damaged("the TIFF's palette is missing")),
        },
        4 => Err(Rejection::unsupported("a TIFF that is a transparency mask")),
        5 => Ok(TiffColor::Cmyk),
        6 => Ok(TiffColor::YCbCr(ycbcr(directory)?)),
        8 => Ok(TiffColor::Lab { offset: false }),
        9 => Ok(TiffColor::Lab { offset: true }),
        10 => named("the CIE L*a*b* of color fax (ITU-T T.42)"),
        32844 | 32845 => named("LogLuv, a format for high dynamic range"),
        other => Err(Rejection::unsupported(format!("a TIFF with photometric interpretation {other}"))),
    }
}

fn ycbcr(directory: &Directory<'_>) -> Result<TiffYCbCr, Rejection> {
    let subsampling = directory.value(YCBCR_SUBSAMPLING);
    let factor = |index| match subsampling.map_or(Some(2), |value| value.number(index)) {
        Some(factor @ (1 | 2 | 4)) => Ok(factor as u8),
        _ => Err(Rejection::damaged("the TIFF's color subsampling is not 1, 2 or 4")),
    };
    let fractions = |tag: u16, defaults: &[f32]| -> Vec<f32> {
        let value = directory.value(tag);
        let read = |index| value.and_then(|value| value.rational(index));
        let read: Option<Vec<f32>> = (0..defaults.len()).map(read).collect();
        read.unwrap_or_else(|| defaults.to_vec())
    };
    let c = fractions(YCBCR_COEFFICIENTS, &[0.299, 0.587, 0.114]);
    let coefficients = match [c[0], c[1], c[2]] {
        usable if usable.iter().all(|share| *share > 0.0 && *share < 1.0) => usable,
        _ => [0.299, 0.587, 0.114],
    };
    let defaults = [0.0, 255.0, 128.0, 255.0, 128.0, 255.0];
    let r = fractions(REFERENCE_BLACK_WHITE, &defaults);
    let reference = match [r[0], r[1], r[2], r[3], r[4], r[5]] {
        usable if usable.as_chunks::<2>().0.iter().all(|[black, white]| black < white) => usable,
        _ => defaults,
    };
    Ok(TiffYCbCr { subsampling: (factor(0)?, factor(1)?), coefficients, reference })
}

/// Errs unless `color` can have samples of `bits` bits.
fn check_color(color: &TiffColor, bits: u32) -> Result<(), Rejection> {
    let (fits, name) = match color {
        TiffColor::Palette(_) => (bits <= 16, "with a palette"),
        TiffColor::YCbCr(_) => (bits == 8, "in YCbCr"),
        TiffColor::Lab { .. } => (matches!(bits, 8 | 16), "in CIE L*a*b*"),
        _ => (true, ""),
    };
    if fits {
        return Ok(());
    }
    Err(Rejection::unsupported(format!("a TIFF {name} of {bits} bits a sample")))
}

/// Returns the type that all samples have.
fn numbers(directory: &Directory<'_>) -> Result<TiffNumbers, Rejection> {
    let format = match directory.value(SAMPLE_FORMAT) {
        None => Some(1),
        Some(formats) => formats.number(0),
    };
    match format {
        Some(1 | 4) => Ok(TiffNumbers::Unsigned),
        Some(2) => Ok(TiffNumbers::Signed),
        Some(3) => Err(Rejection::unsupported("a TIFF of floating-point samples")),
        Some(5 | 6) => Err(Rejection::unsupported("a TIFF of complex samples")),
        _ => Err(Rejection::damaged("the TIFF's sample format cannot be read")),
    }
}
