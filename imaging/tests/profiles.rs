//! Profiles that do not fit the picture as one would expect, against what Chromium shows.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Decoded, close, derive_all, preset};
use fixtures::icc::{self, Curve};
use fixtures::jpeg::Jpeg;
use fixtures::png::Png;
use fixtures::tiff::Tiff;
use fixtures::{Raster, pixels, webp};
use imaging::FormatChoice::{self, Auto, Jpeg as JpegOut, Png as PngOut, Webp, WebpLossless};
use imaging::{Colour, Preset};
use lcms2::{Intent, PixelFormat, Profile, Transform};

const LEVELS: [u8; 4] = [16, 64, 128, 192];
const SIDE: u32 = 64;

/// Four bars of grey.
fn bars() -> Raster<u8> {
    Raster::from_fn(4 * SIDE, SIDE, 1, |x, _, to| to[0] = LEVELS[(x / SIDE) as usize])
}

/// The middles of the four bars in each rendition of `file`.
fn levels(file: &[u8], preset: &Preset) -> Vec<[[u8; 3]; 4]> {
    let (derived, renditions) = derive_all(file, preset);
    assert_eq!(derived.warnings, Vec::<String>::new());
    let bars = |rendition| {
        let picture = Decoded::of(rendition);
        let bar = picture.width / 4;
        [0, 1, 2, 3].map(|at| picture.rgb(at * bar + bar / 2, picture.height / 2))
    };
    renditions.iter().map(bars).collect()
}

fn expect(name: &str, file: &[u8], preset: &Preset, expected: [u8; 4], tolerance: u8) {
    for got in levels(file, preset) {
        let fits = got.into_iter().zip(expected).all(|(got, level)| close(got, [level; 3], tolerance));
        assert!(fits, "{name}: {got:?}, not {expected:?}");
    }
}

fn every_format() -> Vec<FormatChoice> {
    vec![JpegOut, Webp, PngOut, WebpLossless]
}

#[test]
fn a_profile_of_rgb_applies_to_grey() {
    let grey = bars();
    let alpha = grey.with_alpha(|_, _| 1.0);
    let faded = grey.with_alpha(|_, y| if y == 0 { 0.5 } else { 1.0 });
    let profiles = [(icc::prophoto(), [20, 81, 146, 203]), (icc::adobe_rgb(), [7, 62, 129, 193])];
    for (profile, expected) in &profiles {
        let files = [
            ("JPEG", Jpeg::new(&grey).quality(98).icc(profile).encode()),
            ("progressive JPEG", Jpeg::new(&grey).quality(98).progressive().icc(profile).encode()),
            ("PNG", Png::new(&grey).icc(profile).encode()),
            ("interlaced PNG", Png::new(&grey).interlaced().icc(profile).encode()),
            ("PNG of 16 bits", Png::new(&grey.to_16()).icc(profile).encode()),
            ("PNG with alpha", Png::new(&alpha).icc(profile).encode()),
            ("PNG with some alpha", Png::new(&faded).icc(profile).encode()),
            ("PNG of 16 bits with alpha", Png::new(&alpha.to_16()).icc(profile).encode()),
            ("TIFF", Tiff::new(&grey).icc(profile).encode()),
            ("TIFF of 16 bits", Tiff::new(&grey.to_16()).icc(profile).encode()),
        ];
        for (name, file) in files {
            // At its own width, where planes could be passed on, and smaller.
            for colour in [Colour::Srgb, Colour::Keep] {
                let wanted = Preset { colour, ..preset(&[4 * SIDE, SIDE], &every_format()) };
                expect(name, &file, &wanted, *expected, 3);
            }
        }
    }
}

