//! How fast, and how good: criterion benches over the stages of a derivation (`benches/derive.rs`), and the runs
//! side by side with peers that README's table comes from. Speed is shown here, never asserted in a test.
//!
//! `cargo xtask bench` runs the former, `cargo xtask bench --peers` the latter; see this folder's README.
//!
//! # Layout of the runs against peers
//!
//! - `tasks`: what is done, by whom, and what is aimed at; `job`: one task as a contender is told of it
//! - `ours`: us as a contender; `contender`: any contender's process; `measure`: turns A B A B; `stats`
//! - `picture`, `reference`, `score`, `equal`: how good the files are that came out
//! - `inputs`: the files that go in, of which `drawn` is one; `machine`: what it ran on
//! - `results`: all figures; `report`: the tables made of them

pub mod contender;
pub mod drawn;
pub mod equal;
pub mod inputs;
pub mod job;
pub mod machine;
pub mod measure;
pub mod ours;
pub mod picture;
pub mod quality;
pub mod reference;
pub mod report;
pub mod results;
pub mod score;
pub mod stats;
pub mod tasks;
