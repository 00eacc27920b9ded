//! Planes of camera-like JPEGs at each scale: this decoder, libjpeg-turbo's family, zune-jpeg and jpeg-decoder.
//!
//! libjpeg's SIMD is built by nasm; where there is none when mozjpeg-sys is built, it is measured without, and the
//! first line says so. libjpeg and jpeg-decoder decode subsampled chroma at a larger scale than the luma, as far as
//! there is one, and jpeg-decoder and no other interleaves its samples.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fixtures::bench::{Tag, jpeg_12mp, jpeg_24mp};
use scaled_jpeg::{Decoder, Scale};

#[path = "../tests/support/libjpeg.rs"]
mod libjpeg;
#[path = "../tests/support/others.rs"]
mod others;

fn decode(criterion: &mut Criterion) {
    match libjpeg::simd() {
        true => println!("libjpeg is built with its SIMD."),
        false => println!(
            "libjpeg is built WITHOUT its SIMD: there was no nasm. It is about half as fast as it can be."
        ),
    }
    for (name, file) in [
        ("24 MP baseline", jpeg_24mp(false, Tag::None)),
        ("24 MP progressive", jpeg_24mp(true, Tag::None)),
        ("12 MP baseline", jpeg_12mp(false, Tag::None)),
        ("12 MP progressive", jpeg_12mp(true, Tag::None)),
    ] {
        file_at_each_scale(criterion, name, &file);
    }
}

fn file_at_each_scale(criterion: &mut Criterion, name: &str, file: &[u8]) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).throughput(Throughput::Bytes(file.len() as u64));
    let Ok(decoder) = Decoder::new(file) else { panic!("{name} is no JPEG") };
    let (width, height) = (decoder.header().width, decoder.header().height);
    for scale in Scale::ALL {
        let at = format!("{}-8", scale.numerator());
        group.bench_function(BenchmarkId::new("scaled-jpeg", &at), |bencher| {
            bencher.iter(|| Decoder::new(black_box(file)).map(|decoder| decoder.decode_planes([scale; 4])));
        });
        group.bench_function(BenchmarkId::new("libjpeg", &at), |bencher| {
            bencher.iter(|| libjpeg::planes(black_box(file), scale.numerator()));
        });
        if matches!(scale.numerator(), 1 | 2 | 4 | 8) {
            let size = (scale.of(width) as u16, scale.of(height) as u16);
            group.bench_function(BenchmarkId::new("jpeg-decoder", &at), |bencher| {
                bencher.iter(|| others::jpeg_decoder(black_box(file), Some(size)));
            });
        }
        if scale == Scale::Full {
            group.bench_function(BenchmarkId::new("zune-jpeg", &at), |bencher| {
                bencher.iter(|| others::zune(black_box(file)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
