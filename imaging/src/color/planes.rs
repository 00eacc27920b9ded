//! From YCbCr of any RGB space of primaries and curves to sRGB's YCbCr, planes in and planes out, without RGB in
//! between: most phones' photographs are Display P3.
//!
//! Curves are polynomials, so that all is multiplying and adding on as many pixels at once as the processor takes.
//! Products and sums are rounded each (Rust never fuses them), so every processor yields the same.

use std::sync::Arc;

use crate::picture::Plane;
use crate::profile::{Shaper, encoded};

/// Coefficients of a curve's polynomial, the constant first.
const TERMS: usize = 6;
/// Levels of 255, after sRGB's curve, that a polynomial may be off.
const TOLERANCE: f64 = 0.6;

/// The conversion of one space.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    /// Linear light of a value of 0 to 255, for red, green and blue.
    curves: [[f32; TERMS]; 3],
    /// From its linear light to that of sRGB, by rows.
    matrix: [[f32; 3]; 3],
}

impl Kernel {
    /// The conversion from `shaper`'s space, unless one of its curves is too odd for a polynomial.
    pub(crate) fn new(shaper: &Shaper) -> Option<Self> {
        let [red, green, blue] = &shaper.linear;
        let first = fit(red)?;
        let curve = |table: &[f32; 256]| if table == red.as_ref() { Some(first) } else { fit(table) };
        let curves = [first, curve(green)?, curve(blue)?];
        Some(Self { curves, matrix: shaper.matrix.map(|row| row.map(|factor| factor as f32)) })
    }

    /// 4:2:0 planes (luma, blue, red) converted. Each sample of chroma stands for the up to four of luma that it
    /// lies between.
    pub(crate) fn convert(&self, [luma, blue, red]: [&Plane; 3]) -> [Plane; 3] {
        let (width, height) = (luma.width as usize, luma.height as usize);
        let (columns, rows) = (blue.width as usize, blue.height as usize);
        // Where the grid of chroma sticks out, luma is repeated.
        let top = usize::from(blue.extent.y > 0.0);
        let left = usize::from(blue.extent.x > 0.0);
        let even = width == 2 * columns;
        let mut converted = [luma, blue, red].map(|plane| vec![0_u8; plane.samples.len()]);
        let [to_luma, to_blue, to_red] = &mut converted;
        let mut wide = [(); 4].map(|()| vec![0_u8; 2 * columns]);
        for row in 0..rows {
            let [upper, lower] = [(2 * row).saturating_sub(top), (2 * row + 1 - top).min(height - 1)];
            let chroma = row * columns..(row + 1) * columns;
            let chroma_in = [&blue.samples[chroma.clone()], &red.samples[chroma.clone()]];
            let chroma_out = [&mut to_blue[chroma.clone()], &mut to_red[chroma]];
            let from = [upper, lower].map(|at| &luma.samples[at * width..(at + 1) * width]);
            if even && lower > upper {
                let (above, below) = to_luma[upper * width..(lower + 1) * width].split_at_mut(width);
                self.rows(from, chroma_in, [above, below], chroma_out);
                continue;
            }
            let [in_upper, in_lower, out_upper, out_lower] = &mut wide;
            for (wide, from) in [&mut *in_upper, &mut *in_lower].into_iter().zip(from) {
                wide[..left].fill(from[0]);
                wide[left..left + width].copy_from_slice(from);
                wide[left + width..].fill(from[width - 1]);
            }
            self.rows([in_upper, in_lower], chroma_in, [out_upper, out_lower], chroma_out);
            for (at, wide) in [(upper, &*out_upper), (lower, &*out_lower)] {
                to_luma[at * width..(at + 1) * width].copy_from_slice(&wide[left..left + width]);
            }
        }
        let mut converted = converted.into_iter();
        [luma, blue, red]
            .map(|plane| Plane { samples: Arc::new(converted.next().unwrap_or_default()), ..plane.clone() })
    }

