//! From the source's colour space to upright sRGB of 8 bits, or to what of it is kept, at rendition size.
//!
//! [`Colors::new`] is the one place that decides how: YCbCr that is sRGB stays as it is; that of another space of
//! primaries and curves is converted as planes (`planes`), all else by moxcms, pixel by pixel.
//!
//! Planes are converted before they are turned, and where nothing needs them as they were, smaller sizes are made from
//! what was converted.

mod grey;
mod planes;

use std::sync::Arc;

use image_header::{ColorModel, Orientation};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use crate::Fault;
use crate::jobs::chroma_of;
use crate::orient;
use crate::picture::{Components, Interleaved, Picture, Plane, Samples};
use crate::plan::{Plan, RenditionSpec};
use crate::preset::Colour;
use crate::profile::{self, Shaper, Space};
use crate::resize::Chroma;
use grey::GreyTable;
pub(crate) use planes::Kernel;

/// A rendition's pixels: sRGB or the space of `kept`, 8 bits, upright, without alpha unless it is [`Pixels::Rgba`].
#[derive(Debug)]
pub(crate) struct Upright {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Pixels,
    /// The space of the pixels where it is not sRGB.
    pub(crate) kept: Option<Arc<Kept>>,
}

#[derive(Debug)]
pub(crate) enum Pixels {
    Grey(Vec<u8>),
    /// JFIF's YCbCr; chroma has ⌈width / 2⌉ × ⌈height / 2⌉ samples, co-sited between four of luma's.
    YCbCr420 {
        luma: Arc<Vec<u8>>,
        blue: Arc<Vec<u8>>,
        red: Arc<Vec<u8>>,
    },
    Rgb(Vec<u8>),
    Rgba(Vec<u8>),
}

/// A space wider than sRGB that renditions stay in.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The profile that files carry.
    pub(crate) icc: Vec<u8>,
    /// The same in numbers.
    pub(crate) shaper: Shaper,
}

/// Raised whenever what is converted deliberately changes, so that renditions get new keys.
pub(crate) const REVISION: u32 = 3;

/// What becomes of the colours of one source. Made once, used at every size.
pub(crate) struct Colors {
    /// What becomes of 4:2:0 planes; none where they would have to be RGB first.
    planes: Option<OfPlanes>,
    /// What becomes of all else.
    pixels: OfPixels,
    kept: Option<Arc<Kept>>,
}

enum OfPlanes {
    Nothing,
    Converted(Kernel),
}

enum OfPixels {
    Nothing,
    Eight(Arc<dyn TransformExecutor<u8> + Send + Sync>),
    Sixteen(Arc<dyn TransformExecutor<u16> + Send + Sync>),
    Grey(GreyTable),
}

impl Colors {
    /// What `plan` wants of `picture`, whose samples are in `space`. A profile that does not fit them is left out, with
    /// a warning.
    pub(crate) fn new(space: Space, picture: &Picture, plan: &Plan) -> (Self, Option<String>) {
        let is_ycbcr = matches!(picture, Picture::Planar { model: ColorModel::YCbCr, .. });
        let as_it_is =
            || Self { planes: is_ycbcr.then_some(OfPlanes::Nothing), pixels: OfPixels::Nothing, kept: None };
        let (profile, shaper) = match space {
            Space::Srgb => return (as_it_is(), None),
            Space::Matrix(profile, shaper) => (profile, Some(shaper)),
            Space::Profile(profile) => (profile, None),
        };
        let (layout, wanted, sixteen) = layout(picture);
        let is_grey = wanted == DataColorSpace::Gray;
        // Browsers apply a profile of RGB to grey too, and no other that does not fit.
        if profile.color_space != wanted && !(is_grey && profile.color_space == DataColorSpace::Rgb) {
            let warning = format!(
                "the colour profile is for {} and the picture is {}; the profile was ignored",
                in_words(profile.color_space),
                in_words(wanted)
            );
            return (as_it_is(), Some(warning));
        }
        if is_grey {
            return match GreyTable::new(&profile, sixteen) {
                Ok(table) => (Self { pixels: OfPixels::Grey(table), ..as_it_is() }, None),
                Err(_) => (as_it_is(), Some(UNUSABLE.to_owned())),
            };
        }
        let mut kernel = None;
        if let Some(shaper) = shaper {
            if plan.colour == Colour::Keep
                && shaper.is_wide()
                && let Some(icc) = profile::compact(&profile, &shaper)
            {
                return (Self { kept: Some(Arc::new(Kept { icc, shaper })), ..as_it_is() }, None);
            }
            kernel = Kernel::new(&shaper).filter(|_| is_ycbcr);
        }
        let halved = |spec: &RenditionSpec| chroma_of(spec, plan.source.orientation) != Chroma::Full;
        if kernel.is_some() && plan.renditions.iter().all(halved) {
            let planes = kernel.map(OfPlanes::Converted);
            return (Self { planes, pixels: OfPixels::Nothing, kept: None }, None);
        }
        match through(&profile, layout, sixteen) {
            Ok(pixels) => (Self { planes: kernel.map(OfPlanes::Converted), pixels, kept: None }, None),
            Err(_) => (as_it_is(), Some(UNUSABLE.to_owned())),
        }
    }

