//! Scan headers (T.81, B.2.3).

use crate::error::Error;
use crate::header::{Header, Process};

/// A component's part in a scan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// Its index in the frame.
    pub(crate) component: usize,
    /// Which Huffman tables it uses.
    pub(crate) dc: usize,
    pub(crate) ac: usize,
}

/// What one scan codes: of these components the coefficients from `first` to `last` in zigzag order, without the
/// lowest `low` bits; `high` is what an earlier scan left out, or 0.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) parts: Vec<Part>,
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) high: u32,
    pub(crate) low: u32,
}

impl Scan {
    /// Reads the header of a scan. `decoded` are the components of earlier sequential scans.
    ///
    /// Scans name components that share an id in order.
    pub(crate) fn read(segment: &[u8], header: &Header<'_>, decoded: &[bool]) -> Result<Self, Error> {
        let cut_off = || Error::damaged("a scan's header is cut off");
        let (&count, rest) = segment.split_first().ok_or_else(cut_off)?;
        let count = usize::from(count);
        if count == 0 || count > header.components.len() {
            return Err(Error::damaged(format!("a scan of {count} components")));
        }
        let (listed, rest) = rest.split_at_checked(count * 2).ok_or_else(cut_off)?;
        let [first, last, approximation, ..] = rest else { return Err(cut_off()) };
        let mut parts: Vec<Part> = Vec::with_capacity(count);
        for &[id, tables] in listed.as_chunks::<2>().0 {
            let mut named =
                (0..header.components.len()).filter(|&index| header.components[index].id == id).peekable();
            if named.peek().is_none() {
                return Err(Error::damaged("a scan names a component that does not exist"));
            }
            let is_free = |index: &usize| {
                parts.iter().all(|part| part.component != *index) && decoded.get(*index) != Some(&true)
            };
            let component = named.find(is_free).ok_or_else(|| Error::damaged("a component comes twice"))?;
            let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            if dc > 3 || ac > 3 {
                return Err(Error::damaged("a scan names a Huffman table that cannot be"));
            }
            parts.push(Part { component, dc, ac });
        }
        let blocks: u32 = parts
            .iter()
            .map(|part| &header.components[part.component])
            .map(|component| u32::from(component.horizontal) * u32::from(component.vertical))
            .sum();
        if count > 1 && blocks > 10 {
            return Err(Error::damaged(format!("a scan of {blocks} blocks an MCU; there may be 10")));
        }
        // What a sequential scan says here means nothing; libjpeg takes it so, too.
        let scan = match header.process {
            Process::Baseline | Process::Extended => Self { parts, first: 0, last: 63, high: 0, low: 0 },
            Process::Progressive => {
                let (first, last) = (u32::from(*first), u32::from(*last));
                let (high, low) = (u32::from(approximation >> 4), u32::from(approximation & 15));
                Self { parts, first, last, high, low }
            }
        };
        scan.check(header.process)?;
        Ok(scan)
    }

    /// G.1.1.1.
    fn check(&self, process: Process) -> Result<(), Error> {
        let sound = match (process, self.first) {
            (Process::Baseline | Process::Extended, _) => true,
            (Process::Progressive, 0) => self.last == 0,
            (Process::Progressive, first) => first <= self.last && self.last < 64 && self.parts.len() == 1,
        };
        // Which bits follow which is not checked: files that get it wrong only look wrong.
        if sound && self.low <= 13 {
            return Ok(());
        }
        Err(Error::damaged(format!(
            "a scan of the coefficients {} to {} without the lowest {} bits",
            self.first, self.last, self.low
        )))
    }

    pub(crate) fn is_refinement(&self) -> bool {
        self.high != 0
    }
}
