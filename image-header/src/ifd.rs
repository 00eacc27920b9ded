//! TIFF 6.0 image file directories, as TIFF files and Exif blocks hold them.

use crate::reader::Endian;

/// Bytes of one directory entry: tag, type, count, value or offset.
const ENTRY: usize = 12;

/// The bytes that offsets count from: a TIFF file, or the TIFF part of an Exif block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiff<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) endian: Endian,
}

/// One directory; its entries lie wholly within the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Directory<'a> {
    tiff: Tiff<'a>,
    start: usize,
    entries: usize,
}

/// The value of one entry: `count` numbers or characters of type `kind` at `at`, all within the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    tiff: Tiff<'a>,
    kind: u16,
    count: usize,
    at: usize,
}

impl<'a> Tiff<'a> {
    /// Reads byte order and magic number 42; returns also the first directory's offset.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<(Self, u32)> {
        let endian = match bytes.get(..2)? {
            b"II" => Endian::Little,
            b"MM" => Endian::Big,
            _ => return None,
        };
        let magic = endian.u16(bytes, 2)?;
        let first = endian.u32(bytes, 4)?;
        (magic == 42).then_some((Self { bytes, endian }, first))
    }

    /// The directory at `offset`; of one that the file's end cuts, the entries that are there.
    pub(crate) fn directory(self, offset: u32) -> Option<Directory<'a>> {
        let at = usize::try_from(offset).ok()?;
        let announced = usize::from(self.endian.u16(self.bytes, at)?);
        let start = at.checked_add(2)?;
        let room = self.bytes.len().saturating_sub(start) / ENTRY;
        Some(Directory { tiff: self, start, entries: announced.min(room) })
    }
}

impl<'a> Directory<'a> {
    /// The first entry's value with number `tag`, if it lies within the file. Unordered directories,
    /// which the specification forbids, are searched all the same.
    pub(crate) fn value(&self, tag: u16) -> Option<Value<'a>> {
        let Tiff { bytes, endian } = self.tiff;
        let at = (0..self.entries)
            .map(|entry| self.start + entry * ENTRY)
            .find(|&at| endian.u16(bytes, at) == Some(tag))?;
        let kind = endian.u16(bytes, at + 2)?;
        let count = usize::try_from(endian.u32(bytes, at + 4)?).ok()?;
        let len = count.checked_mul(size_of_kind(kind)?)?;
        let at = if len <= 4 { at + 8 } else { usize::try_from(endian.u32(bytes, at + 8)?).ok()? };
        crate::reader::range_within(bytes.len(), at, len)?;
        Some(Value { tiff: self.tiff, kind, count, at })
    }

    /// Whether there is an entry with number `tag`, wherever its value lies.
    pub(crate) fn has(&self, tag: u16) -> bool {
        self.occurrences(tag) > 0
    }

    /// How many entries have number `tag`. The specification allows one; of more, readers take different ones.
    pub(crate) fn occurrences(&self, tag: u16) -> usize {
        (0..self.entries)
            .filter(|entry| self.tiff.endian.u16(self.tiff.bytes, self.start + entry * ENTRY) == Some(tag))
            .count()
    }

    /// The first number of entry `tag`.
    pub(crate) fn number(&self, tag: u16) -> Option<u32> {
        self.value(tag)?.number(0)
    }

    /// The directory that entry `tag` points to.
    pub(crate) fn child(&self, tag: u16) -> Option<Directory<'a>> {
        self.tiff.directory(self.number(tag)?)
    }

    /// Offset of the directory after this one; 0 or `None` if it is the last.
    pub(crate) fn next(&self) -> Option<u32> {
        self.tiff.endian.u32(self.tiff.bytes, self.start + self.entries * ENTRY)
    }
}

impl<'a> Value<'a> {
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The number at `index`, if the type is one of BYTE, SHORT, LONG or IFD.
    pub(crate) fn number(&self, index: usize) -> Option<u32> {
        if index >= self.count {
            return None;
        }
        let Tiff { bytes, endian } = self.tiff;
        match self.kind {
            1 => bytes.get(self.at + index).map(|&byte| u32::from(byte)),
            3 => endian.u16(bytes, self.at + index * 2).map(u32::from),
            4 | 13 => endian.u32(bytes, self.at + index * 4),
            _ => None,
        }
    }

    /// All numbers; none if the type is no unsigned integer.
    pub(crate) fn numbers(self) -> impl Iterator<Item = u32> + 'a {
        (0..self.count).map_while(move |index| self.number(index))
    }

    /// The value's bytes, whatever its type.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.tiff.bytes.get(self.range()).unwrap_or_default()
    }

    /// Where the value's bytes lie, counted from the start of the TIFF.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        let len = size_of_kind(self.kind).unwrap_or(0).saturating_mul(self.count);
        self.at..self.at.saturating_add(len)
    }
}

/// Bytes of one value of type `kind` (TIFF 6.0, section 2; 13 from the TIFF Technical Note 1).
fn size_of_kind(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}
