//! Inverse DCTs of N × N points over a block's N × N lowest frequencies.
//!
//! Each is two passes of a fixed-point matrix product: samples(x, y) = ¼ ΣΣ C(u) C(v) F(u, v) cos((2x + 1)uπ / 2N)
//! cos((2y + 1)vπ / 2N) + 128 over u, v < N. With N = 8 that is T.81's A.3.3. Portable and SIMD code do the same
//! integer arithmetic.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod order;
mod portable;
mod weights;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
pub(crate) use order::Order;
pub(crate) use portable::Portable;

/// Coefficients of a block, dequantised, in their scale's [`Order`]; the rest is trash.
pub(crate) type Coefficients = [i16; 128];

/// Rows of 8 samples; of each, and of the rows, the first N count.
pub(crate) type Tile = [u8; 64];

/// The transforms, and what else takes instructions of its own, on one kind of processor.
pub(crate) trait Kernels: Copy + Send + Sync {
    /// `work`, compiled for this kind of processor as far as it is inlined.
    fn run<R>(self, work: impl FnOnce() -> R) -> R;

    /// The bit of `bits` that is not zero and has `before` such below it; 0 if there is none.
    fn nth(self, bits: u64, before: u32) -> u64;

    /// N = 8.
    fn eight(self, coefficients: &Coefficients) -> Tile;
    /// N = 6.
    fn six(self, coefficients: &Coefficients) -> Tile;
    /// N = 4.
    fn four(self, coefficients: &Coefficients) -> Tile;
    /// N = 3.
    fn three(self, coefficients: &Coefficients) -> Tile;
}

/// N = 2, exact: all cosines are alike.
pub(crate) fn two(coefficients: &Coefficients) -> [[u8; 2]; 2] {
    // As `Order` lays out four points: pairs of u, rows of v.
    let [dc, across, down, both] = [0, 1, 2, 3].map(|at| i32::from(coefficients[at]));
    let sample = |value: i32| ((value + 4) >> 3).saturating_add(128).clamp(0, 255) as u8;
    [
        [sample(dc + across + down + both), sample(dc - across + down - both)],
        [sample(dc + across - down - both), sample(dc - across - down + both)],
    ]
}

/// N = 1, as libjpeg does it (`jpeg_idct_1x1`).
pub(crate) fn one(dc: i32) -> u8 {
    (dc.saturating_add(4) >> 3).saturating_add(128).clamp(0, 255) as u8
}

/// A block whose only coefficient is `dc`, by the passes' own arithmetic.
pub(crate) fn flat(dc: i16) -> u8 {
    let weight = i32::from(weights::DC);
    let first = (i32::from(dc) * weight + weights::FIRST_HALF) >> weights::FIRST_SHIFT;
    let first = first.clamp(i32::from(i16::MIN), i32::from(i16::MAX));
    ((first * weight + weights::SECOND_HALF) >> weights::SECOND_SHIFT).clamp(0, 255) as u8
}
