//! Handing over, stopping, failing, repeating.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{derive_all, preset};
use fixtures::jpeg::Jpeg;
use fixtures::pixels;
use imaging::FormatChoice::{Auto, Webp};
use imaging::{
    Colour, DeriveError, Effort, FormatChoice, Limits, Plan, Preset, Rejection, Stop, derive, plan, probe,
};

fn photograph() -> Vec<u8> {
    Jpeg::new(&pixels::camera_like(900, 600, 7)).encode()
}

fn planned(file: &[u8]) -> Plan {
    let limits = Limits::default();
    plan(&probe(file, &limits).unwrap(), &Preset::default(), &limits).unwrap()
}

#[test]
fn renditions_come_largest_first_in_the_order_of_formats() {
    let (_, renditions) = derive_all(&photograph(), &preset(&[320, 640], &[Webp, Auto]));
    let order: Vec<_> = renditions.iter().map(|r| (r.spec.width, r.spec.format.extension())).collect();
    assert_eq!(order, [(640, "webp"), (640, "jpg"), (320, "webp"), (320, "jpg")]);
}

#[test]
fn the_same_source_and_plan_give_the_same_bytes() {
    let file = photograph();
    let (first, once) = derive_all(&file, &Preset::default());
    let (second, again) = derive_all(&file, &Preset::default());
    assert!(once.iter().zip(&again).all(|(a, b)| a.bytes == b.bytes && a.spec == b.spec));
    assert_eq!((first.thumbhash, first.color), (second.thumbhash, second.color));
}

#[test]
fn any_number_of_workers_gives_the_same_bytes_in_the_same_order() {
    let picture = pixels::camera_like(900, 600, 7);
    let files = [
        Jpeg::new(&picture).encode(),
        Jpeg::new(&picture).icc(&fixtures::icc::display_p3()).progressive().encode(),
        fixtures::png::Png::new(&pixels::alpha_edge::<u8>(900, 600)).encode(),
    ];
    let preset = Preset { formats: vec![Webp, Auto, FormatChoice::Png], ..Preset::default() };
    let limits = Limits::default();
    for file in files {
        let made = |workers: usize| {
            let plan = plan(&probe(&file, &limits).unwrap(), &preset, &limits).unwrap().with_workers(workers);
            assert_eq!(plan.workers, workers);
            let mut renditions = Vec::new();
            let derived = derive(&file, &plan, &Stop::new(), |rendition| {
                renditions.push((rendition.spec.width, rendition.spec.format, rendition.bytes));
                Ok::<(), Infallible>(())
            })
            .unwrap();
            (renditions, derived.thumbhash, derived.color)
        };
        let alone = made(1);
        assert!((2..=4).all(|workers| made(workers) == alone));
    }
}

#[test]
fn no_more_workers_than_fit_in_the_memory_allowed() {
    let file = photograph();
    let limits = Limits::default();
    let source = probe(&file, &limits).unwrap();
    let alone = plan(&source, &Preset::default(), &limits).unwrap().with_workers(1);
    let two = alone.clone().with_workers(2);
    assert!(two.predicted_peak > alone.predicted_peak);
    let tight = Limits { decoded_bytes: two.predicted_peak - 1, ..limits };
    let plan = plan(&source, &Preset::default(), &tight).unwrap().with_workers(8);
    assert_eq!((plan.workers, plan.predicted_peak), (1, alone.predicted_peak));
}

#[test]
fn a_stop_ends_the_work_before_the_next_rendition() {
    let file = photograph();
    let plan = planned(&file);
    let stop = Stop::new();
    let mut made = 0;
    let result = derive(&file, &plan, &stop, |_| {
        made += 1;
        stop.stop();
        Ok::<(), Infallible>(())
    });
    assert!(matches!(result, Err(DeriveError::Stopped)), "{result:?}");
    assert_eq!(made, 1);
    // Nor does another thread go on.
    let many = plan.clone().with_workers(3);
    let stopped = Stop::new();
    stopped.stop();
    let result = derive(&file, &many, &stopped, |_| Ok::<(), Infallible>(()));
    assert!(matches!(result, Err(DeriveError::Stopped)), "{result:?}");
    let past = Stop::at(std::time::Instant::now());
    let result = derive(&file, &plan, &past, |_| Ok::<(), Infallible>(()));
    assert!(matches!(result, Err(DeriveError::Stopped)), "{result:?}");
}

#[test]
fn the_receivers_failure_is_its_own() {
    let file = photograph();
    let plan = planned(&file);
    let result = derive(&file, &plan, &Stop::new(), |_| Err("disk full"));
    assert!(matches!(result, Err(DeriveError::Sink("disk full"))), "{result:?}");
    let passed_on = catch_unwind(AssertUnwindSafe(|| {
        derive(&file, &plan, &Stop::new(), |_| -> Result<(), Infallible> { panic!("in the receiver") })
    }));
    assert!(passed_on.is_err(), "a panic of the receiver is not the image's fault");
}

#[test]
fn memory_is_refused_before_it_is_taken() {
    let file = photograph();
    let limits = Limits { decoded_bytes: 1 << 20, ..Limits::default() };
    let rejection = plan(&probe(&file, &limits).unwrap(), &Preset::default(), &limits).unwrap_err();
    assert!(matches!(rejection, Rejection::LimitExceeded { allowed: 1_048_576, .. }), "{rejection:?}");
    assert!(rejection.to_string().contains("memory"), "{rejection}");
}

#[test]
fn a_rendition_beyond_the_output_limit_is_left_out_with_a_warning() {
    let file = photograph();
    let limits = Limits { output_bytes: 20_000, ..Limits::default() };
    let plan = plan(&probe(&file, &limits).unwrap(), &Preset::default(), &limits).unwrap();
    let mut largest = 0;
    let derived = derive(&file, &plan, &Stop::new(), |rendition| {
        largest = largest.max(rendition.bytes.len());
        Ok::<(), Infallible>(())
    })
    .unwrap();
    assert!(largest > 0 && largest <= 20_000, "{largest}");
    assert!(derived.warnings.iter().any(|warning| warning.contains("20000 bytes")), "{:?}", derived.warnings);
}

#[test]
fn a_key_changes_only_with_what_it_stands_for() {
    let file = photograph();
    let limits = Limits::default();
    let source = probe(&file, &limits).unwrap();
    let specs = |preset: &Preset| -> Vec<(u32, String, String)> {
        let plan = plan(&source, preset, &limits).unwrap();
        plan.renditions
            .iter()
            .map(|spec| (spec.width, spec.format.extension().to_owned(), spec.spec().to_owned()))
            .collect()
    };
    let before = specs(&Preset::default());
    let mut preset = Preset::default();
    preset.quality.webp = 50;
    preset.widths.push(480);
    let after = specs(&preset);
    for (width, extension, spec) in &before {
        let same = after.iter().any(|other| (&other.0, &other.1, &other.2) == (width, extension, spec));
        assert_eq!(same, extension == "jpg", "{width} {extension}");
    }
    assert!(before.iter().all(|(_, _, spec)| spec.len() == 8));
    // An effort is every format's; what colours are kept only concerns a source that says something of them.
    let small = specs(&Preset { effort: Effort::Small, ..Preset::default() });
    assert!(before.iter().zip(&small).all(|(before, small)| before.2 != small.2));
    assert_eq!(before, specs(&Preset { colour: Colour::Keep, ..Preset::default() }));
}
