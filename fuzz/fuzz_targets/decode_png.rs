//! Any PNG is derived or rejected: without a panic, in the memory that was predicted. `fuzz::derive` says more.

#![no_main]

use fuzz::{Format, decode};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|file: &[u8]| -> Corpus { decode(Format::Png, file) });
