//! PNG, 8 bits a sample, by the `png` crate.

use std::borrow::Cow;
use std::io::Write;

use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter, Info};

use super::EncodeError;
use crate::Fault;
use crate::color::{Pixels, Upright};
use crate::preset::Effort;
use crate::stop::Stop;

pub(super) const REVISION: u32 = 2;

pub(super) fn encode(picture: &Upright, wanted: Effort, stop: &Stop) -> Result<Vec<u8>, EncodeError> {
    let (samples, color) = least(picture);
    let channels = color.samples();
    let row_bytes = (picture.width as usize * channels).max(1);
    let (filter, level) = effort(&samples, row_bytes, channels);
    let level = match wanted {
        Effort::Fast => 1,
        Effort::Balanced => level,
        Effort::Small => 6,
    };
    let mut file = Vec::new();
    let mut info = Info::with_size(picture.width, picture.height);
    info.icc_profile = picture.kept.as_ref().map(|kept| Cow::Borrowed(&kept.icc[..]));
    let mut encoder = Encoder::with_info(&mut file, info).map_err(Fault::new)?;
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_deflate_compression(DeflateCompression::Level(level));
    encoder.set_filter(filter);
    let mut writer = encoder.write_header().map_err(Fault::new)?;
    let mut stream = writer.stream_writer().map_err(Fault::new)?;
    for row in samples.chunks_exact(row_bytes) {
        stop.check()?;
        stream.write_all(row).map_err(Fault::new)?;
    }
    stream.finish().map_err(Fault::new)?;
    writer.finish().map_err(Fault::new)?;
    Ok(file)
}

/// The samples in as few channels as lose nothing. A profile that is kept is of RGB, so they stay that.
fn least(picture: &Upright) -> (Cow<'_, [u8]>, ColorType) {
    let without_color = |rgb| if picture.kept.is_some() { (rgb, ColorType::Rgb) } else { without_color(rgb) };
    match &picture.pixels {
        Pixels::Grey(grey) => (grey.into(), ColorType::Grayscale),
        Pixels::Rgb(rgb) => without_color(rgb.into()),
        Pixels::YCbCr420 { .. } => without_color(picture.to_rgb([0; 3]).into()),
        Pixels::Rgba(rgba) => {
            let pixels = rgba.as_chunks::<4>().0;
            if pixels.iter().any(|pixel| pixel[3] < 255) {
                return (rgba.into(), ColorType::Rgba);
            }
            let rgb: Vec<u8> = pixels.iter().flat_map(|&[red, green, blue, _]| [red, green, blue]).collect();
            without_color(rgb.into())
        }
    }
}

fn without_color(rgb: Cow<'_, [u8]>) -> (Cow<'_, [u8]>, ColorType) {
    let pixels = rgb.as_chunks::<3>().0;
    if pixels.iter().any(|&[red, green, blue]| red != green || green != blue) {
        return (rgb, ColorType::Rgb);
    }
    (pixels.iter().map(|pixel| pixel[0]).collect(), ColorType::Grayscale)
}

/// How to filter and how hard to compress. What is mostly flat, as text and drawings are, gets longer by filtering,
/// and shorter by searching for repetitions. Photographs have few of those: level 6 would make them 4 % smaller than
/// level 1 does, in seven times the time. Alpha repeats itself more.
fn effort(samples: &[u8], row_bytes: usize, channels: usize) -> (Filter, u8) {
    let (mut flat, mut all) = (0, 0);
    for (above, row) in samples.chunks_exact(row_bytes).zip(samples.chunks_exact(row_bytes).skip(1)) {
        let pixels = row.chunks_exact(channels);
        let neighbours = pixels.clone().zip(pixels.skip(1)).zip(above.chunks_exact(channels).skip(1));
        flat += neighbours.filter(|((left, pixel), above)| left == pixel && above == pixel).count();
        all += row_bytes / channels - 1;
    }
    match (flat * 2 > all, channels == 4) {
        (true, false) => (Filter::NoFilter, 3),
        (true, true) => (Filter::NoFilter, 4),
        (false, false) => (Filter::Adaptive, 1),
        (false, true) => (Filter::Adaptive, 2),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn encoded(width: u32, height: u32, pixels: Pixels) -> (ColorType, Vec<u8>, usize) {
        let file =
            encode(&Upright { width, height, pixels, kept: None }, Effort::Balanced, &Stop::new()).unwrap();
        let mut reader = png::Decoder::new(Cursor::new(&file)).read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut samples).unwrap();
        (info.color_type, samples, file.len())
    }

    fn gradient(width: usize, height: usize, pixel: impl Fn(u8, u8) -> Vec<u8>) -> Vec<u8> {
        (0..height)
            .flat_map(|y| (0..width).map(move |x| (x as u8, y as u8)))
            .flat_map(|(x, y)| pixel(x, y))
            .collect()
    }

    #[test]
    fn channels_that_say_nothing_are_left_out_and_no_others() {
        let opaque = gradient(60, 40, |x, y| vec![x, y, 9, 255]);
        let rgb = gradient(60, 40, |x, y| vec![x, y, 9]);
        let (color, samples, _) = encoded(60, 40, Pixels::Rgba(opaque.clone()));
        assert_eq!((color, &samples), (ColorType::Rgb, &rgb));
        let mut nearly = opaque;
        nearly[60 * 40 * 4 - 1] = 254;
        let (color, samples, _) = encoded(60, 40, Pixels::Rgba(nearly.clone()));
        assert_eq!((color, samples), (ColorType::Rgba, nearly));

        let grey = gradient(60, 40, |x, y| vec![x ^ y]);
        for pixels in [
            Pixels::Rgb(gradient(60, 40, |x, y| vec![x ^ y; 3])),
            Pixels::Rgba(gradient(60, 40, |x, y| vec![x ^ y, x ^ y, x ^ y, 255])),
        ] {
            assert_eq!(encoded(60, 40, pixels).1, grey);
        }
        let (color, samples, _) = encoded(60, 40, Pixels::Rgb(rgb.clone()));
        assert_eq!((color, samples), (ColorType::Rgb, rgb));
    }

    #[test]
    fn drawings_are_not_filtered_and_gradients_are() {
        let drawing =
            gradient(90, 60, |x, y| if x % 30 == 0 || y % 20 == 0 { vec![200, 0, 0] } else { vec![255; 3] });
        assert_eq!(effort(&drawing, 270, 3).0, Filter::NoFilter);
        let smooth = gradient(90, 60, |x, y| vec![x.wrapping_add(y), 2 * x, 3 * y]);
        assert_eq!(effort(&smooth, 270, 3).0, Filter::Adaptive);
    }
}
