//! Rows to columns.

/// Samples a side of the blocks that change places as a whole.
const SIDE: usize = 16;

/// The columns of a plane of rows `width` samples long, as rows.
pub(crate) fn transposed(samples: &[u8], width: usize) -> Vec<u8> {
    let mut out = vec![0; samples.len()];
    transpose(samples, width, &mut out);
    out
}

/// The columns of a plane of rows `width` samples long, as rows of `out`, which is as long.
pub(crate) fn transpose(samples: &[u8], width: usize, out: &mut [u8]) {
    let height = samples.len() / width.max(1);
    for top in (0..height).step_by(SIDE) {
        let rows = SIDE.min(height - top);
        for left in (0..width).step_by(SIDE) {
            let columns = SIDE.min(width - left);
            let mut block = [[0; SIDE]; SIDE];
            for (y, row) in block.iter_mut().enumerate().take(rows) {
                let at = (top + y) * width + left;
                copy(row, &samples[at..at + columns]);
            }
            let block = turned(block);
            for (x, column) in block.iter().enumerate().take(columns) {
                let at = (left + x) * height + top;
                copy(&mut out[at..at + rows], column);
            }
        }
    }
}

/// As many samples as both have; mostly a whole row, whose length the compiler knows then.
#[inline(always)]
fn copy(to: &mut [u8], from: &[u8]) {
    match (to.first_chunk_mut::<SIDE>(), from.first_chunk::<SIDE>()) {
        (Some(to), Some(from)) => *to = *from,
        _ => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
    }
}

/// A block's columns. Its first half's rows and its second's, interleaved four times, are that; processors have an
/// instruction for each half of an interleaved pair, which the compiler finds.
#[inline(always)]
fn turned(block: [[u8; SIDE]; SIDE]) -> [[u8; SIDE]; SIDE] {
    let mut rows = block;
    for _ in 0..4 {
        let halves = rows;
        for (at, pair) in rows.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let (upper, lower) = (halves[at], halves[at + SIDE / 2]);
            let mix = |from: usize, at: usize| {
                if at.is_multiple_of(2) { upper[from + at / 2] } else { lower[from + at / 2] }
            };
            *pair = [std::array::from_fn(|at| mix(0, at)), std::array::from_fn(|at| mix(SIDE / 2, at))];
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_finds_its_place() {
        for (width, height) in [(1, 1), (16, 16), (17, 15), (33, 48), (5, 100), (100, 5)] {
            let samples: Vec<u8> = (0..width * height).map(|at| (at * 37 % 251) as u8).collect();
            let out = transposed(&samples, width);
            assert_eq!(out.len(), samples.len());
            for y in 0..height {
                for x in 0..width {
                    assert_eq!(out[x * height + y], samples[y * width + x], "{width}×{height}: {x}, {y}");
                }
            }
        }
    }
}
