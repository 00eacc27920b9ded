//! `Options::memory` is kept: what decoding takes up at its peak is no more than it says that it needs.

#![allow(clippy::unwrap_used)]

use fixtures::{bench, jpeg::Jpeg, pixels::camera_like};
use peak_alloc::PeakAlloc;
use scaled_jpeg::{Decoder, Error, Options, Scale};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Alone in its file: other tests would allocate beside it.
#[test]
fn the_peak_is_no_more_than_what_was_said_to_be_needed() {
    let files = [
        bench::jpeg(1_600, 1_200, false, bench::Tag::None),
        bench::jpeg(1_600, 1_200, true, bench::Tag::None),
        Jpeg::new(&camera_like(1_600, 1_200, 24)).restart_interval(100).encode(),
    ];
    for (index, file) in files.iter().enumerate() {
        for threads in [1, 2] {
            for scale in Scale::ALL {
                let decode = |memory| {
                    let options = Options { memory, threads, ..Options::default() };
                    Decoder::new(file).unwrap().with_options(options).decode_planes([scale; 4])
                };
                let Err(Error::TooLarge { needed, .. }) = decode(1) else { panic!("one byte is enough") };
                ALLOCATOR.reset_peak_usage();
                let before = ALLOCATOR.current_usage();
                let decoded = decode(needed).unwrap();
                let peak = ALLOCATOR.peak_usage() - before;
                println!("file {index}, {threads} threads, {scale:?}: {peak} of {needed} bytes");
                assert!(decoded.damage.is_none());
                assert!(peak as u64 <= needed, "{peak} bytes were taken up, {needed} were said to be needed");
            }
        }
    }
}
