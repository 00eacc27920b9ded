//! Picture and script in, file out.

use std::{collections::BTreeMap, ops::Range};

use super::{
    bits::BitWriter,
    huffman::{Kind, Table},
    picture::Picture,
    progressive::{Band, first_dc, refine_dc},
    script::Scan,
    sequential,
    token::{Class, Token},
};

/// SOF0, SOF1 and SOF2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    Baseline,
    Extended,
    Progressive,
}

#[derive(Debug, Clone)]
pub(crate) struct Encoding {
    pub(crate) process: Process,
    pub(crate) scans: Vec<Scan>,
    pub(crate) tables: Kind,
    /// The slots of each component's Huffman tables, DC and AC.
    pub(crate) slots: Vec<(u8, u8)>,
    /// The longest run of ended blocks in a progressive scan, 1..=32767.
    pub(crate) longest_run: u16,
    /// Segments after the first marker.
    pub(crate) segments: Vec<u8>,
    /// `FF` bytes that go before each marker but the first and the restart ones (B.1.1.2).
    pub(crate) fill: usize,
}

impl Encoding {
    /// Optimal tables, slots as encoders choose them, no segments.
    pub(crate) fn new(process: Process, scans: Vec<Scan>, picture: &Picture) -> Self {
        let slots = (0..picture.components.len()).map(|index| (u8::from(index > 0), u8::from(index > 0)));
        Self {
            process,
            scans,
            tables: Kind::Optimal,
            slots: slots.collect(),
            longest_run: 32_767,
            segments: Vec::new(),
            fill: 0,
        }
    }
}

/// A file, and where its entropy-coded data lie.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    /// The entropy-coded data of each scan, restart markers within.
    pub(crate) scans: Vec<Range<usize>>,
    /// Of each scan, where each MCU begins: the byte that its first bit is in, or a restart marker before it.
    pub(crate) mcus: Vec<Vec<usize>>,
}

pub(crate) fn encode(picture: &Picture, encoding: &Encoding) -> File {
    let mut file = File { bytes: vec![0xff, 0xd8], scans: Vec::new(), mcus: Vec::new() };
    file.bytes.extend_from_slice(&encoding.segments);
    quantization(picture, encoding, &mut file.bytes);
    frame(picture, encoding, &mut file.bytes);
    let mut restart = 0;
    for scan in &encoding.scans {
        if scan.restart != restart {
            segment(0xdd, &scan.restart.to_be_bytes(), encoding.fill, &mut file.bytes);
            restart = scan.restart;
        }
        let tokens = tokens(picture, encoding, scan);
        let tables = tables(encoding.tables, &tokens);
        huffman(&tables, encoding.fill, &mut file.bytes);
        header(picture, encoding, scan, &mut file.bytes);
        let start = file.bytes.len();
        let (bytes, mcus) = written(&tokens, &tables);
        file.bytes.extend(bytes);
        file.mcus.push(mcus.into_iter().map(|at| start + at).collect());
        file.scans.push(start..file.bytes.len());
    }
    marker(0xd9, encoding.fill, &mut file.bytes);
    file
}

fn marker(code: u8, fill: usize, out: &mut Vec<u8>) {
    out.extend(std::iter::repeat_n(0xff, fill + 1));
    out.push(code);
}

