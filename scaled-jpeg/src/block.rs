//! From a block's coefficients to its samples.

use crate::idct::{self, Coefficients, Kernels, Tile};
use crate::plane::Band;
use crate::scale::Scale;

/// Writes the block in that column and row of blocks. `flat`: it has no other coefficient than the first.
#[inline(always)]
pub(crate) fn render<K: Kernels>(
    kernels: K,
    scale: Scale,
    coefficients: &Coefficients,
    flat: bool,
    block: (u32, u32),
    band: &mut Band<'_>,
) {
    match scale {
        Scale::Eighth => band.put_one(block, idct::one(coefficients[0].into())),
        Scale::Quarter => {
            let [upper, lower] = idct::two(coefficients);
            let mut tile: Tile = [0; 64];
            tile[..2].copy_from_slice(&upper);
            tile[8..10].copy_from_slice(&lower);
            band.put::<2>(block, &tile);
        }
        Scale::ThreeEighths => {
            band.put::<3>(block, &tile(flat, coefficients, || kernels.three(coefficients)))
        }
        Scale::Half => band.put::<4>(block, &tile(flat, coefficients, || kernels.four(coefficients))),
        Scale::ThreeQuarters => band.put::<6>(block, &tile(flat, coefficients, || kernels.six(coefficients))),
        Scale::Full => band.put::<8>(block, &tile(flat, coefficients, || kernels.eight(coefficients))),
    }
}

#[inline(always)]
fn tile(flat: bool, coefficients: &Coefficients, transform: impl FnOnce() -> Tile) -> Tile {
    if flat { [idct::flat(coefficients[0]); 64] } else { transform() }
}
