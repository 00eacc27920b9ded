//! Canvases of GIF and WebP: their size, what of them the first frame leaves bare, and animations.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Decoded, close, derive_all, preset, try_derive};
use fixtures::gif::{self, Frame};
use fixtures::png::{self, Png};
use fixtures::{Raster, pixels, webp};
use imaging::FormatChoice::{Png as PngOut, Webp};
use imaging::{Limits, Rejection, probe};

const PALETTE: [[u8; 3]; 4] = [[156, 100, 60], [10, 200, 30], [0, 0, 255], [255, 255, 255]];

fn frame(width: u32, height: u32) -> Frame {
    Frame::new(pixels::solid::<u8>(width, height, &[0]))
}

fn shown(file: &[u8]) -> Decoded {
    let (_, renditions) = derive_all(file, &preset(&[4_096], &[PngOut]));
    Decoded::of(&renditions[0])
}

/// Alpha at (x, y); opaque pictures have none.
fn alpha(picture: &Decoded, x: u32, y: u32) -> u8 {
    let pixel = picture.pixel(x, y);
    if pixel.len() == 4 { pixel[3] } else { 255 }
}

#[test]
fn a_canvas_is_enlarged_to_hold_the_first_frame() {
    for (width, height) in [(0, 0), (0, 64), (96, 0), (1, 1), (95, 64), (96, 63), (96, 64)] {
        for frame in [frame(96, 64), frame(96, 64).interlaced()] {
            let file = gif::encode(width, height, &PALETTE, &[frame]);
            let info = probe(&file, &Limits::default()).unwrap();
            assert_eq!((info.width, info.height, info.alpha), (96, 64, false));
            let picture = shown(&file);
            assert_eq!((picture.width, picture.height), (96, 64), "{width}×{height}");
            assert!((0..96).all(|x| close(picture.rgb(x, x % 64), PALETTE[0], 0)));
        }
    }
}

#[test]
fn a_frame_beyond_the_screen_keeps_its_place() {
    for (left, top) in [(60_u16, 60_u16), (0, 30), (40, 0), (30, 20)] {
        let file = gif::encode(40, 40, &PALETTE, &[frame(96, 64).at(left, top)]);
        let picture = shown(&file);
        let (left, top) = (u32::from(left), u32::from(top));
        let (width, height) = (left + 96, (top + 64).max(40));
        assert_eq!((picture.width, picture.height), (width, height));
        for (x, y) in [(0, 0), (39, 39), (left, top), (width - 1, top + 63), (width - 1, 0)] {
            let inside = x >= left && y >= top && y < top + 64;
            assert_eq!(alpha(&picture, x, y), if inside { 255 } else { 0 }, "{x}, {y} of {left}, {top}");
            assert!(!inside || close(picture.rgb(x, y), PALETTE[0], 0));
        }
    }
}

#[test]
fn indices_without_a_colour_are_black() {
    let bars = Raster::from_fn(8, 8, 1, |x, _, to| to[0] = (x / 2) as u8);
    let colors = |file: &[u8]| [0, 2, 4, 6].map(|x| shown(file).pixel(x, 3).to_vec());
    let black = vec![0, 0, 0];
    let file = gif::encode(8, 8, &PALETTE, &[Frame::new(bars.clone())]);
    assert_eq!(colors(&file), PALETTE.map(|color| color.to_vec()));
    // The palette cut to two colours, and left out.
    let short = [&file[..10], &[0x80, 0, 0], &file[13..19], &file[25..]].concat();
    let [first, second, rest @ ..] = colors(&short);
    assert_eq!((first, second), (PALETTE[0].to_vec(), PALETTE[1].to_vec()));
    assert_eq!(rest, [black.clone(), black.clone()]);
    let none = [&file[..10], &[0, 0, 0], &file[25..]].concat();
    let picture = shown(&none);
    assert!((0..8).all(|x| picture.rgb(x, 3) == [0; 3] && alpha(&picture, x, 3) == 255));
    // Transparent, and beyond the palette.
    let file = gif::encode(8, 8, &PALETTE, &[Frame::new(bars).transparent(3)]);
    let short = [&file[..10], &[0x80, 0, 0], &file[13..19], &file[25..]].concat();
    let picture = shown(&short);
    assert_eq!([0, 4, 6].map(|x| alpha(&picture, x, 3)), [255, 255, 0]);
    assert_eq!(picture.rgb(4, 3), [0; 3]);
}

#[test]
fn later_frames_do_not_enlarge_a_canvas() {
    let file = gif::encode(20, 10, &PALETTE, &[frame(20, 10), frame(96, 64).at(9, 9)]);
    let info = probe(&file, &Limits::default()).unwrap();
    assert_eq!((info.width, info.height, info.frames), (20, 10, 2));
    let picture = shown(&file);
    assert_eq!((picture.width, picture.height), (20, 10));
}

#[test]
fn an_enlarged_canvas_obeys_the_limits() {
    // 65,535 × 65,535 pixels in 60 bytes.
    let file = gif::encode(1, 1, &PALETTE, &[frame(8, 8).at(65_527, 65_527)]);
    let rejection = probe(&file, &Limits::default()).unwrap_err();
    assert!(
        matches!(rejection, Rejection::LimitExceeded { limit: "the number of pixels", .. }),
        "{rejection}"
    );
    let file = gif::encode(1, 1, &PALETTE, &[frame(8, 8).at(65_535, 0)]);
    assert!(matches!(probe(&file, &Limits::default()), Err(Rejection::LimitExceeded { .. })));
}

