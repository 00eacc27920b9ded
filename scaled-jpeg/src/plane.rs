//! Decoded samples.

use crate::idct::Tile;

/// Samples that were never decoded have this value: mid grey.
pub(crate) const UNDECODED: u8 = 128;

/// One component's samples at its scale, 8 bits each, rows packed without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    /// Samples a row: ⌈[`Component::width`](crate::Component::width) × N / 8⌉.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width` × `height` samples.
    pub samples: Vec<u8>,
}

impl Plane {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Self { width, height, samples: vec![UNDECODED; width as usize * height as usize] }
    }

    pub(crate) fn band(&mut self) -> Band<'_> {
        Band { width: self.width as usize, top: 0, samples: &mut self.samples }
    }
}

/// Some rows of a plane, to be written by blocks. What a block has beyond them is left out.
pub(crate) struct Band<'a> {
    width: usize,
    /// The first row's number in the plane.
    top: usize,
    samples: &'a mut [u8],
}

impl Band<'_> {
    /// The rows above number `row` of the plane, and the others.
    pub(crate) fn split(&mut self, row: u32) -> (Band<'_>, Band<'_>) {
        let rows = (row as usize).saturating_sub(self.top);
        let at = rows.saturating_mul(self.width).min(self.samples.len());
        let (upper, lower) = self.samples.split_at_mut(at);
        (
            Band { width: self.width, top: self.top, samples: upper },
            Band { width: self.width, top: self.top + rows, samples: lower },
        )
    }

    /// Writes the block of `N` × `N` samples in that column and row of blocks.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(&mut self, (column, row): (u32, u32), tile: &Tile) {
        let (x, y) = (column as usize * N, row as usize * N);
        let rows = tile.as_chunks::<8>().0;
        let Some(first) = y.checked_sub(self.top) else { return };
        let (from, length) = (first * self.width + x, (N - 1) * self.width + N);
        if x + N <= self.width
            && let Some(area) = self.samples.get_mut(from..from + length)
        {
            for (dy, source) in rows[..N].iter().enumerate() {
                area[dy * self.width..][..N].copy_from_slice(&source[..N]);
            }
            return;
        }
        self.put_part(x, first, &rows[..N], N);
    }

    /// Writes what there is of a block at the right or the lower edge.
    #[cold]
    #[inline(never)]
    fn put_part(&mut self, x: usize, first: usize, rows: &[[u8; 8]], n: usize) {
        let samples = n.min(self.width.saturating_sub(x));
        for (y, source) in (first..).zip(rows) {
            let at = y * self.width + x;
            if let Some(target) = self.samples.get_mut(at..at + samples) {
                target.copy_from_slice(&source[..samples]);
            }
        }
    }

    /// Writes a block of one sample.
    #[inline(always)]
    pub(crate) fn put_one(&mut self, (column, row): (u32, u32), sample: u8) {
        let (x, y) = (column as usize, row as usize);
        if x < self.width
            && let Some(first) = y.checked_sub(self.top)
            && let Some(target) = self.samples.get_mut(first * self.width + x)
        {
            *target = sample;
        }
    }

    /// Leaves all as if it had never been decoded.
    pub(crate) fn blank_all(&mut self) {
        self.samples.fill(UNDECODED);
    }
}
