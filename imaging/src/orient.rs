//! Turning pictures upright.

use image_header::Orientation;

/// The size after turning: width × height change places for the orientations 5 to 8.
pub(crate) fn turned(orientation: Orientation, width: u32, height: u32) -> (u32, u32) {
    if orientation.swaps_sides() { (height, width) } else { (width, height) }
}

/// `pixels` (`width` × `height`, packed) turned for display as Exif's `orientation` says.
///
/// Whoever has a picture of [`Orientation::Normal`] spares the copy by not calling this.
pub(crate) fn apply<T: Copy>(orientation: Orientation, pixels: &[T], width: u32, height: u32) -> Vec<T> {
    let (width, height) = (width as usize, height as usize);
    let mut turned = pixels.to_vec();
    match orientation {
        Orientation::Normal => {}
        Orientation::Rotate180 => turned.reverse(),
        Orientation::FlipHorizontal => turned.chunks_exact_mut(width.max(1)).for_each(<[T]>::reverse),
        Orientation::FlipVertical => {
            let rows = turned.chunks_exact_mut(width.max(1));
            rows.zip(pixels.chunks_exact(width.max(1)).rev()).for_each(|(to, from)| to.copy_from_slice(from));
        }
        Orientation::Transpose => columns(pixels, &mut turned, width, height, false, false),
        Orientation::Rotate90 => columns(pixels, &mut turned, width, height, false, true),
        Orientation::Transverse => columns(pixels, &mut turned, width, height, true, true),
        Orientation::Rotate270 => columns(pixels, &mut turned, width, height, true, false),
    }
    turned
}

/// The columns of a picture as rows, from the last column on or the first, each from its bottom or its top.
fn columns<T: Copy>(
    pixels: &[T],
    out: &mut [T],
    width: usize,
    height: usize,
    last_first: bool,
    bottom_up: bool,
) {
    // A band of columns at a time, so that the cache lines that a column touches serve its neighbours too.
    const BAND: usize = 16;
    let bands = (0..width).step_by(BAND);
    for band in bands {
        let end = (band + BAND).min(width);
        for (y, row) in pixels.chunks_exact(width.max(1)).enumerate() {
            let across = if bottom_up { height - 1 - y } else { y };
            for (x, &pixel) in row.iter().enumerate().take(end).skip(band) {
                let down = if last_first { width - 1 - x } else { x };
                out[down * height + across] = pixel;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        }
    }
}
