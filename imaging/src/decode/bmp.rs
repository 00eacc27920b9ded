//! BMP: plain rows by the `image` crate, run lengths by a decoder of our own, which leaves skipped pixels transparent.

mod header;
mod rle;

use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder, ImageError};
use image_header::{Limits, Rejection, SourceInfo};

use self::header::{Header, Spliced};
use super::{DecodeError, Decoded, UNDECODED, accept_partial, check_size, shrunk_eight};
use crate::picture::Components;
use crate::stop::Stop;

pub(super) fn decode(
    source: &[u8],
    info: &SourceInfo,
    shrink: u32,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let header = Header::read(source).ok_or_else(|| Rejection::damaged("the BMP's header is cut off"))?;
    if header.is_run_length() {
        return rle::decode(source, &header, info, shrink, stop);
    }
    let damaged = |_: ImageError| Rejection::damaged("the BMP's header contradicts itself");
    let mut decoder = BmpDecoder::new(Spliced::new(&header, source, stop)).map_err(damaged)?;
    let mut bounds = image::Limits::default();
    bounds.max_image_width = Some(limits.side);
    bounds.max_image_height = Some(limits.side);
    bounds.max_alloc = Some(limits.decoded_bytes);
    decoder.set_limits(bounds).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(info, width, height)?;
    let color = decoder.color_type();
    let row_bytes = width as usize * usize::from(color.channel_count());
    let mut samples = vec![UNDECODED; row_bytes * height as usize];
    let mut warnings = Vec::new();
    if decoder.read_image(&mut samples).is_err() {
        stop.check()?;
        // The decoder leaves rows as they were that it did not reach; they may come from the bottom up.
        let untouched = |row: &&[u8]| row.iter().all(|&sample| sample == UNDECODED);
        let missing = samples.chunks_exact(row_bytes.max(1)).filter(untouched).count();
        warnings.push(accept_partial(missing, height as usize, "the file ends early")?);
    }
    let picture = match color {
        ColorType::L8 => shrunk_eight(info, shrink, Components::Grey, samples),
        ColorType::Rgb8 => shrunk_eight(info, shrink, Components::Rgb, samples),
        ColorType::Rgba8 => {
            // Screenshot tools leave the fourth byte at 0 and mean an opaque picture.
            if samples.chunks_exact(4).all(|pixel| pixel[3] == 0) {
                samples.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 255);
                warnings.push("all its pixels are transparent; it was taken for opaque".to_owned());
            }
            shrunk_eight(info, shrink, Components::Rgba, samples)
        }
        _ => return Err(Rejection::unsupported("a BMP of more than 8 bits a sample").into()),
    };
    Ok(Decoded { picture, warnings })
}
