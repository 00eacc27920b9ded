//! Sizes, orientation, chroma placement and sharpness, on pictures whose every pixel is known.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Decoded, close, derive_all, preset};
use fixtures::exif::Exif;
use fixtures::jpeg::{Jpeg, Sampling};
use fixtures::png::Png;
use fixtures::{Raster, pixels};
use imaging::FormatChoice::{Auto, Jpeg as JpegOut, Png as PngOut, Webp, WebpLossless};

/// The upright picture's corners, a tenth inside.
fn corners(picture: &Decoded) -> [[u8; 3]; 4] {
    let (left, top) = (picture.width / 10, picture.height / 10);
    let (right, bottom) = (picture.width - 1 - left, picture.height - 1 - top);
    [picture.rgb(left, top), picture.rgb(right, top), picture.rgb(left, bottom), picture.rgb(right, bottom)]
}

#[test]
fn every_orientation_size_and_sampling_ends_upright() {
    for (width, height) in [(160, 96), (161, 97), (161, 96), (160, 97)] {
        let upright = pixels::quadrants(width, height);
        for orientation in 1..=8 {
            let stored = upright.stored_for(orientation);
            for sampling in Sampling::ALL {
                let file = Jpeg::new(&stored)
                    .quality(95)
                    .sampling(sampling)
                    .exif(&Exif::new().orientation(orientation))
                    .encode();
                for formats in [&[JpegOut, Webp][..], &[JpegOut, Webp, PngOut][..]] {
                    let (derived, renditions) = derive_all(&file, &preset(&[51, 1000], formats));
                    assert_eq!((derived.width, derived.height), (width, height));
                    assert_eq!(renditions.len(), 2 * formats.len());
                    for rendition in &renditions {
                        let picture = Decoded::of(rendition);
                        let expected = pixels::QUADRANTS;
                        let ok = corners(&picture).iter().zip(expected).all(|(&a, b)| close(a, b, 16));
                        assert!(
                            ok,
                            "orientation {orientation}, {sampling:?}, {width}×{height} to {:?}: {:?}",
                            rendition.spec,
                            corners(&picture)
                        );
                    }
                }
            }
        }
    }
}

/// Soft colours, so that JPEG adds little of its own.
fn soft(width: u32, height: u32) -> Raster<u8> {
    Raster::from_fn(width, height, 3, |x, y, to| {
        let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
        to[0] = (128.0 + 90.0 * (9.0 * x).sin()) as u8;
        to[1] = (128.0 + 90.0 * (7.0 * y + 2.0 * x).cos()) as u8;
        to[2] = (128.0 + 90.0 * (5.0 * (x + y)).sin()) as u8;
    })
}

#[test]
fn planes_are_as_near_to_the_truth_as_rgb() {
    // Asking for PNG too sends all through RGB with full chroma; the PNG itself is the truth.
    for (width, height) in [(404, 302), (403, 301)] {
        let upright = soft(width, height);
        for orientation in 1..=8 {
            let file = Jpeg::new(&upright.stored_for(orientation))
                .quality(98)
                .sampling(Sampling::S444)
                .exif(&Exif::new().orientation(orientation))
                .encode();
            for target in [101, 100, width] {
                for format in [JpegOut, Webp] {
                    let (_, planar) = derive_all(&file, &preset(&[target], &[format]));
                    let (_, rgb) = derive_all(&file, &preset(&[target], &[format, PngOut]));
                    let truth = Decoded::of(&rgb[1]);
                    let [planar, rgb] =
                        [&planar[0], &rgb[0]].map(|rendition| Decoded::of(rendition).distance(&truth));
                    assert!(
                        planar < rgb + 0.1 && planar < 2.0,
                        "{format} {target} of {width}×{height}, orientation {orientation}: {planar}, by RGB {rgb}"
                    );
                }
            }
        }
    }
}

#[test]
fn never_enlarges_and_never_repeats_a_size() {
    let file = Png::new(&soft(700, 333)).encode();
    let (_, renditions) = derive_all(&file, &preset(&[320, 640, 960, 1280, 700], &[PngOut]));
    let sizes: Vec<_> = renditions.iter().map(|r| (r.spec.width, r.spec.height)).collect();
    assert_eq!(sizes, [(700, 333), (640, 304), (320, 152)]);
    let tiny = Png::new(&pixels::solid::<u8>(1, 1, &[9, 8, 7])).encode();
    for format in [PngOut, JpegOut, Webp, WebpLossless, Auto] {
        let (_, renditions) = derive_all(&tiny, &preset(&[320, 640], &[format]));
        assert_eq!(renditions.len(), 1, "{format}");
        assert!(close(Decoded::of(&renditions[0]).rgb(0, 0), [9, 8, 7], 4), "{format}");
    }
}

