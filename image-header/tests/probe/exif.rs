use image_header::{Orientation, SourceInfo};

use crate::build::tiff::{BOTH, Entry, Order, with};
use crate::build::{jpeg, png, webp};
use crate::probe;

/// The same Exif block in each format that carries one.
fn carriers(block: &[u8]) -> [Vec<u8>; 5] {
    let prefixed = [b"Exif\0\0", block].concat();
    [
        jpeg::file(&[jpeg::exif(block), jpeg::frame_420(8, 4)]),
        png::rgb(&[png::chunk(b"eXIf", block)]),
        png::rgb(&[png::chunk(b"eXIf", &prefixed)]),
        webp::file(&[webp::vp8x(0x08, 8, 4), webp::vp8(8, 4), webp::chunk(b"EXIF", block)]),
        webp::file(&[webp::vp8x(0x08, 8, 4), webp::vp8(8, 4), webp::chunk(b"EXIF", &prefixed)]),
    ]
}

fn all(block: &[u8]) -> Vec<SourceInfo> {
    carriers(block).iter().map(|file| probe(file).unwrap()).collect()
}

const ORIENTATIONS: [Orientation; 8] = [
    Orientation::Normal,
    Orientation::FlipHorizontal,
    Orientation::Rotate180,
    Orientation::FlipVertical,
    Orientation::Transpose,
    Orientation::Rotate90,
    Orientation::Transverse,
    Orientation::Rotate270,
];

#[test]
fn every_orientation_in_both_byte_orders() {
    for order in BOTH {
        for (number, expected) in (1..).zip(ORIENTATIONS) {
            for info in all(&order.exif(number, 2, b"R98\0")) {
                assert_eq!(info.orientation, expected);
                assert_eq!(info.displayed(), if number < 5 { (8, 4) } else { (4, 8) });
            }
            let entries = with(order.picture(2, &[8; 3]), order.short(0x0112, number));
            assert_eq!(probe(&order.file(&entries)).unwrap().orientation, expected);
        }
        for number in [0, 9, 65535] {
            assert!(
                all(&order.exif(number, 2, b"R98\0"))
                    .iter()
                    .all(|info| info.orientation == Orientation::Normal)
            );
        }
    }
}

#[test]
fn a_position_is_told_from_a_directory_without_one() {
    for order in BOTH {
        for tag in [0x0002, 0x0004, 0x0014, 0x0016] {
            assert!(all(&order.exif(1, tag, b"R98\0")).iter().all(|info| info.gps), "{tag}");
        }
        for tag in [0x0000, 0x0005, 0x0012] {
            assert!(!all(&order.exif(1, tag, b"R98\0")).iter().any(|info| info.gps), "{tag}");
        }
    }
}

#[test]
fn adobe_rgb_is_told_by_the_interoperability_index() {
    for order in BOTH {
        assert!(all(&order.exif(1, 0, b"R03\0")).iter().all(|info| info.interoperability_r03));
        assert!(!all(&order.exif(1, 0, b"R98\0")).iter().any(|info| info.interoperability_r03));
    }
}

#[test]
fn the_first_block_counts() {
    let blocks = [6, 3].map(|number| jpeg::exif(&Order::Big.exif(number, 0, b"R98\0")));
    let [first, second] = blocks;
    let info = probe(&jpeg::file(&[first, second, jpeg::frame_420(8, 4)])).unwrap();
    assert_eq!(info.orientation, Orientation::Rotate90);
}

#[test]
fn a_broken_block_is_a_note_and_nothing_worse() {
    for block in [b"garbage".as_slice(), b"II*\0", b"MM\0*\xFF\xFF\xFF\xFF"] {
        for info in all(block) {
            assert_eq!((info.orientation, info.notes.len()), (Orientation::Normal, 1), "{info:?}");
        }
    }
}

#[test]
fn directories_that_point_to_themselves_end() {
    let order = Order::Little;
    let loops = [
        order.long(0x8769, 8),
        order.long(0x8825, 8),
        order.long(0xA005, 8),
        Entry(1, 2, 4, b"R03\0".to_vec()),
    ];
    let block = [order.header(), order.directory(8, &loops, 8)].concat();
    assert!(all(&block).iter().all(|info| info.interoperability_r03 && !info.gps));
}
