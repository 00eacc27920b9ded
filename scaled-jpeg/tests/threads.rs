//! Two threads yield what one does, whether they divide a file at a restart marker, meet in the middle of a scan,
//! or cannot.

#![allow(clippy::unwrap_used)]

use fixtures::jpeg::{Jpeg, Sampling};
use fixtures::pixels::camera_like;
use scaled_jpeg::{Decoded, Decoder, Options, Scale};

fn decode(file: &[u8], scale: Scale, threads: usize) -> Decoded {
    let options = Options { threads, ..Options::default() };
    Decoder::new(file).unwrap().with_options(options).decode_planes([scale; 4]).unwrap()
}

fn compare(what: &str, file: &[u8]) {
    // Smaller files are not divided at all.
    assert!(file.len() > 400_000, "{what}: {} bytes", file.len());
    for scale in Scale::ALL {
        assert!(decode(file, scale, 1) == decode(file, scale, 2), "{what} at {scale:?}");
    }
}

fn files() -> Vec<(String, Vec<u8>)> {
    let raster = camera_like(1_501, 1_203, 24);
    let jpeg = |sampling| Jpeg::new(&raster).quality(95).sampling(sampling);
    let mut files = vec![("progressive".to_owned(), jpeg(Sampling::S420).progressive().optimized().encode())];
    for sampling in [Sampling::S420, Sampling::S444, Sampling::S422] {
        // Rows of 94 MCUs of 4:2:0: some intervals meet their beginnings, some never do before the end.
        for interval in [0, 1, 47, 94, 188, 101] {
            let file = jpeg(sampling).restart_interval(interval).encode();
            files.push((format!("{sampling:?}, interval {interval}"), file));
        }
    }
    files
}

#[test]
fn whole_files() {
    for (what, file) in files() {
        compare(&what, &file);
        assert!(decode(&file, Scale::Half, 2).damage.is_none(), "{what}");
    }
}

#[test]
fn damaged_files() {
    for (what, file) in files() {
        compare(&format!("{what}, cut off"), &file[..file.len() * 9 / 10]);
        let mut flipped = file.clone();
        for at in [3, 5, 8] {
            let at = file.len() / 10 * at;
            flipped[at] ^= 0x14;
        }
        compare(&format!("{what}, bits flipped"), &flipped);
    }
}
