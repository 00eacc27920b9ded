//! The twin of `avx2` for processors without it: the same arithmetic, a number at a time.

use super::constants::*;
use super::{Block, EXTRA_BITS, POSITION, Quantizer};

pub(super) fn transform(samples: &[u8], stride: usize, quantizer: &Quantizer, blocks: &mut [Block]) {
    for (at, block) in blocks.iter_mut().enumerate() {
        let mut work = [[0; 8]; 8];
        for (row, line) in work.iter_mut().zip(samples.chunks_exact(stride)) {
            for (value, &sample) in row.iter_mut().zip(&line[at * 8..]) {
                *value = i32::from(sample) - 128;
            }
        }
        let work = pass::<true>(work);
        let work = pass::<false>(std::array::from_fn(|u| std::array::from_fn(|v| work[v][u])));
        quantize(&work, quantizer, block);
    }
}

/// One-dimensional DCTs down the columns.
fn pass<const FIRST: bool>(rows: [[i32; 8]; 8]) -> [[i32; 8]; 8] {
    let mut out = [[0; 8]; 8];
    for lane in 0..8 {
        let column = rows.map(|row| row[lane]);
        for (row, value) in out.iter_mut().zip(column_pass::<FIRST>(column)) {
            row[lane] = value;
        }
    }
    out
}

fn column_pass<const FIRST: bool>(d: [i32; 8]) -> [i32; 8] {
    let sum: [i32; 4] = std::array::from_fn(|at| d[at] + d[7 - at]);
    let difference: [i32; 4] = std::array::from_fn(|at| d[at] - d[7 - at]);

    let (even0, even3) = (sum[0] + sum[3], sum[0] - sum[3]);
    let (even1, even2) = (sum[1] + sum[2], sum[1] - sum[2]);
    let out0 = whole::<FIRST>(even0 + even1);
    let out4 = whole::<FIRST>(even0 - even1);
    let out2 = scaled::<FIRST>(rotate(even3, even2, F0_541 + F0_765, F0_541));
    let out6 = scaled::<FIRST>(rotate(even3, even2, F0_541, F0_541 - F1_847));

    let [odd7, odd6, odd5, odd4] = difference;
    let (z3, z4) = (odd4 + odd6, odd5 + odd7);
    let shared3 = rotate(z3, z4, F1_175 - F1_961, F1_175);
    let shared4 = rotate(z3, z4, F1_175, F1_175 - F0_390);
    let out7 = scaled::<FIRST>(rotate(odd4, odd7, F0_298 - F0_899, -F0_899) + shared3);
    let out1 = scaled::<FIRST>(rotate(odd4, odd7, -F0_899, F1_501 - F0_899) + shared4);
    let out5 = scaled::<FIRST>(rotate(odd5, odd6, F2_053 - F2_562, -F2_562) + shared4);
    let out3 = scaled::<FIRST>(rotate(odd5, odd6, -F2_562, F3_072 - F2_562) + shared3);
    [out0, out1, out2, out3, out4, out5, out6, out7]
}

fn rotate(a: i32, b: i32, by_a: i16, by_b: i16) -> i32 {
    a * i32::from(by_a) + b * i32::from(by_b)
}

fn whole<const FIRST: bool>(value: i32) -> i32 {
    if FIRST { value << EXTRA_BITS } else { (value + (1 << EXTRA_BITS >> 1)) >> EXTRA_BITS }
}

fn scaled<const FIRST: bool>(value: i32) -> i32 {
    let shift = if FIRST { 13 - EXTRA_BITS } else { 13 + EXTRA_BITS };
    (value + (1 << shift >> 1)) >> shift
}

fn quantize(work: &[[i32; 8]; 8], quantizer: &Quantizer, block: &mut Block) {
    for (horizontal, row) in work.iter().enumerate() {
        for (vertical, &value) in row.iter().enumerate() {
            let magnitude = value.unsigned_abs() + u32::from(quantizer.bias[horizontal][vertical]);
            let divided = (magnitude * u32::from(quantizer.reciprocal[horizontal][vertical])) >> 16;
            let divided = (divided * u32::from(quantizer.scale[horizontal][vertical])) >> 16;
            let signed = if value < 0 { -(divided as i32) } else { divided as i32 };
            block.coefficients[horizontal * 8 + vertical] = signed as i16;
        }
    }
    let is_set = |at: u8| u64::from(block.coefficients[usize::from(at)] != 0);
    block.nonzero = POSITION.iter().enumerate().fold(0, |set, (k, &at)| set | is_set(at) << k);
}
