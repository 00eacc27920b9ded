//! Which colour space a source's samples are in.

mod compact;
mod embedded;
mod lightness;
mod shaper;

use image_header::{ColorModel, Format, Limits, PngColor, Profile, SourceInfo};
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout,
    MatrixCoefficients, ToneReprCurve, TransferCharacteristics, TransformOptions,
};

pub(crate) use compact::{REVISION, compact};
pub(crate) use embedded::longest;
pub(crate) use shaper::{Shaper, encoded};

/// The space that samples are in.
pub(crate) enum Space {
    /// sRGB, said or assumed, or a profile that is *numerically* sRGB.
    Srgb,
    /// Primaries and curves.
    Matrix(Box<ColorProfile>, Shaper),
    /// Tables, inks, or grey.
    Profile(Box<ColorProfile>),
}

/// The space of `source`, and what could not be read of it, in words.
pub(crate) fn space(source: &[u8], info: &SourceInfo, limits: &Limits) -> (Space, Option<String>) {
    let mut unread = None;
    if let Some(cicp) = info.png_color.cicp {
        match from_cicp(cicp, info.color) {
            Ok(found) => return found,
            Err(warning) => unread = Some(warning),
        }
    }
    let (space, warning) = without_cicp(source, info, limits);
    (space, warning.or(unread))
}

fn without_cicp(source: &[u8], info: &SourceInfo, limits: &Limits) -> (Space, Option<String>) {
    match embedded::read(source, &info.profile, limits.metadata_bytes) {
        Ok(Some(profile)) => return (simplest(lightness::without(profile)), None),
        Ok(None) => {}
        Err(warning) => return (Space::Srgb, Some(warning)),
    }
    if info.format == Format::Png && !info.png_color.srgb {
        return (from_png_chunks(&info.png_color, info.color), None);
    }
    if info.interoperability_r03 {
        return (simplest(ColorProfile::new_adobe_rgb()), None);
    }
    (Space::Srgb, None)
}

fn simplest(profile: ColorProfile) -> Space {
    match Shaper::new(&profile) {
        Some(shaper) if shaper.is_srgb() => Space::Srgb,
        Some(shaper) => Space::Matrix(Box::new(profile), shaper),
        None if is_srgb(&profile) => Space::Srgb,
        None => Space::Profile(Box::new(profile)),
    }
}

/// Returns whether the colours of `info` may be wider than sRGB.
pub(crate) fn may_be_wide(info: &SourceInfo) -> bool {
    let rgb = matches!(info.color, ColorModel::Rgb | ColorModel::YCbCr | ColorModel::Palette);
    rgb && is_described(info)
}

/// Returns whether `info` is a grey picture whose greys may differ from those of sRGB.
pub(crate) fn may_be_other_grey(info: &SourceInfo) -> bool {
    info.color == ColorModel::Grey && is_described(info)
}

/// Returns whether the file says anything of its colours.
fn is_described(info: &SourceInfo) -> bool {
    let png = &info.png_color;
    info.profile != Profile::None
        || info.interoperability_r03
        || png.cicp.is_some()
        || (!png.srgb && (png.gamma.is_some() || png.chromaticities.is_some()))
}

/// Whether converting by a `profile` of tables or grey changes nothing: judged by its numbers, never by its name. A cube of
/// colours and a ramp of greys may move by one level of 255 at most.
fn is_srgb(profile: &ColorProfile) -> bool {
    let (layout, samples): (Layout, Vec<u16>) = match profile.color_space {
        DataColorSpace::Rgb => {
            const STEP: u16 = 13_107;
            let cube = (0..216_u16).flat_map(|n| [n / 36, n / 6 % 6, n % 6].map(|level| level * STEP));
            (Layout::Rgb, cube.chain(greys().flat_map(|grey| [grey; 3])).collect())
        }
        DataColorSpace::Gray => (Layout::Gray, greys().collect()),
        _ => return false,
    };
    let srgb = ColorProfile::new_srgb();
    let Ok(transform) =
        profile.create_transform_16bit(layout, &srgb, Layout::Rgb, TransformOptions::default())
    else {
        return false;
    };
    let expected: Vec<u16> = match layout {
        Layout::Gray => samples.iter().flat_map(|&grey| [grey; 3]).collect(),
        _ => samples.clone(),
    };
    let mut converted = vec![0; expected.len()];
    transform.transform(&samples, &mut converted).is_ok()
        && converted.iter().zip(&expected).all(|(&a, &b)| a.abs_diff(b) <= 257)
}

fn greys() -> impl Iterator<Item = u16> {
    (0..=32_u16).map(|step| (u32::from(step) * 65_535 / 32) as u16)
}

/// ITU-T H.273 code points, as PNG's cICP carries them; a warning where they are not understood.
fn from_cicp(
    [primaries, transfer, matrix, full_range]: [u8; 4],
    model: ColorModel,
) -> Result<(Space, Option<String>), String> {
    let unread =
        || format!("colour of the code points {primaries}/{transfer}/{matrix}/{full_range} is not known");
    let color_primaries = CicpColorPrimaries::try_from(primaries).map_err(|_| unread())?;
    ColorPrimaries::try_from(color_primaries).map_err(|_| unread())?;
    let transfer_characteristics = TransferCharacteristics::try_from(transfer).map_err(|_| unread())?;
    let curve = ToneReprCurve::try_from(transfer_characteristics).map_err(|_| unread())?;
    if (matrix, full_range) != (0, 1) {
        return Err(unread());
    }
    // PQ and HLG: shown as if their peak were white, which is too dark or too flat.
    let warning =
        matches!(transfer, 16 | 18).then(|| "HDR is not tone mapped; the picture may look dull".to_owned());
    if model == ColorModel::Grey {
        let mut grey = ColorProfile::new_gray_with_gamma(1.0);
        grey.gray_trc = Some(curve);
        return Ok((simplest(grey), warning));
    }
    let cicp = CicpProfile {
        color_primaries,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    };
    Ok((simplest(ColorProfile::new_from_cicp(cicp)), warning))
}

/// gAMA and cHRM. A gamma of 1/2.2 is what writers of sRGB put there, and browsers take it so.
fn from_png_chunks(color: &PngColor, model: ColorModel) -> Space {
    let Some(gamma) = color.gamma.filter(|&gamma| gamma > 0) else {
        return Space::Srgb;
    };
    let is_srgb_gamma = gamma.abs_diff(45_455) <= 50;
    if model == ColorModel::Grey {
        return match is_srgb_gamma {
            true => Space::Srgb,
            false => simplest(ColorProfile::new_gray_with_gamma(100_000.0 / gamma as f32)),
        };
    }
    let mut profile = ColorProfile::new_srgb();
    if let Some(chromaticities) = color.chromaticities {
        let [white, red, green, blue] = [0, 2, 4, 6].map(|at| {
            Chromaticity::new(
                chromaticities[at] as f32 / 100_000.0,
                chromaticities[at + 1] as f32 / 100_000.0,
            )
        });
        let sane = |point: &Chromaticity| point.y > 0.001 && point.x + point.y <= 1.1;
        if [white, red, green, blue].iter().all(sane) {
            profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
        }
    }
    if !is_srgb_gamma {
        let curve = ToneReprCurve::Parametric(vec![100_000.0 / gamma as f32]);
        // Else the code points of sRGB would go before the curves.
        profile.cicp = None;
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
    }
    simplest(profile)
}
