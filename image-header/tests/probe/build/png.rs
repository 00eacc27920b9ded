//! PNG chunks, with zeros where the CRC belongs: probing does not look at it.

pub(crate) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";

pub(crate) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&len, name.as_slice(), data, &[0; 4]].concat()
}

pub(crate) fn ihdr(width: u32, height: u32, bits: u8, kind: u8, interlace: u8) -> Vec<u8> {
    let tail = [bits, kind, 0, 0, interlace];
    chunk(b"IHDR", &[width.to_be_bytes().as_slice(), &height.to_be_bytes(), &tail].concat())
}

/// Signature, `ihdr`, `before` the data, IDAT, IEND.
pub(crate) fn file(ihdr: Vec<u8>, before: &[Vec<u8>]) -> Vec<u8> {
    [SIGNATURE.to_vec(), ihdr, before.concat(), chunk(b"IDAT", &[1; 20]), chunk(b"IEND", &[])].concat()
}

/// An 8 × 4 RGB picture with these chunks before its data.
pub(crate) fn rgb(before: &[Vec<u8>]) -> Vec<u8> {
    file(ihdr(8, 4, 8, 2, 0), before)
}
