use image_header::{ColorModel, Format};

use crate::{probe, rejection};

/// GIF89a with a canvas of 10 × 6 and a global table of two colours.
const HEADER: &[u8] = b"GIF89a\x0A\0\x06\0\x80\0\0\0\0\0\xFF\xFF\xFF";
const TRANSPARENT: &[u8] = b"\x21\xF9\x04\x01\0\0\0\0";
const OPAQUE: &[u8] = b"\x21\xF9\x04\x00\0\0\0\0";
const COMMENT: &[u8] = b"\x21\xFE\x03abc\x02\x2C\x3B\0";

/// A frame with some data; `flags` may announce an own table.
fn frame(left: u8, width: u8, flags: u8) -> Vec<u8> {
    let mut bytes = vec![0x2C, left, 0, 0, 0, width, 0, 6, 0, flags];
    if flags & 0x80 != 0 {
        bytes.extend(vec![0x3B; 3 << ((flags & 7) + 1)]);
    }
    bytes.extend_from_slice(b"\x02\x03\x2C\x3B\x21\x01\x00\x00");
    bytes
}

fn file(blocks: &[&[u8]]) -> Vec<u8> {
    [HEADER, &blocks.concat(), b"\x3B"].concat()
}

#[test]
fn canvas_and_frames() {
    let info =
        probe(&file(&[COMMENT, &frame(0, 10, 0), &frame(3, 2, 0x87), OPAQUE, &frame(0, 10, 0)])).unwrap();
    assert_eq!(info.format, Format::Gif);
    assert_eq!((info.width, info.height, info.frames), (10, 6, 3));
    assert_eq!((info.color, info.bits_per_sample), (ColorModel::Palette, 8));
    assert!(info.complete && !info.alpha && !info.interlaced);
    let first = file(&[&frame(0, 10, 0)]);
    assert_eq!(
        probe(&first.iter().map(|&b| if b == b'9' { b'7' } else { b }).collect::<Vec<_>>()).unwrap().frames,
        1
    );
}

#[test]
fn the_first_frame_decides_on_alpha_and_interlace() {
    assert!(probe(&file(&[TRANSPARENT, &frame(0, 10, 0)])).unwrap().alpha);
    assert!(probe(&file(&[&frame(1, 9, 0)])).unwrap().alpha);
    assert!(!probe(&file(&[&frame(0, 10, 0), TRANSPARENT, &frame(0, 10, 0)])).unwrap().alpha);
    assert!(probe(&file(&[&frame(0, 10, 0x40)])).unwrap().interlaced);
}

#[test]
fn a_cut_file_is_incomplete_once_a_frame_began() {
    let bytes = file(&[&frame(0, 10, 0)]);
    let begun = HEADER.len() + 10;
    for len in begun..bytes.len() {
        assert!(!probe(&bytes[..len]).unwrap().complete, "{len}");
    }
    for len in 6..begun {
        assert!(rejection(&bytes[..len]).starts_with("damaged"), "{len}");
    }
}

#[test]
fn an_empty_canvas_is_damaged() {
    assert!(rejection(b"GIF89a\0\0\x06\0\0\0\0\x3B").starts_with("damaged"));
}
