//! Colours against littlecms, in CIEDE2000.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod delta_e;

use common::{Decoded, close, derive_all, preset};
use delta_e::{ciede2000, lab_of_ratios, lab_of_srgb};
use fixtures::exif::Exif;
use fixtures::jpeg::{Jpeg, Model, Sampling};
use fixtures::png::Png;
use fixtures::tiff::Tiff;
use fixtures::{Raster, icc, pixels};
use imaging::FormatChoice::{Jpeg as JpegOut, Png as PngOut, Webp, WebpLossless};
use imaging::{Colour, OutputFormat, Preset};
use lcms2::{Intent, PixelFormat, Profile, Transform};

const WIDTH: u32 = 18 * 16;
const HEIGHT: u32 = 12 * 16;

/// What littlecms makes of `raster` by `profile`.
fn to_srgb(raster: &Raster<u8>, profile: &[u8]) -> Vec<u8> {
    let format = match raster.channels {
        1 => PixelFormat::GRAY_8,
        3 => PixelFormat::RGB_8,
        _ => PixelFormat::CMYK_8,
    };
    let profile = Profile::new_icc(profile).unwrap();
    let transform: Transform<u8, u8> =
        Transform::new(&profile, format, &Profile::new_srgb(), PixelFormat::RGB_8, Intent::Perceptual)
            .unwrap();
    let mut expected = vec![0; raster.samples.len() / raster.channels * 3];
    transform.transform_pixels(&raster.samples, &mut expected);
    expected
}

/// The mean CIEDE2000 distance of the 216 patches of `rendition` from the same in `expected`.
fn distance(rendition: &imaging::Rendition, expected: &[u8]) -> f64 {
    let picture = Decoded::of(rendition);
    let patches = 216;
    let sum: f64 = (0..patches)
        .map(|patch| {
            let (x, y) = pixels::patch_center(WIDTH, HEIGHT, patch);
            let at = (y * WIDTH + x) as usize * 3;
            let expected = [expected[at], expected[at + 1], expected[at + 2]];
            ciede2000(lab_of_srgb(picture.rgb(x, y)), lab_of_srgb(expected))
        })
        .sum();
    sum / f64::from(patches)
}

/// The mean CIEDE2000 distance of the 216 patches from what littlecms makes of the raster by `profile`.
fn mean_delta_e(file: &[u8], raster: &Raster<u8>, profile: &[u8], formats: &[imaging::FormatChoice]) -> f64 {
    let (derived, renditions) = derive_all(file, &preset(&[WIDTH], formats));
    assert_eq!(derived.warnings, Vec::<String>::new());
    distance(&renditions[0], &to_srgb(raster, profile))
}

fn patches() -> Raster<u8> {
    pixels::color_patches(WIDTH, HEIGHT)
}

