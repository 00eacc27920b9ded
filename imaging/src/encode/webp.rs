//! WebP by libwebp, from planes where there are some.

use webpx::{Encoder, EncoderConfig, YuvPlanesRef};

use super::EncodeError;
use crate::Fault;
use crate::color::{Pixels, Upright};
use crate::plan::RenditionSpec;
use crate::stop::Stop;

pub(super) const REVISION: u32 = 1;

pub(super) fn lossy(picture: &Upright, spec: &RenditionSpec, stop: &Stop) -> Result<Vec<u8>, EncodeError> {
    let config = EncoderConfig::new().quality(f32::from(spec.quality.unwrap_or(78))).method(4);
    let (width, height) = (picture.width, picture.height);
    let half = width.div_ceil(2) as usize;
    match &picture.pixels {
        Pixels::YCbCr420 { luma, blue, red } => {
            let (y, u, v) = (limited(luma, &LUMA), limited(blue, &CHROMA), limited(red, &CHROMA));
            yuv(config, [&y, &u, &v], (width, height), stop)
        }
        Pixels::Grey(grey) => {
            let y = limited(grey, &LUMA);
            let neutral = vec![128; half * height.div_ceil(2) as usize];
            yuv(config, [&y, &neutral, &neutral], (width, height), stop)
        }
        Pixels::Rgb(rgb) => finish(Encoder::new_rgb(rgb, width, height).config(config), stop),
        Pixels::Rgba(rgba) => finish(Encoder::new_rgba(rgba, width, height).config(config), stop),
    }
}

pub(super) fn lossless(picture: &Upright, stop: &Stop) -> Result<Vec<u8>, EncodeError> {
    let config = EncoderConfig::new().lossless(true).method(4).quality(75.0);
    let (width, height) = (picture.width, picture.height);
    match &picture.pixels {
        Pixels::Rgba(rgba) => finish(Encoder::new_rgba(rgba, width, height).config(config), stop),
        Pixels::Rgb(rgb) => finish(Encoder::new_rgb(rgb, width, height).config(config), stop),
        _ => finish(Encoder::new_rgb(&picture.to_rgb([0; 3]), width, height).config(config), stop),
    }
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
/// of the full one.
fn limited(samples: &[u8], table: &[u8; 256]) -> Vec<u8> {
    samples.iter().map(|&sample| table[usize::from(sample)]).collect()
}

const LUMA: [u8; 256] = range(219, 0, 16);
const CHROMA: [u8; 256] = range(224, 128, 128);

const fn range(span: i32, centre: i32, offset: i32) -> [u8; 256] {
    let mut table = [0; 256];
    let mut value = 0;
    while value < 256 {
        let scaled = (value - centre) * span * 2;
        let rounded = if scaled < 0 { (scaled - 255) / 510 } else { (scaled + 255) / 510 };
        table[value as usize] = (rounded + offset) as u8;
        value += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_where_bt601_says() {
        assert_eq!((LUMA[0], LUMA[128], LUMA[255]), (16, 126, 235));
        assert_eq!((CHROMA[0], CHROMA[128], CHROMA[255]), (16, 128, 240));
    }
}
