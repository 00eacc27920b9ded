//! Rows of a picture as they arrive, averaged in boxes, so that the whole of a large one is never held.

use std::ops::AddAssign;

use super::shrink;
use crate::picture::{Components, Interleaved, Samples};

/// A sample of 8 or 16 bits, and what sums of it over [`shrink::LARGEST`] rows fit into.
pub(super) trait Sample: Copy + Into<u32> {
    /// A column of samples.
    type Sum: Copy + Default + AddAssign + From<Self> + Into<u32>;
    /// A column of samples times alpha.
    type Weighted: Copy + Default + AddAssign + From<u32> + Into<u64>;

    /// The whole part of `value`, which the type holds.
    fn floor(value: f64) -> Self;
    fn samples(samples: Vec<Self>) -> Samples;
}

impl Sample for u8 {
    type Sum = u16;
    type Weighted = u32;

    fn floor(value: f64) -> Self {
        value as u8
    }

    fn samples(samples: Vec<Self>) -> Samples {
        Samples::Eight(samples)
    }
}

impl Sample for u16 {
    type Sum = u32;
    type Weighted = u64;

    fn floor(value: f64) -> Self {
        value as u16
    }

    fn samples(samples: Vec<Self>) -> Samples {
        Samples::Sixteen(samples)
    }
}

/// A picture in the making: `factor` × `factor` of its pixels become one. Colours are averaged as they are encoded,
/// as resizing does it, and weighted by alpha.
pub(super) struct Boxes<S: Sample> {
    size: (u32, u32),
    components: Components,
    factor: u32,
    /// Rows that the sums hold.
    rows: u32,
    /// Of each sample of a row, its column's; empty where there is alpha.
    sums: Vec<S::Sum>,
    /// The same for colours times alpha; alpha itself is not multiplied.
    weighted: Vec<S::Weighted>,
    samples: Vec<S>,
    /// Samples that are made.
    made: usize,
}

impl<S: Sample> Boxes<S> {
    /// For a picture of `size` pixels. What never arrives is `missing`.
    pub(super) fn new(size: (u32, u32), components: Components, factor: u32, missing: S) -> Self {
        let (width, height) = shrink::size(size.0, size.1, factor);
        let columns = if factor > 1 { size.0 as usize * components.count() } else { 0 };
        let (sums, weighted) = if components.has_alpha() { (0, columns) } else { (columns, 0) };
        Self {
            size,
            components,
            factor,
            rows: 0,
            sums: vec![S::Sum::default(); sums],
            weighted: vec![S::Weighted::default(); weighted],
            samples: vec![missing; width as usize * height as usize * components.count()],
            made: 0,
        }
    }

    /// Takes the next row. There may be no more rows than the picture has.
    pub(super) fn push(&mut self, row: &[S]) {
        if self.factor == 1 {
            self.samples[self.made..self.made + row.len()].copy_from_slice(row);
            self.made += row.len();
            return;
        }
        match self.components.count() {
            2 if self.components.has_alpha() => weigh::<S, 2>(&mut self.weighted, row),
            4 if self.components.has_alpha() => weigh::<S, 4>(&mut self.weighted, row),
            _ => self.sums.iter_mut().zip(row).for_each(|(sum, &sample)| *sum += S::Sum::from(sample)),
        }
        self.rows += 1;
        if self.rows == self.factor {
            self.close();
        }
    }

    /// The picture of all rows that arrived.
    pub(super) fn finish(mut self) -> Interleaved {
        self.close();
        let (width, height) = shrink::size(self.size.0, self.size.1, self.factor);
        Interleaved {
            width,
            height,
            extent: shrink::extent(self.size.0, self.size.1, self.factor),
            components: self.components,
            samples: S::samples(self.samples),
        }
    }

    /// Makes a row of pixels of the rows that are there.
    fn close(&mut self) {
        if self.rows == 0 {
            return;
        }
        let made = match (self.components.count(), self.components.has_alpha()) {
            (1, _) => self.average::<1>(),
            (2, true) => self.average_weighted::<2>(),
            (4, true) => self.average_weighted::<4>(),
            (3, _) => self.average::<3>(),
            _ => self.average::<4>(),
        };
        self.made += made;
        self.rows = 0;
        self.sums.fill(S::Sum::default());
        self.weighted.fill(S::Weighted::default());
    }

    fn average<const N: usize>(&mut self) -> usize {
        let boxes = self.sums.as_chunks::<N>().0.chunks(self.factor as usize);
        let targets = self.samples[self.made..].as_chunks_mut::<N>().0;
        let mut made = 0;
        for (pixels, target) in boxes.zip(targets) {
            let count = pixels.len() as u32 * self.rows;
            let scale = 1.0 / f64::from(count);
            let mut sums = [0_u32; N];
            for pixel in pixels {
                for (sum, &sample) in sums.iter_mut().zip(pixel) {
                    *sum += sample.into();
                }
            }
            // Rounded, and half a unit away from where multiplying in floating point could be wrong.
            *target = sums.map(|sum| S::floor((f64::from(sum) + f64::from(count / 2) + 0.5) * scale));
            made += N;
        }
        made
    }

    /// The last of `N` components is alpha.
    fn average_weighted<const N: usize>(&mut self) -> usize {
        let boxes = self.weighted.as_chunks::<N>().0.chunks(self.factor as usize);
        let targets = self.samples[self.made..].as_chunks_mut::<N>().0;
        let mut made = 0;
        for (pixels, target) in boxes.zip(targets) {
            let count = pixels.len() as u64 * u64::from(self.rows);
            let mut sums = [0_u64; N];
            for pixel in pixels {
                for (sum, &sample) in sums.iter_mut().zip(pixel) {
                    *sum += sample.into();
                }
            }
            let alpha = sums[N - 1];
            let average = |sum: u64, count: u64| {
                let rounded = (sum + count / 2) as f64 + 0.5;
                S::floor(rounded / count.max(1) as f64)
            };
            // A box that is wholly transparent has no colour.
            *target = sums.map(|sum| average(sum, alpha));
            target[N - 1] = average(alpha, count);
            made += N;
        }
        made
    }
}

/// Adds a row of pixels, the last of whose components is alpha, to sums of its columns.
fn weigh<S: Sample, const N: usize>(sums: &mut [S::Weighted], row: &[S]) {
    for (sums, pixel) in sums.as_chunks_mut::<N>().0.iter_mut().zip(row.as_chunks::<N>().0) {
        let alpha: u32 = pixel[N - 1].into();
        for (sum, &color) in sums[..N - 1].iter_mut().zip(pixel) {
            // At most 65,535 × 65,535.
            *sum += (color.into() * alpha).into();
        }
        sums[N - 1] += alpha.into();
    }
}
