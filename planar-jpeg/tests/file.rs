//! What stands around the scans, and what is refused.

#![allow(clippy::unwrap_used)]

mod common;

use std::cell::Cell;

use common::{Sampling, decode, detailed, encoded};
use planar_jpeg::{Effort, Error, Picture, Planes, Settings, encode};

const SETTINGS: Settings = Settings { quality: 80, effort: Effort::Balanced, icc: None };

fn go_on() -> bool {
    false
}

/// Markers and the bodies of their segments, a scan's entropy-coded bytes as the body of a marker 0.
fn segments(file: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = file;
    while let [0xFF, marker, tail @ ..] = rest {
        match marker {
            0xD8 | 0xD9 => {
                found.push((*marker, vec![]));
                rest = tail;
            }
            _ => {
                let length = usize::from(u16::from_be_bytes([tail[0], tail[1]]));
                found.push((*marker, tail[2..length].to_vec()));
                rest = &tail[length..];
            }
        }
        if *marker == 0xDA {
            let end = rest.windows(2).position(|two| two[0] == 0xFF && two[1] != 0).unwrap();
            found.push((0, rest[..end].to_vec()));
            rest = &rest[end..];
        }
    }
    assert!(rest.is_empty(), "{} bytes that are no segment", rest.len());
    found
}

fn markers(file: &[u8]) -> Vec<u8> {
    segments(file).into_iter().map(|(marker, _)| marker).collect()
}

#[test]
fn baseline_is_jfif_in_one_scan() {
    for effort in [Effort::Fast, Effort::Balanced] {
        let file = encoded(&detailed(50, 40, Sampling::Halved), 80, effort);
        assert_eq!(markers(&file), [0xD8, 0xE0, 0xDB, 0xC0, 0xC4, 0xDA, 0, 0xD9]);
        let segments = segments(&file);
        assert_eq!(segments[1].1, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
        assert_eq!(segments[3].1, [8, 0, 40, 0, 50, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
        assert_eq!(segments[5].1, [3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]);
    }
}

#[test]
fn small_is_progressive_by_libjpegs_script() {
    let scans = |sampling| -> Vec<Vec<u8>> {
        let file = encoded(&detailed(50, 40, sampling), 80, Effort::Small);
        assert!(markers(&file).contains(&0xC2));
        segments(&file).into_iter().filter(|(marker, _)| *marker == 0xDA).map(|(_, body)| body).collect()
    };
    let bands = |scans: &[Vec<u8>]| -> Vec<[u8; 5]> {
        scans
            .iter()
            .map(|body| [body[0], body[1], body[body.len() - 3], body[body.len() - 2], body[body.len() - 1]])
            .collect()
    };
    assert_eq!(
        bands(&scans(Sampling::Halved)),
        [
            [3, 1, 0, 0, 0x01],
            [1, 1, 1, 5, 0x02],
            [1, 3, 1, 63, 0x01],
            [1, 2, 1, 63, 0x01],
            [1, 1, 6, 63, 0x02],
            [1, 1, 1, 63, 0x21],
            [3, 1, 0, 0, 0x10],
            [1, 3, 1, 63, 0x10],
            [1, 2, 1, 63, 0x10],
            [1, 1, 1, 63, 0x10],
        ]
    );
    assert_eq!(scans(Sampling::Grey).len(), 6);
}

#[test]
fn grey_has_one_component_and_one_of_each_table() {
    let segments = segments(&encoded(&detailed(9, 17, Sampling::Grey), 80, Effort::Balanced));
    assert_eq!(segments[2].1.len(), 65);
    assert_eq!(segments[3].1, [8, 0, 17, 0, 9, 1, 1, 0x11, 0]);
    assert_eq!(segments[5].1, [1, 1, 0, 0, 63, 0]);
}

#[test]
fn scans_are_stuffed() {
    let mut stuffed = 0;
    for effort in [Effort::Fast, Effort::Balanced, Effort::Small] {
        for (marker, body) in segments(&encoded(&detailed(200, 150, Sampling::Whole), 98, effort)) {
            let escapes = body.windows(2).filter(|two| two[0] == 0xFF);
            if marker == 0 {
                assert!(body.last() != Some(&0xFF));
                stuffed += escapes.inspect(|two| assert_eq!(two[1], 0)).count();
            }
        }
    }
    assert!(stuffed > 100, "{stuffed} is too few to show anything");
}

#[test]
fn profiles_come_back_whole() {
    let sample = detailed(20, 20, Sampling::Halved);
    for (length, segments) in [(1, 1), (540, 1), (65_519, 1), (65_520, 2), (200_000, 4)] {
        let profile: Vec<u8> = (0..length).map(|at: u32| (at % 251) as u8).collect();
        let file = encode(&sample.picture(), &Settings { icc: Some(&profile), ..SETTINGS }, &go_on).unwrap();
        assert_eq!(markers(&file).iter().filter(|&&marker| marker == 0xE2).count(), segments);
        assert_eq!(decode(&file).icc, Some(profile));
    }
    let too_long = vec![0; 65_519 * 255 + 1];
    let refused = encode(&sample.picture(), &Settings { icc: Some(&too_long), ..SETTINGS }, &go_on);
    assert_eq!(refused, Err(Error::Profile(too_long.len())));
}

#[test]
fn what_is_no_picture_is_refused() {
    let try_grey = |width, height, plane: &[u8]| {
        encode(&Picture { width, height, planes: Planes::Grey(plane) }, &SETTINGS, &go_on)
    };
    assert_eq!(try_grey(0, 5, &[]), Err(Error::Size { width: 0, height: 5 }));
    assert_eq!(try_grey(5, 0, &[]), Err(Error::Size { width: 5, height: 0 }));
    assert_eq!(try_grey(65_536, 1, &[0; 65_536]), Err(Error::Size { width: 65_536, height: 1 }));
    assert!(try_grey(65_535, 1, &[0; 65_535]).is_ok());
    assert_eq!(try_grey(3, 3, &[0; 8]), Err(Error::Plane { expected: 9, found: 8 }));
    let planes = Planes::YCbCr420 { luma: &[0; 9], blue: &[0; 4], red: &[0; 9] };
    let refused = encode(&Picture { width: 3, height: 3, planes }, &SETTINGS, &go_on);
    assert_eq!(refused, Err(Error::Plane { expected: 4, found: 9 }));
}

#[test]
fn stop_ends_the_work_wherever_it_is() {
    let sample = detailed(64, 64, Sampling::Halved);
    for effort in [Effort::Fast, Effort::Balanced, Effort::Small] {
        let asked = Cell::new(0);
        let count = || {
            asked.set(asked.get() + 1);
            false
        };
        let settings = Settings { effort, ..SETTINGS };
        encode(&sample.picture(), &settings, &count).unwrap();
        assert!(asked.get() >= 4, "four rows of MCUs");
        for turn in 1..=asked.get() {
            let left = Cell::new(turn);
            let stop = || {
                left.set(left.get() - 1);
                left.get() == 0
            };
            assert_eq!(encode(&sample.picture(), &settings, &stop), Err(Error::Stopped));
        }
    }
}

#[test]
fn quality_is_clamped() {
    let sample = detailed(20, 20, Sampling::Halved);
    assert_eq!(encoded(&sample, 0, Effort::Fast), encoded(&sample, 1, Effort::Fast));
    assert_eq!(encoded(&sample, 255, Effort::Fast), encoded(&sample, 100, Effort::Fast));
}
