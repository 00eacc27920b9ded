//! What a page shows before a rendition has loaded.

use std::sync::Arc;

use fast_image_resize::{ResizeAlg, ResizeOptions};

use crate::Fault;
use crate::color::{Pixels, Upright};
use crate::convolution::{Convolution, Pixel};
use crate::lanczos;

/// A dominant colour is looked for among so many pixels a side at most.
const COLOR_SIDE: u32 = 100;
/// A ThumbHash is made of so many: it has seven frequencies either way at most.
const HASH_SIDE: u32 = 48;

/// The ThumbHash (<https://evanw.github.io/thumbhash/>) and the dominant colour of `picture`.
pub(crate) fn placeholder(picture: &Upright) -> Result<(Vec<u8>, [u8; 3]), Fault> {
    let (width, height) = within(COLOR_SIDE, picture);
    let mut rgba = shrunk(picture, (width, height))?.to_rgba();
    if let Some(kept) = &picture.kept {
        // Pages take both for sRGB.
        for [rgb @ .., _] in rgba.as_chunks_mut::<4>().0 {
            *rgb = kept.shaper.srgb(*rgb).map(|value| value.round() as u8);
        }
    }
    let color = dominant(&rgba);
    let small = Upright { width, height, pixels: Pixels::Rgba(rgba), kept: None };
    let (width, height) = within(HASH_SIDE, &small);
    let rgba = shrunk(&small, (width, height))?.to_rgba();
    Ok((thumbhash::rgba_to_thumb_hash(width as usize, height as usize, &rgba), color))
}

/// The size of `picture`, made smaller so that no side has more than `most` pixels.
fn within(most: u32, picture: &Upright) -> (u32, u32) {
    let longest = picture.width.max(picture.height).max(1);
    let side = |pixels: u32| (pixels * most.min(longest)).div_ceil(longest).clamp(1, most);
    (side(picture.width), side(picture.height))
}

/// `picture` at `size`: in planes where it is in planes, for all of it as RGBA is more than what is done with it.
fn shrunk(picture: &Upright, size: (u32, u32)) -> Result<Upright, Fault> {
    let mut convolution = Convolution::default();
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(lanczos::filter()));
    let mut resize = |components: usize, from: &[u8], from_size: (u32, u32), size: (u32, u32)| {
        let mut small = vec![0; size.0 as usize * size.1 as usize * components];
        let pixel = Pixel { components, sixteen: false };
        convolution.resize(pixel, (from_size, from), (size, &mut small), &options)?;
        Ok::<_, Fault>(small)
    };
    let whole = (picture.width, picture.height);
    let half = |(width, height): (u32, u32)| (width.div_ceil(2), height.div_ceil(2));
    let pixels = match &picture.pixels {
        Pixels::Grey(grey) => Pixels::Grey(resize(1, grey, whole, size)?),
        Pixels::Rgb(rgb) => Pixels::Rgb(resize(3, rgb, whole, size)?),
        Pixels::Rgba(rgba) => Pixels::Rgba(resize(4, rgba, whole, size)?),
        Pixels::YCbCr420 { luma, blue, red } => Pixels::YCbCr420 {
            luma: Arc::new(resize(1, luma, whole, size)?),
            blue: Arc::new(resize(1, blue, half(whole), half(size))?),
            red: Arc::new(resize(1, red, half(whole), half(size))?),
        },
    };
    Ok(Upright { width: size.0, height: size.1, pixels, kept: None })
}

/// The mean of the most crowded of 512 cells of RGB space; opaque pixels only, unless there are none.
fn dominant(rgba: &[u8]) -> [u8; 3] {
    let mut cells = vec![[0_u32; 4]; 512];
    for pixel in rgba.chunks_exact(4) {
        let cell =
            usize::from(pixel[0] >> 5) << 6 | usize::from(pixel[1] >> 5) << 3 | usize::from(pixel[2] >> 5);
        let weight = u32::from(pixel[3] >= 128);
        for (sum, &value) in cells[cell].iter_mut().zip(&pixel[..3]) {
            *sum += weight * u32::from(value);
        }
        cells[cell][3] += weight;
    }
    let most = cells.iter().max_by_key(|cell| cell[3]).copied().unwrap_or_default();
    let mean = |sum: u32| u8::try_from(sum / most[3].max(1)).unwrap_or(u8::MAX);
    [mean(most[0]), mean(most[1]), mean(most[2])]
}
