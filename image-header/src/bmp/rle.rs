//! Run lengths of 4 and 8 bits a pixel.

/// Returns whether `data` leaves pixels out that browsers show as transparent: it moves past them, ends a row or the
/// picture early, or breaks off.
pub(super) fn skips(data: &[u8], (width, height): (u32, u32), four_bits: bool) -> bool {
    let (mut at, mut x, mut y) = (0, 0_u32, 0_u32);
    while y < height {
        let Some(&[count, value]) = data.get(at..).and_then(|data| data.first_chunk()) else {
            // A cut-off file is partly gray, as others are.
            return false;
        };
        at += 2;
        match (count, value) {
            (0, 0) => {
                if x < width {
                    return true;
                }
                (x, y) = (0, y + 1);
            }
            (0, 1) => return y + 1 < height || x < width,
            (0, 2) => return true,
            (0, pixels) => {
                let bytes = if four_bits { usize::from(pixels).div_ceil(2) } else { pixels.into() };
                at += bytes.next_multiple_of(2);
                x = x.saturating_add(pixels.into());
            }
            (pixels, _) => x = x.saturating_add(pixels.into()),
        }
        if y + 1 == height && x >= width {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pixels_left_out_count() {
        let size = (4, 2);
        assert!(!skips(&[4, 1, 0, 0, 4, 2, 0, 1], size, false));
        assert!(!skips(&[0, 4, 1, 2, 3, 4, 0, 0, 4, 2], size, false));
        assert!(!skips(&[0, 4, 0x12, 0x34, 0, 0, 4, 2], size, true));
        for data in [&[3, 1, 0, 0, 4, 2, 0, 1][..], &[4, 1, 0, 0, 0, 1], &[0, 2, 1, 0, 3, 1], &[4, 1, 0, 1]] {
            assert!(skips(data, size, false), "{data:?}");
        }
    }
}