#[test]
fn extreme_shapes_keep_at_least_a_pixel() {
    let wide = Png::new(&pixels::ramp::<u8>(3000, 2, 3)).encode();
    let (_, renditions) = derive_all(&wide, &preset(&[320], &[JpegOut, Webp, PngOut]));
    assert!(renditions.iter().all(|r| (r.spec.width, r.spec.height) == (320, 1)));
    let tall = Png::new(&pixels::ramp::<u8>(2, 3000, 3)).encode();
    let (_, renditions) = derive_all(&tall, &preset(&[1], &[JpegOut, Webp, PngOut]));
    assert!(renditions.iter().all(|r| (r.spec.width, r.spec.height) == (1, 1500)));
}

#[test]
fn a_side_beyond_webp_is_left_out_with_a_warning() {
    let tall = Png::new(&pixels::solid::<u8>(4, 20_000, &[1, 2, 3])).encode();
    let (derived, renditions) = derive_all(&tall, &preset(&[4], &[Webp, JpegOut]));
    assert_eq!(renditions.len(), 1);
    assert_eq!(renditions[0].spec.format, imaging::OutputFormat::Jpeg);
    assert!(derived.warnings.iter().any(|warning| warning.contains("16383")), "{:?}", derived.warnings);
}

#[test]
fn hidden_colours_do_not_bleed_through_transparent_edges() {
    let eight = Png::new(&pixels::alpha_edge::<u8>(301, 40)).encode();
    let sixteen = Png::new(&pixels::alpha_edge::<u16>(301, 40)).encode();
    for file in [eight, sixteen] {
        let (_, renditions) = derive_all(&file, &preset(&[50], &[PngOut, WebpLossless]));
        for rendition in &renditions {
            let picture = Decoded::of(rendition);
            assert_eq!(picture.channels, 4);
            for x in 0..50 {
                let pixel = picture.pixel(x, 3);
                assert!(pixel[3] < 16 || (pixel[0] > 240 && pixel[1] < 16), "{x}: {pixel:?}");
            }
            assert_eq!((picture.pixel(5, 3)[3], picture.pixel(45, 3)[3]), (255, 0));
        }
    }
}

#[test]
fn transparency_becomes_the_background_in_jpeg_and_png_by_default() {
    let file = Png::new(&pixels::alpha_edge::<u8>(64, 64)).encode();
    let mut wanted = preset(&[64], &[JpegOut]);
    wanted.background = [0, 0, 255];
    let (_, renditions) = derive_all(&file, &wanted);
    assert!(close(Decoded::of(&renditions[0]).rgb(60, 30), [0, 0, 255], 6));
    let (_, renditions) = derive_all(&file, &preset(&[64], &[Auto]));
    assert_eq!(renditions[0].spec.format, imaging::OutputFormat::Png);
    assert_eq!(Decoded::of(&renditions[0]).pixel(60, 30)[3], 0);
}

/// 0.5 + 0.5 cos(π r² / side): its local frequency is r / side cycles a pixel.
#[test]
fn a_zone_plate_shrinks_without_aliasing_or_blur() {
    let (side, target) = (1024_u32, 256_u32);
    let file = Png::new(&pixels::zone_plate::<u8>(side, side, 1)).encode();
    let (_, renditions) = derive_all(&file, &preset(&[target], &[PngOut]));
    let picture = Decoded::of(&renditions[0]);
    let scale = f64::from(side) / f64::from(target);
    let (mut kept, mut kept_count, mut aliased, mut aliased_count) = (0.0, 0.0, 0.0, 0.0);
    for y in 0..target {
        for x in 0..target {
            let centre = |at: u32| (f64::from(at) + 0.5) * scale - f64::from(side) / 2.0;
            let square = centre(x).powi(2) + centre(y).powi(2);
            let value = f64::from(picture.rgb(x, y)[0]);
            // In cycles a pixel of the target: 0.5 is Nyquist.
            let frequency = square.sqrt() / f64::from(side) * scale;
            if frequency < 0.2 {
                let exact = 255.0 * (0.5 + 0.5 * (std::f64::consts::PI * square / f64::from(side)).cos());
                kept += (value - exact).powi(2);
                kept_count += 1.0;
            } else if frequency > 0.75 {
                aliased += (value - 127.5).powi(2);
                aliased_count += 1.0;
            }
        }
    }
    let (kept, aliased) = ((kept / kept_count).sqrt(), (aliased / aliased_count).sqrt());
    assert!(kept < 6.0, "root mean square error below 0.2 cycles a pixel: {kept}");
    assert!(aliased < 3.0, "what is left above 0.75 cycles a pixel: {aliased}");
}
