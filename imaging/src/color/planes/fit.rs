//! Curves as polynomials.

use super::TERMS;
use crate::profile::encoded;

/// Levels of 255, after sRGB's curve, that a polynomial may be off.
const TOLERANCE: f64 = 0.6;

/// The polynomial nearest to `table` where sRGB's curve shows it most; none if it is off by more than [`TOLERANCE`].
///
/// Least squares, weighted anew a few times by what is off, which comes near to the least maximum.
pub(super) fn fit(table: &[f32; 256]) -> Option<[f32; TERMS]> {
    let rows: Vec<[f64; TERMS]> = (0..256_u32)
        .map(|value| {
            let x = f64::from(value) / 255.0;
            std::array::from_fn(|power| x.powi(power as i32))
        })
        .collect();
    let exact: Vec<f64> = table.iter().map(|&value| f64::from(value)).collect();
    let slopes: Vec<f64> = exact.iter().map(|&linear| 255.0 * slope(linear)).collect();
    let mut weights = slopes.clone();
    let mut best: Option<(f64, [f64; TERMS])> = None;
    for _ in 0..16 {
        let coefficients = least_squares(&rows, &exact, &weights)?;
        let value = |row: &[f64; TERMS]| row.iter().zip(coefficients).map(|(a, b)| a * b).sum::<f64>();
        let off: Vec<f64> = rows
            .iter()
            .zip(&exact)
            .zip(&slopes)
            .map(|((row, exact), slope)| (value(row) - exact).abs() * slope)
            .collect();
        let most = off.iter().copied().fold(0.0, f64::max);
        if best.is_none_or(|(least, _)| most < least) {
            best = Some((most, coefficients));
        }
        weights.iter_mut().zip(&off).for_each(|(weight, off)| *weight *= (1.0 + off / most.max(1e-9)).sqrt());
    }
    let (most, coefficients) = best?;
    let scaled = std::array::from_fn(|power| (coefficients[power] / 255_f64.powi(power as i32)) as f32);
    (most <= TOLERANCE).then_some(scaled)
}

/// Of sRGB's curve at `linear`: signal a unit of light.
fn slope(linear: f64) -> f64 {
    let linear = linear.clamp(0.0, 1.0);
    let step = 1e-6;
    (encoded(linear + step) - encoded(linear)) / step
}

/// By the normal equations, solved by Gauss and Jordan; none where they have no single solution.
fn least_squares(rows: &[[f64; TERMS]], exact: &[f64], weights: &[f64]) -> Option<[f64; TERMS]> {
    let mut matrix = [[0.0; TERMS]; TERMS];
    let mut right = [0.0; TERMS];
    for ((row, exact), weight) in rows.iter().zip(exact).zip(weights) {
        let square = weight * weight;
        for i in 0..TERMS {
            right[i] += square * row[i] * exact;
            for j in 0..TERMS {
                matrix[i][j] += square * row[i] * row[j];
            }
        }
    }
    for i in 0..TERMS {
        let pivot = (i..TERMS).max_by(|&a, &b| matrix[a][i].abs().total_cmp(&matrix[b][i].abs()))?;
        matrix.swap(i, pivot);
        right.swap(i, pivot);
        let lead = matrix[i][i];
        if lead == 0.0 || !lead.is_finite() {
            return None;
        }
        let (solved, value) = (matrix[i], right[i]);
        for other in (0..TERMS).filter(|&other| other != i) {
            let factor = matrix[other][i] / lead;
            matrix[other].iter_mut().zip(solved).for_each(|(to, from)| *to -= factor * from);
            right[other] -= factor * value;
        }
    }
    Some(std::array::from_fn(|i| right[i] / matrix[i][i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_with_a_step_is_left_to_others() {
        let step: [f32; 256] = std::array::from_fn(|value| if value < 100 { 0.0 } else { 1.0 });
        assert!(fit(&step).is_none());
    }
}
