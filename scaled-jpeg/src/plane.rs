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
    /// Where the row begins and how many of its samples from `x` on there are, N at most; `None` if there are none.
    #[inline(always)]
    fn place<const N: usize>(&self, x: usize, y: usize) -> Option<(usize, usize)> {
        let samples = N.min(self.width.checked_sub(x)?);
        Some((y.checked_sub(self.top)? * self.width + x, samples))
    }

    /// Writes the block of `N` × `N` samples in that column and row of blocks.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(&mut self, (column, row): (u32, u32), tile: &Tile) {
        let (x, y) = (column as usize * N, row as usize * N);
        for (dy, source) in tile.as_chunks::<8>().0[..N].iter().enumerate() {
            let Some((at, samples)) = self.place::<N>(x, y + dy) else { return };
            if let Some(target) = self.samples.get_mut(at..at + samples) {
                if samples == N {
                    target.copy_from_slice(&source[..N]);
                } else {
                    target.copy_from_slice(&source[..samples]);
                }
            }
        }
    }

    /// Writes a block of one sample.
    #[inline(always)]
    pub(crate) fn put_one(&mut self, (column, row): (u32, u32), sample: u8) {
        if let Some((at, 1)) = self.place::<1>(column as usize, row as usize)
            && let Some(target) = self.samples.get_mut(at)
        {
            *target = sample;
        }
    }

    /// Leaves `n` × `n` samples as if they had never been decoded.
    pub(crate) fn blank(&mut self, n: u32, block: (u32, u32)) {
        let tile = [UNDECODED; 64];
        match n {
            1 => self.put_one(block, UNDECODED),
            2 => self.put::<2>(block, &tile),
            3 => self.put::<3>(block, &tile),
            4 => self.put::<4>(block, &tile),
            6 => self.put::<6>(block, &tile),
            _ => self.put::<8>(block, &tile),
        }
    }
}
