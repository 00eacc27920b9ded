//! Criterion benches over the stages of a derivation: see `benches/derive.rs`.
//!
//! `cargo xtask bench` runs them. Speed is shown here, never asserted in a test.
