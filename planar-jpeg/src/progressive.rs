//! Progressive files (T.81 G), in libjpeg's order of scans: DC of all components without its last bit, a rough luma, all of
//! chroma without its last bit, the rest of luma, then the last bits.

mod entropy;

use crate::Error;
use crate::bits::BitWriter;
use crate::frame::{Component, Forward, Frame};
use crate::huffman::Code;
use crate::markers::{self, Band, Slot};
use crate::transform::Block;

use entropy::{AcFirst, AcRefine, Tokens, dc_first, dc_refine};

/// A scan of one component, or of all for DC.
enum Scan {
    Dc(Band),
    Ac(usize, Band),
}

const fn band(first: u8, last: u8, before: u8, after: u8) -> Band {
    Band { first, last, before, after }
}

/// libjpeg's `jpeg_simple_progression`, for YCbCr and for grey.
fn script(is_grey: bool) -> Vec<Scan> {
    use Scan::{Ac, Dc};
    if is_grey {
        return vec![
            Dc(band(0, 0, 0, 1)),
            Ac(0, band(1, 5, 0, 2)),
            Ac(0, band(6, 63, 0, 2)),
            Ac(0, band(1, 63, 2, 1)),
            Dc(band(0, 0, 1, 0)),
            Ac(0, band(1, 63, 1, 0)),
        ];
    }
    vec![
        Dc(band(0, 0, 0, 1)),
        Ac(0, band(1, 5, 0, 2)),
        Ac(2, band(1, 63, 0, 1)),
        Ac(1, band(1, 63, 0, 1)),
        Ac(0, band(6, 63, 0, 2)),
        Ac(0, band(1, 63, 2, 1)),
        Dc(band(0, 0, 1, 0)),
        Ac(2, band(1, 63, 1, 0)),
        Ac(1, band(1, 63, 1, 0)),
        Ac(0, band(1, 63, 1, 0)),
    ]
}

pub(crate) fn encode(
    file: &mut Vec<u8>,
    frame: &Frame,
    forward: Forward,
    stop: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let blocks = transformed(frame, forward, stop)?;
    markers::frame(file, frame, true);
    let mut tokens = Tokens::default();
    for scan in script(frame.is_grey()) {
        if stop() {
            return Err(Error::Stopped);
        }
        tokens.clear();
        match scan {
            Scan::Dc(band) => {
                let all = Vec::from_iter(0..frame.components.len());
                for row in 0..frame.rows {
                    dc_row(frame, &blocks, row, band, &mut tokens);
                }
                write(file, frame, &all, band, &tokens);
            }
            Scan::Ac(at, band) => {
                ac(&frame.components[at], &blocks[at], band, &mut tokens, stop)?;
                write(file, frame, &[at], band, &tokens);
            }
        }
    }
    Ok(())
}

/// Each component's blocks, `stride` a row, those beside the picture too.
fn transformed(
    frame: &Frame,
    mut forward: Forward,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Vec<Block>>, Error> {
    let room = |component: &Component| Vec::with_capacity(component.stride * component.vertical * frame.rows);
    let mut all: Vec<Vec<Block>> = frame.components.iter().map(room).collect();
    for row in 0..frame.rows {
        if stop() {
            return Err(Error::Stopped);
        }
        forward.row(frame, row);
        for (all, blocks) in all.iter_mut().zip(&forward.blocks) {
            all.extend_from_slice(blocks);
        }
    }
    Ok(all)
}

/// A row of MCUs of a DC scan.
fn dc_row(frame: &Frame, blocks: &[Vec<Block>], row: usize, band: Band, tokens: &mut Tokens) {
    for mcu in 0..frame.columns {
        for (at, (component, blocks)) in frame.components.iter().zip(blocks).enumerate() {
            for down in 0..component.vertical {
                let start = (row * component.vertical + down) * component.stride + mcu * component.horizontal;
                for block in &blocks[start..start + component.horizontal] {
                    if band.before == 0 {
                        dc_first(block, at, component.table, band, tokens);
                    } else {
                        dc_refine(block, band, tokens);
                    }
                }
            }
        }
    }
}

/// An AC scan, which takes only the blocks that hold samples.
fn ac(
    component: &Component,
    blocks: &[Block],
    band: Band,
    tokens: &mut Tokens,
    stop: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let mut first = AcFirst::new(band, component.table);
    let mut refine = AcRefine::new(band, component.table);
    for row in blocks.chunks_exact(component.stride).take(component.rows) {
        if stop() {
            return Err(Error::Stopped);
        }
        for block in &row[..component.columns] {
            if band.before == 0 {
                first.block(block, tokens);
            } else {
                refine.block(block, tokens);
            }
        }
    }
    first.finish(tokens);
    refine.finish(tokens);
    Ok(())
}

/// A scan with the codes that its symbols ask for.
fn write(file: &mut Vec<u8>, frame: &Frame, components: &[usize], band: Band, tokens: &Tokens) {
    let codes = [0, 1].map(|table| Code::of(tokens.counts(table)));
    let slot = |table| if band.first == 0 { Slot::Dc(table) } else { Slot::Ac(table) };
    let used = codes.iter().enumerate().filter(|(_, code)| !code.symbols.is_empty());
    markers::codes(file, used.map(|(table, code)| (slot(table), code)));
    markers::scan(file, frame, components, band);
    let mut bits = BitWriter::new(std::mem::take(file));
    tokens.write(&codes, &mut bits);
    *file = bits.finish();
}