#[test]
fn matches_littlecms_for_every_kind_of_profile() {
    let rgb = patches();
    let (grey, cmyk) = (rgb.to_grey(), rgb.to_cmyk());
    let jpeg =
        |raster, profile: &[u8]| Jpeg::new(raster).quality(98).sampling(Sampling::S444).icc(profile).encode();
    let (p3, adobe, grey22, inks) = (icc::display_p3(), icc::adobe_rgb(), icc::grey_gamma22(), icc::cmyk());
    let ycck =
        Jpeg::new(&cmyk).model(Model::YcckAdobe).quality(98).sampling(Sampling::S444).icc(&inks).encode();
    let raw_cmyk = Jpeg::new(&cmyk).model(Model::CmykRaw).quality(98).icc(&inks).encode();
    type Case<'a> = (&'a str, Vec<u8>, &'a Raster<u8>, &'a [u8]);
    let cases: [Case<'_>; 12] = [
        ("P3 PNG", Png::new(&rgb).icc(&p3).encode(), &rgb, &p3),
        ("P3 JPEG", jpeg(&rgb, &p3), &rgb, &p3),
        ("Adobe RGB PNG", Png::new(&rgb).icc(&adobe).encode(), &rgb, &adobe),
        ("Adobe RGB JPEG", jpeg(&rgb, &adobe), &rgb, &adobe),
        ("P3 TIFF", Tiff::new(&rgb).icc(&p3).encode(), &rgb, &p3),
        ("grey PNG", Png::new(&grey).icc(&grey22).encode(), &grey, &grey22),
        ("grey JPEG", jpeg(&grey, &grey22), &grey, &grey22),
        ("CMYK JPEG, Adobe", jpeg(&cmyk, &inks), &cmyk, &inks),
        ("CMYK JPEG, raw", raw_cmyk, &cmyk, &inks),
        ("YCCK JPEG", ycck, &cmyk, &inks),
        ("CMYK TIFF", Tiff::new(&cmyk).cmyk().icc(&inks).encode(), &cmyk, &inks),
        (
            "sRGB of another name",
            Png::new(&rgb).icc(&icc::srgb_unnamed()).encode(),
            &rgb,
            &icc::srgb_unnamed(),
        ),
    ];
    for (name, file, raster, profile) in cases {
        let exact = mean_delta_e(&file, raster, profile, &[PngOut]);
        let lossy = mean_delta_e(&file, raster, profile, &[JpegOut, PngOut]);
        println!("{name}: mean ΔE2000 {exact:.2} as PNG, {lossy:.2} as JPEG");
        assert!(exact <= 1.5 && lossy <= 1.5, "{name}: {exact} as PNG, {lossy} as JPEG");
    }
}

#[test]
fn halved_chroma_is_converted_as_littlecms_converts_rgb() {
    let rgb = patches();
    for profile in [icc::display_p3(), icc::adobe_rgb()] {
        for sampling in [Sampling::S420, Sampling::S444] {
            let file = Jpeg::new(&rgb).quality(98).sampling(sampling).icc(&profile).encode();
            let untagged = Jpeg::new(&rgb).quality(98).sampling(sampling).encode();
            // What JPEG itself costs, twice.
            let loss = mean_delta_e(&untagged, &rgb, &icc::srgb_v4(), &[JpegOut]);
            let distance = mean_delta_e(&file, &rgb, &profile, &[JpegOut]);
            println!("{sampling:?}: mean ΔE2000 {distance:.3}, of which {loss:.3} without a conversion");
            assert!(distance <= loss + 0.5, "{distance} with {loss} of JPEG's own");
        }
    }
}

#[test]
fn what_is_made_of_converted_planes_keeps_its_colours() {
    // Twice as large as it is looked at, so that one size is made from the other.
    let (large, rgb) = (pixels::color_patches(2 * WIDTH, 2 * HEIGHT), patches());
    for profile in [icc::display_p3(), icc::adobe_rgb()] {
        let file = Jpeg::new(&large).quality(98).icc(&profile).encode();
        let from_decoded = mean_delta_e(&file, &rgb, &profile, &[JpegOut]);
        let expected = to_srgb(&rgb, &profile);
        // With PNG among the formats, every size is converted on its own.
        for formats in [&[JpegOut][..], &[JpegOut, PngOut]] {
            let (_, renditions) = derive_all(&file, &preset(&[2 * WIDTH, WIDTH], formats));
            let small = renditions.iter().find(|rendition| rendition.spec.width == WIDTH).unwrap();
            let distance = distance(small, &expected);
            println!("{formats:?}: mean ΔE2000 {distance:.3}, from the decoded picture {from_decoded:.3}");
            assert!(distance <= from_decoded + 0.1, "{distance} for {from_decoded} of {formats:?}");
        }
    }
}

