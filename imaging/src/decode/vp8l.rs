//! What a lossless WebP bitstream (RFC 9649, 3) makes its decoder allocate, counted before it does.
//!
//! The pixels of a large picture choose between groups of five prefix codes by way of a small picture, the
//! entropy image. `image-webp` 0.2 builds every group up to the largest number in it, asked for by pixels or
//! not, and no limit of that crate reaches them: a picture of 4 × 4 pixels can take up gigabytes. Hence the
//! stream is read here up to the entropy image, and on through the codes only where the worst that they could
//! be is too much. Whatever the decoder accepts so far is understood as it understands it; all else is
//! damaged, so that nothing gets past by being read differently.

mod bits;
mod code;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod writer;

use image_header::Rejection;

use bits::Bits;
use code::Code;

/// Symbols of the codes of a group: green with the lengths of copies, red, blue, alpha, distances.
const ALPHABETS: [usize; 5] = [GREEN + LENGTHS, 256, 256, 256, 40];
const GREEN: usize = 256;
const LENGTHS: usize = 24;
/// The decoder's five codes of 56 bytes, three times: growing, its list holds the old and twice the old.
const GROUP_BYTES: u64 = 5 * 56 * 3;
/// Bytes that the decoder keeps a pixel of a transform's picture.
const PIXEL_BYTES: u64 = 4;
/// The same of the entropy image, and 16 bits that it is turned into.
const ENTROPY_PIXEL_BYTES: u64 = PIXEL_BYTES + 2;

/// Errs when decoding `chunk`, the payload of a `VP8L` chunk, would take more than `budget` bytes beside the
/// picture's samples.
///
/// # Errors
///
/// [`Rejection::LimitExceeded`]; [`Rejection::Damaged`] where the stream breaks off or is none before the size
/// is known.
pub(super) fn check(chunk: &[u8], budget: u64) -> Result<(), Rejection> {
    Survey::of_chunk(chunk, budget)?.check(budget)
}

/// [`check`] for the lossless stream in an `ALPH` chunk, which follows the chunk's first byte and has no
/// header: `width` × `height` are the frame's.
///
/// # Errors
///
/// As of [`check`].
pub(super) fn check_alpha(chunk: &[u8], width: u32, height: u32, budget: u64) -> Result<(), Rejection> {
    Survey::of_stream(Bits::new(chunk), width, height, budget)?.check(budget)
}

/// What a stream asks for.
#[derive(Debug, PartialEq, Eq)]
struct Survey {
    /// Groups of prefix codes of the picture itself.
    groups: u64,
    /// Bytes of all codes and of the small pictures; at most, or exactly where the most is above the budget.
    bytes: u64,
}

impl Survey {
    fn check(&self, budget: u64) -> Result<(), Rejection> {
        Rejection::check("the memory for the codes of the lossless WebP in bytes", self.bytes, budget)
    }

    /// RFC 9649, 3.4: a signature, 14 bits of width − 1, 14 of height − 1, alpha, three bits of version.
    fn of_chunk(chunk: &[u8], budget: u64) -> Result<Self, Rejection> {
        let mut bits = Bits::new(chunk);
        if bits.read(8)? != 0x2F {
            return Err(Rejection::damaged("its lossless data do not begin as such"));
        }
        let (width, height) = (bits.read(14)? + 1, bits.read(14)? + 1);
        bits.read(1)?;
        match bits.read(3)? {
            0 => Self::of_stream(bits, width, height, budget),
            version => Err(Rejection::unsupported(format!("VP8L of version {version}"))),
        }
    }

    fn of_stream(mut bits: Bits<'_>, width: u32, height: u32, budget: u64) -> Result<Self, Rejection> {
        let (width, mut bytes) = skip_transforms(&mut bits, width, height)?;
        let cache = color_cache(&mut bits)?;
        let mut groups = 1;
        if bits.flag()? {
            let entropy = SubImage::of_blocks(&mut bits, width, height)?;
            bytes += entropy.bytes(ENTROPY_PIXEL_BYTES);
            groups += u64::from(entropy.largest);
        }
        let most = groups * group_bytes(alphabets(cache).into_iter().map(Code::most_bytes));
        if bytes + most <= budget {
            return Ok(Self { groups, bytes: bytes + most });
        }
        for _ in 0..groups {
            bytes += group_bytes(read_group(&mut bits, cache)?.iter().map(Code::bytes));
        }
        Ok(Self { groups, bytes })
    }
}

