//! Files to decode that were not made here, and larger ones that were.

use std::path::Path;

use crate::support::{
    content::{self, Content},
    dice::Dice,
    encode::{Encoding, File, Process, encode},
    picture::{Factors, Picture},
    script,
};

/// The JPEGs among the fixtures' kinds, and the committed photographs but the largest.
pub(crate) fn real() -> Vec<(String, Vec<u8>)> {
    let kinds = fixtures::every_kind().into_iter().map(|kind| (kind.name, kind.bytes));
    let photos = fixtures::photos::NAMES.iter().filter(|name| **name != fixtures::photos::TWELVE_MEGAPIXELS);
    let photos = photos.map(|name| ((*name).to_owned(), fixtures::photo(name)));
    let is_jpeg = |name: &str| Path::new(name).extension().is_some_and(|extension| extension == "jpg");
    kinds.chain(photos).filter(|(name, _)| is_jpeg(name)).collect()
}

/// A photograph-like picture of 4:2:0 with a script that encoders write, and restart markers where asked for.
pub(crate) fn usual(size: (u32, u32), progressive: bool, restart: u16, seed: u64) -> (Picture, File) {
    const FACTORS: [Factors; 3] = [(2, 2), (1, 1), (1, 1)];
    let mut picture = Picture::grey(size.0, size.1, &FACTORS);
    content::fill(&mut picture, Content::Camera, false, &mut Dice::seeded(seed));
    let (process, mut scans) = match progressive {
        true => (Process::Progressive, script::common(&picture)),
        false => (Process::Baseline, script::usual(&picture)),
    };
    scans.iter_mut().for_each(|scan| scan.restart = restart);
    let file = encode(&picture, &Encoding::new(process, scans, &picture));
    (picture, file)
}
