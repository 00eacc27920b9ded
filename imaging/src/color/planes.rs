//! From YCbCr of any RGB space of primaries and curves to sRGB's YCbCr, planes in and planes out, without RGB in
//! between: most phones' photographs are Display P3.
//!
//! Curves are polynomials, so that all is multiplying and adding, on as many pixels at once as the processor takes.
//! Products and sums are rounded each (Rust never fuses them), so every processor yields the same.
//!
//! The four pixels that share a sample of chroma differ in luma alone. Of them the darkest and the brightest are
//! converted; what lies between is interpolated, of which the error is a fraction of a level but at the strongest edges.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod fit;

use std::sync::Arc;

use crate::picture::Plane;
use crate::profile::Shaper;
use fit::fit;

/// Coefficients of a curve's polynomial, the constant first.
const TERMS: usize = 6;

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

    /// 4:2:0 planes (luma, blue, red) converted, in place where nobody shares them. Each sample of chroma stands for the
    /// up to four of luma that it lies between.
    pub(crate) fn convert(&self, mut planes: [Plane; 3]) -> [Plane; 3] {
        let [luma, blue, red] = &mut planes;
        let (width, height) = (luma.width as usize, luma.height as usize);
        let (columns, rows) = (blue.width as usize, blue.height as usize);
        // Where the grid of chroma sticks out, luma is repeated.
        let top = usize::from(blue.extent.y > 0.0);
        let left = usize::from(blue.extent.x > 0.0);
        let even = width == 2 * columns;
        let [luma, blue, red] = [luma, blue, red].map(|plane| Arc::make_mut(&mut plane.samples));
        let mut wide = [(); 2].map(|()| vec![0_u8; if even { 0 } else { 2 * columns }]);
        for row in 0..rows {
            let [upper, lower] = [(2 * row).saturating_sub(top), (2 * row + 1 - top).min(height - 1)];
            let chroma = row * columns..(row + 1) * columns;
            let chroma = [&mut blue[chroma.clone()], &mut red[chroma]];
            if even && lower > upper {
                let (above, below) = luma[upper * width..(lower + 1) * width].split_at_mut(width);
                self.rows([above, below], chroma);
                continue;
            }
            for (wide, at) in wide.iter_mut().zip([upper, lower]) {
                let row = &luma[at * width..(at + 1) * width];
                wide.clear();
                wide.extend(std::iter::repeat_n(row[0], left));
                wide.extend_from_slice(row);
                wide.resize(2 * columns, row[width - 1]);
            }
            let [above, below] = &mut wide;
            self.rows([above, below], chroma);
            for (wide, at) in wide.iter().zip([upper, lower]) {
                luma[at * width..(at + 1) * width].copy_from_slice(&wide[left..left + width]);
            }
        }
        planes
    }

    /// Two rows of luma and the one of blue and red between them, of half as many samples.
    fn rows(&self, [upper, lower]: [&mut [u8]; 2], [blue, red]: [&mut [u8]; 2]) {
        #[cfg(target_arch = "x86_64")]
        let done = if std::arch::is_x86_feature_detected!("avx2") {
            #[allow(unsafe_code)]
            // SAFETY: the processor has AVX2, which is all that the function asks for.
            unsafe {
                avx2::rows(self, [&mut *upper, &mut *lower], [&mut *blue, &mut *red])
            }
        } else {
            0
        };
        #[cfg(not(target_arch = "x86_64"))]
        let done = 0;
        rows(self, [&mut upper[2 * done..], &mut lower[2 * done..]], [&mut blue[done..], &mut red[done..]]);
    }
}

/// JFIF 1.02: what chroma adds to luma.
const RED_SHARE: f32 = 1.402;
const BLUE_SHARE: f32 = 1.772;
const RED_OF_GREEN: f32 = -0.714_136;
const BLUE_OF_GREEN: f32 = -0.344_136;

/// Linear light up to which sRGB's signal is straight, and its slope there, × 255.
const TOE: f32 = 0.003_130_8;
const STRAIGHT: f32 = 12.92 * 255.0;

