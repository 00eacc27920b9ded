//! Stored bytes to samples.

use image_header::TiffInfo;

/// Writes the `wanted` samples of each pixel of `line`, which holds `samples` a pixel, to `target`, `stride` apart.
/// Samples of more than 16 bits keep their upper 16.
pub(super) fn unpack(
    line: &[u8],
    tiff: &TiffInfo,
    samples: usize,
    wanted: &[usize],
    target: &mut [u16],
    stride: usize,
) {
    let big = tiff.big_endian;
    let bits = usize::from(tiff.bits);
    match bits {
        8 => each(samples, wanted, target, stride, |at| line.get(at).map_or(0, |&sample| sample.into())),
        16 => each(samples, wanted, target, stride, |at| {
            let bytes = line.get(at * 2..).and_then(|line| line.first_chunk()).copied().unwrap_or_default();
            if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
        }),
        24 | 32 => each(samples, wanted, target, stride, |at| {
            let sample = line.get(at * bits / 8..(at + 1) * bits / 8).unwrap_or(&[0; 2]);
            let bytes = if big {
                [sample[0], sample[1]]
            } else {
                [sample[sample.len() - 1], sample[sample.len() - 2]]
            };
            u16::from_be_bytes(bytes)
        }),
        _ => each(samples, wanted, target, stride, |at| {
            let start = at * bits;
            let window = [0, 1, 2].map(|next| line.get(start / 8 + next).copied().unwrap_or(0));
            let window = u32::from_be_bytes([0, window[0], window[1], window[2]]);
            (window >> (24 - start % 8 - bits) & ((1 << bits) - 1)) as u16
        }),
    }
}

fn each(samples: usize, wanted: &[usize], target: &mut [u16], stride: usize, sample: impl Fn(usize) -> u16) {
    for (pixel, target) in target.chunks_mut(stride).enumerate() {
        for (target, &index) in target.iter_mut().zip(wanted) {
            *target = sample(pixel * samples + index);
        }
    }
}

/// Writes one row of `line`, whose units hold `across` × `down` lumas and then one sample of each other component
/// (TIFF 6.0, section 21).
pub(super) fn unpack_subsampled(
    line: &[u8],
    tiff: &TiffInfo,
    (across, down): (usize, usize),
    row: usize,
    target: &mut [u16],
    stride: usize,
) {
    let lumas = across * down;
    let unit = lumas + usize::from(tiff.samples) - 1;
    for (x, pixel) in target.chunks_exact_mut(stride).enumerate() {
        let at = x / across * unit;
        let sample = |index: usize| line.get(at + index).map_or(0, |&sample| u16::from(sample));
        pixel[0] = sample(row * across + x % across);
        for (index, target) in pixel[1..].iter_mut().enumerate() {
            *target = sample(lumas + index);
        }
    }
}

/// Undoes horizontal differencing (TIFF 6.0, section 14).
pub(super) fn undo_difference(line: &mut [u8], tiff: &TiffInfo, samples: usize) {
    let size = usize::from(tiff.bits / 8).max(1);
    let stride = samples * size;
    if size == 1 {
        for at in stride..line.len() {
            line[at] = line[at].wrapping_add(line[at - stride]);
        }
        return;
    }
    for at in (stride..line.len().saturating_sub(size - 1)).step_by(size) {
        let mut carry = 0;
        for byte in 0..size {
            let byte = if tiff.big_endian { size - 1 - byte } else { byte };
            let sum = u16::from(line[at + byte]) + u16::from(line[at - stride + byte]) + carry;
            line[at + byte] = sum as u8;
            carry = sum >> 8;
        }
    }
}
