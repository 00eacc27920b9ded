//! JPEGs that break rules in ways browsers tolerate: each is shown as libjpeg shows it.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Decoded, close, preset, try_derive};
use fixtures::jpeg::{Jpeg, Model, Sampling};
use fixtures::{Raster, icc};
use imaging::FormatChoice::{Auto, Png, Webp};

const COLOR: [u8; 3] = [155, 100, 60];

fn picture() -> Raster<u8> {
    fixtures::pixels::solid::<u8>(96, 64, &COLOR)
}

/// Asserts that `file` is derived in the color at every decoded size, without a warning.
#[track_caller]
fn shows(what: &str, file: &[u8], color: [u8; 3]) {
    for width in [96, 40, 8] {
        let (derived, renditions) = try_derive(file, &preset(&[width], &[Png])).unwrap();
        assert_eq!(derived.warnings, Vec::<String>::new(), "{what}");
        let found = Decoded::of(&renditions[0]).rgb(width / 2, width / 3);
        assert!(close(found, color, 3), "{what} at {width}: {found:?}");
    }
}

/// Takes out every segment with one of these markers, up to the first scan.
fn without(file: &[u8], codes: &[u8]) -> Vec<u8> {
    let mut out = file[..2].to_vec();
    let mut at = 2;
    while file[at + 1] != 0xDA {
        let end = at + 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        if !codes.contains(&file[at + 1]) {
            out.extend_from_slice(&file[at..end]);
        }
        at = end;
    }
    out.extend_from_slice(&file[at..]);
    out
}

/// Gives the components these ids, in the frame header and in a scan of all components.
fn renamed(mut file: Vec<u8>, ids: [u8; 3]) -> Vec<u8> {
    let find = |file: &[u8], code: u8| file.windows(2).position(|bytes| bytes == [0xFF, code]).unwrap();
    let (frame, scan) = (find(&file, 0xC0), find(&file, 0xDA));
    for (index, id) in ids.into_iter().enumerate() {
        (file[frame + 10 + 3 * index], file[scan + 5 + 2 * index]) = (id, id);
    }
    file
}

#[test]
fn inks_are_inverted_without_adobes_marker() {
    let cmyk = picture().to_cmyk();
    for model in [Model::CmykRaw, Model::CmykAdobe, Model::YcckAdobe] {
        let jpeg = Jpeg::new(&cmyk).quality(98).model(model);
        shows("baseline", &jpeg.clone().encode(), COLOR);
        shows("progressive", &jpeg.clone().progressive().encode(), COLOR);
        shows("4:2:0", &jpeg.sampling(Sampling::S420).encode(), COLOR);
    }
    let raw = Jpeg::new(&cmyk).quality(98).model(Model::CmykRaw);
    let jfif = fixtures::jpeg::app_segment(0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
    shows("JFIF", &raw.extra(&jfif).encode(), COLOR);
}

#[test]
fn undefined_huffman_tables_are_the_standard_ones() {
    let grey = picture().to_grey();
    let shade = grey.samples[0];
    let avi1 = |polarity: u8| fixtures::jpeg::app_segment(0, &[&b"AVI1"[..], &[polarity], &[0; 9]].concat());
    for sampling in Sampling::ALL {
        let whole = Jpeg::new(&picture()).quality(95).sampling(sampling).encode();
        shows("no DHT", &without(&whole, &[0xC4]), COLOR);
    }
    for polarity in 0..3 {
        let whole = Jpeg::new(&picture()).quality(95).extra(&avi1(polarity)).encode();
        shows("AVI1", &without(&whole, &[0xC4, 0xE0]), COLOR);
        shows("AVI1", &without(&whole, &[0xC4]), COLOR);
    }
    let whole = Jpeg::new(&grey).quality(95).encode();
    shows("grey", &without(&whole, &[0xC4]), [shade; 3]);
}

#[test]
fn components_of_one_id_match_in_order() {
    for ids in [[1, 1, 1], [0, 0, 0], [0, 1, 1], [1, 2, 2], [1, 1, 2], [7, 3, 7], [2, 1, 0]] {
        let file = Jpeg::new(&picture()).quality(95).sampling(Sampling::S444).encode();
        shows(&format!("{ids:?}"), &renamed(file, ids), COLOR);
        let file = Jpeg::new(&picture()).quality(95).sampling(Sampling::S420).encode();
        shows(&format!("{ids:?}"), &renamed(file, ids), COLOR);
    }
}

#[test]
fn segments_without_room_for_their_length_are_empty() {
    for code in (0xE0..=0xEF).chain([0xFE]) {
        for length in [0, 1, 2] {
            let empty = [0xFF, code, 0, length];
            let file = Jpeg::new(&picture()).quality(95).extra(&empty).encode();
            shows(&format!("marker {code:02X}, length {length}"), &file, COLOR);
        }
    }
    let fill = [0xFF; 5];
    shows("fill bytes", &Jpeg::new(&picture()).quality(95).extra(&fill).encode(), COLOR);
}

#[test]
fn the_first_complete_profile_counts() {
    let swapped = icc::display_p3();
    let picture = picture();
    let plain = Jpeg::new(&picture).quality(98).sampling(Sampling::S444).icc(&swapped);
    let expected = |file: &[u8]| {
        let (derived, renditions) = try_derive(file, &preset(&[96], &[Png])).unwrap();
        (Decoded::of(&renditions[0]).rgb(48, 32), derived.warnings)
    };
    let once = plain.clone().encode();
    let (right, warnings) = expected(&once);
    assert_eq!(warnings, Vec::<String>::new());
    assert!(!close(right, COLOR, 3), "the profile must matter: {right:?}");
    let parts = plain.clone().icc_segment(200).encode();
    for file in [&once, &parts] {
        let segments: Vec<u8> = applications(file, 0xE2).concat();
        let twice = [&file[..2], &segments, &file[2..]].concat();
        assert_eq!(expected(&twice), (right, Vec::new()));
    }
    // A part is missing.
    let all = applications(&parts, 0xE2);
    assert!(all.len() > 1);
    let rest = without(&parts, &[0xE2]);
    let (found, warnings) = expected(&[&rest[..2], &all[1..].concat(), &rest[2..]].concat());
    assert!(close(found, COLOR, 3), "{found:?}");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

/// The segments with this marker before the first scan.
fn applications(file: &[u8], code: u8) -> Vec<Vec<u8>> {
    let (mut found, mut at) = (Vec::new(), 2);
    while file[at + 1] != 0xDA {
        let end = at + 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        if file[at + 1] == code {
            found.push(file[at..end].to_vec());
        }
        at = end;
    }
    found
}

/// libjpeg reads no side above 65,500 pixels.
#[test]
fn no_jpeg_is_longer_than_libjpeg_reads() {
    for (width, height) in [(16, 65_510), (65_510, 16)] {
        let file = fixtures::png::Png::new(&fixtures::pixels::solid::<u8>(width, height, &COLOR)).encode();
        let words = try_derive(&file, &preset(&[70_000], &[Auto])).unwrap_err().to_string();
        assert!(words.contains("65500") && words.contains("image/jpeg"), "{words}");
        let words = try_derive(&file, &preset(&[70_000], &[Webp, Auto])).unwrap_err().to_string();
        assert!(words.contains("16383"), "{words}");
        let (derived, renditions) = try_derive(&file, &preset(&[70_000, 8], &[Auto])).unwrap();
        assert_eq!(renditions.len(), 1);
        assert!(derived.warnings[0].contains("65500"), "{:?}", derived.warnings);
    }
}