/// sRGB's signal × 255 above its straight part as a polynomial of linear light's square root, off by 0.08 at most.
const SIGNAL_OF_ROOT: [f32; TERMS] = [
    255.0 * -0.040_109_77,
    255.0 * 1.517_902_3,
    255.0 * -1.402_292_8,
    255.0 * 2.030_316_6,
    255.0 * -1.622_248,
    255.0 * 0.516_756_93,
];

/// Added to a value of 0 to 255, leaves it rounded in the lowest bits.
const LARGE: f32 = 12_582_912.0;

/// A sample after the other: what `avx2` has no whole vector of, and all where there is none.
fn rows(kernel: &Kernel, [upper, lower]: [&mut [u8]; 2], [blue, red]: [&mut [u8]; 2]) {
    let lumas = upper.as_chunks_mut::<2>().0.iter_mut().zip(lower.as_chunks_mut::<2>().0);
    for ((upper, lower), (blue, red)) in lumas.zip(blue.iter_mut().zip(red)) {
        let (b, r) = (f32::from(*blue) - 128.0, f32::from(*red) - 128.0);
        let offsets = [r * RED_SHARE, b * BLUE_OF_GREEN + r * RED_OF_GREEN, b * BLUE_SHARE];
        let quad = [upper[0], upper[1], lower[0], lower[1]].map(f32::from);
        let low = quad.into_iter().fold(255.0, f32::min);
        let high = quad.into_iter().fold(0.0, f32::max);
        let (darkest, brightest) = (kernel.pixel(low, offsets), kernel.pixel(high, offsets));
        let share = 1.0 / (high - low).max(1.0);
        let above = quad.map(|luma| (luma - low) * share);
        let range = brightest[1] - darkest[1];
        let lumas = above.map(|above| rounded(darkest[1] + above * range));
        (*upper, *lower) = ([lumas[0], lumas[1]], [lumas[2], lumas[3]]);
        let mean = ((above[0] + above[1]) + (above[2] + above[3])) * 0.25;
        for (channel, share, target) in [(2, BLUE_SHARE, blue), (0, RED_SHARE, red)] {
            let dark = darkest[channel] - darkest[1];
            let bright = brightest[channel] - brightest[1];
            let off = dark + mean * (bright - dark);
            *target = rounded(clamp(off * (1.0 / share) + 128.0, 255.0));
        }
    }
}

impl Kernel {
    /// Red, luma and blue of sRGB, 0 to 255, of a pixel whose chroma adds `offsets` to its luma.
    fn pixel(&self, luma: f32, offsets: [f32; 3]) -> [f32; 3] {
        let linear = [0, 1, 2].map(|at| polynomial(&self.curves[at], clamp(luma + offsets[at], 255.0)));
        let [red, green, blue] =
            self.matrix.map(|[r, g, b]| encode(r * linear[0] + g * linear[1] + b * linear[2]));
        [red, red * 0.299 + green * 0.587 + blue * 0.114, blue]
    }
}

/// By Horner's rule.
fn polynomial(coefficients: &[f32; TERMS], x: f32) -> f32 {
    let [rest @ .., last] = coefficients;
    rest.iter().rev().fold(*last, |sum, &coefficient| sum * x + coefficient)
}

fn clamp(value: f32, most: f32) -> f32 {
    value.max(0.0).min(most)
}

/// sRGB's signal, 0 to 255, of linear light.
fn encode(linear: f32) -> f32 {
    let linear = clamp(linear, 1.0);
    if linear > TOE { polynomial(&SIGNAL_OF_ROOT, linear.sqrt()) } else { linear * STRAIGHT }
}

/// The nearest whole number to a value between 0 and 255.
fn rounded(value: f32) -> u8 {
    (value + LARGE).to_bits() as u8
}

#[cfg(test)]
mod tests {
    use moxcms::ColorProfile;

    use super::*;

