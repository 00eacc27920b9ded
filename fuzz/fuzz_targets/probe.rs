//! Any bytes get an answer within the limits, the same each time, and no range beyond the file.
//!
//! `cargo xtask fuzz` builds and runs this and the other targets on stable Rust: without the address sanitizer, which
//! safe code can do without. `cargo +nightly fuzz run probe` runs it with.

#![no_main]

use image_header::{Limits, Profile, probe};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let answer = probe(bytes, &limits);
    assert_eq!(answer, probe(bytes, &limits));
    let Ok(info) = answer else { return };
    assert!(info.width > 0 && info.height > 0 && info.frames > 0);
    assert!(u64::from(info.width) * u64::from(info.height) <= limits.pixels);
    let ranges = match info.profile {
        Profile::None => Vec::new(),
        Profile::Ranges(ranges) => ranges,
        Profile::Deflated(range) => vec![range],
    };
    for range in ranges {
        assert!(!range.is_empty() && bytes.get(range).is_some());
    }
});