#[test]
fn converted_planes_are_turned_as_they_should_be() {
    // Odd sides, which chroma's grid sticks out of; soft colours, of which JPEG loses little.
    let picture = Raster::from_fn(603, 451, 3, |x, y, to| {
        let (x, y) = (x as f32 / 603.0, y as f32 / 451.0);
        to[0] = (128.0 + 90.0 * (9.0 * x).sin()) as u8;
        to[1] = (128.0 + 90.0 * (7.0 * y + 2.0 * x).cos()) as u8;
        to[2] = (128.0 + 90.0 * (5.0 * (x + y)).sin()) as u8;
    });
    let wanted = preset(&[301, 149, 75], &[JpegOut]);
    let derived = |orientation| {
        let stored = picture.stored_for(orientation);
        let exif = Exif::new().orientation(orientation);
        let file = Jpeg::new(&stored).quality(97).icc(&icc::display_p3()).exif(&exif).encode();
        derive_all(&file, &wanted).1.iter().map(Decoded::of).collect::<Vec<_>>()
    };
    let upright = derived(1);
    for orientation in 2..=8 {
        for (got, upright) in derived(orientation).iter().zip(&upright) {
            let pairs = got.samples.iter().zip(&upright.samples);
            let squares: f64 = pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
            let off = (squares / upright.samples.len() as f64).sqrt();
            assert!(off < 2.0, "{} wide, orientation {orientation}: off by {off}", got.width);
        }
    }
}

/// The profile in a rendition.
fn profile_of(rendition: &imaging::Rendition) -> Option<Vec<u8>> {
    let file = &rendition.bytes;
    let after = |mark: &[u8]| file.windows(mark.len()).position(|window| window == mark);
    match rendition.spec.format {
        OutputFormat::Jpeg => {
            let at = after(b"ICC_PROFILE\0\x01\x01")?;
            let length = usize::from(u16::from_be_bytes([file[at - 2], file[at - 1]]));
            Some(file[at + 14..at - 2 + length].to_vec())
        }
        OutputFormat::Webp | OutputFormat::WebpLossless => {
            let at = after(b"ICCP")?;
            let length = u32::from_le_bytes(file[at + 4..at + 8].try_into().unwrap()) as usize;
            Some(file[at + 8..at + 8 + length].to_vec())
        }
        OutputFormat::Png => {
            let reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
            reader.info().icc_profile.as_ref().map(|profile| profile.to_vec())
        }
    }
}

/// The mean CIEDE2000 distance of the patches in `rendition`, seen through its own profile, from those of the source,
/// seen through `profile`.
fn mean_delta_e_kept(rendition: &imaging::Rendition, raster: &Raster<u8>, profile: &[u8]) -> f64 {
    let lab = |profile: &[u8], pixels: &[[u8; 3]]| -> Vec<[f64; 3]> {
        let profile = Profile::new_icc(profile).unwrap();
        let transform: Transform<[u8; 3], [f64; 3]> = Transform::new(
            &profile,
            PixelFormat::RGB_8,
            &Profile::new_xyz(),
            PixelFormat::XYZ_DBL,
            Intent::RelativeColorimetric,
        )
        .unwrap();
        let mut converted = vec![[0.0; 3]; pixels.len()];
        transform.transform_pixels(pixels, &mut converted);
        // Of the connection space's white, D50.
        converted.into_iter().map(|[x, y, z]| lab_of_ratios([x / 0.9642, y, z / 0.8249])).collect()
    };
    let picture = Decoded::of(rendition);
    let places: Vec<(u32, u32)> = (0..216).map(|patch| pixels::patch_center(WIDTH, HEIGHT, patch)).collect();
    let got: Vec<[u8; 3]> = places.iter().map(|&(x, y)| picture.rgb(x, y)).collect();
    let expected: Vec<[u8; 3]> =
        places.iter().map(|&(x, y)| raster.pixel(x, y).try_into().unwrap()).collect();
    let (got, expected) = (lab(&profile_of(rendition).unwrap(), &got), lab(profile, &expected));
    got.into_iter().zip(expected).map(|(a, b)| ciede2000(a, b)).sum::<f64>() / 216.0
}

