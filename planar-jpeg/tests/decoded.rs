//! Files as a decoder that is not ours reads them.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Sample, Sampling, decode, detailed, encoded, smooth};
use planar_jpeg::Effort;
use proptest::prelude::*;

const EFFORTS: [Effort; 3] = [Effort::Fast, Effort::Balanced, Effort::Small];
const SAMPLINGS: [Sampling; 3] = [Sampling::Grey, Sampling::Halved, Sampling::Whole];

fn mean_square(found: &[u8], wanted: &[u8]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let sum: f64 = found.iter().zip(wanted).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    sum / found.len() as f64
}

fn psnr(found: &[u8], wanted: &[u8]) -> f64 {
    10.0 * (255.0 * 255.0 / mean_square(found, wanted).max(1e-9)).log10()
}

/// Decoded planes against what went in, chroma as the picture's own size has it.
fn check(sample: &Sample, quality: u8, effort: Effort, least: f64) {
    let decoded = decode(&encoded(sample, quality, effort));
    assert_eq!((decoded.width, decoded.height), (sample.width, sample.height));
    let found = psnr(&decoded.planes[0], &sample.luma);
    let what = format!("{}×{} {:?} q{quality} {effort:?}", sample.width, sample.height, sample.sampling);
    assert!(found >= least, "luma of {what}: {found:.1} dB");
    if sample.sampling != Sampling::Grey {
        for (plane, name) in [(1, "blue"), (2, "red")] {
            let found = psnr(&decoded.planes[plane], &sample.chroma_at_full_size(plane - 1));
            assert!(found >= least, "{name} of {what}: {found:.1} dB");
        }
    }
}

#[test]
fn every_small_size_decodes() {
    for sampling in SAMPLINGS {
        for width in 1..=35 {
            for height in 1..=35 {
                let sample = smooth(width, height, sampling);
                // Each effort on some of the sizes, so that every residue of a side meets each.
                let effort = EFFORTS[((width + height * 2) % 3) as usize];
                check(&sample, 90, effort, 34.0);
            }
        }
    }
}

#[test]
fn every_quality_decodes_as_well_as_its_steps_allow() {
    for sampling in SAMPLINGS {
        let sample = smooth(83, 61, sampling);
        for quality in 1..=100 {
            let least = match quality {
                0..10 => 19.0,
                10..50 => 27.0,
                50..90 => 34.0,
                90..98 => 40.0,
                _ => 44.0,
            };
            check(&sample, quality, EFFORTS[usize::from(quality) % 3], least);
        }
    }
}

#[test]
fn better_quality_is_closer_and_larger() {
    let sample = detailed(160, 120, Sampling::Halved);
    for effort in EFFORTS {
        let measured: Vec<(f64, usize)> = [5, 20, 40, 60, 75, 85, 92, 97, 100]
            .map(|quality| {
                let file = encoded(&sample, quality, effort);
                (psnr(&decode(&file).planes[0], &sample.luma), file.len())
            })
            .to_vec();
        assert!(
            measured.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1),
            "{effort:?}: {measured:?}"
        );
    }
}

#[test]
fn more_effort_is_smaller() {
    for (quality, sampling) in [(50, Sampling::Halved), (80, Sampling::Whole), (80, Sampling::Grey)] {
        let sample = smooth(640, 427, sampling);
        let [fast, balanced, small] = EFFORTS.map(|effort| encoded(&sample, quality, effort).len());
        assert!(balanced < fast && small < balanced, "{fast}, {balanced}, {small} bytes");
    }
}

#[test]
fn scans_and_codes_alone_tell_efforts_apart() {
    for sampling in SAMPLINGS {
        for (width, height, quality) in [(97, 33, 30), (64, 64, 80), (31, 50, 100), (203, 170, 92)] {
            let sample = detailed(width, height, sampling);
            let [fast, balanced, small] = EFFORTS.map(|effort| decode(&encoded(&sample, quality, effort)));
            assert!(fast == balanced && balanced == small, "{width}×{height} {sampling:?} q{quality}");
        }
    }
}

#[test]
fn extremes_survive() {
    // Checkerboards and stripes of black and white: the largest coefficients there are.
    for period in [1, 2, 3, 4, 8, 16] {
        for sampling in SAMPLINGS {
            let mut sample = smooth(48, 40, sampling);
            for (at, value) in sample.luma.iter_mut().enumerate() {
                *value = if (at % 48 / period + at / 48 / period).is_multiple_of(2) { 255 } else { 0 };
            }
            for effort in EFFORTS {
                let decoded = decode(&encoded(&sample, 100, effort));
                assert!(psnr(&decoded.planes[0], &sample.luma) > 48.0, "{period} {sampling:?} {effort:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Parseval: what rounding takes from coefficients is what samples are off by.
    #[test]
    fn noise_is_off_by_no_more_than_steps_are_wide(
        (width, height, luma) in (1u32..50, 1u32..50).prop_flat_map(|(width, height)| {
            let samples = prop::collection::vec(any::<u8>(), (width * height) as usize);
            (Just(width), Just(height), samples)
        }),
        quality in prop_oneof![Just(100u8), 50u8..=100],
        effort in prop::sample::select(&EFFORTS[..]),
    ) {
        let sample = Sample { width, height, sampling: Sampling::Grey, luma, chroma: [vec![], vec![]] };
        let decoded = decode(&encoded(&sample, quality, effort));
        // Of Annex K's luma table at quality 50: the mean square of the steps, whole instead of half for rounding that
        // is allowed to drop what costs much. Blocks at the edge may put it all into the few samples there are.
        let scale = f64::from(200 - 2 * u32::from(quality)) / 100.0;
        let blocks = width.div_ceil(8) * height.div_ceil(8);
        let share = f64::from(blocks * 64) / f64::from(width * height);
        let bound = (67.0 * scale * 0.75 + 1.5).powi(2) * share;
        prop_assert!(mean_square(&decoded.planes[0], &sample.luma) <= bound);
    }
}