    /// How many samples of chroma the rendition is made from.
    pub(crate) fn chroma(&self, spec: &RenditionSpec, orientation: Orientation) -> Chroma {
        if self.planes.is_some() { chroma_of(spec, orientation) } else { Chroma::Full }
    }

    /// What 4:2:0 planes have to go through before they are turned.
    pub(crate) fn of_planes(&self) -> Option<&Kernel> {
        match &self.planes {
            Some(OfPlanes::Converted(kernel)) => Some(kernel),
            Some(OfPlanes::Nothing) | None => None,
        }
    }
}

const UNUSABLE: &str = "the colour profile cannot be used and was ignored";

/// Returns the name of a colour model for people.
fn in_words(space: DataColorSpace) -> &'static str {
    match space {
        DataColorSpace::Gray => "grey",
        DataColorSpace::Rgb => "RGB",
        DataColorSpace::Cmyk => "CMYK",
        DataColorSpace::Lab => "L*a*b*",
        _ => "another kind of colours",
    }
}

/// How samples lie, of which colours, and whether they have 16 bits.
fn layout(picture: &Picture) -> (Layout, DataColorSpace, bool) {
    match picture {
        Picture::Planar { model, .. } => match model {
            ColorModel::Grey => (Layout::Gray, DataColorSpace::Gray, false),
            ColorModel::Cmyk { .. } | ColorModel::Ycck { .. } => (Layout::Rgba, DataColorSpace::Cmyk, false),
            ColorModel::YCbCr | ColorModel::Rgb | ColorModel::Palette => {
                (Layout::Rgb, DataColorSpace::Rgb, false)
            }
        },
        Picture::Interleaved(picture) => {
            let sixteen = matches!(picture.samples, Samples::Sixteen(_));
            match picture.components {
                Components::Grey => (Layout::Gray, DataColorSpace::Gray, sixteen),
                Components::GreyAlpha => (Layout::GrayAlpha, DataColorSpace::Gray, sixteen),
                Components::Rgb => (Layout::Rgb, DataColorSpace::Rgb, sixteen),
                Components::Rgba => (Layout::Rgba, DataColorSpace::Rgb, sixteen),
                // Four inks travel in a layout of four channels.
                Components::Cmyk { .. } | Components::Ycck { .. } => {
                    (Layout::Rgba, DataColorSpace::Cmyk, sixteen)
                }
            }
        }
    }
}

fn through(profile: &ColorProfile, layout: Layout, sixteen: bool) -> Result<OfPixels, moxcms::CmsError> {
    let srgb = ColorProfile::new_srgb();
    let target = if has_alpha(layout, profile) { Layout::Rgba } else { Layout::Rgb };
    let options = TransformOptions::default();
    Ok(if sixteen {
        OfPixels::Sixteen(profile.create_transform_16bit(layout, &srgb, target, options)?)
    } else {
        OfPixels::Eight(profile.create_transform_8bit(layout, &srgb, target, options)?)
    })
}

