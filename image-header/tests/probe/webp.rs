use image_header::{ColorModel, Format, Profile};

use crate::build::webp::*;
use crate::{probe, rejection};

const ANIMATED: u8 = 0x02;
const ALPHA: u8 = 0x10;

#[test]
fn simple_files() {
    let lossy = probe(&file(&[vp8(9, 7)])).unwrap();
    assert_eq!(lossy.format, Format::WebP);
    assert_eq!((lossy.width, lossy.height, lossy.color, lossy.alpha), (9, 7, ColorModel::YCbCr, false));
    let scaled = probe(&file(&[vp8(0x4000 | 9, 0xC000 | 7)])).unwrap();
    assert_eq!((scaled.width, scaled.height), (9, 7));
    for alpha in [false, true] {
        let lossless = probe(&file(&[vp8l(16_384, 3, alpha)])).unwrap();
        assert_eq!((lossless.width, lossless.height), (16_384, 3));
        assert_eq!((lossless.color, lossless.alpha), (ColorModel::Rgb, alpha));
    }
}

#[test]
fn extended_files_tell_canvas_alpha_and_profile() {
    let bytes = file(&[vp8x(0x20, 9, 7), chunk(b"ICCP", b"odd"), vp8(9, 7), chunk(b"XMP ", b"x")]);
    let info = probe(&bytes).unwrap();
    assert_eq!((info.width, info.height, info.alpha, info.frames, info.complete), (9, 7, false, 1, true));
    let Profile::Ranges(ranges) = info.profile else { panic!() };
    assert_eq!(&bytes[ranges[0].clone()], b"odd");
    assert!(probe(&file(&[vp8x(ALPHA, 9, 7), vp8(9, 7)])).unwrap().alpha);
    assert!(probe(&file(&[vp8x(0, 9, 7), chunk(b"ALPH", b"\0"), vp8(9, 7)])).unwrap().alpha);
    let lossless = probe(&file(&[vp8x(0, 9, 7), vp8l(9, 7, true)])).unwrap();
    assert_eq!((lossless.color, lossless.alpha), (ColorModel::Rgb, true));
}

#[test]
fn a_picture_of_another_size_than_announced_is_damaged() {
    assert!(rejection(&file(&[vp8x(0, 9, 7), vp8(9, 8)])).contains("9 × 7 pixels and holds 9 × 8"));
    let frame = anmf(0, 0, 4, 4, &[vp8(5000, 5000)]);
    assert!(rejection(&file(&[vp8x(ANIMATED, 9, 7), frame])).starts_with("damaged"));
}

#[test]
fn frames_are_counted() {
    let whole = || anmf(0, 0, 8, 6, &[vp8(8, 6)]);
    let part = || anmf(2, 2, 4, 4, &[chunk(b"ALPH", b"\0"), vp8(4, 4)]);
    let info =
        probe(&file(&[vp8x(ANIMATED, 8, 6), chunk(b"ANIM", &[0; 6]), whole(), part(), part()])).unwrap();
    assert_eq!((info.width, info.height, info.frames, info.alpha), (8, 6, 3, false));
    assert!(probe(&file(&[vp8x(ANIMATED, 8, 6), part()])).unwrap().alpha);
    assert!(rejection(&file(&[vp8x(ANIMATED, 8, 6), chunk(b"ANIM", &[0; 6])])).starts_with("damaged"));
    assert!(rejection(&file(&[vp8x(ANIMATED, 8, 6), anmf(6, 0, 4, 4, &[vp8(4, 4)])])).contains("outside"));
}

#[test]
fn what_is_cut_is_incomplete_and_what_follows_is_ignored() {
    let bytes = file(&[vp8x(0, 9, 7), vp8(9, 7)]);
    for cut in 1..9 {
        assert!(!probe(&bytes[..bytes.len() - cut]).unwrap().complete, "{cut}");
    }
    let simple = file(&[vp8(9, 7)]);
    assert!(!probe(&simple[..simple.len() - 3]).unwrap().complete);
    assert!(probe(&[bytes, b"more".to_vec()].concat()).unwrap().complete);
}

#[test]
fn broken_headers_are_damaged() {
    for chunk in [
        chunk(b"VP8 ", b"\x11\0\0\x9D\x01\x2A\x08\0\x08\0"),
        chunk(b"VP8 ", b"\x10\0\0\x9D\x01\x2B\x08\0\x08\0"),
        chunk(b"VP8L", b"\x2E\0\0\0\0"),
        chunk(b"VP8X", b"\0\0\0"),
        chunk(b"JUNK", b"\0\0\0\0"),
    ] {
        assert!(rejection(&file(&[chunk])).starts_with("damaged"));
    }
    assert!(rejection(&file(&[vp8(0, 4)])).starts_with("damaged"));
    assert!(rejection(&file(&[])).starts_with("damaged"));
}
