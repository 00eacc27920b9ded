//! Where each coefficient is put, so that the transforms find what they multiply side by side.

use crate::scale::Scale;

/// Where coefficients go that the scale does not need.
const TRASH: u8 = 64;

/// Column (u) and row (v) of each coefficient in zigzag order (T.81, figure A.6).
const ZIGZAG: [(u8, u8); 64] = zigzag();

/// The places of a block's coefficients at one scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    /// Where the coefficient goes that has this place in zigzag order; from 64 on, [`TRASH`].
    pub(crate) places: [u8; 80],
    /// Coefficients from here on, in zigzag order, are not needed.
    pub(crate) needed: u32,
}

impl Order {
    pub(crate) fn new(scale: Scale) -> Self {
        let n = scale.numerator() as u8;
        let mut order = Self { places: [TRASH; 80], needed: 0 };
        for (index, &(u, v)) in ZIGZAG.iter().enumerate() {
            if u < n && v < n {
                order.places[index] = if n <= 4 { four(u, v) } else { eight(u, v) };
                order.needed = index as u32 + 1;
            }
        }
        order
    }

    /// The coefficients that are needed, as bits by their place in zigzag order.
    pub(crate) fn wanted(&self) -> u64 {
        let needed = |index: &usize| self.places[*index] != TRASH;
        (0..64).filter(needed).fold(0, |wanted, index| wanted | 1 << index)
    }
}

/// For up to four points: pairs of u side by side, each over all v.
pub(super) const fn four(u: u8, v: u8) -> u8 {
    (u >> 1) * 8 + v * 2 + (u & 1)
}

/// For up to eight: the pairs (0, 2), (4, 6), (1, 3), (5, 7) of u, each over v in the order 0, 2, 4, 6, 1, 3, 5, 7.
pub(super) const fn eight(u: u8, v: u8) -> u8 {
    let pair = (u & 1) * 2 + (u >> 2);
    let column = (v & 1) * 4 + (v >> 1);
    pair * 16 + column * 2 + (u >> 1 & 1)
}

const fn zigzag() -> [(u8, u8); 64] {
    let mut order = [(0, 0); 64];
    let (mut index, mut diagonal) = (0, 0_i32);
    while diagonal < 15 {
        let mut step = 0;
        while step <= diagonal {
            // Odd diagonals run down to the left, even ones up to the right.
            let (u, v) = if diagonal % 2 == 1 { (diagonal - step, step) } else { (step, diagonal - step) };
            if u < 8 && v < 8 {
                order[index] = (u as u8, v as u8);
                index += 1;
            }
            step += 1;
        }
        diagonal += 1;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zigzag_begins_and_ends_as_figure_a_6_draws_it() {
        assert_eq!(ZIGZAG[..6], [(0, 0), (1, 0), (0, 1), (0, 2), (1, 1), (2, 0)]);
        assert_eq!(ZIGZAG[61..], [(7, 6), (6, 7), (7, 7)].map(|(u, v)| (u, v)));
    }

    #[test]
    fn places_are_all_different() {
        for scale in Scale::ALL {
            let order = Order::new(scale);
            let mut places: Vec<u8> = order.places.into_iter().filter(|&place| place != TRASH).collect();
            places.sort_unstable();
            places.dedup();
            assert_eq!(places.len() as u32, scale.numerator().pow(2), "{scale:?}");
        }
    }

    #[test]
    fn few_coefficients_are_needed_at_small_scales() {
        assert_eq!(Scale::ALL.map(|scale| Order::new(scale).needed), [1, 5, 13, 25, 52, 64]);
    }
}
