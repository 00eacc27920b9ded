use image_header::{Limits, Rejection};

use crate::build::tiff::Order;
use crate::build::{jpeg, png, webp};
use crate::probe;

/// Which limit `bytes` exceed, by how much, and what is allowed.
fn exceeded(bytes: &[u8], limits: &Limits) -> (&'static str, u64, u64) {
    match image_header::probe(bytes, limits) {
        Err(Rejection::LimitExceeded { limit, value, allowed }) => (limit, value, allowed),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_jpeg_of_the_largest_size_is_refused_by_its_header_alone() {
    let header = [jpeg::SOI.to_vec(), jpeg::frame_420(65_535, 65_535)].concat();
    let limits = Limits::default();
    assert_eq!(exceeded(&header, &limits), ("the number of pixels", 65_535 * 65_535, limits.pixels));
}

#[test]
fn a_png_bomb_is_refused_by_its_header_alone() {
    let bytes = png::file(png::ihdr(30_000, 30_000, 8, 2, 0), &[]);
    let limits = Limits::default();
    assert_eq!(exceeded(&bytes, &limits), ("the number of pixels", 900_000_000, limits.pixels));
    let long = png::file(png::ihdr(u32::MAX, 1, 8, 2, 0), &[]);
    assert_eq!(exceeded(&long, &limits), ("the longer side in pixels", u64::from(u32::MAX), 65_535));
}

#[test]
fn each_limit_is_kept_to_the_unit() {
    let plain = jpeg::plain();
    let size = plain.len() as u64;
    let with = |change: fn(&mut Limits, u64), value: u64| {
        let mut limits = Limits::default();
        change(&mut limits, value);
        limits
    };
    let source_bytes: fn(&mut Limits, u64) = |limits, value| limits.source_bytes = value;
    let pixels: fn(&mut Limits, u64) = |limits, value| limits.pixels = value;
    let side: fn(&mut Limits, u64) = |limits, value| limits.side = value as u32;
    for (change, value) in [(source_bytes, size), (pixels, 32), (side, 8)] {
        assert!(image_header::probe(&plain, &with(change, value)).is_ok());
        assert_eq!(exceeded(&plain, &with(change, value - 1)).1, value);
    }
}

#[test]
fn scans_beyond_the_limit_end_the_walk_at_once() {
    let mut bytes = [jpeg::SOI.to_vec(), jpeg::frame(0xC2, 8, 8, 8, &[(1, 0x11)])].concat();
    let limits = Limits::default();
    for _ in 0..limits.jpeg_scans {
        bytes.extend(jpeg::scan());
    }
    assert_eq!(probe(&bytes).unwrap().jpeg.unwrap().scans, 64);
    for _ in 0..9_000 {
        bytes.extend(jpeg::scan());
    }
    assert_eq!(exceeded(&bytes, &limits), ("the number of JPEG scans", 65, 64));
}

#[test]
fn metadata_is_limited_by_kind() {
    let limits = Limits { metadata_bytes: 100, ..Limits::default() };
    let parts = |len: usize| {
        jpeg::file(&[jpeg::icc(1, 2, &vec![0; len]), jpeg::icc(2, 2, &[0; 60]), jpeg::frame_420(8, 4)])
    };
    assert!(image_header::probe(&parts(40), &limits).is_ok());
    assert_eq!(exceeded(&parts(41), &limits), ("the colour profile's size in bytes", 101, 100));
    let exif = Order::Big.exif(1, 2, b"R98\0");
    let png = png::rgb(&[png::chunk(b"eXIf", &exif)]);
    assert_eq!(exceeded(&png, &limits).0, "the Exif block's size in bytes");
    let deflated = png::rgb(&[png::chunk(b"iCCP", &[b"p\0\0".as_slice(), &[1; 101]].concat())]);
    assert_eq!(exceeded(&deflated, &limits), ("the colour profile's size in bytes", 101, 100));
}

#[test]
fn frames_are_limited() {
    let limits = Limits { frames: 2, ..Limits::default() };
    let frame = || webp::anmf(0, 0, 8, 6, &[webp::vp8(8, 6)]);
    let frames = |count: usize| {
        webp::file(&[vec![webp::vp8x(0x02, 8, 6)], (0..count).map(|_| frame()).collect()].concat())
    };
    assert!(image_header::probe(&frames(2), &limits).is_ok());
    assert_eq!(exceeded(&frames(5), &limits), ("the number of frames", 3, 2));
}
