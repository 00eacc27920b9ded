//! WebP's container, as far as a colour profile needs it (RFC 9649, 2.7).

/// Alpha and profile among the flags of `VP8X`.
const ALPHA: u8 = 0x10;
const PROFILE: u8 = 0x20;

/// A file of one still picture of `width` × `height` pixels with `profile` added; none if it is not one.
pub(super) fn with_profile(file: &[u8], profile: &[u8], (width, height): (u32, u32)) -> Option<Vec<u8>> {
    let chunks = file.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WEBP")?;
    // Extended already where it has alpha; of a lossless one its header tells (RFC 9649, 3.4).
    let (mut flags, rest) = match chunks.get(..8)? {
        [b'V', b'P', b'8', b'X', ..] => (*chunks.get(8)?, chunks.get(18..)?),
        [b'V', b'P', b'8', b'L', ..] => (chunks.get(12)? & ALPHA, chunks),
        _ => (0, chunks),
    };
    flags |= PROFILE;
    let mut canvas = vec![flags, 0, 0, 0];
    canvas.extend_from_slice(&(width.checked_sub(1)?).to_le_bytes()[..3]);
    canvas.extend_from_slice(&(height.checked_sub(1)?).to_le_bytes()[..3]);
    let (canvas, profile) = (chunk(b"VP8X", &canvas)?, chunk(b"ICCP", profile)?);
    chunk(b"RIFF", &[&b"WEBP"[..], &canvas, &profile, rest].concat())
}

/// Name, length, and data up to an even length.
fn chunk(name: &[u8; 4], data: &[u8]) -> Option<Vec<u8>> {
    let mut chunk = [name, &u32::try_from(data.len()).ok()?.to_le_bytes()[..], data].concat();
    if data.len() % 2 == 1 {
        chunk.push(0);
    }
    Some(chunk)
}
