//! The layout of a TIFF's picture, as far as a decoder needs it.

use std::ops::Range;

use crate::reader::Endian;

/// The first picture of a TIFF. Every number was checked against the file's size and the limits.
#[derive(Debug, Clone, PartialEq)]
pub struct TiffInfo {
    /// Numbers have their most significant byte first.
    pub big_endian: bool,
    /// The compression of strips or tiles.
    pub coding: TiffCoding,
    /// The prediction that is undone after decompression.
    pub predictor: TiffPredictor,
    /// The least significant bit of each stored byte comes first (FillOrder 2).
    pub reversed_bits: bool,
    /// The meaning of a pixel's first samples.
    pub color: TiffColor,
    /// Samples of a pixel, stored ones that are not used included.
    pub samples: u16,
    /// Bits of one sample, 1 to 64.
    pub bits: u16,
    /// The type of the samples' numbers.
    pub numbers: TiffNumbers,
    /// The sample that holds alpha.
    pub alpha: Option<u16>,
    /// Each sample is stored in a plane of its own (PlanarConfiguration 2).
    pub planar: bool,
    /// Width and height of a strip or tile in pixels. A picture's last strip may be lower.
    pub chunk: (u32, u32),
    /// The picture is stored in tiles, all of them whole, and not in strips.
    pub tiled: bool,
    /// Offsets of strips or tiles.
    pub offsets: TiffList,
    /// Their lengths in bytes, if the file states them.
    pub lengths: Option<TiffList>,
}

/// A compression that can be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TiffCoding {
    /// 1
    None,
    /// 2, 3 and 4: fax.
    Fax(TiffFax),
    /// 5
    Lzw,
    /// 6 in its common form: one whole JPEG file at this range.
    OldJpeg(Range<usize>),
    /// 7; the range of the tables that all strips or tiles share.
    Jpeg(Option<Range<usize>>),
    /// 8 and 32946
    Deflate,
    /// 32773
    PackBits,
    /// 50000
    Zstandard,
}

/// A fax coding (ITU-T T.4 and T.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TiffFax {
    /// Run lengths; each row begins at a byte.
    Rows,
    /// Group 3. Rows may refer to the row above if `two_dimensional`.
    Group3 {
        /// T4Options, bit 0.
        two_dimensional: bool,
    },
    /// Group 4.
    Group4,
}

/// A prediction of samples from their neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TiffPredictor {
    /// Samples are stored as they are.
    None,
    /// 2: differences to the pixel on the left.
    Horizontal,
}

/// The type of a sample's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TiffNumbers {
    /// Whole numbers from 0.
    Unsigned,
    /// Two's complement.
    Signed,
}

/// The meaning of a pixel's first samples.
#[derive(Debug, Clone, PartialEq)]
pub enum TiffColor {
    /// Grey, 0 is white.
    WhiteIsZero,
    /// Grey, 0 is black.
    BlackIsZero,
    /// Red, green, blue.
    Rgb,
    /// An index into 16-bit reds, greens and blues, which lie one list after the other at this range.
    Palette(Range<usize>),
    /// Four inks, 0 is no ink.
    Cmyk,
    /// Luma and two color differences.
    YCbCr(TiffYCbCr),
    /// CIE L\*a\*b\* with signed a\* and b\* (8), or with an offset (9, ICC).
    Lab {
        /// a\* and b\* are stored with an offset of half their range.
        offset: bool,
    },
}

impl TiffColor {
    /// Returns how many samples hold color.
    pub fn count(&self) -> u16 {
        match self {
            Self::WhiteIsZero | Self::BlackIsZero | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr(_) | Self::Lab { .. } => 3,
            Self::Cmyk => 4,
        }
    }
}

/// The parameters of YCbCr.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TiffYCbCr {
    /// Luma samples across and down for one sample of each color difference. Both are 1, 2 or 4.
    pub subsampling: (u8, u8),
    /// Shares of red, green and blue in luma.
    pub coefficients: [f32; 3],
    /// The codes of black and white of each component (ReferenceBlackWhite).
    pub reference: [f32; 6],
}

/// A list of unsigned numbers within the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TiffList {
    pub(crate) at: usize,
    pub(crate) kind: u16,
    pub(crate) count: usize,
    pub(crate) big_endian: bool,
}

impl TiffList {
    /// Returns the number at `index`, read from the bytes of the whole file.
    pub fn get(&self, file: &[u8], index: usize) -> Option<u64> {
        if index >= self.count {
            return None;
        }
        let endian = if self.big_endian { Endian::Big } else { Endian::Little };
        let at = |size: usize| self.at.checked_add(index.checked_mul(size)?);
        match self.kind {
            1 | 7 => file.get(at(1)?).map(|&byte| u64::from(byte)),
            3 => endian.u16(file, at(2)?).map(u64::from),
            4 | 13 => endian.u32(file, at(4)?).map(u64::from),
            16 | 18 => endian.u64(file, at(8)?),
            _ => None,
        }
    }
}

impl TiffInfo {
    /// Returns how many strips or tiles lie beside each other in a picture `width` pixels wide.
    pub fn across(&self, width: u32) -> u32 {
        width.div_ceil(self.chunk.0.max(1))
    }

    /// Returns the bytes of a strip or tile that is not compressed and `rows` rows high, of one plane if planes are
    /// apart.
    pub fn chunk_bytes(&self, rows: u32) -> u64 {
        let (row, rows) = match &self.color {
            TiffColor::YCbCr(color) if !self.planar && !self.is_jpeg() => {
                let (across, down) = (u32::from(color.subsampling.0), u32::from(color.subsampling.1));
                let unit = u64::from(across * down) + u64::from(self.samples.saturating_sub(1));
                (u64::from(self.chunk.0.div_ceil(across)) * unit, rows.div_ceil(down))
            }
            _ => {
                let samples = if self.planar { 1 } else { u64::from(self.samples) };
                ((u64::from(self.chunk.0) * samples * u64::from(self.bits)).div_ceil(8), rows)
            }
        };
        row.saturating_mul(u64::from(rows))
    }

    /// Returns whether strips or tiles are JPEG files.
    pub fn is_jpeg(&self) -> bool {
        matches!(self.coding, TiffCoding::Jpeg(_) | TiffCoding::OldJpeg(_))
    }

    /// Returns the strip or tile `index`, cut off at the file's end. Without a stated length it reaches to the next
    /// one, or to the file's end.
    pub fn range(&self, file: &[u8], index: usize, size: u64) -> Option<Range<usize>> {
        let at = usize::try_from(self.offsets.get(file, index)?).ok().filter(|&at| at < file.len())?;
        let stated = self.lengths.and_then(|lengths| lengths.get(file, index)).filter(|&length| length > 0);
        let length = match (stated, &self.coding) {
            (Some(length), _) => length,
            (None, TiffCoding::None) => size,
            (None, _) => {
                let next = self.offsets.get(file, index + 1).filter(|&next| next > at as u64);
                next.map_or(u64::MAX, |next| next - at as u64)
            }
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Some(at..at.saturating_add(length).min(file.len()))
    }
}