#[test]
fn grey_stays_a_picture_of_one_component() {
    for profile in [icc::prophoto(), icc::grey_gamma22()] {
        let file = Png::new(&bars()).icc(&profile).encode();
        let (_, renditions) = derive_all(&file, &preset(&[SIDE], &[PngOut, JpegOut]));
        assert_eq!(Decoded::of(&renditions[0]).channels, 1);
        let jpeg = imaging::probe(&renditions[1].bytes, &imaging::Limits::default()).unwrap().jpeg.unwrap();
        assert_eq!(jpeg.sampling.len(), 1);
    }
}

#[test]
fn grey_of_a_profile_gets_other_keys_than_grey_of_srgb() {
    let spec = |file: &[u8]| derive_all(file, &preset(&[SIDE], &[PngOut])).1[0].spec.spec().to_owned();
    let plain = spec(&Png::new(&bars()).encode());
    assert_ne!(plain, spec(&Png::new(&bars()).icc(&icc::prophoto()).encode()));
}

#[test]
fn a_profile_of_tables_applies_to_grey_as_to_equal_primaries() {
    let profile = icc::tinted_table(17);
    let parsed = Profile::new_icc(&profile).unwrap();
    let transform: Transform<[u8; 3], [u8; 3]> = Transform::new(
        &parsed,
        PixelFormat::RGB_8,
        &Profile::new_srgb(),
        PixelFormat::RGB_8,
        Intent::Perceptual,
    )
    .unwrap();
    let mut expected = [[0; 3]; 4];
    transform.transform_pixels(&LEVELS.map(|level| [level; 3]), &mut expected);
    // It is no grey that comes of it.
    assert!(expected[1..].iter().all(|color| color[0].abs_diff(color[2]) > 4), "{expected:?}");
    let grey = bars();
    let alpha = grey.with_alpha(|_, y| if y == 0 { 0.5 } else { 1.0 });
    for file in [
        Png::new(&grey).icc(&profile).encode(),
        Png::new(&grey.to_16()).icc(&profile).encode(),
        Png::new(&alpha).icc(&profile).encode(),
        Jpeg::new(&grey).quality(98).icc(&profile).encode(),
    ] {
        for got in levels(&file, &preset(&[4 * SIDE, SIDE], &[PngOut])) {
            assert!(got.iter().zip(expected).all(|(&a, b)| close(a, b, 3)), "{got:?}, not {expected:?}");
        }
    }
}

#[test]
fn a_grey_curve_may_lead_to_lightness() {
    let profile = icc::with_lab(icc::grey("L*", Curve::Gamma(1.0)));
    let grey = bars();
    for file in [
        Jpeg::new(&grey).quality(98).icc(&profile).encode(),
        Png::new(&grey).icc(&profile).encode(),
        Png::new(&grey.to_16()).icc(&profile).encode(),
        Png::new(&grey.with_alpha(|_, _| 1.0)).icc(&profile).encode(),
    ] {
        expect("lightness", &file, &preset(&[4 * SIDE, SIDE], &every_format()), [20, 60, 119, 185], 2);
    }
}

/// Renders a mid grey in RGB from each kind of file and returns the warnings and the colors.
fn mid_grey(profile: &[u8], formats: &[FormatChoice]) -> (Vec<String>, Vec<[u8; 3]>) {
    let mut colors = Vec::new();
    let mut warnings = Vec::new();
    let raster = pixels::solid::<u8>(SIDE, SIDE, &[120; 3]);
    for file in [
        Jpeg::new(&raster).quality(98).icc(profile).encode(),
        Png::new(&raster).icc(profile).encode(),
        Png::new(&raster.to_16()).icc(profile).encode(),
        Tiff::new(&raster).icc(profile).encode(),
        webp::extended(&webp::lossless(&raster), &raster, Some(profile), None),
    ] {
        let (derived, renditions) = derive_all(&file, &preset(&[SIDE], formats));
        warnings.extend(derived.warnings);
        colors.extend(renditions.iter().map(|rendition| Decoded::of(rendition).rgb(9, 9)));
    }
    (warnings, colors)
}

