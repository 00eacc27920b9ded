//! What a decoder has to answer, by the definition of the inverse transform and in double precision.

use std::{f64::consts::PI, fmt};

use super::picture::{Block, Picture, ZIGZAG};

/// The samples of a component at a scale, before rounding, and their width: ⌈samples × N / 8⌉ each way.
///
/// ¼ ΣΣ C(u) C(v) F(u, v) cos((2x+1)uπ / 2N) cos((2y+1)vπ / 2N) + 128 over u, v < N; for N = 1 libjpeg's integers.
pub(crate) fn plane(picture: &Picture, index: usize, numerator: usize) -> Expected {
    let component = &picture.components[index];
    let (width, height) = picture.samples(index);
    let scaled = |side: u32| (side as usize * numerator).div_ceil(8);
    let (width, height) = (scaled(width), scaled(height));
    let transform = Transform::new(numerator);
    let mut samples = vec![0.0; width * height];
    for top in (0..height).step_by(numerator) {
        for left in (0..width).step_by(numerator) {
            let at = top / numerator * component.across + left / numerator;
            let block = transform.apply(&component.blocks[at], &picture.quantization[component.table]);
            for y in 0..numerator.min(height - top) {
                for x in 0..numerator.min(width - left) {
                    samples[(top + y) * width + left + x] = block[y * numerator + x];
                }
            }
        }
    }
    Expected { width, height, exact: numerator == 1, samples }
}

pub(crate) struct Expected {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Whether a sample that is not the same is wrong.
    pub(crate) exact: bool,
    samples: Vec<f64>,
}

impl Expected {
    /// How `samples`, packed rows, agree with this.
    pub(crate) fn agreement(&self, samples: &[u8]) -> Agreement {
        assert_eq!(samples.len(), self.samples.len(), "another size");
        let mut agreement = Agreement::default();
        for (&sample, &expected) in samples.iter().zip(&self.samples) {
            agreement.add(sample, expected.round().clamp(0.0, 255.0) as u8);
        }
        agreement
    }

    /// Whether a sample lies outside of `low..=high`, before it is cut to 0..=255.
    pub(crate) fn overshoots(&self, low: f64, high: f64) -> bool {
        !self.samples.iter().all(|sample| (low..=high).contains(sample))
    }
}

/// Samples counted by how far they are off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) identical: u64,
    pub(crate) within_one: u64,
    pub(crate) different: u64,
    /// The largest difference.
    pub(crate) worst: u8,
}

impl Agreement {
    pub(crate) fn add(&mut self, a: u8, b: u8) {
        let difference = a.abs_diff(b);
        match difference {
            0 => self.identical += 1,
            1 => self.within_one += 1,
            _ => self.different += 1,
        }
        self.worst = self.worst.max(difference);
    }

    pub(crate) fn of(a: &[u8], b: &[u8]) -> Self {
        assert_eq!(a.len(), b.len(), "planes of two sizes");
        let mut agreement = Self::default();
        a.iter().zip(b).for_each(|(&a, &b)| agreement.add(a, b));
        agreement
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            identical: self.identical + other.identical,
            within_one: self.within_one + other.within_one,
            different: self.different + other.different,
            worst: self.worst.max(other.worst),
        }
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identical, within_one, different, worst } = self;
        write!(f, "{identical} identical, {within_one} off by one, {different} by more (at most {worst})")
    }
}

/// The inverse transform to N × N samples.
struct Transform {
    size: usize,
    /// ½ C(u) cos((2x+1)uπ / 2N) at `x * size + u`.
    basis: Vec<f64>,
}

impl Transform {
    fn new(size: usize) -> Self {
        let basis = |index: usize| {
            let (x, u) = (index / size, index % size);
            let scale = if u == 0 { 0.5_f64.sqrt() } else { 1.0 };
            0.5 * scale * ((2 * x + 1) as f64 * u as f64 * PI / (2 * size) as f64).cos()
        };
        Self { size, basis: (0..size * size).map(basis).collect() }
    }

    fn apply(&self, block: &Block, steps: &[u16; 64]) -> [f64; 64] {
        let mut out = [0.0; 64];
        if self.size == 1 {
            out[0] = f64::from(((i32::from(block[0]) * i32::from(steps[0]) + 4) >> 3) + 128);
            return out;
        }
        let mut coefficients = [0.0; 64];
        for (k, &at) in ZIGZAG.iter().enumerate() {
            coefficients[usize::from(at)] = f64::from(block[k]) * f64::from(steps[k]);
        }
        let size = self.size;
        let mut rows = [0.0; 64];
        for v in 0..size {
            for x in 0..size {
                rows[v * 8 + x] = (0..size).map(|u| self.basis[x * size + u] * coefficients[v * 8 + u]).sum();
            }
        }
        for y in 0..size {
            for x in 0..size {
                let sum: f64 = (0..size).map(|v| self.basis[y * size + v] * rows[v * 8 + x]).sum();
                out[y * size + x] = sum + 128.0;
            }
        }
        out
    }
}

/// The coefficients of 64 samples, row by row, quantised (A.3.3, A.3.4); in zigzag order.
pub(crate) fn coefficients(samples: &[u8; 64], steps: &[u16; 64]) -> Block {
    let transform = Transform::new(8);
    let basis = |x: usize, u: usize| transform.basis[x * 8 + u];
    let mut rows = [0.0; 64];
    for y in 0..8 {
        for u in 0..8 {
            rows[y * 8 + u] = (0..8).map(|x| basis(x, u) * (f64::from(samples[y * 8 + x]) - 128.0)).sum();
        }
    }
    std::array::from_fn(|k| {
        let (v, u) = (usize::from(ZIGZAG[k]) / 8, usize::from(ZIGZAG[k]) % 8);
        let value: f64 = (0..8).map(|y| basis(y, v) * rows[y * 8 + u]).sum();
        (value / f64::from(steps[k])).round().clamp(-1_023.0, 1_023.0) as i16
    })
}