fn has_alpha(layout: Layout, profile: &ColorProfile) -> bool {
    layout == Layout::GrayAlpha || (layout == Layout::Rgba && profile.color_space != DataColorSpace::Cmyk)
}

/// `picture`, of rendition size, in its final colours and the right way up. YCbCr stays planes where its chroma is
/// halved already, and has gone through [`Colors::of_planes`]; all else goes through RGB.
pub(crate) fn upright(picture: Picture, colors: &Colors, orientation: Orientation) -> Result<Upright, Fault> {
    let (components, samples, size) = match picture {
        Picture::Planar { model, planes } => {
            let (width, height) = planes.first().map_or((0, 0), |plane| (plane.width, plane.height));
            let (components, samples) = match (model, planes.as_slice()) {
                (ColorModel::YCbCr, [luma, blue, red]) if is_halved(luma, blue) => {
                    if colors.planes.is_none() {
                        return Err(Fault::new("chroma was halved that has to become RGB"));
                    }
                    return upright_planes(planes, orientation, colors.kept.clone());
                }
                (ColorModel::Grey, [_]) => {
                    let grey = planes.into_iter().next().map(|plane| plane.samples).unwrap_or_default();
                    (Components::Grey, Arc::unwrap_or_clone(grey))
                }
                (ColorModel::YCbCr, [luma, blue, red]) => {
                    (Components::Rgb, rgb_from_ycbcr(&luma.samples, &blue.samples, &red.samples))
                }
                (ColorModel::Rgb, [red, green, blue]) => (Components::Rgb, beside([red, green, blue])),
                (ColorModel::Cmyk { inverted }, [c, m, y, k]) => {
                    (Components::Cmyk { inverted }, beside([c, m, y, k]))
                }
                (ColorModel::Ycck { inverted }, [y, b, r, k]) => {
                    (Components::Ycck { inverted }, beside([y, b, r, k]))
                }
                (model, planes) => {
                    return Err(Fault::new(format!("{} planes of {model:?}", planes.len())));
                }
            };
            (components, Samples::Eight(samples), (width, height))
        }
        Picture::Interleaved(Interleaved { width, height, components, samples, .. }) => {
            (components, samples, (width, height))
        }
    };
    convert(components, samples, size, colors, orientation)
}

fn is_halved(luma: &Plane, chroma: &Plane) -> bool {
    (chroma.width, chroma.height) == (luma.width.div_ceil(2), luma.height.div_ceil(2)) && luma.width > 1
}

fn upright_planes(
    planes: Vec<Plane>,
    orientation: Orientation,
    kept: Option<Arc<Kept>>,
) -> Result<Upright, Fault> {
    let Ok([luma, blue, red]) = <[Plane; 3]>::try_from(planes) else {
        return Err(Fault::new("YCbCr of other than three planes"));
    };
    let (width, height) = orient::turned(orientation, luma.width, luma.height);
    let turn = |plane: Plane| match orientation {
        Orientation::Normal => plane.samples,
        _ => Arc::new(orient::plane(orientation, &plane.samples, plane.width, plane.height)),
    };
    let pixels = Pixels::YCbCr420 { luma: turn(luma), blue: turn(blue), red: turn(red) };
    Ok(Upright { width, height, pixels, kept })
}

/// Planes of one size as interleaved samples.
fn beside<const N: usize>(planes: [&Plane; N]) -> Vec<u8> {
    let mut samples = vec![0; planes[0].samples.len() * N];
    for (index, plane) in planes.into_iter().enumerate() {
        let targets = samples.iter_mut().skip(index).step_by(N);
        targets.zip(plane.samples.iter()).for_each(|(target, &sample)| *target = sample);
    }
    samples
}

