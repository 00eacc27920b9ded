//! What Huffman coding writes, in a form that is quick to make, small to keep, and gone over twice: once to learn how
//! often what comes up, once to write it.
//!
//! A block is: how many numbers follow DC's, DC's number, those of AC. DC's holds its size in the top four bits and
//! the difference's bits below. AC's hold the symbol (run and size, T.81 F.1.2.2) in the low byte and the value's
//! bits above; a value of more than eight bits is a number of its own, after its symbol's.

use crate::bits::BitWriter;
use crate::frame::Frame;
use crate::huffman::Code;
use crate::transform::{Block, POSITION};

/// The most numbers a block takes: its count, DC, 63 coefficients and their values.
const MOST: usize = 128;

/// How often every symbol comes up, for luma and for chroma.
pub(crate) struct Counts {
    pub(crate) dc: [[u32; 16]; 2],
    pub(crate) ac: [[u32; 256]; 2],
}

/// Makes symbols of rows of MCUs.
pub(crate) struct Collector {
    pub(crate) counts: Counts,
    predictions: Vec<i16>,
    numbers: Vec<u16>,
}

impl Collector {
    pub(crate) fn new(frame: &Frame) -> Self {
        Self {
            counts: Counts { dc: [[0; 16]; 2], ac: [[0; 256]; 2] },
            predictions: vec![0; frame.components.len()],
            numbers: vec![0; frame.blocks_a_row() * MOST],
        }
    }

    /// The symbols of a row of MCUs, `blocks` as [`crate::frame::Forward`] makes them.
    pub(crate) fn row(&mut self, frame: &Frame, blocks: &[Vec<Block>]) -> &[u16] {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
        {
            // SAFETY: the processor has just been found to have all that the function asks for.
            #[allow(unsafe_code)]
            let length = unsafe { self.row_by_bmi(frame, blocks) };
            return &self.numbers[..length];
        }
        let length = self.row_anywhere(frame, blocks);
        &self.numbers[..length]
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "bmi1,bmi2,lzcnt")]
    fn row_by_bmi(&mut self, frame: &Frame, blocks: &[Vec<Block>]) -> usize {
        self.row_anywhere(frame, blocks)
    }

    #[inline(always)]
    fn row_anywhere(&mut self, frame: &Frame, blocks: &[Vec<Block>]) -> usize {
        let mut length = 0;
        for mcu in 0..frame.columns {
            for ((component, blocks), prediction) in
                frame.components.iter().zip(blocks).zip(&mut self.predictions)
            {
                let (dc, ac) = (&mut self.counts.dc[component.table], &mut self.counts.ac[component.table]);
                for row in blocks.chunks_exact(component.stride) {
                    for block in &row[mcu * component.horizontal..(mcu + 1) * component.horizontal] {
                        let Some(room) = self.numbers[length..].first_chunk_mut::<MOST>() else {
                            return length;
                        };
                        let difference = block.dc() - *prediction;
                        *prediction = block.dc();
                        length += collect(block, difference, dc, ac, room);
                    }
                }
            }
        }
        length
    }
}

/// How many bits a value takes, and these bits: T.81 F.1.2.1.
#[inline(always)]
pub(crate) fn sized(value: i16) -> (u32, u32) {
    let size = 16 - value.unsigned_abs().leading_zeros();
    let bits = (value + (value >> 15)) as u16 as u32 & ((1 << size) - 1);
    (size, bits)
}

#[inline(always)]
fn collect(
    block: &Block,
    difference: i16,
    dc: &mut [u32; 16],
    ac: &mut [u32; 256],
    room: &mut [u16; MOST],
) -> usize {
    let (size, bits) = sized(difference);
    dc[size as usize & 15] += 1;
    room[1] = (size << 12 | bits) as u16;

    let mut length = 2;
    let mut before = 0;
    let mut left = block.nonzero & !1;
    while left != 0 {
        let k = left.trailing_zeros();
        left &= left - 1;
        let mut run = k - before - 1;
        before = k;
        while run > 15 {
            ac[0xF0] += 1;
            room[length % MOST] = 0xF0;
            length += 1;
            run -= 16;
        }
        let (size, bits) = sized(block.coefficients[usize::from(POSITION[k as usize % 64]) % 64]);
        let symbol = run << 4 | size;
        ac[symbol as usize & 0xFF] += 1;
        if size <= 8 {
            room[length % MOST] = (bits << 8 | symbol) as u16;
            length += 1;
        } else {
            room[length % MOST] = symbol as u16;
            room[(length + 1) % MOST] = bits as u16;
            length += 2;
        }
    }
    if before < 63 {
        ac[0] += 1;
        room[length % MOST] = 0;
        length += 1;
    }
    room[0] = length as u16 - 2;
    length
}

/// What to write for every symbol: [`Code::packed`] of luma and of chroma.
pub(crate) struct Codes {
    dc: [[u32; 256]; 2],
    ac: [[u32; 256]; 2],
}

impl Codes {
    pub(crate) fn new(dc: &[Code; 2], ac: &[Code; 2]) -> Self {
        Self { dc: [dc[0].packed(), dc[1].packed()], ac: [ac[0].packed(), ac[1].packed()] }
    }

    /// Bytes that symbols of these counts take, before stuffing.
    pub(crate) fn length_of(&self, counts: &Counts) -> usize {
        let bits = |counts: &[u32], packed: &[u32; 256]| -> u64 {
            counts.iter().zip(packed).map(|(&count, &packed)| u64::from(count) * u64::from(packed & 31)).sum()
        };
        let of_table = |table: usize| {
            bits(&counts.dc[table], &self.dc[table]) + bits(&counts.ac[table], &self.ac[table])
        };
        (of_table(0) + of_table(1)).div_ceil(8) as usize
    }