#[test]
fn wide_colours_are_kept_where_they_are_asked_for() {
    let rgb = patches();
    let wanted = Preset { colour: Colour::Keep, ..preset(&[WIDTH], &[JpegOut, Webp, WebpLossless, PngOut]) };
    for profile in [icc::display_p3(), icc::adobe_rgb()] {
        let jpeg = Jpeg::new(&rgb).quality(98).sampling(Sampling::S444).icc(&profile).encode();
        let alpha = rgb.with_alpha(|x, _| if x == 0 { 0.5 } else { 1.0 });
        for file in [jpeg, Png::new(&rgb).icc(&profile).encode(), Png::new(&alpha).icc(&profile).encode()] {
            let (derived, renditions) = derive_all(&file, &wanted);
            assert_eq!(derived.warnings, Vec::<String>::new());
            for rendition in &renditions {
                let carried = profile_of(rendition).map_or(0, |profile| profile.len());
                assert!((300..=600).contains(&carried), "{carried} bytes in {:?}", rendition.spec.format);
                let distance = mean_delta_e_kept(rendition, &rgb, &profile);
                assert!(distance <= 1.5, "{distance} in {:?}", rendition.spec.format);
            }
            // What pages show before is taken for sRGB.
            let (converted, _) = derive_all(&file, &preset(&[WIDTH], &[JpegOut]));
            assert!(close(derived.color, converted.color, 12), "{:?} {:?}", derived.color, converted.color);
        }
    }
}

#[test]
fn what_is_not_wide_is_not_kept() {
    let rgb = patches();
    let (grey, cmyk) = (rgb.to_grey(), rgb.to_cmyk());
    let narrow = icc::rgb("narrow", &icc::SRGB, icc::Curve::Gamma(1.8), icc::Version::V2);
    for file in [
        Jpeg::new(&rgb).encode(),
        Jpeg::new(&rgb).icc(&icc::srgb_v2()).encode(),
        Jpeg::new(&rgb).icc(&narrow).encode(),
        Jpeg::new(&grey).icc(&icc::grey_gamma22()).encode(),
        Jpeg::new(&cmyk).icc(&icc::cmyk()).encode(),
        Jpeg::new(&rgb).icc(&icc::cmyk()).encode(),
    ] {
        let wanted = preset(&[WIDTH], &[JpegOut, Webp]);
        let (_, converted) = derive_all(&file, &wanted);
        let (_, kept) = derive_all(&file, &Preset { colour: Colour::Keep, ..wanted });
        assert!(converted.iter().zip(&kept).all(|(a, b)| a.bytes == b.bytes));
        assert!(kept.iter().all(|rendition| profile_of(rendition).is_none()));
    }
}

#[test]
fn adobe_rgb_by_exif_alone_is_adobe_rgb() {
    let rgb = patches();
    let file = Jpeg::new(&rgb).quality(98).sampling(Sampling::S444).exif(&Exif::new().adobe_rgb()).encode();
    let distance = mean_delta_e(&file, &rgb, &icc::adobe_rgb(), &[PngOut]);
    assert!(distance <= 1.5, "{distance}");
}

#[test]
fn profiles_are_judged_by_their_numbers() {
    let rgb = patches();
    let file = |profile: Option<Vec<u8>>| {
        let jpeg = Jpeg::new(&rgb).quality(95);
        match profile {
            Some(profile) => jpeg.icc(&profile).encode(),
            None => jpeg.encode(),
        }
    };
    let wanted = preset(&[100], &[JpegOut, Webp]);
    let bytes =
        |profile| derive_all(&file(profile), &wanted).1.into_iter().map(|r| r.bytes).collect::<Vec<_>>();
    let untagged = bytes(None);
    for profile in [icc::srgb_v2(), icc::srgb_v4(), icc::srgb_unnamed()] {
        assert!(bytes(Some(profile)) == untagged, "a profile that is sRGB changed something");
    }
    assert!(bytes(Some(icc::p3_named_srgb())) != untagged, "a P3 profile was believed to be sRGB");
}

