//! Quantisation and Huffman tables as segments define them, and redefine them between scans.

use crate::error::Error;
use crate::header::restart_interval;
use crate::marker::{self, Marker};
use crate::standard;

/// A Huffman table as it lies in the file (B.2.4.2): codes of each length from 1 to 16, and their symbols.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HuffmanCodes<'a> {
    pub(crate) counts: &'a [u8; 16],
    pub(crate) symbols: &'a [u8],
}

/// The tables that are defined at one place of the file.
#[derive(Debug, Clone)]
pub(crate) struct Tables<'a> {
    /// In zigzag order.
    pub(crate) quantization: [Option<[u16; 64]>; 4],
    pub(crate) dc: [Option<HuffmanCodes<'a>>; 4],
    pub(crate) ac: [Option<HuffmanCodes<'a>>; 4],
    pub(crate) restart_interval: u32,
}

impl Default for Tables<'_> {
    /// Returns the tables before any segment: only the standard Huffman tables are defined.
    fn default() -> Self {
        let standard = |codes: [HuffmanCodes<'static>; 2]| [Some(codes[0]), Some(codes[1]), None, None];
        let (dc, ac) = (standard(standard::DC), standard(standard::AC));
        Self { quantization: [None; 4], dc, ac, restart_interval: 0 }
    }
}

impl<'a> Tables<'a> {
    /// Adds the definitions of a DQT, DHT or DRI marker. Other markers define nothing that Huffman-coded frames use.
    pub(crate) fn read(&mut self, marker: Marker<'a>) -> Result<(), Error> {
        match marker.code {
            marker::DQT => self.quantization(marker.segment),
            marker::DHT => self.huffman(marker.segment),
            marker::DRI => {
                self.restart_interval = restart_interval(marker.segment)
                    .ok_or_else(|| Error::damaged("its restart interval is cut off"))?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn quantization(&mut self, mut rest: &[u8]) -> Result<(), Error> {
        while let Some((&head, after)) = rest.split_first() {
            let (wide, index) = (head >> 4 != 0, usize::from(head & 15));
            let slot = self
                .quantization
                .get_mut(index)
                .ok_or_else(|| Error::damaged(format!("it defines a quantisation table {index}")))?;
            let length = if wide { 128 } else { 64 };
            let (values, after) = after
                .split_at_checked(length)
                .ok_or_else(|| Error::damaged("a quantisation table is cut off"))?;
            let mut table = [0; 64];
            for (index, entry) in table.iter_mut().enumerate() {
                *entry = match wide {
                    true => u16::from_be_bytes([values[index * 2], values[index * 2 + 1]]),
                    false => u16::from(values[index]),
                };
            }
            *slot = Some(table);
            rest = after;
        }
        Ok(())
    }

    fn huffman(&mut self, mut rest: &'a [u8]) -> Result<(), Error> {
        let cut_off = || Error::damaged("a Huffman table is cut off");
        while let Some((&head, after)) = rest.split_first() {
            let (class, index) = (head >> 4, usize::from(head & 15));
            let (counts, after) = after.split_first_chunk::<16>().ok_or_else(cut_off)?;
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, after) = after.split_at_checked(total).ok_or_else(cut_off)?;
            let tables = if class == 0 { &mut self.dc } else { &mut self.ac };
            let slot = tables
                .get_mut(index)
                .filter(|_| class < 2)
                .ok_or_else(|| Error::damaged(format!("it defines a Huffman table {class}/{index}")))?;
            *slot = Some(HuffmanCodes { counts, symbols });
            rest = after;
        }
        Ok(())
    }
}