    /// Two rows of luma and the one of blue and red between them, of half as many samples.
    fn rows(&self, luma: [&[u8]; 2], chroma: [&[u8]; 2], to_luma: [&mut [u8]; 2], to_chroma: [&mut [u8]; 2]) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            #[allow(unsafe_code)]
            // SAFETY: the processor has AVX2, which is all that the function asks for.
            unsafe {
                rows_avx2(self, luma, chroma, to_luma, to_chroma);
            }
            return;
        }
        rows(self, luma, chroma, to_luma, to_chroma);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn rows_avx2(
    kernel: &Kernel,
    luma: [&[u8]; 2],
    chroma: [&[u8]; 2],
    to_luma: [&mut [u8]; 2],
    to_chroma: [&mut [u8]; 2],
) {
    rows(kernel, luma, chroma, to_luma, to_chroma);
}

#[inline(always)]
fn rows(
    kernel: &Kernel,
    luma: [&[u8]; 2],
    [blue, red]: [&[u8]; 2],
    to_luma: [&mut [u8]; 2],
    [to_blue, to_red]: [&mut [u8]; 2],
) {
    let [upper, lower] = luma.map(|row| row.as_chunks::<2>().0);
    let [to_upper, to_lower] = to_luma.map(|row| row.as_chunks_mut::<2>().0);
    let count = blue.len();
    let (upper, lower, red) = (&upper[..count], &lower[..count], &red[..count]);
    let (to_upper, to_lower) = (&mut to_upper[..count], &mut to_lower[..count]);
    let (to_blue, to_red) = (&mut to_blue[..count], &mut to_red[..count]);
    for at in 0..count {
        let (b, r) = (f32::from(blue[at]) - 128.0, f32::from(red[at]) - 128.0);
        // JFIF 1.02.
        let offsets = [1.402 * r, -0.344_136 * b - 0.714_136 * r, 1.772 * b];
        let quad = [upper[at][0], upper[at][1], lower[at][0], lower[at][1]]
            .map(|luma| kernel.pixel(f32::from(luma), offsets));
        let lumas = quad.map(|[red, green, blue]| 0.299 * red + 0.587 * green + 0.114 * blue);
        to_upper[at] = [rounded(lumas[0]), rounded(lumas[1])];
        to_lower[at] = [rounded(lumas[2]), rounded(lumas[3])];
        let luma = (lumas[0] + lumas[1]) + (lumas[2] + lumas[3]);
        let sum =
            |channel: usize| (quad[0][channel] + quad[1][channel]) + (quad[2][channel] + quad[3][channel]);
        to_blue[at] = rounded((sum(2) - luma) * (0.25 / 1.772) + 128.0);
        to_red[at] = rounded((sum(0) - luma) * (0.25 / 1.402) + 128.0);
    }
}

impl Kernel {
    /// Red, green and blue of sRGB, 0 to 255, of a pixel whose chroma adds `offsets` to its luma.
    #[inline(always)]
    fn pixel(&self, luma: f32, offsets: [f32; 3]) -> [f32; 3] {
        let linear = [0, 1, 2].map(|at| {
            let value = clamp(luma + offsets[at], 255.0);
            polynomial(&self.curves[at], value)
        });
        self.matrix.map(|[r, g, b]| encode(r * linear[0] + g * linear[1] + b * linear[2]))
    }
}

/// By Horner's rule.
#[inline(always)]
fn polynomial(coefficients: &[f32; TERMS], x: f32) -> f32 {
    let [constant, rest @ ..] = coefficients;
    rest.iter().rev().fold(0.0, |sum, &coefficient| (sum + coefficient) * x) + constant
}

/// Between 0 and `most`; as processors compare, so that it is one instruction each.
#[inline(always)]
fn clamp(value: f32, most: f32) -> f32 {
    let value = if value > 0.0 { value } else { 0.0 };
    if value < most { value } else { most }
}

