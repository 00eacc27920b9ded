//! The JPEG encoder by itself, on a camera-like picture of 1920 × 1280 at quality 80: from RGB to planes, and from planes
//! to a file at each effort.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fixtures::pixels::camera_like;
use planar_jpeg::{Effort, Halved, Picture, Planes, Settings, encode, halved};

const WIDTH: u32 = 1_920;
const HEIGHT: u32 = 1_280;

fn jpeg_encode(criterion: &mut Criterion) {
    let rgb = camera_like(WIDTH, HEIGHT, 24).samples;
    let Halved { luma, blue, red } = halved(&rgb, WIDTH);
    let planes = Planes::YCbCr420 { luma: &luma, blue: &blue, red: &red };
    let picture = Picture { width: WIDTH, height: HEIGHT, planes };

    let mut group = criterion.benchmark_group("jpeg-encode");
    group.throughput(Throughput::Elements(u64::from(WIDTH * HEIGHT)));
    group.bench_function("halved", |bencher| bencher.iter(|| halved(black_box(&rgb), WIDTH)));
    for (name, effort) in [("fast", Effort::Fast), ("balanced", Effort::Balanced), ("small", Effort::Small)] {
        let settings = Settings { quality: 80, effort, icc: None };
        let made = || encode(black_box(&picture), &settings, &|| false).expect("the picture is sound");
        group.bench_function(name, |bencher| bencher.iter(made));
    }
    group.finish();
}

criterion_group!(benches, jpeg_encode);
criterion_main!(benches);