    /// Writes a row of MCUs.
    pub(crate) fn write(&self, frame: &Frame, numbers: &[u16], bits: &mut BitWriter) {
        let blocks = |component: &crate::frame::Component| component.horizontal * component.vertical;
        let tables: Vec<usize> = frame
            .components
            .iter()
            .flat_map(|component| std::iter::repeat_n(component.table, blocks(component)))
            .collect();
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("bmi2") {
            // SAFETY: the processor has just been found to have BMI2, all that the function asks for.
            #[allow(unsafe_code)]
            unsafe {
                self.write_by_bmi(&tables, numbers, bits);
            }
            return;
        }
        self.write_anywhere(&tables, numbers, bits);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "bmi2")]
    fn write_by_bmi(&self, tables: &[usize], numbers: &[u16], bits: &mut BitWriter) {
        self.write_anywhere(tables, numbers, bits);
    }

    #[inline(always)]
    fn write_anywhere(&self, tables: &[usize], mut numbers: &[u16], bits: &mut BitWriter) {
        // Taken apart, so that what is written often stays in registers.
        let (file, mut waiting) = bits.parts();
        'row: loop {
            for &table in tables {
                let (dc_codes, ac_codes) = (&self.dc[table & 1], &self.ac[table & 1]);
                let [length, dc, rest @ ..] = numbers else { break 'row };
                let Some((ac, rest)) = rest.split_at_checked(usize::from(*length)) else { break 'row };
                numbers = rest;
                let packed = dc_codes[usize::from(dc >> 12)];
                waiting.put(file, packed >> 5 | u32::from(dc & 0xFFF), packed & 31);
                let mut ac = ac.iter();
                while let Some(&number) = ac.next() {
                    let packed = ac_codes[usize::from(number & 0xFF)];
                    let mut value = u32::from(number >> 8);
                    if number & 15 > 8 {
                        value = ac.next().copied().map_or(0, u32::from);
                    }
                    waiting.put(file, packed >> 5 | value, packed & 31);
                }
            }
        }
        bits.set_waiting(waiting);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::huffman::{standard_ac, standard_dc};
    use crate::{Picture, Planes};

    fn block() -> impl Strategy<Value = Block> {
        let coefficient = prop_oneof![
            8 => Just(0),
            4 => -1i16..=1,
            1 => -1023i16..=1023,
        ];
        prop::collection::vec(coefficient, 64).prop_map(|values| {
            let mut block = Block::ZERO;
            for (k, (&at, value)) in POSITION.iter().zip(values).enumerate() {
                block.coefficients[usize::from(at)] = value;
                block.nonzero |= u64::from(value != 0) << k;
            }
            block
        })
    }

    /// What the numbers of a block say its coefficients are, in zigzag order, DC as a difference.
    fn read(numbers: &[u16]) -> Vec<i16> {
        let extend = |bits: u16, size: u16| match size {
            0 => 0,
            _ if bits >> (size - 1) == 1 => bits as i16,
            _ => bits as i16 - ((1 << size) - 1),
        };
        let mut values = vec![extend(numbers[1] & 0xFFF, numbers[1] >> 12)];
        let mut rest = numbers[2..2 + usize::from(numbers[0])].iter();
        while let Some(&number) = rest.next() {
            let (run, size) = (number >> 4 & 15, number & 15);
            if number & 0xFF == 0 {
                values.resize(64, 0);
            } else {
                values.resize(values.len() + usize::from(run), 0);
                let bits = if size > 8 { *rest.next().unwrap() } else { number >> 8 };
                values.push(extend(bits, size));
            }
        }
        values
    }

    proptest! {
        #[test]
        fn numbers_say_what_blocks_hold(block in block()) {
            let mut room = [0; MOST];
            let (mut dc, mut ac) = ([0; 16], [0; 256]);
            let length = collect(&block, block.dc(), &mut dc, &mut ac, &mut room);
            let wanted: Vec<i16> = POSITION.iter().map(|&at| block.coefficients[usize::from(at)]).collect();
            prop_assert_eq!(usize::from(room[0]) + 2, length);
            prop_assert_eq!(read(&room), wanted);
            prop_assert_eq!(dc.iter().sum::<u32>(), 1);
        }

        #[test]
        fn every_processor_gives_the_same(blocks in prop::collection::vec(block(), 4)) {
            let planes = Planes::Grey(&[0; 32 * 8]);
            let frame = Frame::new(&Picture { width: 32, height: 8, planes }).unwrap();
            let blocks = [blocks];
            let (mut collector, mut twin) = (Collector::new(&frame), Collector::new(&frame));
            let numbers = collector.row(&frame, &blocks).to_vec();
            let length = twin.row_anywhere(&frame, &blocks);
            prop_assert_eq!(&numbers, &twin.numbers[..length]);
            prop_assert_eq!(collector.counts.ac, twin.counts.ac);

            let codes = Codes::new(&standard_dc(), &standard_ac());
            let (mut bits, mut twin) = (BitWriter::new(vec![]), BitWriter::new(vec![]));
            codes.write(&frame, &numbers, &mut bits);
            codes.write_anywhere(&[0], &numbers, &mut twin);
            let (file, twin) = (bits.finish(), twin.finish());
            let stuffed = file.windows(2).filter(|two| two == &[0xFF, 0]).count();
            prop_assert_eq!(codes.length_of(&collector.counts), file.len() - stuffed);
            prop_assert_eq!(file, twin);
        }
    }
}
