//! What the decoder answers, against what is known of generated files, against other decoders, and of damaged files.
//!
//! `cargo test -p scaled-jpeg --test proof -- --nocapture` prints the counts.

#![allow(clippy::unwrap_used)]

#[path = "../support/libjpeg.rs"]
mod libjpeg;
#[path = "../support/others.rs"]
mod others;
#[path = "../support/mod.rs"]
mod support;

mod check;
mod damage;
mod files;
mod header;
mod independent;
mod options;
mod oracle;
mod restarts;
mod resync;
mod truncation;
