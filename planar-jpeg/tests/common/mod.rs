//! Pictures to encode, and a decoder that is not ours.

#![allow(dead_code, reason = "not every test takes all of it")]

use planar_jpeg::{Effort, Picture, Planes, Settings, encode};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sampling {
    Grey,
    Halved,
    Whole,
}

/// A picture with its planes.
pub(crate) struct Sample {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) sampling: Sampling,
    pub(crate) luma: Vec<u8>,
    pub(crate) chroma: [Vec<u8>; 2],
}

impl Sample {
    pub(crate) fn picture(&self) -> Picture<'_> {
        let (luma, [blue, red]) = (&self.luma[..], &self.chroma);
        let planes = match self.sampling {
            Sampling::Grey => Planes::Grey(luma),
            Sampling::Halved => Planes::YCbCr420 { luma, blue, red },
            Sampling::Whole => Planes::YCbCr444 { luma, blue, red },
        };
        Picture { width: self.width, height: self.height, planes }
    }

    /// Each sample repeated: near what a decoder makes of smooth planes.
    pub(crate) fn chroma_at_full_size(&self, plane: usize) -> Vec<u8> {
        if self.sampling == Sampling::Whole {
            return self.chroma[plane].clone();
        }
        let half = self.width.div_ceil(2);
        (0..self.height)
            .flat_map(|y| (0..self.width).map(move |x| (y / 2 * half + x / 2) as usize))
            .map(|at| self.chroma[plane][at])
            .collect()
    }
}

fn sample(width: u32, height: u32, sampling: Sampling, luma: impl Fn(f64, f64) -> f64) -> Sample {
    let plane = |width: u32, height: u32, value: &dyn Fn(f64, f64) -> f64| -> Vec<u8> {
        let at = move |at: u32| (f64::from(at % width), f64::from(at / width));
        (0..width * height).map(at).map(|(x, y)| value(x, y).round().clamp(0.0, 255.0) as u8).collect()
    };
    let (wide, high, step) = match sampling {
        Sampling::Grey => (0, 0, 1.0),
        Sampling::Halved => (width.div_ceil(2), height.div_ceil(2), 2.0),
        Sampling::Whole => (width, height, 1.0),
    };
    let blue = |x: f64, y: f64| 110.0 + x * step * 0.3 + y * step * 0.2;
    let red = |x: f64, y: f64| 150.0 - x * step * 0.2 + y * step * 0.1;
    let chroma =
        if wide == 0 { [vec![], vec![]] } else { [plane(wide, high, &blue), plane(wide, high, &red)] };
    Sample { width, height, sampling, luma: plane(width, height, &luma), chroma }
}

/// Slopes and slow waves.
pub(crate) fn smooth(width: u32, height: u32, sampling: Sampling) -> Sample {
    sample(width, height, sampling, |x, y| {
        128.0 + (x * 0.21).sin() * 50.0 + (y * 0.17 + x * 0.05).cos() * 45.0
    })
}

/// Waves of all lengths, edges, and a grain that repeats nowhere.
pub(crate) fn detailed(width: u32, height: u32, sampling: Sampling) -> Sample {
    sample(width, height, sampling, |x, y| {
        let grain = ((x * 12.9898 + y * 78.233).sin() * 43_758.545_3).fract();
        let edge = if (x * 0.07).sin() + (y * 0.09).cos() > 0.4 { 40.0 } else { -20.0 };
        110.0 + edge + ((x * x + y * y) * 0.004).sin() * 40.0 + grain * 18.0
    })
}

pub(crate) fn encoded(sample: &Sample, quality: u8, effort: Effort) -> Vec<u8> {
    encode(&sample.picture(), &Settings { quality, effort, icc: None }, &|| false).unwrap()
}

/// What a decoder sees: planes of the picture's own size.
#[derive(PartialEq)]
pub(crate) struct Decoded {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) planes: Vec<Vec<u8>>,
    pub(crate) icc: Option<Vec<u8>>,
}

pub(crate) fn decode(file: &[u8]) -> Decoded {
    let mut decoder =
        JpegDecoder::new_with_options(ZCursor::new(file), DecoderOptions::default().set_strict_mode(true));
    decoder.decode_headers().unwrap();
    let space = match decoder.input_colorspace().unwrap() {
        ColorSpace::Luma => ColorSpace::Luma,
        _ => ColorSpace::YCbCr,
    };
    decoder.set_options(DecoderOptions::default().set_strict_mode(true).jpeg_set_out_colorspace(space));
    let samples = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    let components = space.num_components();
    let planes =
        (0..components).map(|at| samples.iter().skip(at).step_by(components).copied().collect()).collect();
    Decoded { width: info.width.into(), height: info.height.into(), planes, icc: decoder.icc_profile() }
}
