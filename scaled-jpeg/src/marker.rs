//! Markers and the segments that follow them (T.81, B.1.1).

use memchr::memchr;

pub(crate) const SOF0: u8 = 0xC0;
pub(crate) const SOI: u8 = 0xD8;
pub(crate) const EOI: u8 = 0xD9;
pub(crate) const SOS: u8 = 0xDA;
pub(crate) const DQT: u8 = 0xDB;
pub(crate) const DHT: u8 = 0xC4;
pub(crate) const DAC: u8 = 0xCC;
pub(crate) const DRI: u8 = 0xDD;
pub(crate) const JPG: u8 = 0xC8;
pub(crate) const APP0: u8 = 0xE0;
pub(crate) const APP1: u8 = 0xE1;
pub(crate) const APP2: u8 = 0xE2;
pub(crate) const APP14: u8 = 0xEE;

/// Whether `code` is RST0 to RST7.
pub(crate) fn is_restart(code: u8) -> bool {
    matches!(code, 0xD0..=0xD7)
}

/// Returns whether a segment follows the marker. None follows reserved ones, which damaged data look like.
fn has_segment(code: u8) -> bool {
    !matches!(code, 0x01..=0xBF | 0xD0..=0xD9)
}

/// A marker and what follows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marker<'a> {
    pub(crate) code: u8,
    /// The segment without its length; empty where there is none.
    pub(crate) segment: &'a [u8],
    /// Where the file goes on.
    pub(crate) end: usize,
}

/// Returns the first marker from `from` on, whatever lies before it. Stuffed bytes and, if `in_scan`, restart markers
/// do not count. Returns None where the file ends before the marker or within its segment.
///
/// A segment whose length is less than the two bytes of the length itself is empty, as in libjpeg.
pub(crate) fn next(file: &[u8], from: usize, in_scan: bool) -> Option<Marker<'_>> {
    let mut at = from;
    loop {
        at += memchr(0xFF, file.get(at..)?)?;
        let code = *file.get(at + 1)?;
        match code {
            // A fill byte (B.1.1.2): the marker may begin at the next.
            0xFF => at += 1,
            0x00 => at += 2,
            code if in_scan && is_restart(code) => at += 2,
            code if !has_segment(code) => return Some(Marker { code, segment: &[], end: at + 2 }),
            code => {
                let length = usize::from(be16(file, at + 2)?).max(2);
                let segment = file.get(at + 4..at + 2 + length)?;
                return Some(Marker { code, segment, end: at + 2 + length });
            }
        }
    }
}

pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}
