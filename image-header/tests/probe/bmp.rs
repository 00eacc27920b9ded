use image_header::{ColorModel, Format, Profile};

use crate::{probe, rejection};

/// A file with a header of `header_size` bytes, and as many bytes of pixels as `width` × `height` take.
fn file(header_size: u32, width: i32, height: i32, bits: u16, compression: u32) -> Vec<u8> {
    let mut header = header_size.to_le_bytes().to_vec();
    if header_size == 12 {
        header.extend_from_slice(&(width as u16).to_le_bytes());
        header.extend_from_slice(&(height as u16).to_le_bytes());
    } else {
        header.extend_from_slice(&width.to_le_bytes());
        header.extend_from_slice(&height.to_le_bytes());
    }
    header.extend_from_slice(&1_u16.to_le_bytes());
    header.extend_from_slice(&bits.to_le_bytes());
    header.extend_from_slice(&compression.to_le_bytes());
    header.resize(header_size as usize, 0);
    let start = 14 + header_size;
    let row = (width.unsigned_abs() * u32::from(bits)).div_ceil(32) * 4;
    let pixels = vec![0; (row * height.unsigned_abs()) as usize];
    let len = start + pixels.len() as u32;
    [b"BM".as_slice(), &len.to_le_bytes(), &[0; 4], &start.to_le_bytes(), &header, &pixels].concat()
}

#[test]
fn headers_and_depths() {
    // Those of 16 to 64 bytes other than 40, 52 and 56 are OS/2's.
    for header in [12, 16, 24, 40, 48, 52, 56, 64, 108, 124] {
        for bits in [1, 4, 8] {
            let info = probe(&file(header, 5, 3, bits, 0)).unwrap();
            assert_eq!(info.format, Format::Bmp);
            assert_eq!((info.width, info.height), (5, 3));
            assert_eq!((info.color, info.bits_per_sample), (ColorModel::Palette, bits as u8));
            assert!(info.complete);
        }
        for bits in [16, 24, 32] {
            let info = probe(&file(header, 5, 3, bits, 0)).unwrap();
            assert_eq!((info.color, info.bits_per_sample, info.alpha), (ColorModel::Rgb, 8, false));
        }
        assert!(rejection(&file(header, 5, 3, 7, 0)).starts_with("damaged"));
    }
}

#[test]
fn reserved_fields_may_hold_a_hot_spot() {
    let mut bytes = file(12, 5, 3, 24, 0);
    bytes[6..10].copy_from_slice(&[3, 0, 4, 0]);
    assert_eq!(probe(&bytes).unwrap().width, 5);
    // Without the number of planes it may be any text.
    bytes[22] = 7;
    assert_eq!(rejection(&bytes), rejection(b"BM is short for benchmark."));
}

#[test]
fn the_topmost_row_may_come_first() {
    let info = probe(&file(40, 5, -3, 24, 0)).unwrap();
    assert_eq!((info.width, info.height), (5, 3));
}

#[test]
fn sizes_beyond_reason_are_refused() {
    let with_size = |width: i32, height: i32| {
        let mut bytes = file(40, 5, 3, 24, 0);
        bytes[18..22].copy_from_slice(&width.to_le_bytes());
        bytes[22..26].copy_from_slice(&height.to_le_bytes());
        rejection(&bytes)
    };
    assert!(with_size(-5, 3).starts_with("damaged"));
    assert!(with_size(0, 3).starts_with("damaged"));
    assert!(with_size(5, i32::MIN).starts_with("damaged"));
    assert!(with_size(5, i32::MIN + 1).starts_with("too-large"));
    assert!(with_size(i32::MAX, 1).starts_with("too-large"));
}

#[test]
fn alpha_needs_a_mask() {
    let masked = |header: u32, compression: u32, mask: u32| {
        let mut bytes = file(header, 5, 3, 32, compression);
        if header >= 56 {
            bytes[14 + 52..14 + 56].copy_from_slice(&mask.to_le_bytes());
        }
        probe(&bytes).unwrap().alpha
    };
    for compression in [0, 3] {
        for header in [56, 108, 124] {
            assert!(masked(header, compression, 0xFF00_0000), "{header} {compression}");
            assert!(!masked(header, compression, 0), "{header} {compression}");
        }
        assert!(!masked(40, compression, 0));
        // Where Windows has the mask, OS/2 has other fields.
        assert!(!masked(64, 0, 0xFF00_0000));
    }
    let mut bits_24 = file(124, 5, 3, 24, 0);
    bits_24[14 + 52..14 + 56].copy_from_slice(&0xFF00_0000_u32.to_le_bytes());
    assert!(!probe(&bits_24).unwrap().alpha);
}

#[test]
fn compressions_are_read_or_named() {
    assert!(probe(&file(40, 5, 3, 8, 1)).is_ok());
    assert!(probe(&file(40, 5, 3, 4, 2)).is_ok());
    assert!(rejection(&file(40, 5, 3, 24, 1)).starts_with("damaged"));
    assert!(rejection(&file(40, 5, 3, 0, 4)).contains("a BMP that holds a JPEG"));
    assert!(rejection(&file(40, 5, 3, 0, 5)).contains("a BMP that holds a PNG"));
    assert!(rejection(&file(64, 5, 3, 1, 3)).contains("an OS/2 bitmap with fax compression"));
    assert!(rejection(&file(64, 5, 3, 24, 4)).contains("an OS/2 bitmap with 24-bit run lengths"));
    assert!(rejection(&file(40, 5, 3, 32, 11)).contains("a BMP in CMYK"));
}

#[test]
fn cut_rows_make_it_incomplete() {
    let bytes = file(40, 5, 3, 24, 0);
    assert!(!probe(&bytes[..bytes.len() - 1]).unwrap().complete);
    // Three rows of 16 bytes: half of them is enough.
    assert!(!probe(&bytes[..54 + 24]).unwrap().complete);
    assert!(rejection(&bytes[..54 + 23]).contains("the file holds only 47 % of the picture"));
}

#[test]
fn an_embedded_profile_is_found() {
    let mut bytes = file(124, 5, 3, 24, 0);
    let at = bytes.len() as u32;
    bytes[14 + 56..14 + 60].copy_from_slice(b"DEBM");
    bytes[14 + 112..14 + 116].copy_from_slice(&(at - 14).to_le_bytes());
    bytes[14 + 116..14 + 120].copy_from_slice(&7_u32.to_le_bytes());
    assert_eq!(probe(&bytes).unwrap().notes.len(), 1);
    bytes.extend_from_slice(b"profile");
    let Profile::Ranges(ranges) = probe(&bytes).unwrap().profile else { panic!() };
    assert_eq!(&bytes[ranges[0].clone()], b"profile");
}
