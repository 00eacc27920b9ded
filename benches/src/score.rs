//! SSIMULACRA2.

use std::num::NonZeroUsize;

use anyhow::{Context, Result, ensure};
use ssimulacra2::{ColorPrimaries, Rgb as Frame, TransferCharacteristic, compute_frame_ssimulacra2};

use crate::picture;
use crate::reference::{Rgb, as_it_is};

/// The score of `file` against `reference`: 100 is the same, 90 cannot be told apart, 70 is high quality.
///
/// # Errors
///
/// If the file cannot be decoded, or has another size.
pub fn score(file: &[u8], reference: &Rgb) -> Result<f64> {
    let shown = as_it_is(&picture::decode(file)?)?;
    ensure!(
        (shown.width, shown.height) == (reference.width, reference.height),
        "a file has {} × {} pixels, not {} × {}",
        shown.width,
        shown.height,
        reference.width,
        reference.height
    );
    compute_frame_ssimulacra2(frame(reference.clone())?, frame(shown)?).context("SSIMULACRA2")
}

fn frame(rgb: Rgb) -> Result<Frame> {
    let side = |n: usize| NonZeroUsize::new(n).context("an empty picture");
    let (width, height) = (side(rgb.width)?, side(rgb.height)?);
    Frame::new(rgb.pixels, width.into(), height.into(), TransferCharacteristic::SRGB, ColorPrimaries::BT709)
        .context("SSIMULACRA2")
}

#[cfg(test)]
mod tests {
    use fixtures::{jpeg::Jpeg, pixels, png::Png};

    use super::*;
    use crate::reference::reference;

    #[test]
    fn the_same_is_100_and_more_quality_is_more() {
        let raster = pixels::camera_like(160, 120, 1);
        let whole = picture::decode(&Png::new(&raster).encode()).unwrap();
        let reference = reference(&whole, 160, 120).unwrap();
        let at = |quality| score(&Jpeg::new(&raster).quality(quality).encode(), &reference).unwrap();
        let (low, high) = (at(40), at(95));
        assert!(low < high && high < 100.0, "{low} {high}");
        let same = score(&Png::new(&raster).encode(), &reference).unwrap();
        assert!((same - 100.0).abs() < 1e-6, "{same}");
    }
}
