//! Every kind of file that is read, and every broken one that must be survived.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::sync::LazyLock;

use common::{Decoded, derive_all, preset, try_derive};
use fixtures::jpeg::Jpeg;
use fixtures::{Expectation, Kind};
use imaging::FormatChoice::{Auto, Png, Webp};
use imaging::{Limits, OutputFormat, Rejection};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

#[test]
fn every_kind_is_derived_at_its_displayed_size() {
    for kind in fixtures::every_kind() {
        let (derived, renditions) = derive_all(&kind.bytes, &preset(&[64, 4000], &[Webp, Auto]));
        assert_eq!((derived.width, derived.height), (kind.width, kind.height), "{}", kind.name);
        assert_eq!(renditions[0].spec.width, kind.width, "{}", kind.name);
        let animated = kind.name.contains("animated");
        assert_eq!(derived.warnings.len(), usize::from(animated), "{}: {:?}", kind.name, derived.warnings);
        let fallback = if kind.alpha { OutputFormat::Png } else { OutputFormat::Jpeg };
        assert_eq!(renditions[1].spec.format, fallback, "{}", kind.name);
        for rendition in &renditions {
            let picture = Decoded::of(rendition);
            if kind.alpha && rendition.spec.width == kind.width {
                assert!(picture.samples.chunks_exact(4).any(|pixel| pixel[3] < 128), "{}: opaque", kind.name);
            }
        }
    }
}

#[test]
fn renditions_carry_no_metadata() {
    for kind in fixtures::every_kind() {
        let (_, renditions) = derive_all(&kind.bytes, &preset(&[64], &[Webp, Auto, Png]));
        for rendition in renditions {
            for mark in [
                &b"Exif\0"[..],
                b"EXIF",
                b"eXIf",
                b"ICC_PROFILE",
                b"iCCP",
                b"ICCP",
                b"XMP ",
                b"xpacket",
                b"GPS",
            ] {
                let found = rendition.bytes.windows(mark.len()).any(|window| window == mark);
                assert!(
                    !found,
                    "{}: {} in {:?}",
                    kind.name,
                    String::from_utf8_lossy(mark),
                    rendition.spec.format
                );
            }
        }
    }
}

#[test]
fn broken_files_end_as_they_should() {
    for broken in fixtures::broken() {
        let result = try_derive(&broken.bytes, &preset(&[64], &[Webp, Auto]));
        let outcome = match &result {
            Ok((derived, _)) if derived.warnings.is_empty() => "derived without a warning".to_owned(),
            Ok((derived, _)) => format!("derived: {:?}", derived.warnings),
            Err(rejection) => format!("rejected: {rejection}"),
        };
        println!("{:45} {outcome}", broken.name);
        let rejected = matches!(&result, Err(rejection) if !matches!(rejection, Rejection::Panicked { .. }));
        let as_expected = match broken.expectation {
            Expectation::Rejected => rejected,
            Expectation::DerivedWithWarning => {
                result.as_ref().is_ok_and(|(derived, _)| !derived.warnings.is_empty())
            }
            Expectation::Either => result.is_ok() || rejected,
        };
        assert!(as_expected, "{}, expected {:?}: {outcome}", broken.name, broken.expectation);
    }
}

/// How a file ends: the rows that were decoded in per cent, or `None` where it was rejected.
fn warned_of(file: &[u8]) -> Option<u32> {
    let (derived, _) = try_derive(file, &preset(&[64], &[Webp, Auto])).ok()?;
    let warning = derived.warnings.first()?;
    let percent = warning.split(" %").next()?.rsplit(' ').next()?;
    Some(percent.parse().unwrap())
}