/// Interleaved samples of any kind to upright ones of 8 bits in their final colours.
fn convert(
    components: Components,
    samples: Samples,
    (width, height): (u32, u32),
    colors: &Colors,
    orientation: Orientation,
) -> Result<Upright, Fault> {
    let samples = inks_as_icc(components, samples);
    let pixels = width as usize * height as usize;
    let channels = if components.has_alpha() { 4 } else { 3 };
    let (components, samples) = match (&colors.pixels, samples) {
        (OfPixels::Eight(transform), Samples::Eight(samples)) => {
            let mut rgb = vec![0; pixels * channels];
            transform.transform(&samples, &mut rgb).map_err(Fault::new)?;
            (if channels == 4 { Components::Rgba } else { Components::Rgb }, rgb)
        }
        (OfPixels::Grey(table), samples) => table.convert(components, &samples),
        (OfPixels::Sixteen(transform), Samples::Sixteen(samples)) => {
            let mut rgb = vec![0; pixels * channels];
            transform.transform(&samples, &mut rgb).map_err(Fault::new)?;
            (if channels == 4 { Components::Rgba } else { Components::Rgb }, to_eight(&rgb))
        }
        (_, Samples::Eight(samples)) => (components, samples),
        (_, Samples::Sixteen(samples)) => (components, to_eight(&samples)),
    };
    let (upright_width, upright_height) = orient::turned(orientation, width, height);
    let pixels = match components {
        Components::Grey => Pixels::Grey(turn_pixels::<1>(orientation, samples, width, height)),
        Components::Rgb => Pixels::Rgb(turn_pixels::<3>(orientation, samples, width, height)),
        Components::Rgba => Pixels::Rgba(turn_pixels::<4>(orientation, samples, width, height)),
        Components::GreyAlpha => {
            let rgba: Vec<u8> = samples.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect();
            Pixels::Rgba(turn_pixels::<4>(orientation, rgba, width, height))
        }
        Components::Cmyk { .. } | Components::Ycck { .. } => {
            let rgb: Vec<u8> = samples.chunks_exact(4).flat_map(rgb_without_profile).collect();
            Pixels::Rgb(turn_pixels::<3>(orientation, rgb, width, height))
        }
    };
    Ok(Upright { width: upright_width, height: upright_height, pixels, kept: colors.kept.clone() })
}

fn turn_pixels<const N: usize>(
    orientation: Orientation,
    samples: Vec<u8>,
    width: u32,
    height: u32,
) -> Vec<u8> {
    if orientation == Orientation::Normal {
        return samples;
    }
    orient::apply(orientation, samples.as_chunks::<N>().0, width, height).into_flattened()
}

/// 16 bits to 8, rounded.
fn to_eight(samples: &[u16]) -> Vec<u8> {
    samples.iter().map(|&sample| ((u32::from(sample) * 255 + 32_767) / 65_535) as u8).collect()
}

/// CMYK as ICC profiles take it: the highest value is full ink. Other components are passed on.
fn inks_as_icc(components: Components, samples: Samples) -> Samples {
    let (inverted, ycck) = match components {
        Components::Cmyk { inverted } => (inverted, false),
        Components::Ycck { inverted } => (inverted, true),
        _ => return samples,
    };
    match samples {
        Samples::Eight(mut samples) => {
            for pixel in samples.as_chunks_mut::<4>().0 {
                if ycck {
                    // libjpeg's rule: the RGB that YCbCr stands for, complemented.
                    let [red, green, blue] = rgb_pixel(pixel[0], pixel[1], pixel[2]);
                    [pixel[0], pixel[1], pixel[2]] = [255 - red, 255 - green, 255 - blue];
                }
                if inverted {
                    *pixel = pixel.map(|ink| 255 - ink);
                }
            }
            Samples::Eight(samples)
        }
        Samples::Sixteen(mut samples) => {
            if inverted {
                samples.iter_mut().for_each(|ink| *ink = 65_535 - *ink);
            }
            Samples::Sixteen(samples)
        }
    }
}

/// Inks without a profile, as browsers take them: each primary is what its ink and black let through.
fn rgb_without_profile(inks: &[u8]) -> [u8; 3] {
    let through = |ink: u8| {
        let product = u32::from(255 - ink) * u32::from(255 - inks[3]);
        ((product + 127) / 255) as u8
    };
    [through(inks[0]), through(inks[1]), through(inks[2])]
}