/// A marker with its segment.
fn segment(code: u8, content: &[u8], fill: usize, out: &mut Vec<u8>) {
    marker(code, fill, out);
    out.extend((content.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(content);
}

/// B.2.4.1.
fn quantization(picture: &Picture, encoding: &Encoding, out: &mut Vec<u8>) {
    for (slot, table) in picture.quantization.iter().enumerate() {
        if !picture.components.iter().any(|component| component.table == slot) {
            continue;
        }
        let wide = table.iter().any(|&step| step > 255);
        let mut content = vec![u8::from(wide) << 4 | slot as u8];
        for step in table {
            let bytes = step.to_be_bytes();
            content.extend_from_slice(if wide { &bytes } else { &bytes[1..] });
        }
        segment(0xdb, &content, encoding.fill, out);
    }
}

/// B.2.2.
fn frame(picture: &Picture, encoding: &Encoding, out: &mut Vec<u8>) {
    let mut content = vec![8];
    content.extend((picture.height as u16).to_be_bytes());
    content.extend((picture.width as u16).to_be_bytes());
    content.push(picture.components.len() as u8);
    for component in &picture.components {
        content.extend([component.id, component.horizontal << 4 | component.vertical, component.table as u8]);
    }
    segment(0xc0 + encoding.process as u8, &content, encoding.fill, out);
}

/// B.2.4.2, one segment for all tables of a scan.
fn huffman(tables: &BTreeMap<(Class, u8), Table>, fill: usize, out: &mut Vec<u8>) {
    let mut content = Vec::new();
    for (&(class, slot), table) in tables {
        content.push((class as u8) << 4 | slot);
        content.extend(table.counts);
        content.extend_from_slice(&table.symbols);
    }
    if !content.is_empty() {
        segment(0xc4, &content, fill, out);
    }
}

/// B.2.3.
fn header(picture: &Picture, encoding: &Encoding, scan: &Scan, out: &mut Vec<u8>) {
    let mut content = vec![scan.components.len() as u8];
    for &index in &scan.components {
        let (dc, ac) = encoding.slots[index];
        content.extend([picture.components[index].id, dc << 4 | ac]);
    }
    content.extend([scan.band.0, scan.band.1, scan.high << 4 | scan.low]);
    segment(0xda, &content, encoding.fill, out);
}

fn tokens(picture: &Picture, encoding: &Encoding, scan: &Scan) -> Vec<Token> {
    let mut out = Vec::new();
    let mut previous = [0; 4];
    let (from, to) = scan.band;
    let slot = encoding.slots[scan.components[0]].1;
    let mut band = Band::new(from, to, scan.low, slot, encoding.longest_run);
    for (number, mcu) in picture.order(&scan.components).into_iter().enumerate() {
        if scan.restart > 0 && number > 0 && number % usize::from(scan.restart) == 0 {
            band.flush(&mut out);
            out.push(Token::Restart);
            previous = [0; 4];
        }
        out.push(Token::Mcu);
        for (index, at) in mcu {
            let block = &picture.components[index].blocks[at];
            let slots = encoding.slots[index];
            match (encoding.process, from, scan.high) {
                (Process::Progressive, 0, 0) => {
                    first_dc(block, previous[index], scan.low, slots.0, &mut out);
                }
                (Process::Progressive, 0, _) => refine_dc(block, scan.low, &mut out),
                (Process::Progressive, _, 0) => band.first(block, &mut out),
                (Process::Progressive, ..) => band.refine(block, &mut out),
                _ => sequential::block(block, previous[index], slots, &mut out),
            }
            previous[index] = block[0];
        }
    }
    band.flush(&mut out);
    out
}

/// A table for each class and slot that occurs.
fn tables(kind: Kind, tokens: &[Token]) -> BTreeMap<(Class, u8), Table> {
    let mut times: BTreeMap<(Class, u8), [u32; 256]> = BTreeMap::new();
    for token in tokens {
        if let &Token::Code { class, slot, symbol } = token {
            times.entry((class, slot)).or_insert([0; 256])[usize::from(symbol)] += 1;
        }
    }
    times.into_iter().map(|(key, times)| (key, Table::new(kind, key.0, key.1, &times))).collect()
}

/// The entropy-coded data, and where in them each MCU begins.
fn written(tokens: &[Token], tables: &BTreeMap<(Class, u8), Table>) -> (Vec<u8>, Vec<usize>) {
    let mut codes = [[None; 4]; 2];
    for (&(class, slot), table) in tables {
        codes[class as usize][usize::from(slot)] = Some(table.codes());
    }
    let (mut bits, mut restarts, mut mcus) = (BitWriter::default(), 0, Vec::new());
    for token in tokens {
        match *token {
            Token::Code { class, slot, symbol } => {
                let codes = codes[class as usize][usize::from(slot)].as_ref();
                let (code, length) = codes.map_or((0, 0), |codes| codes[usize::from(symbol)]);
                assert!(length > 0, "{symbol:#04x} has no code");
                bits.put(code, length);
            }
            Token::Bits { value, count } => bits.put(value, count),
            Token::Mcu => mcus.push(bits.len()),
            Token::Restart => {
                bits.marker(0xd0 + restarts % 8);
                restarts = (restarts + 1) % 8;
            }
        }
    }
    (bits.finish(), mcus)
}
