//! The transforms in plain Rust: what SIMD code is compared with, and what runs where there is none.

use super::order::{eight, four};
use super::weights::{FIRST_HALF, FIRST_SHIFT, SECOND_HALF, SECOND_SHIFT, weight};
use super::{Coefficients, Kernels, Tile};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

impl Kernels for Portable {
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }

    fn nth(self, mut bits: u64, before: u32) -> u64 {
        for _ in 0..before {
            bits &= bits.wrapping_sub(1);
        }
        bits & bits.wrapping_neg()
    }

    fn eight(self, coefficients: &Coefficients) -> Tile {
        transform::<8>(coefficients, eight)
    }

    fn six(self, coefficients: &Coefficients) -> Tile {
        transform::<6>(coefficients, eight)
    }

    fn four(self, coefficients: &Coefficients) -> Tile {
        transform::<4>(coefficients, four)
    }

    fn three(self, coefficients: &Coefficients) -> Tile {
        transform::<3>(coefficients, four)
    }
}

/// `place` says where the coefficient of column u and row v lies. Rows of frequencies become rows of samples first,
/// a vector over v at a time; then columns, over x.
fn transform<const N: usize>(coefficients: &Coefficients, place: fn(u8, u8) -> u8) -> Tile {
    let weights: [[i32; N]; N] = const { const_weights::<N>() };
    let mut rows = [[0_i32; N]; N];
    for (u, row) in rows.iter_mut().enumerate() {
        for (v, value) in row.iter_mut().enumerate() {
            *value = i32::from(coefficients[usize::from(place(u as u8, v as u8))]);
        }
    }
    let across = product(&weights, &rows, FIRST_HALF, FIRST_SHIFT);
    let mut columns = [[0_i32; N]; N];
    for (x, row) in across.iter().enumerate() {
        for (v, &value) in row.iter().enumerate() {
            columns[v][x] = value.clamp(i32::from(i16::MIN), i32::from(i16::MAX));
        }
    }
    let samples = product(&weights, &columns, SECOND_HALF, SECOND_SHIFT);
    let mut tile = [0; 64];
    for (target, row) in tile.chunks_exact_mut(8).zip(&samples) {
        for (target, &sample) in target.iter_mut().zip(row) {
            *target = sample.clamp(0, 255) as u8;
        }
    }
    tile
}

/// For each of N outputs, the sum of `rows` by its weights.
fn product<const N: usize>(
    weights: &[[i32; N]; N],
    rows: &[[i32; N]; N],
    half: i32,
    shift: u32,
) -> [[i32; N]; N] {
    weights.map(|weights| {
        let mut sums = [half; N];
        for (weight, row) in weights.into_iter().zip(rows) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum = sum.wrapping_add(value.wrapping_mul(weight));
            }
        }
        sums.map(|sum| sum >> shift)
    })
}

/// Of each sample, the weight of each frequency.
const fn const_weights<const N: usize>() -> [[i32; N]; N] {
    let mut weights = [[0; N]; N];
    let mut x = 0;
    while x < N {
        let mut u = 0;
        while u < N {
            weights[x][u] = weight(N, x, u) as i32;
            u += 1;
        }
        x += 1;
    }
    weights
}
