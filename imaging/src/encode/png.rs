//! PNG, 8 bits a sample, by the `png` crate.

use std::borrow::Cow;
use std::io::Write;

use png::{BitDepth, ColorType, Compression, Encoder, Filter, Info};

use super::EncodeError;
use crate::Fault;
use crate::color::{Pixels, Upright};
use crate::stop::Stop;

pub(super) const REVISION: u32 = 1;

pub(super) fn encode(picture: &Upright, stop: &Stop) -> Result<Vec<u8>, EncodeError> {
    let rgb;
    let (samples, color, channels): (&[u8], _, _) = match &picture.pixels {
        Pixels::Grey(grey) => (grey, ColorType::Grayscale, 1),
        Pixels::Rgb(rgb) => (rgb, ColorType::Rgb, 3),
        Pixels::Rgba(rgba) => (rgba, ColorType::Rgba, 4),
        Pixels::YCbCr420 { .. } => {
            rgb = picture.to_rgb([0; 3]);
            (&rgb, ColorType::Rgb, 3)
        }
    };
    let mut file = Vec::new();
    let mut info = Info::with_size(picture.width, picture.height);
    info.icc_profile = picture.kept.as_ref().map(|kept| Cow::Borrowed(&kept.icc[..]));
    let mut encoder = Encoder::with_info(&mut file, info).map_err(Fault::new)?;
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.set_filter(Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(Fault::new)?;
    let mut stream = writer.stream_writer().map_err(Fault::new)?;
    for row in samples.chunks_exact((picture.width as usize * channels).max(1)) {
        stop.check()?;
        stream.write_all(row).map_err(Fault::new)?;
    }
    stream.finish().map_err(Fault::new)?;
    writer.finish().map_err(Fault::new)?;
    Ok(file)
}
