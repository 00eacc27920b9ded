//! Image file directories of TIFF 6.0 and BigTIFF, as TIFF files and Exif blocks hold them.

use crate::TiffList;
use crate::reader::Endian;

/// The bytes that offsets count from: a TIFF file, or the TIFF part of an Exif block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiff<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) endian: Endian,
    /// BigTIFF: counts and offsets have 64 bits.
    big: bool,
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
    /// Reads byte order and magic number (42, or 43 for BigTIFF). Returns also the first directory's offset.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<(Self, u64)> {
        let endian = match bytes.get(..2)? {
            b"II" => Endian::Little,
            b"MM" => Endian::Big,
            _ => return None,
        };
        match endian.u16(bytes, 2)? {
            42 => Some((Self { bytes, endian, big: false }, endian.u32(bytes, 4)?.into())),
            // Offsets of 8 bytes, and a constant 0.
            43 if endian.u16(bytes, 4)? == 8 && endian.u16(bytes, 6)? == 0 => {
                Some((Self { bytes, endian, big: true }, endian.u64(bytes, 8)?))
            }
            _ => None,
        }
    }

    /// Returns the directory at `offset`. If the file's end cuts it off, the entries before the end count.
    pub(crate) fn directory(self, offset: u64) -> Option<Directory<'a>> {
        let at = usize::try_from(offset).ok()?;
        let (announced, length) = match self.big {
            false => (u64::from(self.endian.u16(self.bytes, at)?), 2),
            true => (self.endian.u64(self.bytes, at)?, 8),
        };
        let start = at.checked_add(length)?;
        // TIFF 6.0 counts entries with 16 bits.
        let announced = usize::try_from(announced.min(u64::from(u16::MAX))).ok()?;
        let room = self.bytes.len().saturating_sub(start) / self.entry();
        Some(Directory { tiff: self, start, entries: announced.min(room) })
    }

    /// Bytes of one directory entry: tag, type, count, value or offset.
    fn entry(self) -> usize {
        if self.big { 20 } else { 12 }
    }

    /// Reads a count or an offset.
    fn word(self, at: usize) -> Option<u64> {
        if self.big {
            self.endian.u64(self.bytes, at)
        } else {
            self.endian.u32(self.bytes, at).map(u64::from)
        }
    }
}

impl<'a> Directory<'a> {
    /// Returns the first entry's value with number `tag`, if it lies within the file. Unordered directories,
    /// which the specification forbids, are searched all the same.
    pub(crate) fn value(&self, tag: u16) -> Option<Value<'a>> {
        let Tiff { bytes, endian, big } = self.tiff;
        let at = (0..self.entries)
            .map(|entry| self.start + entry * self.tiff.entry())
            .find(|&at| endian.u16(bytes, at) == Some(tag))?;
        let kind = endian.u16(bytes, at + 2)?;
        let count = usize::try_from(self.tiff.word(at + 4)?).ok()?;
        let len = count.checked_mul(size_of_kind(kind)?)?;
        let (field, room) = if big { (at + 12, 8) } else { (at + 8, 4) };
        let at = if len <= room { field } else { usize::try_from(self.tiff.word(field)?).ok()? };
        crate::reader::range_within(bytes.len(), at, len)?;
        Some(Value { tiff: self.tiff, kind, count, at })
    }

    /// Whether there is an entry with number `tag`, wherever its value lies.
    pub(crate) fn has(&self, tag: u16) -> bool {
        (0..self.entries).any(|entry| {
            self.tiff.endian.u16(self.tiff.bytes, self.start + entry * self.tiff.entry()) == Some(tag)
        })
    }

    /// Returns whether numbers have their most significant byte first.
    pub(crate) fn is_big_endian(&self) -> bool {
        self.tiff.endian == Endian::Big
    }

    /// The first number of entry `tag`.
    pub(crate) fn number(&self, tag: u16) -> Option<u32> {
        self.value(tag)?.number(0)
    }

    /// The directory that entry `tag` points to.
    pub(crate) fn child(&self, tag: u16) -> Option<Directory<'a>> {
        self.tiff.directory(self.value(tag)?.offset(0)?)
    }

    /// Offset of the directory after this one; 0 or `None` if it is the last.
    pub(crate) fn next(&self) -> Option<u64> {
        self.tiff.word(self.start + self.entries * self.tiff.entry())
    }
}

impl<'a> Value<'a> {
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns the number at `index` if it is unsigned and fits 32 bits.
    pub(crate) fn number(&self, index: usize) -> Option<u32> {
        u32::try_from(self.offset(index)?).ok()
    }

    /// Returns the number at `index`, if the type is one of BYTE, SHORT, LONG, IFD and their 64-bit forms.
    pub(crate) fn offset(&self, index: usize) -> Option<u64> {
        self.list().get(self.tiff.bytes, index)
    }

    /// Returns the place of the value's numbers.
    pub(crate) fn list(&self) -> TiffList {
        let big_endian = self.tiff.endian == Endian::Big;
        TiffList { at: self.at, kind: self.kind, count: self.count, big_endian }
    }

    /// Returns the fraction at `index`, if the type is RATIONAL.
    pub(crate) fn rational(&self, index: usize) -> Option<f32> {
        if index >= self.count || self.kind != 5 {
            return None;
        }
        let Tiff { bytes, endian, .. } = self.tiff;
        let part = |at| endian.u32(bytes, self.at + index * 8 + at).map(|part| part as f32);
        Some(part(0)? / part(4)?).filter(|value| value.is_finite())
    }

    /// Returns all numbers; none if the type is no unsigned integer.
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

/// Returns the bytes of one value of type `kind` (TIFF 6.0, section 2; 13 from the TIFF Technical Note 1; 16 to 18
/// from BigTIFF).
fn size_of_kind(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16..=18 => Some(8),
        _ => None,
    }
}
