//! Turning pictures upright.

use image_header::Orientation;

use crate::transpose::transposed;

/// The size after turning: width × height change places for the orientations 5 to 8.
pub(crate) fn turned(orientation: Orientation, width: u32, height: u32) -> (u32, u32) {
    if orientation.swaps_sides() { (height, width) } else { (width, height) }
}

/// `pixels` (`width` × `height`, packed) turned for display as Exif's `orientation` says.
///
/// Whoever has a picture of [`Orientation::Normal`] spares the copy by not calling this.
pub(crate) fn apply<T: Copy>(orientation: Orientation, pixels: &[T], width: u32, height: u32) -> Vec<T> {
    let mut turned = pixels.to_vec();
    if orientation.swaps_sides() {
        columns(pixels, &mut turned, width as usize, height as usize);
    }
    flip(orientation, &mut turned, self::turned(orientation, width, height).0 as usize);
    turned
}

/// The same of a plane, faster.
pub(crate) fn plane(orientation: Orientation, samples: &[u8], width: u32, height: u32) -> Vec<u8> {
    if !orientation.swaps_sides() {
        return apply(orientation, samples, width, height);
    }
    let mut turned = transposed(samples, width as usize);
    flip(orientation, &mut turned, height as usize);
    turned
}

/// What is left to do of `orientation` once rows and columns have changed places where they have to.
fn flip<T>(orientation: Orientation, pixels: &mut [T], width: usize) {
    match orientation {
        Orientation::Normal | Orientation::Transpose => {}
        Orientation::Rotate180 | Orientation::Transverse => pixels.reverse(),
        Orientation::FlipHorizontal | Orientation::Rotate90 => {
            pixels.chunks_exact_mut(width.max(1)).for_each(<[T]>::reverse);
        }
        Orientation::FlipVertical | Orientation::Rotate270 => {
            let rows = pixels.len() / width.max(1);
            let (upper, lower) = pixels.split_at_mut(rows.div_ceil(2) * width);
            let pairs = upper.chunks_exact_mut(width.max(1)).zip(lower.chunks_exact_mut(width.max(1)).rev());
            pairs.for_each(|(upper, lower)| upper.swap_with_slice(lower));
        }
    }
}

/// The columns of a picture as rows.
fn columns<T: Copy>(pixels: &[T], out: &mut [T], width: usize, height: usize) {
    // A band of columns at a time, so that the cache lines that a column touches serve its neighbours too.
    const BAND: usize = 16;
    for band in (0..width).step_by(BAND) {
        let end = (band + BAND).min(width);
        for (y, row) in pixels.chunks_exact(width.max(1)).enumerate() {
            for (x, &pixel) in row.iter().enumerate().take(end).skip(band) {
                out[x * height + y] = pixel;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_turned_as_pixels_are() {
        let samples: Vec<u8> = (0..37 * 21).map(|at| (at % 251) as u8).collect();
        for orientation in (1..=8).map(Orientation::from_exif) {
            let same = apply(orientation, &samples, 37, 21) == plane(orientation, &samples, 37, 21);
            assert!(same, "{orientation:?}");
        }
    }

    /// Exif's table: where the stored picture's first row and column end up.
    #[test]
    fn all_eight_as_exif_draws_them() {
        // a b c
        // d e f
        let stored = b"abcdef".to_vec();
        for (orientation, upright) in [
            (1, b"abcdef"),
            (2, b"cbafed"),
            (3, b"fedcba"),
            (4, b"defabc"),
            (5, b"adbecf"),
            (6, b"daebfc"),
            (7, b"fcebda"),
            (8, b"cfbead"),
        ] {
            let orientation = Orientation::from_exif(orientation);
            assert_eq!(apply(orientation, &stored, 3, 2), upright, "{orientation:?}");
            assert_eq!(plane(orientation, &stored, 3, 2), upright, "{orientation:?}");
        }
    }
}
