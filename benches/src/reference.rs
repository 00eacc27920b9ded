//! What renditions are held against: the whole picture, resized by Lanczos3 in 32-bit floats, then converted to
//! sRGB by littlecms. No step of it is shared with us or with a peer, but for the resize crate, which we use on
//! 8 bits.

use anyhow::{Context, Result};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::F32;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use lcms2::{Intent, PixelFormat, Profile, Transform};

use crate::picture::Picture;

/// sRGB values of 0 to 1, upright, on white where the picture is transparent.
#[derive(Debug, Clone)]
pub struct Rgb {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row by row.
    pub pixels: Vec<[f32; 3]>,
}

/// `picture` in its own size, which is what a rendition's file is.
///
/// # Errors
///
/// If its profile cannot be read.
pub fn as_it_is(picture: &Picture) -> Result<Rgb> {
    let planes = (0..picture.channels).map(|c| plane(picture, c)).collect::<Vec<_>>();
    finish(picture, &planes, picture.width, picture.height)
}

/// `picture` at `width` × `height` pixels, upright.
///
/// # Errors
///
/// If its profile cannot be read.
pub fn reference(picture: &Picture, width: usize, height: usize) -> Result<Rgb> {
    let (width, height) = if picture.turned { (height, width) } else { (width, height) };
    let mut resizer = Resizer::new();
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
    let mut planes = Vec::new();
    // One after the other: a plane of 100 MP in floats has 400 MB.
    for channel in 0..picture.channels {
        let from = plane(picture, channel);
        let from = TypedImageRef::<F32>::new(picture.width as u32, picture.height as u32, &from)?;
        let mut to = TypedImage::<F32>::new(width as u32, height as u32);
        resizer.resize_typed(&from, &mut to, &options)?;
        planes.push(to.pixels().to_vec());
    }
    finish(picture, &planes, width, height)
}

/// A channel as values of 0 to 1; colours premultiplied where there is alpha.
fn plane(picture: &Picture, channel: usize) -> Vec<F32> {
    let n = picture.channels;
    let alpha = (n == 4 && channel < 3).then_some(3);
    picture
        .samples
        .chunks_exact(n)
        .map(|pixel| {
            let value = f32::from(pixel[channel]) / 255.0;
            F32::new(alpha.map_or(value, |alpha| value * f32::from(pixel[alpha]) / 255.0))
        })
        .collect()
}

/// Planes to sRGB pixels on white, upright.
fn finish(picture: &Picture, planes: &[Vec<F32>], width: usize, height: usize) -> Result<Rgb> {
    let mut pixels: Vec<[f32; 3]> = (0..width * height)
        .map(|i| {
            let white = planes.get(3).map_or(0.0, |alpha| 1.0 - alpha[i].0);
            [0, 1, 2].map(|c: usize| planes[c][i].0 + white)
        })
        .collect();
    if let Some(icc) = &picture.icc {
        let profile = Profile::new_icc(icc).context("its profile")?;
        let format = PixelFormat::RGB_FLT;
        let to_srgb =
            Transform::new(&profile, format, &Profile::new_srgb(), format, Intent::RelativeColorimetric)
                .context("its profile")?;
        to_srgb.transform_in_place(&mut pixels);
    }
    for value in pixels.as_flattened_mut() {
        *value = value.clamp(0.0, 1.0);
    }
    if !picture.turned {
        return Ok(Rgb { width, height, pixels });
    }
    let upright = (0..width * height)
        .map(|i| {
            let (x, y) = (i % height, i / height);
            pixels[(height - 1 - x) * width + y]
        })
        .collect();
    Ok(Rgb { width: height, height: width, pixels: upright })
}

#[cfg(test)]
mod tests {
    use fixtures::{exif::Exif, icc, jpeg::Jpeg, pixels, png::Png};

    use super::*;
    use crate::picture::decode;

    /// Red top left, green top right, blue bottom left, white bottom right, however it is stored.
    #[test]
    fn a_turned_picture_is_upright() {
        let upright = pixels::quadrants(96, 64);
        let stored = upright.stored_for(6);
        let file = Jpeg::new(&stored).quality(95).exif(&Exif::new().orientation(6)).encode();
        let small = reference(&decode(&file).unwrap(), 48, 32).unwrap();
        assert_eq!((small.width, small.height), (48, 32));
        for ((x, y), want) in [((8, 8), 0), ((40, 8), 1), ((8, 24), 2), ((40, 24), 3)] {
            let found = small.pixels[y * 48 + x].map(|v| (v * 255.0).round() as i32);
            let close = found.iter().zip(pixels::QUADRANTS[want]).all(|(a, b)| (a - i32::from(b)).abs() < 24);
            assert!(close, "({x}, {y}): {found:?}");
        }
    }

    /// Hidden green must not show; what is transparent is white.
    #[test]
    fn transparency_lies_on_white() {
        let file = Png::new(&pixels::alpha_edge::<u8>(64, 64)).encode();
        let small = reference(&decode(&file).unwrap(), 16, 16).unwrap();
        assert_eq!(small.pixels[0], [1.0, 0.0, 0.0]);
        assert_eq!(small.pixels[15], [1.0, 1.0, 1.0]);
        assert!(small.pixels.iter().all(|[r, g, b]| (r - 1.0).abs() < 1e-5 && (g - b).abs() < 1e-5));
    }

    /// Display P3's red is beyond sRGB's; its white is the same white.
    #[test]
    fn profiles_count() {
        let file = |icc: Option<Vec<u8>>| {
            let raster = pixels::solid(32, 32, &[200_u8, 100, 100]);
            let jpeg = Jpeg::new(&raster);
            decode(&icc.map_or(jpeg.clone().encode(), |icc| jpeg.icc(&icc).encode())).unwrap()
        };
        let plain = reference(&file(None), 16, 16).unwrap().pixels[0];
        let tagged = reference(&file(Some(icc::display_p3())), 16, 16).unwrap().pixels[0];
        assert!(tagged[0] > plain[0] + 0.02 && tagged[1] < plain[1], "{plain:?} {tagged:?}");
    }
}