#[test]
fn primaries_are_xyz_whatever_the_connection_space_and_version() {
    // A signal of 120 by gamma 1.8, in sRGB.
    let light = (120.0_f64 / 255.0).powf(1.8);
    let expected = (255.0 * icc::srgb_encode(light)).round() as u8;
    assert_eq!(expected, 139);
    let prophoto = icc::prophoto();
    for profile in [
        prophoto.clone(),
        icc::with_lab(prophoto.clone()),
        icc::with_version(prophoto.clone(), [0; 4]),
        icc::with_version(prophoto.clone(), [1, 0, 0, 0]),
        icc::with_version(prophoto.clone(), [2, 0x90, 0, 0]),
        icc::with_version(prophoto, [3, 0, 0, 0]),
    ] {
        let (warnings, colors) = mid_grey(&profile, &every_format());
        assert_eq!(warnings, Vec::<String>::new());
        assert!(colors.iter().all(|&color| close(color, [expected; 3], 2)), "{colors:?}");
    }
}

#[test]
fn a_profile_of_other_colours_is_ignored_in_words() {
    for (profile, named) in [(icc::grey_gamma22(), "grey"), (icc::cmyk(), "CMYK")] {
        let (warnings, colors) = mid_grey(&profile, &[PngOut]);
        assert_eq!(warnings.len(), colors.len());
        let expected =
            format!("the colour profile is for {named} and the picture is RGB; the profile was ignored");
        assert!(warnings.iter().all(|warning| *warning == expected), "{warnings:?}");
        assert!(colors.iter().all(|&color| close(color, [120; 3], 1)), "{colors:?}");
    }
    let inks = pixels::solid::<u8>(SIDE, SIDE, &[0, 0, 0, 100]);
    for (profile, named) in [(icc::prophoto(), "RGB"), (icc::grey_gamma22(), "grey")] {
        let file = Jpeg::new(&inks).quality(98).icc(&profile).encode();
        let plain = Jpeg::new(&inks).quality(98).encode();
        let (derived, renditions) = derive_all(&file, &preset(&[SIDE], &[PngOut]));
        let expected =
            format!("the colour profile is for {named} and the picture is CMYK; the profile was ignored");
        assert_eq!(derived.warnings, [expected]);
        let (_, untagged) = derive_all(&plain, &preset(&[SIDE], &[PngOut]));
        assert_eq!(Decoded::of(&renditions[0]).samples, Decoded::of(&untagged[0]).samples);
    }
    let file = Png::new(&bars()).icc(&icc::cmyk()).encode();
    let (derived, renditions) = derive_all(&file, &preset(&[4 * SIDE], &[Auto, PngOut]));
    assert_eq!(derived.warnings.len(), 1);
    assert!(close(Decoded::of(&renditions[1]).rgb(SIDE / 2, 9), [16; 3], 0));
}

#[test]
fn a_profile_that_is_too_long_is_ignored_before_it_is_read() {
    let raster = pixels::solid::<u8>(SIDE, SIDE, &[120; 3]);
    let shown = |profile: &[u8]| {
        let (derived, renditions) =
            derive_all(&Png::new(&raster).icc(profile).encode(), &preset(&[SIDE], &[PngOut]));
        (derived.warnings, Decoded::of(&renditions[0]).rgb(9, 9))
    };
    // Zeros that deflate a thousandfold.
    for bytes in [1 << 20, 4 << 20] {
        let (warnings, color) = shown(&icc::padded(icc::prophoto(), bytes));
        assert_eq!(warnings, Vec::<String>::new());
        assert!(close(color, [139; 3], 1), "{color:?}");
    }
    for bytes in [(4 << 20) + 1, 15_900_000] {
        let (warnings, color) = shown(&icc::padded(icc::prophoto(), bytes));
        assert_eq!(color, [120; 3]);
        let expected = format!(
            "the colour profile has {bytes} bytes, more than the 4194304 that are allowed; it was ignored"
        );
        assert_eq!(warnings, [expected]);
    }
}
