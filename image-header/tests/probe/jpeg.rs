use image_header::{ColorModel, Format, Profile};

use crate::build::jpeg::*;
use crate::{probe, rejection};

#[test]
fn a_plain_file() {
    let info = probe(&plain()).unwrap();
    assert_eq!(info.format, Format::Jpeg);
    assert_eq!((info.width, info.height, info.bits_per_sample), (8, 4, 8));
    assert_eq!(info.color, ColorModel::YCbCr);
    assert!(info.complete && !info.alpha && !info.gps);
    assert_eq!((info.frames, &info.profile), (1, &Profile::None));
    assert_eq!(info.notes, [""; 0]);
    let jpeg = info.jpeg.unwrap();
    assert!(jpeg.jfif && !jpeg.progressive);
    assert_eq!((jpeg.scans, jpeg.restart_interval, jpeg.adobe_transform), (1, 0, None));
    assert_eq!(jpeg.sampling, [(2, 2), (1, 1), (1, 1)]);
}

#[test]
fn processes_and_precisions_that_are_not_read_are_named() {
    let of = |marker, bits| rejection(&file(&[frame(marker, bits, 8, 8, &[(1, 0x11)])]));
    assert_eq!(of(0xC3, 8), "unsupported: lossless JPEG is not supported");
    for marker in [0xC5, 0xC6, 0xC7] {
        assert_eq!(of(marker, 8), "unsupported: hierarchical JPEG is not supported");
    }
    for marker in [0xC9, 0xCA] {
        assert_eq!(of(marker, 8), "unsupported: JPEG with arithmetic coding is not supported");
    }
    assert_eq!(of(0xCB, 8), "unsupported: lossless JPEG with arithmetic coding is not supported");
    assert_eq!(of(0xCD, 8), "unsupported: hierarchical JPEG with arithmetic coding is not supported");
    assert_eq!(of(0xC1, 12), "unsupported: a JPEG of 12 bits a sample is not supported");
    assert!(of(0xC0, 0).starts_with("damaged"));
    assert!(probe(&file(&[frame(0xC1, 8, 8, 8, &[(1, 0x11)])])).is_ok());
}

#[test]
fn illegal_frames_are_refused() {
    let of = |width, height, components: &[_]| rejection(&file(&[frame(0xC0, 8, width, height, components)]));
    assert!(of(8, 0, &[(1, 0x11)]).contains("(DNL) is not supported"));
    assert!(of(0, 8, &[(1, 0x11)]).starts_with("damaged"));
    assert!(of(8, 8, &[(1, 0x11), (2, 0x11)]).starts_with("unsupported: a JPEG of 2 components"));
    assert!(of(8, 8, &[]).starts_with("damaged"));
    for sampling in [0x01, 0x10, 0x51, 0x15] {
        assert!(of(8, 8, &[(1, sampling)]).starts_with("damaged"), "{sampling:#x}");
    }
    for sampling in [0x11, 0x14, 0x41, 0x44] {
        assert!(probe(&file(&[frame(0xC0, 8, 8, 8, &[(1, sampling)])])).is_ok(), "{sampling:#x}");
    }
}

#[test]
fn colours_follow_the_markers() {
    let color = |segments: &[Vec<u8>]| probe(&file(segments)).unwrap().color;
    let rgb = || frame(0xC0, 8, 8, 8, &[(b'R', 0x11), (b'G', 0x11), (b'B', 0x11)]);
    let inks = || frame(0xC0, 8, 8, 8, &[(1, 0x11), (2, 0x11), (3, 0x11), (4, 0x11)]);
    assert_eq!(color(&[frame(0xC0, 8, 8, 8, &[(1, 0x11)])]), ColorModel::Grey);
    assert_eq!(color(&[rgb()]), ColorModel::Rgb);
    assert_eq!(color(&[segment(0xE0, JFIF), rgb()]), ColorModel::YCbCr);
    assert_eq!(color(&[adobe(0), frame_420(8, 8)]), ColorModel::Rgb);
    assert_eq!(color(&[inks()]), ColorModel::Cmyk { inverted: true });
    assert_eq!(color(&[adobe(0), inks()]), ColorModel::Cmyk { inverted: true });
    assert_eq!(color(&[inks(), adobe(2)]), ColorModel::Ycck { inverted: true });
}

