//! Run lengths of 4 and 8 bits a pixel.

use image_header::SourceInfo;

use super::header::Header;
use crate::decode::{DecodeError, Decoded, UNDECODED, accept_partial, check_size, shrunk_eight};
use crate::picture::Components;
use crate::stop::Stop;

/// Decodes the picture. Pixels that the data moves past are transparent if the header says so, as in browsers.
pub(super) fn decode(
    source: &[u8],
    header: &Header,
    info: &SourceInfo,
    shrink: u32,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let (width, height) = (header.width.unsigned_abs(), header.height.unsigned_abs());
    check_size(info, width, height)?;
    let components = if info.alpha { Components::Rgba } else { Components::Rgb };
    let (width, height, channels) = (width as usize, height as usize, components.count());
    let missing = if info.alpha { 0 } else { UNDECODED };
    let mut canvas = Canvas {
        samples: vec![missing; width * height * channels],
        size: (width, height),
        channels,
        top_down: header.height < 0,
        palette: &header.palette,
        at: (0, 0),
    };
    let done = canvas.paint(source.get(header.pixels..).unwrap_or_default(), header.bits == 4, stop)?;
    let mut warnings = Vec::new();
    if !done {
        let lacking = height.saturating_sub(canvas.at.1 + usize::from(canvas.at.0 > 0));
        warnings.push(accept_partial(lacking, height, "the file ends early")?);
    }
    let samples = canvas.samples;
    Ok(Decoded { picture: shrunk_eight(info, shrink, components, samples), warnings })
}

struct Canvas<'a> {
    samples: Vec<u8>,
    size: (usize, usize),
    channels: usize,
    top_down: bool,
    palette: &'a [[u8; 3]],
    /// The next pixel; the row counts from the first that is stored.
    at: (usize, usize),
}

impl Canvas<'_> {
    /// Follows the data. Returns whether it reached the picture's end.
    fn paint(&mut self, data: &[u8], four_bits: bool, stop: &Stop) -> Result<bool, DecodeError> {
        let mut data = data;
        while self.at.1 < self.size.1 {
            let Some((&[count, value], rest)) = data.split_first_chunk() else {
                return Ok(self.at.1 + 1 == self.size.1 && self.at.0 >= self.size.0);
            };
            data = rest;
            match (count, value) {
                (0, 0) => {
                    stop.check()?;
                    self.at = (0, self.at.1 + 1);
                }
                (0, 1) => return Ok(true),
                (0, 2) => {
                    let Some((&[right, up], rest)) = data.split_first_chunk() else { return Ok(false) };
                    data = rest;
                    self.at = (self.at.0 + usize::from(right), self.at.1 + usize::from(up));
                }
                (0, pixels) => {
                    let pixels = usize::from(pixels);
                    let bytes = if four_bits { pixels.div_ceil(2) } else { pixels };
                    for index in 0..pixels {
                        let byte = if four_bits { data.get(index / 2) } else { data.get(index) };
                        let Some(&byte) = byte else { return Ok(false) };
                        self.put(color(byte, index, four_bits));
                    }
                    data = data.get(bytes.next_multiple_of(2)..).unwrap_or_default();
                }
                (pixels, value) => {
                    (0..usize::from(pixels)).for_each(|index| self.put(color(value, index, four_bits)));
                }
            }
        }
        Ok(true)
    }

    /// Paints a pixel, unless it lies beyond the row's end.
    fn put(&mut self, color: u8) {
        let ((x, y), (width, height)) = (self.at, self.size);
        self.at.0 += 1;
        if x >= width || y >= height {
            return;
        }
        let row = if self.top_down { y } else { height - 1 - y };
        let [blue, green, red] = self.palette.get(usize::from(color)).copied().unwrap_or_default();
        let start = (row * width + x) * self.channels;
        let pixel = [red, green, blue, 255];
        self.samples[start..start + self.channels].copy_from_slice(&pixel[..self.channels]);
    }
}

/// Returns the color number `index` of a run of `value`, or of literal colors of which `value` holds this one.
fn color(value: u8, index: usize, four_bits: bool) -> u8 {
    match (four_bits, index % 2) {
        (false, _) => value,
        (true, 0) => value >> 4,
        (true, _) => value & 15,
    }
}