/// JFIF 1.02's conversion in 16-bit fixed point.
fn rgb_pixel(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let luma = (i32::from(luma) << 16) + HALF;
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    let clamp = |value: i32| (value >> 16).clamp(0, 255) as u8;
    [clamp(luma + 91_881 * red), clamp(luma - 22_554 * blue - 46_802 * red), clamp(luma + 116_130 * blue)]
}

fn rgb_from_ycbcr(luma: &[u8], blue: &[u8], red: &[u8]) -> Vec<u8> {
    let mut rgb = vec![0; luma.len() * 3];
    for ((pixel, &luma), (&blue, &red)) in
        rgb.as_chunks_mut::<3>().0.iter_mut().zip(luma).zip(blue.iter().zip(red))
    {
        *pixel = rgb_pixel(luma, blue, red);
    }
    rgb
}

impl Upright {
    /// Red, green, blue; transparent pixels over `background`.
    pub(crate) fn to_rgb(&self, background: [u8; 3]) -> Vec<u8> {
        match &self.pixels {
            Pixels::Rgb(rgb) => rgb.clone(),
            Pixels::Rgba(rgba) => rgba.chunks_exact(4).flat_map(|pixel| flatten(pixel, background)).collect(),
            Pixels::Grey(grey) => grey.iter().flat_map(|&value| [value; 3]).collect(),
            Pixels::YCbCr420 { luma, blue, red } => {
                let width = self.width as usize;
                let half = width.div_ceil(2);
                let mut rgb = Vec::with_capacity(luma.len() * 3);
                for (y, row) in luma.chunks_exact(width.max(1)).enumerate() {
                    let at = y / 2 * half;
                    for (x, &luma) in row.iter().enumerate() {
                        rgb.extend(rgb_pixel(luma, blue[at + x / 2], red[at + x / 2]));
                    }
                }
                rgb
            }
        }
    }

    /// Red, green, blue, alpha.
    pub(crate) fn to_rgba(&self) -> Vec<u8> {
        match &self.pixels {
            Pixels::Rgba(rgba) => rgba.clone(),
            _ => self.to_rgb([0; 3]).chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
        }
    }
}

fn flatten(pixel: &[u8], background: [u8; 3]) -> [u8; 3] {
    let alpha = u32::from(pixel[3]);
    let over = |value: u8, under: u8| {
        ((u32::from(value) * alpha + u32::from(under) * (255 - alpha) + 127) / 255) as u8
    };
    [over(pixel[0], background[0]), over(pixel[1], background[1]), over(pixel[2], background[2])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ycbcr_matches_jfif_in_floating_point() {
        for luma in (0..=255).step_by(5) {
            for blue in (0..=255).step_by(5) {
                for red in (0..=255).step_by(5) {
                    let (y, b, r) = (f64::from(luma), f64::from(blue) - 128.0, f64::from(red) - 128.0);
                    let exact = [y + 1.402 * r, y - 0.344_136 * b - 0.714_136 * r, y + 1.772 * b];
                    let got = rgb_pixel(luma as u8, blue as u8, red as u8);
                    for (exact, got) in exact.into_iter().zip(got) {
                        assert!(
                            (exact.clamp(0.0, 255.0) - f64::from(got)).abs() <= 0.51,
                            "{luma} {blue} {red}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn adobe_inks_are_inverted_once() {
        let white = Samples::Eight(vec![255; 4]);
        let Samples::Eight(inks) = inks_as_icc(Components::Cmyk { inverted: true }, white) else { panic!() };
        assert_eq!(rgb_without_profile(&inks), [255; 3]);
        // Adobe's YCCK: white is stored as the YCbCr of RGB 0, K 255.
        let white = Samples::Eight(vec![0, 128, 128, 255]);
        let Samples::Eight(inks) = inks_as_icc(Components::Ycck { inverted: true }, white) else { panic!() };
        assert_eq!(rgb_without_profile(&inks), [255; 3]);
    }

    #[test]
    fn sixteen_bits_round_to_the_nearest_of_eight() {
        assert_eq!(to_eight(&[0, 128, 129, 257 * 77, 65_535]), [0, 0, 1, 77, 255]);
    }
}
