//! Baseline files: one scan, interleaved.

use crate::Error;
use crate::bits::BitWriter;
use crate::frame::{Forward, Frame};
use crate::huffman::{Code, standard_ac, standard_dc};
use crate::markers::{self, Band, Slot};
use crate::symbols::{Codes, Collector};

/// With the standard's codes.
pub(crate) fn fast(
    file: &mut Vec<u8>,
    frame: &Frame,
    mut forward: Forward,
    stop: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let (dc, ac) = (standard_dc(), standard_ac());
    start(file, frame, &dc, &ac);
    let codes = Codes::new(&dc, &ac);
    let mut bits = BitWriter::new(std::mem::take(file));
    let mut collector = Collector::new(frame);
    for row in 0..frame.rows {
        if stop() {
            return Err(Error::Stopped);
        }
        forward.row(frame, row);
        codes.write(frame, collector.row(frame, &forward.blocks), &mut bits);
    }
    *file = bits.finish();
    Ok(())
}

/// With codes made for the picture, all of whose symbols are kept until these are known.
pub(crate) fn balanced(
    file: &mut Vec<u8>,
    frame: &Frame,
    mut forward: Forward,
    stop: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let mut collector = Collector::new(frame);
    let mut rows: Vec<Box<[u16]>> = Vec::with_capacity(frame.rows);
    for row in 0..frame.rows {
        if stop() {
            return Err(Error::Stopped);
        }
        forward.row(frame, row);
        rows.push(collector.row(frame, &forward.blocks).into());
    }
    let dc = collector.counts.dc.map(|counts| Code::of(&counts));
    let ac = collector.counts.ac.map(|counts| Code::of(&counts));
    start(file, frame, &dc, &ac);
    let codes = Codes::new(&dc, &ac);
    // Half a percent covers stuffing, as a rule; more would only make the file grow once.
    let length = codes.length_of(&collector.counts);
    file.reserve_exact(length + length / 200 + 64);
    let mut bits = BitWriter::new(std::mem::take(file));
    for row in rows {
        if stop() {
            return Err(Error::Stopped);
        }
        codes.write(frame, &row, &mut bits);
    }
    *file = bits.finish();
    Ok(())
}

fn start(file: &mut Vec<u8>, frame: &Frame, dc: &[Code; 2], ac: &[Code; 2]) {
    markers::frame(file, frame, false);
    let used = if frame.is_grey() { 1 } else { 2 };
    markers::codes(
        file,
        (0..used).flat_map(|table| [(Slot::Dc(table), &dc[table]), (Slot::Ac(table), &ac[table])]),
    );
    markers::scan(file, frame, &Vec::from_iter(0..frame.components.len()), Band::WHOLE);
}
