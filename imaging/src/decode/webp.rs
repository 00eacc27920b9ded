//! WebP, by the `image-webp` crate; of an animation the first frame on its canvas.

use image_header::{Limits, Rejection, SourceInfo};
use image_webp::{DecodingError, WebPDecoder};

use super::vp8l;
use super::watched::Watched;
use super::{DecodeError, Decoded, check_size, shrunk_eight, words};
use crate::memory::webp_codes;
use crate::picture::Components;
use crate::stop::Stop;

pub(super) fn decode(
    source: &[u8],
    info: &SourceInfo,
    shrink: u32,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    check_codes(source, info)?;
    let announced = with_alpha(source, info);
    let source = announced.as_deref().unwrap_or(source);
    let decoded = match read(source, info, limits, stop) {
        // A header that announces alpha, Exif or XMP that is not there; the picture alone will do.
        Err(Failure::Decoder(DecodingError::ChunkMissing)) if info.frames <= 1 => match bare(source) {
            Some(file) => read(&file, info, limits, stop),
            None => Err(Failure::Decoder(DecodingError::ChunkMissing)),
        },
        decoded => decoded,
    };
    stop.check()?;
    match decoded {
        Ok((components, samples)) => {
            let picture = shrunk_eight(info, shrink, components, samples);
            Ok(Decoded { picture, warnings: Vec::new() })
        }
        Err(Failure::Rejected(rejection)) => Err(rejection.into()),
        Err(Failure::Decoder(error)) if info.complete => {
            Err(Rejection::damaged(words::in_words(&error)).into())
        }
        Err(Failure::Decoder(_)) => Err(Rejection::damaged("it is cut off").into()),
    }
}

/// Refuses lossless bitstreams whose codes alone would take more memory than is predicted for any: the decoder's own
/// limit does not reach them.
fn check_codes(source: &[u8], info: &SourceInfo) -> Result<(), Rejection> {
    let budget = webp_codes(info);
    let check = |chunks: &mut dyn Iterator<Item = Chunk<'_>>, (width, height): (u32, u32)| {
        for (name, data) in chunks {
            match (name, data) {
                (b"VP8L", data) => vp8l::check(data, budget)?,
                // The two low bits of the first byte say how alpha is compressed: 1 is lossless.
                (b"ALPH", [flags, stream @ ..]) if flags & 3 == 1 => {
                    vp8l::check_alpha(stream, width, height, budget)?;
                }
                _ => {}
            }
        }
        Ok(())
    };
    let body = source.get(12..).unwrap_or_default();
    check(&mut chunks(body), (info.width, info.height))?;
    // Of an animation only the first frame is decoded: 16 bytes of its own, then chunks.
    if let Some((_, frame)) = chunks(body).find(|&(name, _)| name == b"ANMF")
        && let Some((head, body)) = frame.split_at_checked(16)
    {
        let side = |at: usize| 1 + u32::from_le_bytes([head[at], head[at + 1], head[at + 2], 0]);
        // Where the file is no animation, the decoder takes alpha from there for the whole canvas.
        let animated = source.get(20).is_some_and(|flags| flags & 0x02 != 0);
        let size = if animated { (side(6), side(9)) } else { (info.width, info.height) };
        check(&mut chunks(body), size)?;
    }
    Ok(())
}

enum Failure {
    Rejected(Rejection),
    Decoder(DecodingError),
}

impl From<DecodingError> for Failure {
    fn from(error: DecodingError) -> Self {
        Self::Decoder(error)
    }
}

fn read(
    file: &[u8],
    info: &SourceInfo,
    limits: &Limits,
    stop: &Stop,
) -> Result<(Components, Vec<u8>), Failure> {
    let mut decoder = WebPDecoder::new(Watched::new(file, stop))?;
    decoder.set_memory_limit(usize::try_from(limits.decoded_bytes).unwrap_or(usize::MAX));
    let (width, height) = decoder.dimensions();
    check_size(info, width, height).map_err(Failure::Rejected)?;
    let size = decoder.output_buffer_size().ok_or(DecodingError::ImageTooLarge)?;
    let mut samples = vec![0; size];
    decoder.read_image(&mut samples)?;
    Ok((if decoder.has_alpha() { Components::Rgba } else { Components::Rgb }, samples))
}

/// Returns an animation whose header announces alpha, where the first frame has some or leaves canvas bare and the header
/// does not say so: the decoder would fill the canvas with black.
fn with_alpha(source: &[u8], info: &SourceInfo) -> Option<Vec<u8>> {
    const ALPHA: u8 = 0x10;
    // The flags of VP8X, the first chunk.
    const FLAGS: usize = 20;
    let announces = source.get(FLAGS)? & ALPHA != 0;
    let is_animation = source.get(12..16)? == b"VP8X" && source[FLAGS] & 0x02 != 0;
    if announces || !is_animation || !info.alpha {
        return None;
    }
    let mut file = source.to_vec();
    file[FLAGS] |= ALPHA;
    Some(file)
}

/// A file of nothing but the bitstream of `source`, a still picture (RFC 9649, 2.4 and 2.5).
fn bare(source: &[u8]) -> Option<Vec<u8>> {
    let (name, data) = chunks(source.get(12..)?).find(|&(name, _)| matches!(name, b"VP8 " | b"VP8L"))?;
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    file.extend_from_slice(name);
    file.extend_from_slice(&u32::try_from(data.len()).ok()?.to_le_bytes());
    file.extend_from_slice(data);
    file.resize(file.len().next_multiple_of(2), 0);
    let size = u32::try_from(file.len() - 8).ok()?;
    file[4..8].copy_from_slice(&size.to_le_bytes());
    Some(file)
}

type Chunk<'a> = (&'a [u8; 4], &'a [u8]);

/// Names and payloads of RIFF chunks; the last may be cut off.
fn chunks(mut rest: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    std::iter::from_fn(move || {
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let data = &after[..length.min(after.len())];
        rest = after.get(length.checked_next_multiple_of(2)?..).unwrap_or_default();
        Some((name, data))
    })
}