#[test]
fn scans_are_counted_and_what_follows_the_end_is_not() {
    let progressive = frame(0xC2, 8, 8, 8, &[(1, 0x11)]);
    let mut bytes = [SOI.to_vec(), segment(0xDD, &[0, 7]), progressive].concat();
    for _ in 0..10 {
        bytes.extend(scan());
        bytes.extend(segment(0xC4, &[0; 20]));
    }
    bytes.extend_from_slice(EOI);
    let whole = bytes.len();
    bytes.extend(plain());
    let jpeg = |bytes: &[u8]| {
        let info = probe(bytes).unwrap();
        assert!(info.complete);
        info.jpeg.unwrap()
    };
    assert_eq!(jpeg(&bytes).scans, 10);
    assert_eq!(jpeg(&bytes), jpeg(&bytes[..whole]));
    assert_eq!(jpeg(&bytes).restart_interval, 7);
    assert!(jpeg(&bytes).progressive);
}

#[test]
fn a_truncated_file_is_incomplete_after_the_scan_header_and_damaged_before() {
    let bytes = plain();
    let data = bytes.len() - DATA.len() - EOI.len();
    for len in data..bytes.len() {
        assert!(!probe(&bytes[..len]).unwrap().complete, "{len}");
    }
    for len in 3..data {
        assert!(rejection(&bytes[..len]).starts_with("damaged"), "{len}");
    }
}

#[test]
fn fill_bytes_and_stray_bytes_are_skipped() {
    let bytes = [SOI, b"\xFF\xFF", &frame_420(8, 4), b"oops", &scan(), b"\xFF\xFF", EOI].concat();
    let info = probe(&bytes).unwrap();
    assert_eq!((info.width, info.complete), (8, true));
    assert_eq!(info.notes, ["4 bytes before the picture belong to nothing and were skipped."]);
}

#[test]
fn order_of_segments_is_checked() {
    assert!(rejection(&[SOI, &scan(), &frame_420(8, 4), EOI].concat()).starts_with("damaged"));
    assert!(rejection(&file(&[frame_420(8, 4), frame_420(8, 4)])).starts_with("damaged"));
    assert!(rejection(&[SOI, &frame_420(8, 4), EOI].concat()).starts_with("damaged"));
    let followed = [SOI, &frame_420(8, 4), &scan(), &frame_420(16, 16), &scan(), EOI].concat();
    let info = probe(&followed).unwrap();
    assert_eq!((info.width, info.complete, info.notes.len()), (8, false, 1));
}

#[test]
fn a_split_profile_is_put_in_order() {
    let bytes = file(&[icc(3, 3, b"ccc"), icc(1, 3, b"a"), frame_420(8, 4), icc(2, 3, b"bb")]);
    let Profile::Ranges(ranges) = probe(&bytes).unwrap().profile else { panic!() };
    let profile: Vec<u8> = ranges.into_iter().flat_map(|range| bytes[range].to_vec()).collect();
    assert_eq!(profile, b"abbccc");
}

#[test]
fn a_profile_with_a_part_missing_doubled_or_misnumbered_is_none() {
    let broken: [&[Vec<u8>]; 6] = [
        &[icc(1, 3, b"a"), icc(3, 3, b"c")],
        &[icc(1, 2, b"a"), icc(1, 2, b"a")],
        &[icc(0, 2, b"a"), icc(1, 2, b"a")],
        &[icc(1, 2, b"a"), icc(2, 3, b"b")],
        &[icc(1, 0, b"a")],
        &[icc(1, 1, b"")],
    ];
    for segments in broken {
        let info = probe(&file(&[segments.concat(), frame_420(8, 4)])).unwrap();
        assert_eq!(info.profile, Profile::None);
        assert_eq!(info.notes, ["The colour profile is incomplete and is ignored."]);
    }
    let other = segment(0xE2, b"MPF\0II*\0");
    assert_eq!(probe(&file(&[other, frame_420(8, 4)])).unwrap().notes, [""; 0]);
}
