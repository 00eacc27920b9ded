//! WebP by libwebp, from planes where there are some.

mod container;

use webpx::{Encoder, EncoderConfig, YuvPlanesRef};

use super::EncodeError;
use crate::Fault;
use crate::color::{Pixels, Upright};
use crate::plan::RenditionSpec;
use crate::preset::Effort;
use crate::stop::Stop;

pub(super) const REVISION: u32 = 2;

pub(super) fn lossy(picture: &Upright, spec: &RenditionSpec, stop: &Stop) -> Result<Vec<u8>, EncodeError> {
    let config =
        EncoderConfig::new().quality(f32::from(spec.quality.unwrap_or(78))).method(method(spec.effort));
    let (width, height) = (picture.width, picture.height);
    let half = width.div_ceil(2) as usize;
    let file = match &picture.pixels {
        Pixels::YCbCr420 { luma, blue, red } => {
            let (y, u, v) = (limited_luma(luma), limited_chroma(blue), limited_chroma(red));
            yuv(config, [&y, &u, &v], (width, height), stop)
        }
        Pixels::Grey(grey) => {
            let y = limited_luma(grey);
            let neutral = vec![128; half * height.div_ceil(2) as usize];
            yuv(config, [&y, &neutral, &neutral], (width, height), stop)
        }
        Pixels::Rgb(rgb) => finish(Encoder::new_rgb(rgb, width, height).config(config), stop),
        Pixels::Rgba(rgba) => finish(Encoder::new_rgba(rgba, width, height).config(config), stop),
    };
    tagged(file?, picture)
}

pub(super) fn lossless(picture: &Upright, spec: &RenditionSpec, stop: &Stop) -> Result<Vec<u8>, EncodeError> {
    let config = EncoderConfig::new().lossless(true).method(method(spec.effort)).quality(75.0);
    let (width, height) = (picture.width, picture.height);
    let file = match &picture.pixels {
        Pixels::Rgba(rgba) => finish(Encoder::new_rgba(rgba, width, height).config(config), stop),
        Pixels::Rgb(rgb) => finish(Encoder::new_rgb(rgb, width, height).config(config), stop),
        _ => finish(Encoder::new_rgb(&picture.to_rgb([0; 3]), width, height).config(config), stop),
    };
    tagged(file?, picture)
}

/// libwebp's scale of 0 to 6.
fn method(effort: Effort) -> u8 {
    match effort {
        Effort::Fast => 2,
        Effort::Balanced => 4,
        Effort::Small => 6,
    }
}

/// `file` with the profile that `picture` carries, if any.
fn tagged(file: Vec<u8>, picture: &Upright) -> Result<Vec<u8>, EncodeError> {
    let Some(kept) = &picture.kept else { return Ok(file) };
    let tagged = container::with_profile(&file, &kept.icc, (picture.width, picture.height));
    tagged.ok_or_else(|| EncodeError::Fault(Fault::new("libwebp wrote no WebP")))
}

fn yuv(
    config: EncoderConfig,
    [y, u, v]: [&[u8]; 3],
    (width, height): (u32, u32),
    stop: &Stop,
) -> Result<Vec<u8>, EncodeError> {
    let half = width.div_ceil(2) as usize;
    let planes = YuvPlanesRef {
        y,
        y_stride: width as usize,
        u,
        u_stride: half,
        v,
        v_stride: half,
        a: None,
        a_stride: 0,
        width,
        height,
    };
    finish(Encoder::new_yuv(planes).config(config), stop)
}

fn finish(encoder: Encoder<'_>, stop: &Stop) -> Result<Vec<u8>, EncodeError> {
    encoder.encode(stop).map_err(|error| match stop.is_stopped() {
        true => EncodeError::Stopped,
        false => EncodeError::Fault(Fault::new(error)),
    })
}

/// WebP's YUV is of ITU-R BT.601's limited range (RFC 9649, 2.5: luma 16 to 235, chroma 16 to 240), JFIF's
/// of the full one. By multiplying, not by table, so that many samples go at once.
fn limited_luma(samples: &[u8]) -> Vec<u8> {
    samples.iter().map(|&sample| luma(sample)).collect()
}

fn limited_chroma(samples: &[u8]) -> Vec<u8> {
    samples.iter().map(|&sample| chroma(sample)).collect()
}

/// 16 + 219 / 255 × the sample, rounded.
fn luma(sample: u8) -> u8 {
    ((u32::from(sample) * 56_284 + (16 << 16) + (1 << 15)) >> 16) as u8
}

/// 128 + 224 / 255 × the sample − 128, rounded.
fn chroma(sample: u8) -> u8 {
    ((u32::from(sample) * 57_569 + (128 << 16) + (1 << 15) - 128 * 57_569) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_bt601s() {
        for sample in 0..=255 {
            let exact_luma = 16.0 + f64::from(sample) * 219.0 / 255.0;
            let exact_chroma = 128.0 + (f64::from(sample) - 128.0) * 224.0 / 255.0;
            assert!((f64::from(luma(sample)) - exact_luma).abs() <= 0.5, "{sample}");
            assert!((f64::from(chroma(sample)) - exact_chroma).abs() <= 0.5, "{sample}");
        }
        assert_eq!((luma(0), luma(255), chroma(0), chroma(128), chroma(255)), (16, 235, 16, 128, 240));
    }
}
