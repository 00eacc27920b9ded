//! The stages of a derivation and the whole, on camera-like photographs of 12 and 24 megapixels, untagged and
//! tagged Display P3. Stages are timed inside of [`imaging::derive`] itself ([`imaging::Timings`]), so that
//! what is measured is what runs in production.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fixtures::bench::{self, Tag};
use imaging::{Derived, FormatChoice, Limits, Plan, Preset, Stop, derive, plan, probe};

struct Input {
    name: &'static str,
    file: Vec<u8>,
    pixels: u64,
}

fn inputs() -> Vec<Input> {
    [
        ("12mp", bench::jpeg_12mp(false, Tag::None)),
        ("12mp-p3", bench::jpeg_12mp(false, Tag::DisplayP3)),
        ("12mp-progressive", bench::jpeg_12mp(true, Tag::None)),
        ("24mp", bench::jpeg_24mp(false, Tag::None)),
        ("24mp-p3", bench::jpeg_24mp(false, Tag::DisplayP3)),
    ]
    .into_iter()
    .map(|(name, file)| {
        let source = probe(&file, &Limits::default()).expect("a generated photograph has a sound header");
        Input { name, file, pixels: u64::from(source.width) * u64::from(source.height) }
    })
    .collect()
}

fn planned(file: &[u8], preset: &Preset) -> Plan {
    let limits = Limits::default();
    let source = probe(file, &limits).expect("a generated photograph has a sound header");
    plan(&source, preset, &limits).expect("a generated photograph is within the limits")
}

fn run(file: &[u8], plan: &Plan) -> Derived {
    derive(file, plan, &Stop::new(), |rendition| {
        black_box(rendition);
        Ok::<(), Infallible>(())
    })
    .expect("a generated photograph can be derived")
}

fn stages(criterion: &mut Criterion) {
    type Stage = fn(&Derived) -> Duration;
    let stages: [(&str, Stage); 4] = [
        ("decode", |derived| derived.timings.decode),
        ("resize", |derived| derived.timings.resize),
        ("color", |derived| derived.timings.color),
        ("encode", |derived| derived.timings.encode),
    ];
    for input in inputs() {
        let plan = planned(&input.file, &Preset::default());
        let mut group = criterion.benchmark_group(input.name);
        group.sample_size(10).throughput(Throughput::Elements(input.pixels));
        for (name, stage) in stages {
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|times| (0..times).map(|_| stage(&run(&input.file, &plan))).sum());
            });
        }
        group.bench_function("whole", |bencher| bencher.iter(|| run(&input.file, &plan)));
        group.finish();
    }
}

/// One thumbnail, the commonest small task.
fn thumbnail(criterion: &mut Criterion) {
    let preset = Preset { widths: vec![320], formats: vec![FormatChoice::Jpeg], ..Preset::default() };
    let mut group = criterion.benchmark_group("320-jpeg");
    group.sample_size(10);
    for input in inputs() {
        let plan = planned(&input.file, &preset);
        group.throughput(Throughput::Elements(input.pixels));
        group.bench_function(input.name, |bencher| bencher.iter(|| run(&input.file, &plan)));
    }
    group.finish();
}

criterion_group!(benches, stages, thumbnail);
criterion_main!(benches);
