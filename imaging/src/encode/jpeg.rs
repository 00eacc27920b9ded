//! Baseline JPEG with 4:2:0 chroma, by `jpeg-encoder`. With the standard's Huffman tables: optimised ones save
//! 0.6 % of bytes, take three times as long, and make that encoder write a scan for each component, which
//! readers can only show once all are there.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, ImageBuffer, JpegColorType, SamplingFactor};

use crate::Fault;
use crate::color::{Pixels, Upright};
use crate::plan::RenditionSpec;

pub(super) const REVISION: u32 = 1;

pub(super) fn encode(picture: &Upright, spec: &RenditionSpec) -> Result<Vec<u8>, Fault> {
    let side = |pixels: u32| u16::try_from(pixels).map_err(Fault::new);
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, spec.quality.unwrap_or(80));
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    // Nearest would shift chroma by half a pixel.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    if let Some(kept) = &picture.kept {
        encoder.add_icc_profile(&kept.icc).map_err(Fault::new)?;
    }
    match &picture.pixels {
        Pixels::Grey(grey) => encoder.encode(grey, width, height, ColorType::Luma),
        Pixels::YCbCr420 { luma, blue, red } => {
            encoder.encode_image(Planes { width, height, luma, blue, red })
        }
        Pixels::Rgb(rgb) => encoder.encode(rgb, width, height, ColorType::Rgb),
        Pixels::Rgba(_) => {
            let rgb = picture.to_rgb(spec.background.unwrap_or([255; 3]));
            encoder.encode(&rgb, width, height, ColorType::Rgb)
        }
    }
    .map_err(Fault::new)?;
    Ok(file)
}

/// 4:2:0 planes in the form the encoder takes: chroma at luma's size, which it averages back to what it was.
struct Planes<'a> {
    width: u16,
    height: u16,
    luma: &'a [u8],
    blue: &'a [u8],
    red: &'a [u8],
}

impl ImageBuffer for Planes<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let (width, y) = (usize::from(self.width), usize::from(y));
        let half = width.div_ceil(2);
        let [luma, blue, red, _] = buffers;
        luma.extend_from_slice(&self.luma[y * width..(y + 1) * width]);
        for (target, plane) in [(blue, self.blue), (red, self.red)] {
            let row = &plane[y / 2 * half..(y / 2 + 1) * half];
            target.extend(row.iter().flat_map(|&sample| [sample; 2]).take(width));
        }
    }
}
