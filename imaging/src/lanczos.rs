//! The Lanczos3 window from a table: `fast_image_resize` asks for some hundred thousand values a photograph, and takes two
//! sines for each.

use std::f64::consts::PI;
use std::sync::LazyLock;

use fast_image_resize::{Filter, FilterType};

/// Half the window's width, in samples of the smaller picture.
const LOBES: usize = 3;

/// Entries a sample: between them the line differs from the curve by less than a ten-millionth, where a weight is rounded
/// to a sixteen-thousandth.
const STEPS: usize = 4_096;

static TABLE: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..=LOBES * STEPS + 1).map(|step| exact(step as f64 / STEPS as f64)).collect());

/// Lanczos3 as a filter.
pub(crate) fn filter() -> FilterType {
    Filter::new("Lanczos3", window, LOBES as f64).map_or(FilterType::Lanczos3, FilterType::Custom)
}

fn window(x: f64) -> f64 {
    let at = x.abs() * STEPS as f64;
    let index = at as usize;
    match TABLE.get(index..) {
        Some([low, high, ..]) => low + (high - low) * (at - index as f64),
        _ => 0.0,
    }
}

/// sinc(x) sinc(x / 3).
fn exact(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) };
    if x >= LOBES as f64 { 0.0 } else { sinc(x) * sinc(x / LOBES as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_window() {
        for step in -40_000..40_000 {
            let x = f64::from(step) / 9_973.0;
            assert!((window(x) - exact(x.abs())).abs() < 1e-7, "{x}");
        }
        assert_eq!((window(0.0), window(3.0), window(1e9)), (1.0, 0.0, 0.0));
        assert!(matches!(filter(), FilterType::Custom(_)));
    }
}
