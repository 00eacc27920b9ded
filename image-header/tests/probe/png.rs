use image_header::{ColorModel, Format, PngColor, Profile};

use crate::build::png::*;
use crate::{probe, rejection};

#[test]
fn every_colour_type_is_read() {
    let expected = [
        (0, 1, ColorModel::Grey, false),
        (0, 16, ColorModel::Grey, false),
        (2, 8, ColorModel::Rgb, false),
        (3, 4, ColorModel::Palette, false),
        (4, 8, ColorModel::Grey, true),
        (6, 16, ColorModel::Rgb, true),
    ];
    for (kind, bits, color, alpha) in expected {
        let info = probe(&file(ihdr(7, 5, bits, kind, 1), &[chunk(b"PLTE", &[0; 9])])).unwrap();
        assert_eq!(info.format, Format::Png);
        assert_eq!((info.width, info.height), (7, 5));
        assert_eq!((info.color, info.bits_per_sample, info.alpha), (color, bits, alpha));
        assert!(info.interlaced && info.complete);
    }
    assert!(rejection(&file(ihdr(7, 5, 4, 2, 0), &[])).starts_with("damaged"));
    assert!(rejection(&file(ihdr(7, 5, 8, 2, 2), &[])).starts_with("damaged"));
}

#[test]
fn a_transparent_colour_means_alpha() {
    let trns = || chunk(b"tRNS", &[0, 1, 0, 2, 0, 3]);
    assert!(probe(&rgb(&[trns()])).unwrap().alpha);
    assert!(!probe(&rgb(&[])).unwrap().alpha);
    let late = [SIGNATURE.to_vec(), ihdr(8, 4, 8, 2, 0), chunk(b"IDAT", &[1]), trns(), chunk(b"IEND", &[])];
    assert!(!probe(&late.concat()).unwrap().alpha);
}

#[test]
fn palettes_are_required_where_they_are_needed() {
    assert!(rejection(&file(ihdr(8, 4, 8, 3, 0), &[])).contains("palette"));
    assert!(rejection(&file(ihdr(8, 4, 8, 3, 0), &[chunk(b"PLTE", &[0; 4])])).contains("palette"));
}

#[test]
fn colour_chunks_are_handed_over() {
    let bytes = rgb(&[
        chunk(b"cICP", &[9, 16, 0, 1]),
        chunk(b"sRGB", &[0]),
        chunk(b"gAMA", &45_455_u32.to_be_bytes()),
        chunk(b"cHRM", &[1; 32]),
    ]);
    let expected = PngColor {
        cicp: Some([9, 16, 0, 1]),
        srgb: true,
        gamma: Some(45_455),
        chromaticities: Some([0x0101_0101; 8]),
    };
    assert_eq!(probe(&bytes).unwrap().png_color, expected);
}

#[test]
fn the_profile_is_the_zlib_stream_alone() {
    let bytes = rgb(&[chunk(b"iCCP", b"Display P3\0\0stream")]);
    let Profile::Deflated(range) = probe(&bytes).unwrap().profile else { panic!() };
    assert_eq!(&bytes[range], b"stream");
    for broken in [b"no name's end".as_slice(), b"\0\0stream", b"name\0\x01stream", b"name\0", b"name\0\0"] {
        let info = probe(&rgb(&[chunk(b"iCCP", broken)])).unwrap();
        assert_eq!((info.profile, info.notes.len()), (Profile::None, 1), "{broken:?}");
    }
}

#[test]
fn animations_tell_their_frames() {
    let frames = |count: u32| rgb(&[chunk(b"acTL", &[count.to_be_bytes(), [0; 4]].concat())]);
    assert_eq!(probe(&frames(12)).unwrap().frames, 12);
    assert_eq!(probe(&frames(0)).unwrap().frames, 1);
    assert!(rejection(&frames(i32::MAX as u32)).starts_with("too-large"));
    assert_eq!(probe(&frames(u32::MAX)).unwrap().frames, 1);
}

#[test]
fn a_file_without_its_end_is_incomplete() {
    let bytes = rgb(&[]);
    let data = SIGNATURE.len() + 25 + 8;
    for len in data..bytes.len() - 4 {
        assert!(!probe(&bytes[..len]).unwrap().complete, "{len}");
    }
    for len in 8..data {
        assert!(rejection(&bytes[..len]).starts_with("damaged"), "{len}");
    }
    let trailer = [bytes, b"behind the end".to_vec()].concat();
    assert!(probe(&trailer).unwrap().complete);
}

#[test]
fn variants_and_missing_data_are_named() {
    let apple = [SIGNATURE.to_vec(), chunk(b"CgBI", &[0; 4]), ihdr(8, 4, 8, 2, 0)].concat();
    assert!(rejection(&apple).contains("CgBI"));
    let empty = [SIGNATURE.to_vec(), ihdr(8, 4, 8, 2, 0), chunk(b"IEND", &[])].concat();
    assert!(rejection(&empty).starts_with("damaged"));
}
