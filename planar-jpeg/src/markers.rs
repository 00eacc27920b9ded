//! What stands around the scans: T.81 B.2, JFIF 1.02, and ICC.1 B.4 for profiles.

use crate::Error;
use crate::frame::Frame;
use crate::huffman::Code;
use crate::quantization::{Tables, ZIGZAG};

/// A profile's bytes that fit into one segment beside the length, the name, the number and the count.
const PROFILE_PART: usize = 65_535 - 2 - 14;

fn segment(file: &mut Vec<u8>, marker: u8, body: &[u8]) {
    file.extend([0xFF, marker]);
    // Bodies are ours: the longest is a part of a profile, which is cut to fit.
    file.extend((body.len() as u16 + 2).to_be_bytes());
    file.extend_from_slice(body);
}

/// SOI, JFIF without a density, and the profile.
pub(crate) fn start(file: &mut Vec<u8>, icc: Option<&[u8]>) -> Result<(), Error> {
    file.extend([0xFF, 0xD8]);
    segment(file, 0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let icc = icc.unwrap_or_default();
    let count = u8::try_from(icc.len().div_ceil(PROFILE_PART)).map_err(|_| Error::Profile(icc.len()))?;
    for (number, part) in (1..=count).zip(icc.chunks(PROFILE_PART)) {
        let mut body = b"ICC_PROFILE\0".to_vec();
        body.extend([number, count]);
        body.extend_from_slice(part);
        segment(file, 0xE2, &body);
    }
    Ok(())
}

/// DQT: luma's table, and chroma's if there is any.
pub(crate) fn quantization(file: &mut Vec<u8>, tables: &Tables, is_grey: bool) {
    let mut body = Vec::new();
    for (number, table) in (0..).zip(&tables.0).take(if is_grey { 1 } else { 2 }) {
        body.push(number);
        body.extend(ZIGZAG.map(|at| table[usize::from(at)]));
    }
    segment(file, 0xDB, &body);
}

/// SOF0 or SOF2. Components are numbered from 1, as JFIF asks.
pub(crate) fn frame(file: &mut Vec<u8>, frame: &Frame, progressive: bool) {
    let mut body = vec![8];
    body.extend(frame.height.to_be_bytes());
    body.extend(frame.width.to_be_bytes());
    body.push(frame.components.len() as u8);
    for (number, component) in (1..).zip(&frame.components) {
        let sampling = (component.horizontal << 4 | component.vertical) as u8;
        body.extend([number, sampling, component.table as u8]);
    }
    segment(file, if progressive { 0xC2 } else { 0xC0 }, &body);
}

/// Which of the eight tables a code becomes.
#[derive(Clone, Copy)]
pub(crate) enum Slot {
    Dc(usize),
    Ac(usize),
}

/// DHT.
pub(crate) fn codes<'c>(file: &mut Vec<u8>, codes: impl IntoIterator<Item = (Slot, &'c Code)>) {
    let mut body = Vec::new();
    for (slot, code) in codes {
        body.push(match slot {
            Slot::Dc(table) => table as u8,
            Slot::Ac(table) => 0x10 | table as u8,
        });
        body.extend(code.lengths);
        body.extend_from_slice(&code.symbols);
    }
    if !body.is_empty() {
        segment(file, 0xC4, &body);
    }
}

/// A scan's part of the spectrum, and of the bits.
#[derive(Clone, Copy)]
pub(crate) struct Band {
    pub(crate) first: u8,
    pub(crate) last: u8,
    /// How many low bits earlier scans left out, 0 in a first scan.
    pub(crate) before: u8,
    /// How many this one leaves out.
    pub(crate) after: u8,
}

impl Band {
    pub(crate) const WHOLE: Self = Self { first: 0, last: 63, before: 0, after: 0 };
}

/// SOS over the components of those indexes.
pub(crate) fn scan(file: &mut Vec<u8>, frame: &Frame, components: &[usize], band: Band) {
    let mut body = vec![components.len() as u8];
    for &component in components {
        let table = frame.components[component].table as u8;
        // Tables that a scan does not use are called 0.
        let (dc, ac) = (if band.first == 0 { table } else { 0 }, if band.last > 0 { table } else { 0 });
        body.extend([component as u8 + 1, dc << 4 | ac]);
    }
    body.extend([band.first, band.last, band.before << 4 | band.after]);
    segment(file, 0xDA, &body);
}

/// EOI.
pub(crate) fn end(file: &mut Vec<u8>) {
    file.extend([0xFF, 0xD9]);
}