#[test]
fn a_cut_off_frame_on_an_enlarged_canvas_shows_its_beginning() {
    let noise = pixels::noise::<u8>(96, 64, 1, 3).map(1, |from, to| to[0] = from[0] % 4);
    let file = gif::encode(0, 0, &PALETTE, &[Frame::new(noise)]);
    let cut = &file[..file.len() * 4 / 5];
    let (derived, renditions) = try_derive(cut, &preset(&[96], &[PngOut])).unwrap();
    assert!(derived.warnings[0].contains(" % of the picture was decoded (the file ends too early)"));
    assert_eq!((Decoded::of(&renditions[0]).width, renditions[0].spec.height), (96, 64));
}

/// An animation's canvas of 100 × 80 whose first frame, of 60 × 40 at (20, 10), is `raster`; the header's flags
/// without `without`.
fn inset(raster: &Raster<u8>, without: u8) -> Vec<u8> {
    let first = webp::Frame { left: 20, top: 10, raster: raster.clone() };
    let second = webp::Frame { left: 0, top: 0, raster: pixels::solid(100, 80, &[1, 2, 3]) };
    let mut file = webp::animated(100, 80, &[first, second]);
    file[20] &= !without;
    file
}

#[test]
fn canvas_around_a_first_frame_is_transparent_whatever_the_header_announces() {
    let opaque = pixels::solid::<u8>(60, 40, &[200, 100, 50]);
    let half = opaque.with_alpha(|x, _| if x < 30 { 1.0 } else { 0.0 });
    for (raster, area) in [(&opaque, 2_400), (&half, 1_200)] {
        for without in [0, 0x10] {
            let mut file = inset(raster, without);
            // ANIM's background colour, which browsers ignore: opaque red.
            let at = file.windows(4).position(|window| window == b"ANIM").unwrap() + 8;
            file[at..at + 4].copy_from_slice(&[0, 0, 255, 255]);
            let picture = shown(&file);
            assert_eq!(picture.channels, 4);
            let sum: u64 = picture.samples.chunks_exact(4).map(|pixel| u64::from(pixel[3])).sum();
            assert_eq!(sum, area * 255, "without {without:#x}");
            // The decoder blends a frame with the bare canvas, and rounds down even where the frame is opaque.
            assert!(close(picture.rgb(25, 15), [200, 100, 50], 1));
            assert_eq!(
                (alpha(&picture, 19, 15), alpha(&picture, 20, 10), alpha(&picture, 90, 70)),
                (0, 255, 0)
            );
        }
    }
}

#[test]
fn a_whole_first_frame_is_opaque() {
    let raster = pixels::solid::<u8>(100, 80, &[200, 100, 50]);
    let frame = webp::Frame { left: 0, top: 0, raster };
    let picture = shown(&webp::animated(100, 80, &[frame.clone(), frame]));
    assert_eq!(picture.channels, 3);
}

/// An APNG of `frames` frames, of which the first is the default image.
fn apng(frames: u32) -> Vec<u8> {
    let control = |sequence: u32| {
        let numbers = [sequence, 16, 16, 0, 0].map(u32::to_be_bytes);
        [numbers.as_flattened(), &[0, 1, 0, 10, 0, 0]].concat()
    };
    let raster = pixels::solid::<u8>(16, 16, &[9, 9, 9]);
    let still = Png::new(&raster).encode();
    let at = still.windows(4).position(|window| window == b"IDAT").unwrap();
    let length = u32::from_be_bytes(still[at - 4..at].try_into().unwrap()) as usize;
    let data = &still[at + 4..at + 4 + length];
    let animation = [frames.to_be_bytes(), 0_u32.to_be_bytes()].concat();
    let mut png = Png::new(&raster).chunk(*b"acTL", &animation).chunk(*b"fcTL", &control(0));
    for frame in 1..frames {
        png = png.late_chunk(*b"fcTL", &control(2 * frame - 1));
        png = png.late_chunk(*b"fdAT", &[&(2 * frame).to_be_bytes(), data].concat());
    }
    png.encode()
}

#[test]
fn an_animation_is_a_still_picture_with_a_warning() {
    let gif = |frames: usize| gif::encode(16, 16, &PALETTE, &vec![frame(16, 16); frames]);
    let webp = |frames: usize| {
        let frame = webp::Frame { left: 0, top: 0, raster: pixels::solid(16, 16, &[9, 9, 9]) };
        webp::animated(16, 16, &vec![frame; frames])
    };
    for frames in [2, 3, 12] {
        for file in [gif(frames), webp(frames), apng(frames as u32)] {
            let (derived, _) = derive_all(&file, &preset(&[16], &[PngOut, Webp]));
            let warning = format!(
                "the picture is an animation of {frames} frames; only a still picture was made of it"
            );
            assert_eq!(derived.warnings, [warning]);
        }
    }
    // A number of frames that the specification rules out.
    let mut wrong = apng(1);
    let at = wrong.windows(4).position(|window| window == b"acTL").unwrap() + 4;
    wrong.splice(at - 8..at + 12, png::chunk(*b"acTL", &[0x80, 0, 0, 1, 0, 0, 0, 0]));
    for file in [wrong, gif(1), webp(1), apng(1), png::Png::new(&pixels::solid::<u8>(16, 16, &[9])).encode()]
    {
        let (derived, _) = derive_all(&file, &preset(&[16], &[PngOut, Webp]));
        assert_eq!(derived.warnings, Vec::<String>::new());
    }
}