#[test]
fn p3_red_is_the_reddest_red_and_p3_grey_stays_grey() {
    let red = pixels::solid::<u8>(64, 64, &[255, 0, 0]);
    let grey = pixels::solid::<u8>(64, 64, &[119, 119, 119]);
    for (raster, expected) in [(red, [255, 0, 0]), (grey, [119, 119, 119])] {
        let file = Png::new(&raster).icc(&icc::display_p3()).encode();
        let (_, renditions) = derive_all(&file, &preset(&[32], &[PngOut]));
        let got = Decoded::of(&renditions[0]).rgb(16, 16);
        assert!(close(got, expected, 1), "{got:?}");
    }
}

#[test]
fn sixteen_bits_stay_smooth() {
    let ramp = pixels::ramp::<u16>(4096, 8, 3);
    for file in [
        Png::new(&ramp).encode(),
        Png::new(&ramp).icc(&icc::display_p3()).encode(),
        Tiff::new(&ramp).encode(),
    ] {
        let (_, renditions) = derive_all(&file, &preset(&[1024], &[PngOut]));
        let picture = Decoded::of(&renditions[0]);
        let row: Vec<u8> = (0..1024).map(|x| picture.rgb(x, 0)[1]).collect();
        assert!(row.windows(2).all(|pair| pair[1] >= pair[0] && pair[1] - pair[0] <= 1), "{row:?}");
        assert_eq!((row[0], row[1023]), (0, 255));
        let mut widths = [0_u32; 256];
        row.iter().for_each(|&value| widths[usize::from(value)] += 1);
        assert!(widths[1..255].iter().all(|&width| (3..=5).contains(&width)), "{widths:?}");
    }
}

#[test]
fn png_says_its_colours_in_four_ways() {
    let rgb = patches();
    let p3 = icc::display_p3();
    // Display P3 (12) with sRGB's curve (13), before a profile that says Adobe RGB.
    let cicp = Png::new(&rgb).cicp([12, 13, 0, 1]).icc(&icc::adobe_rgb()).encode();
    assert!(mean_delta_e(&cicp, &rgb, &p3, &[PngOut]) <= 1.5);
    // iCCP before sRGB.
    let both = Png::new(&rgb).icc(&p3).srgb().encode();
    assert!(mean_delta_e(&both, &rgb, &p3, &[PngOut]) <= 1.5);
    // P3's primaries by cHRM, with the gamma that stands for sRGB's curve.
    let chromaticities = [31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000];
    let chrm = Png::new(&rgb).gamma(45_455).chromaticities(chromaticities).encode();
    assert!(mean_delta_e(&chrm, &rgb, &p3, &[PngOut]) <= 1.5);
    // Linear light.
    let linear = Png::new(&pixels::solid::<u8>(32, 32, &[55, 55, 55])).gamma(100_000).encode();
    let (_, renditions) = derive_all(&linear, &preset(&[32], &[PngOut]));
    assert!(close(Decoded::of(&renditions[0]).rgb(9, 9), [128; 3], 1));
}

#[test]
fn inks_without_a_profile_look_as_in_browsers() {
    for (inks, expected) in
        [([0, 0, 0, 0], [255, 255, 255]), ([255, 0, 0, 0], [0, 255, 255]), ([0, 0, 0, 255], [0, 0, 0])]
    {
        let raster = pixels::solid::<u8>(48, 48, &inks);
        for model in [Model::CmykAdobe, Model::CmykRaw, Model::YcckAdobe] {
            let file = Jpeg::new(&raster).model(model).quality(95).encode();
            let (_, renditions) = derive_all(&file, &preset(&[48], &[PngOut]));
            let got = Decoded::of(&renditions[0]).rgb(20, 20);
            assert!(close(got, expected, 4), "{model:?} {inks:?}: {got:?}");
        }
    }
}

#[test]
fn a_profile_of_another_model_is_ignored_with_a_warning() {
    let file = Png::new(&patches()).icc(&icc::cmyk()).encode();
    let (derived, _) = derive_all(&file, &preset(&[32], &[PngOut]));
    assert!(derived.warnings.iter().any(|warning| warning.contains("profile")), "{:?}", derived.warnings);
}