/// sRGB's signal, 0 to 255, of linear light.
#[inline(always)]
fn encode(linear: f32) -> f32 {
    const TOE: f32 = 0.003_130_8;
    let linear = clamp(linear, 1.0);
    let curved = polynomial(&SIGNAL_OF_ROOT, linear.sqrt());
    if linear > TOE { curved } else { linear * (12.92 * 255.0) }
}

/// sRGB's signal × 255 above its straight part as a polynomial of linear light's square root, off by 0.08 at most.
const SIGNAL_OF_ROOT: [f32; TERMS] = [
    255.0 * -0.040_109_77,
    255.0 * 1.517_902_3,
    255.0 * -1.402_292_8,
    255.0 * 2.030_316_6,
    255.0 * -1.622_248,
    255.0 * 0.516_756_93,
];

/// The nearest of 0 to 255, of which `value` is not outside: by the bits that a large sum leaves no room for.
#[inline(always)]
fn rounded(value: f32) -> u8 {
    const LARGE: f32 = 12_582_912.0;
    (clamp(value, 255.0) + LARGE).to_bits() as u8
}

/// The polynomial nearest to `table` where sRGB's curve shows it most; none if it is off by more than [`TOLERANCE`].
///
/// Least squares, weighted anew a few times by what is off, which comes near to the least maximum.
fn fit(table: &[f32; 256]) -> Option<[f32; TERMS]> {
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
    use moxcms::ColorProfile;

    use super::*;

    fn spaces() -> [Shaper; 3] {
        [ColorProfile::new_display_p3(), ColorProfile::new_adobe_rgb(), ColorProfile::new_srgb()]
            .map(|profile| Shaper::new(&profile).unwrap())
    }

    #[test]
    fn every_colour_is_within_a_level_of_the_exact_curves() {
        for shaper in spaces() {
            let kernel = Kernel::new(&shaper).unwrap();
            let mut sum = 0.0;
            for n in 0..17 * 17 * 17_u32 {
                let color = [n / 289, n / 17 % 17, n % 17].map(|level| (level * 255 / 16) as u8);
                let [r, g, b] = color.map(f32::from);
                let got = kernel.pixel(0.0, [r, g, b]);
                for (exact, got) in shaper.srgb(color).into_iter().zip(got) {
                    let off = (exact - f64::from(got)).abs();
                    assert!(off <= 1.0, "{color:?}: {got} for {exact}");
                    sum += off;
                }
            }
            assert!(sum / (17.0 * 17.0 * 17.0 * 3.0) < 0.3, "{sum}");
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn every_processor_yields_the_same() {
        if !std::arch::is_x86_feature_detected!("avx2") {
            return;
        }
        let kernel = Kernel::new(&spaces()[0]).unwrap();
        // A row of noise of a length that leaves a remainder, from a linear congruential generator.
        let mut state = 1_u32;
        let mut noise = |length: usize| -> Vec<u8> {
            std::iter::repeat_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .take(length)
            .collect()
        };
        let half = 4_099;
        let (upper, lower, blue, red) = (noise(2 * half), noise(2 * half), noise(half), noise(half));
        let run = |portable: bool| {
            let mut out = [vec![0; 2 * half], vec![0; 2 * half], vec![0; half], vec![0; half]];
            let [to_upper, to_lower, to_blue, to_red] = &mut out;
            let (luma, chroma) = ([&upper[..], &lower], [&blue[..], &red]);
            let (to_luma, to_chroma): ([&mut [u8]; 2], [&mut [u8]; 2]) =
                ([to_upper, to_lower], [to_blue, to_red]);
            match portable {
                true => rows(&kernel, luma, chroma, to_luma, to_chroma),
                false => kernel.rows(luma, chroma, to_luma, to_chroma),
            }
            out
        };
        assert!(run(true) == run(false));
    }

    #[test]
    fn a_curve_with_a_step_is_left_to_others() {
        let step: [f32; 256] = std::array::from_fn(|value| if value < 100 { 0.0 } else { 1.0 });
        assert!(fit(&step).is_none());
    }
}