/// RFC 9649, 3.5: reads the transforms; returns the width of the picture that they leave and the bytes that
/// the decoder needs for theirs.
fn skip_transforms(bits: &mut Bits<'_>, mut width: u32, height: u32) -> Result<(u32, u64), Rejection> {
    let mut bytes = 0;
    let mut seen = [false; 4];
    while bits.flag()? {
        let kind = bits.read(2)?;
        if std::mem::replace(&mut seen[kind as usize], true) {
            return Err(Rejection::damaged("a transform of its lossless data occurs twice"));
        }
        match kind {
            // Prediction and colour: a parameter for every block.
            0 | 1 => bytes += SubImage::of_blocks(bits, width, height)?.bytes(PIXEL_BYTES),
            // Green is subtracted without parameters.
            2 => {}
            // A palette; of few colours, several pixels are packed into one.
            _ => {
                let colors = bits.read(8)? + 1;
                bytes += SubImage::read(bits, u64::from(colors))?.bytes(PIXEL_BYTES);
                let packed = match colors {
                    ..=2 => 3,
                    3..=4 => 2,
                    5..=16 => 1,
                    _ => 0,
                };
                width = width.div_ceil(1 << packed);
            }
        }
    }
    Ok((width, bytes))
}

/// A small picture within the stream, of which nothing is kept that isn't needed here.
struct SubImage {
    pixels: u64,
    code_bytes: u64,
    /// The largest number that red (high byte) and green form in any pixel.
    largest: u32,
}

impl SubImage {
    /// A picture of one pixel for every block of a picture of `width` × `height`, whose size comes first.
    fn of_blocks(bits: &mut Bits<'_>, width: u32, height: u32) -> Result<Self, Rejection> {
        let side = 1 << (bits.read(3)? + 2);
        Self::read(bits, u64::from(width.div_ceil(side)) * u64::from(height.div_ceil(side)))
    }

    /// RFC 9649, 3.6.2. Copies and the colour cache repeat pixels that were written out before (or are 0), so
    /// that the largest is one of those: neither earlier pixels nor distances matter.
    fn read(bits: &mut Bits<'_>, pixels: u64) -> Result<Self, Rejection> {
        let cache = color_cache(bits)?;
        let group = read_group(bits, cache)?;
        let (mut largest, mut at) = (0, 0);
        while at < pixels {
            let before = bits.position();
            match usize::from(group[0].next(bits)?) {
                green @ 0..GREEN => {
                    let red = group[1].next(bits)?;
                    group[2].next(bits)?;
                    group[3].next(bits)?;
                    largest = largest.max(u32::from(red) << 8 | green as u32);
                    at += 1;
                }
                symbol if symbol < ALPHABETS[0] => {
                    at += u64::from(bits.prefixed((symbol - GREEN) as u32)?);
                    let distance = group[4].next(bits)?;
                    bits.prefixed(u32::from(distance))?;
                }
                _ => at += 1,
            }
            if bits.position() == before {
                // A pixel of no bits: all that follow are the same.
                break;
            }
        }
        Ok(Self { pixels, code_bytes: group_bytes(group.iter().map(Code::bytes)), largest })
    }

    fn bytes(&self, pixel_bytes: u64) -> u64 {
        self.code_bytes + self.pixels * pixel_bytes
    }
}

/// RFC 9649, 3.6.2.3: the entries of the colour cache, 0 without one.
fn color_cache(bits: &mut Bits<'_>) -> Result<usize, Rejection> {
    if !bits.flag()? {
        return Ok(0);
    }
    match bits.read(4)? {
        size @ 1..=11 => Ok(1 << size),
        size => Err(Rejection::damaged(format!("the colour cache of its lossless data is of {size} bits"))),
    }
}

/// [`ALPHABETS`], of which the first names the entries of the colour cache too.
fn alphabets(cache: usize) -> [usize; 5] {
    let mut alphabets = ALPHABETS;
    alphabets[0] += cache;
    alphabets
}

/// The five codes of a group.
fn read_group(bits: &mut Bits<'_>, cache: usize) -> Result<Vec<Code>, Rejection> {
    alphabets(cache).into_iter().map(|alphabet| Code::read(bits, alphabet)).collect()
}

/// Bytes that the decoder allocates for a group whose codes take these.
fn group_bytes(codes: impl Iterator<Item = u64>) -> u64 {
    GROUP_BYTES + codes.sum::<u64>()
}
