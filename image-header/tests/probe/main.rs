//! `probe` through its public surface, on files that are built byte by byte.

#![allow(clippy::unwrap_used)]

mod bmp;
mod build;
mod exif;
mod gif;
mod hostile;
mod jpeg;
mod limits;
mod named;
mod png;
mod tiff;
mod webp;

use image_header::{Limits, Rejection, SourceInfo};

fn probe(bytes: &[u8]) -> Result<SourceInfo, Rejection> {
    image_header::probe(bytes, &Limits::default())
}

/// The rejection's code and message in one string.
fn rejection(bytes: &[u8]) -> String {
    match probe(bytes) {
        Err(rejection) => format!("{}: {rejection}", rejection.code()),
        Ok(info) => panic!("accepted: {info:?}"),
    }
}
