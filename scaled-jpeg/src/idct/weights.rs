//! The matrices' entries: ½ C(u) cos((2x + 1)uπ / 2N) in 15-bit fixed point.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Bits behind the point.
const BITS: u32 = 15;
/// Bits behind the point that are kept between the passes: enough for ± 4,095 before, and for an error of 1/4 at
/// most after the second pass.
const KEPT: u32 = 3;

pub(super) const FIRST_SHIFT: u32 = BITS - KEPT;
pub(super) const FIRST_HALF: i32 = 1 << (FIRST_SHIFT - 1);
pub(super) const SECOND_SHIFT: u32 = BITS + KEPT;
/// Rounds, and adds the 128 that samples are shifted by (T.81, A.3.1).
pub(super) const SECOND_HALF: i32 = (1 << (SECOND_SHIFT - 1)) + (128 << SECOND_SHIFT);

/// u = 0.
pub(super) const DC: i16 = weight(8, 0, 0);

/// The weight of frequency `u` in sample `x` of `n`; none where there are no such.
pub(super) const fn weight(n: usize, x: usize, u: usize) -> i16 {
    if u >= n || x >= n {
        return 0;
    }
    let scale = if u == 0 { 0.5 * FRAC_1_SQRT_2 } else { 0.5 };
    let value = scale * cosine((2 * x + 1) * u, 2 * n) * (1 << BITS) as f64;
    (if value < 0.0 { value - 0.5 } else { value + 0.5 }) as i16
}

/// cos(numerator × π / denominator), by its series: `f64::cos` is not for constants.
const fn cosine(numerator: usize, denominator: usize) -> f64 {
    // To 0..=π/2, where the series is short.
    let turn = 2 * denominator;
    let mut n = numerator % turn;
    if n > denominator {
        n = turn - n;
    }
    let (n, sign) = if 2 * n > denominator { (denominator - n, -1.0) } else { (n, 1.0) };
    let angle = n as f64 * PI / denominator as f64;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1);
    while k < 14 {
        term *= -angle * angle / ((2 * k - 1) * (2 * k)) as f64;
        sum += term;
        k += 1;
    }
    sign * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_is_the_cosine() {
        for denominator in [4, 6, 8, 12, 16] {
            for numerator in 0..64 {
                let exact = (numerator as f64 * PI / denominator as f64).cos();
                assert!((cosine(numerator, denominator) - exact).abs() < 1e-13, "{numerator}/{denominator}");
            }
        }
    }
}
