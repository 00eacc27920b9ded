//! JPEG segments. No picture that these make can be decoded: there are no tables.

pub(crate) const SOI: &[u8] = b"\xFF\xD8";
pub(crate) const EOI: &[u8] = b"\xFF\xD9";
pub(crate) const JFIF: &[u8] = b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0";
/// Entropy-coded data with a stuffed zero and a restart marker.
pub(crate) const DATA: &[u8] = b"\x12\x34\xFF\x00\x56\xFF\xD0\x78\x9A";

pub(crate) fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xFF, marker];
    bytes.extend_from_slice(&u16::try_from(payload.len() + 2).unwrap().to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// SOFn with components given as id and sampling byte.
pub(crate) fn frame(marker: u8, bits: u8, width: u16, height: u16, components: &[(u8, u8)]) -> Vec<u8> {
    let mut payload = vec![bits];
    payload.extend_from_slice(&height.to_be_bytes());
    payload.extend_from_slice(&width.to_be_bytes());
    payload.push(components.len() as u8);
    for &(id, sampling) in components {
        payload.extend_from_slice(&[id, sampling, 0]);
    }
    segment(marker, &payload)
}

/// A baseline frame of three components, the first sampled 2 × 2.
pub(crate) fn frame_420(width: u16, height: u16) -> Vec<u8> {
    frame(0xC0, 8, width, height, &[(1, 0x22), (2, 0x11), (3, 0x11)])
}

/// SOS and some data.
pub(crate) fn scan() -> Vec<u8> {
    [segment(0xDA, &[1, 1, 0, 0, 63, 0]), DATA.to_vec()].concat()
}

pub(crate) fn adobe(transform: u8) -> Vec<u8> {
    segment(0xEE, &[b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat())
}

pub(crate) fn exif(tiff: &[u8]) -> Vec<u8> {
    segment(0xE1, &[b"Exif\0\0", tiff].concat())
}

pub(crate) fn icc(number: u8, count: u8, part: &[u8]) -> Vec<u8> {
    segment(0xE2, &[b"ICC_PROFILE\0".as_slice(), &[number, count], part].concat())
}

/// A whole file: SOI, `segments`, one scan, EOI.
pub(crate) fn file(segments: &[Vec<u8>]) -> Vec<u8> {
    [SOI.to_vec(), segments.concat(), scan(), EOI.to_vec()].concat()
}

/// A whole file of 8 × 4 pixels.
pub(crate) fn plain() -> Vec<u8> {
    file(&[segment(0xE0, JFIF), frame_420(8, 4)])
}
