//! What deriving takes up, beside what was predicted of it before anything was decoded.
//!
//! A test binary of one test, so that nothing else allocates. Small files are derived here, under an allocator
//! that counts. Large ones are derived in a process of their own each, which also looks at its resident memory:
//! libwebp is C, and no Rust allocator sees what it takes.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tiff/build.rs"]
mod build;
mod cases;
mod measure;

use imaging::{Limits, Preset};
use measure::{Peak, peak_elsewhere, peak_here};

/// What the process takes up beside the prediction once it works: pages of code and tables that are touched for
/// the first time, and what the C library's allocator keeps for later.
const PROGRAM: u64 = 8 << 20;
/// What is allowed for whatever the size, which smaller pictures are dominated by: tables, a lossless WebP's codes, a
/// lossy one's partition.
const TABLES: u64 = 28 << 20;

#[test]
fn what_is_predicted_is_not_exceeded() {
    if measure::is_child() {
        return measure::answer();
    }
    println!("{:48} {:>10} {:>10} {:>10}   MiB", "file and preset", "predicted", "counted", "resident");
    let mut wrong = Vec::new();
    for (name, file) in cases::small() {
        for (label, preset) in cases::presets() {
            for workers in workers(&preset) {
                let predicted = predicted(&file, &preset, workers);
                let peak = Peak { counted: peak_here(&file, &preset, workers), resident: None };
                wrong.extend(judge(&format!("{name} {label}, by {workers}"), predicted, peak, None));
            }
        }
    }
    for (name, file) in cases::metadata() {
        let preset = Preset { widths: vec![24], ..Preset::default() };
        for workers in 1..=2 {
            let predicted = predicted(&file, &preset, workers);
            let peak = Peak { counted: peak_here(&file, &preset, workers), resident: None };
            wrong.extend(judge(&format!("{name}, by {workers}"), predicted, peak, None));
        }
    }
    for case in cases::large() {
        let file = (case.file)();
        for (label, preset) in case.presets {
            // How much several have in work at once is left to chance: they may not be near what is predicted.
            for workers in workers(&preset) {
                let most = (workers == 1).then(|| cases::most(&preset));
                let predicted = predicted(&file, &preset, workers);
                let peak = peak_elsewhere(&file, &preset, workers);
                wrong.extend(judge(&format!("{} {label}, by {workers}", case.name), predicted, peak, most));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One, and two where there is something to do at once.
fn workers(preset: &Preset) -> impl Iterator<Item = usize> + use<> {
    1..=preset.formats.len().max(preset.widths.len()).min(2)
}

fn predicted(file: &[u8], preset: &Preset, workers: usize) -> u64 {
    let limits = Limits::default();
    let source = imaging::probe(file, &limits).unwrap();
    imaging::plan(&source, preset, &limits).unwrap().with_workers(workers).predicted_peak
}

/// Prints a line; returns what is wrong with it. `most`: how many times the actual peak the prediction may be.
fn judge(name: &str, predicted: u64, peak: Peak, most: Option<u64>) -> Option<String> {
    let resident = peak.resident.map_or("-".to_owned(), mebibytes);
    let line =
        format!("{name:48} {:>10} {:>10} {resident:>10}", mebibytes(predicted), mebibytes(peak.counted));
    println!("{line}");
    let actual = peak.counted.max(peak.resident.unwrap_or(0));
    if peak.counted > predicted || actual > predicted + PROGRAM {
        return Some(format!("more than was predicted: {line}"));
    }
    // An estimate that is too high turns pictures away that would fit.
    if most.is_some_and(|most| predicted > most * actual + TABLES) {
        return Some(format!("far less than was predicted: {line}"));
    }
    None
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}
