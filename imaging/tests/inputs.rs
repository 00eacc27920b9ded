//! Every kind of file that is read, and every broken one that must be survived.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::sync::LazyLock;

use common::{Decoded, derive_all, preset, try_derive};
use fixtures::{Expectation, Kind};
use imaging::FormatChoice::{Auto, Png, Webp};
use imaging::{OutputFormat, Rejection};
use proptest::prelude::*;

#[test]
fn every_kind_is_derived_at_its_displayed_size() {
    for kind in fixtures::every_kind() {
        let (derived, renditions) = derive_all(&kind.bytes, &preset(&[64, 4000], &[Webp, Auto]));
        assert_eq!((derived.width, derived.height), (kind.width, kind.height), "{}", kind.name);
        assert_eq!(renditions[0].spec.width, kind.width, "{}", kind.name);
        assert_eq!(derived.warnings, Vec::<String>::new(), "{}", kind.name);
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

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
