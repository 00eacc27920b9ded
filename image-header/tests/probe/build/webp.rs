//! WebP chunks.

pub(crate) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap().to_le_bytes();
    let padding: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
    [name.as_slice(), &len, data, padding].concat()
}

pub(crate) fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    let len = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
    [b"RIFF".as_slice(), &len, b"WEBP", &body].concat()
}

pub(crate) fn vp8(width: u16, height: u16) -> Vec<u8> {
    let (width, height) = (width.to_le_bytes(), height.to_le_bytes());
    chunk(b"VP8 ", &[b"\x10\0\0\x9D\x01\x2A".as_slice(), &width, &height, &[7; 9]].concat())
}

pub(crate) fn vp8l(width: u32, height: u32, alpha: bool) -> Vec<u8> {
    let bits = (width - 1) | (height - 1) << 14 | u32::from(alpha) << 28;
    chunk(b"VP8L", &[[0x2F].as_slice(), &bits.to_le_bytes(), &[7; 9]].concat())
}

fn u24(value: u32) -> [u8; 3] {
    let [a, b, c, _] = value.to_le_bytes();
    [a, b, c]
}

pub(crate) fn vp8x(flags: u8, width: u32, height: u32) -> Vec<u8> {
    chunk(b"VP8X", &[[flags, 0, 0, 0].as_slice(), &u24(width - 1), &u24(height - 1)].concat())
}

/// ANMF at (`x`, `y`), of `width` × `height` pixels, holding `chunks`.
pub(crate) fn anmf(x: u32, y: u32, width: u32, height: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = [u24(x / 2), u24(y / 2), u24(width - 1), u24(height - 1), u24(100)].concat();
    chunk(b"ANMF", &[header, vec![0], chunks.concat()].concat())
}