    fn spaces() -> [Shaper; 3] {
        [ColorProfile::new_display_p3(), ColorProfile::new_adobe_rgb(), ColorProfile::new_srgb()]
            .map(|profile| Shaper::new(&profile).unwrap())
    }

    /// YCbCr of three values, which need not be whole.
    fn ycbcr([red, green, blue]: [f64; 3]) -> [f64; 3] {
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        [luma, (blue - luma) / 1.772 + 128.0, (red - luma) / 1.402 + 128.0]
    }

    #[test]
    fn every_colour_is_near_the_exact_curves() {
        for shaper in spaces() {
            let kernel = Kernel::new(&shaper).unwrap();
            let (mut sum, mut count) = (0.0, 0.0);
            for n in 0..17 * 17 * 17_u32 {
                let color = [n / 289, n / 17 % 17, n % 17].map(|level| (level * 255 / 16) as u8);
                let [red, luma, blue] = kernel.pixel(0.0, color.map(f32::from)).map(f64::from);
                let exact = shaper.srgb(color);
                let off = [red - exact[0], luma - ycbcr(exact)[0], blue - exact[2]].map(f64::abs);
                // A component that is nearly black is what large ones leave of each other: there it may be off by more.
                assert!(off[1] <= 1.5, "{color:?}: luma off by {}", off[1]);
                assert!(off.iter().all(|&off| off <= 8.0), "{color:?}: off by {off:?}");
                sum += off.iter().sum::<f64>();
                count += 3.0;
            }
            assert!(sum / count < 0.3, "{}", sum / count);
        }
    }

    #[test]
    fn what_lies_between_the_darkest_and_the_brightest_is_near() {
        let shaper = &spaces()[0];
        let kernel = Kernel::new(shaper).unwrap();
        let (mut sum, mut count) = (0.0, 0.0);
        for (blue, red) in (0..49_u8).map(|n| (n / 7 * 32 + 32, n % 7 * 32 + 32)) {
            for luma in (0..200_u8).step_by(10) {
                // An edge as strong as photographs have them within two pixels.
                let quad = [luma, luma + 20, luma + 35, luma + 50];
                let mut lumas = quad;
                let (upper, lower) = lumas.split_at_mut(2);
                let (mut to_blue, mut to_red) = ([blue], [red]);
                rows(&kernel, [upper, lower], [&mut to_blue, &mut to_red]);
                let rgb = quad.map(|luma| {
                    let (b, r) = (f64::from(blue) - 128.0, f64::from(red) - 128.0);
                    let offsets = [1.402 * r, -0.344_136 * b - 0.714_136 * r, 1.772 * b];
                    offsets.map(|offset| f64::from(luma) + offset)
                });
                if rgb.as_flattened().iter().any(|value| !(0.0..=255.0).contains(value)) {
                    continue;
                }
                let exact = rgb.map(|color| ycbcr(shaper.srgb(color.map(|value| value.round() as u8))));
                for (got, exact) in lumas.into_iter().zip(exact) {
                    let off = (f64::from(got) - exact[0]).abs();
                    // Where half of the quad lies outside of sRGB and half within.
                    assert!(off < 16.0, "luma {got} for {} at {luma}, {blue}, {red}", exact[0]);
                    sum += off;
                    count += 1.0;
                }
                let mean = |at: usize| exact.iter().map(|color| color[at]).sum::<f64>() / 4.0;
                for (got, exact) in [(to_blue[0], mean(1)), (to_red[0], mean(2))] {
                    assert!((f64::from(got) - exact).abs() < 8.0, "chroma {got} for {exact}");
                }
            }
        }
        assert!(sum / count < 0.7, "{}", sum / count);
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
            let mut planes = [upper.clone(), lower.clone(), blue.clone(), red.clone()];
            let [upper, lower, blue, red] = &mut planes;
            match portable {
                true => rows(&kernel, [upper, lower], [blue, red]),
                false => kernel.rows([upper, lower], [blue, red]),
            }
            planes
        };
        assert!(run(true) == run(false));
    }
}
