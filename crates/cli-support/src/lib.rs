//! Parts that the command-line programs `thumbnailer` and `uploader` share.

mod escape;

pub use escape::{escape, is_unsafe};