#[test]
fn what_is_missing_of_a_jpeg_is_counted_by_its_data() {
    let picture = fixtures::pixels::camera_like(640, 480, 3);
    let baseline = Jpeg::new(&picture).encode();
    let progressive = Jpeg::new(&picture).progressive().encode();
    let cut = |file: &[u8], percent: usize| file[..file.len() * percent / 100].to_vec();
    let ended = |file: &[u8], percent: usize| [&cut(file, percent)[..], &[0xFF, 0xD9]].concat();
    for file in [cut(&baseline, 10), ended(&baseline, 10), ended(&baseline, 3), cut(&progressive, 3)] {
        assert!(try_derive(&file, &preset(&[64], &[Auto])).is_err());
    }
    for file in [cut(&baseline, 75), ended(&baseline, 75)] {
        assert!(
            warned_of(&file).is_some_and(|percent| (60..95).contains(&percent)),
            "{:?}",
            warned_of(&file)
        );
    }
    // All of a progressive picture is there once its first scan is, only less sharp.
    assert_eq!(warned_of(&cut(&progressive, 75)), Some(100));
    // A picture that is mid grey has not lost its rows, and one that lacks but its last marker nothing.
    let mut grey = Jpeg::new(&fixtures::pixels::solid::<u8>(640, 480, &[128; 3])).encode();
    grey.truncate(grey.len() - 2);
    let (derived, _) = derive_all(&grey, &preset(&[64], &[Auto]));
    assert_eq!(derived.warnings, Vec::<String>::new());
}

#[test]
fn adobe_markers_that_say_nothing_do_no_harm() {
    let picture = fixtures::pixels::quadrants(64, 48);
    let marker =
        |transform: u8| fixtures::jpeg::app_segment(14, &[b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat());
    for (raster, transform) in [(picture.clone(), 7), (picture.to_grey(), 1), (picture.to_grey(), 2)] {
        let file = Jpeg::new(&raster).quality(95).extra(&marker(transform)).encode();
        let (derived, renditions) = derive_all(&file, &preset(&[64], &[Png]));
        assert_eq!(derived.warnings, Vec::<String>::new());
        let white = Decoded::of(&renditions[0]).rgb(60, 44);
        assert!(common::close(white, [255; 3], 4), "transform {transform}: {white:?}");
    }
}

#[test]
fn a_bitmap_whose_alpha_is_unused_is_opaque() {
    let picture = fixtures::pixels::quadrants(40, 30).with_alpha(|_, _| 0.0);
    let (derived, renditions) = derive_all(&fixtures::bmp::rgba32(&picture), &preset(&[40], &[Auto]));
    // What is opaque throughout is written without alpha.
    assert_eq!(Decoded::of(&renditions[0]).channels, 3);
    assert_eq!(derived.warnings.len(), 1);
}

#[test]
fn a_webp_that_announces_what_is_not_there_is_shown() {
    let picture = fixtures::pixels::quadrants(64, 48);
    let mut file = fixtures::webp::extended(
        &fixtures::webp::lossy(&picture, 90.0),
        &picture,
        None,
        Some(&fixtures::exif::Exif::new().orientation(1).to_tiff()),
    );
    // VP8X's flags: alpha and XMP too.
    file[20] |= 0x10 | 0x04;
    let (_, renditions) = derive_all(&file, &preset(&[64], &[Webp]));
    assert!(common::close(Decoded::of(&renditions[0]).rgb(60, 44), [255; 3], 6));
}

#[test]
fn a_photograph_of_200_megapixels_is_within_the_limits() {
    let small = Jpeg::new(&fixtures::pixels::solid::<u8>(64, 64, &[1, 2, 3])).encode();
    let mut source = imaging::probe(&small, &Limits::default()).unwrap();
    (source.width, source.height) = (16_320, 12_240);
    let plan = imaging::plan(&source, &imaging::Preset::default(), &Limits::default()).unwrap();
    assert!(plan.predicted_peak < 512 << 20, "{}", plan.predicted_peak);
}

proptest! {
    // The same cases in every run; another seed here goes elsewhere.
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20),
        ..ProptestConfig::default()
    })]

    /// Whatever bytes become of a good file: it is derived or rejected, and never by a panic.
    #[test]
    fn damage_is_survived(
        which in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        keep in 0.2_f64..1.0,
    ) {
        static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(fixtures::every_kind);
        let kind = which.get(&KINDS);
        let mut bytes = kind.bytes.clone();
        for (at, value) in &flips {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        bytes.truncate((bytes.len() as f64 * keep) as usize);
        if let Err(Rejection::Panicked { what }) = try_derive(&bytes, &preset(&[40], &[Webp, Auto])) {
            prop_assert!(false, "{}: {what}", kind.name);
        }
    }
}
