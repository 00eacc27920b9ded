//! The image header chunk (PNG third edition, 11.2.1).

use crate::reader::be32;
use crate::{ColorModel, Rejection};

/// An IHDR whose fields are all legal, the size excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ihdr {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bits: u8,
    pub(super) color: ColorModel,
    pub(super) alpha: bool,
    pub(super) interlaced: bool,
}

impl Ihdr {
    pub(super) fn read(data: &[u8]) -> Result<Self, Rejection> {
        let (Some(width), Some(height), Some(&[bits, kind, compression, filter, interlace])) =
            (be32(data, 0), be32(data, 4), data.get(8..13).and_then(|tail| tail.first_chunk::<5>()))
        else {
            return Err(Rejection::damaged("the PNG's IHDR chunk is too short"));
        };
        let (color, alpha) = match (kind, bits) {
            (0, 1 | 2 | 4 | 8 | 16) => (ColorModel::Grey, false),
            (2, 8 | 16) => (ColorModel::Rgb, false),
            (3, 1 | 2 | 4 | 8) => (ColorModel::Palette, false),
            (4, 8 | 16) => (ColorModel::Grey, true),
            (6, 8 | 16) => (ColorModel::Rgb, true),
            _ => {
                let what = format!("the PNG says colour type {kind} with {bits} bits, which does not exist");
                return Err(Rejection::damaged(what));
            }
        };
        if compression != 0 || filter != 0 || interlace > 1 {
            return Err(Rejection::damaged(
                "the PNG names a compression, filter or interlace method that does not exist",
            ));
        }
        Ok(Self { width, height, bits, color, alpha, interlaced: interlace == 1 })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ihdr(bits: u8, kind: u8) -> Result<Ihdr, Rejection> {
        Ihdr::read(&[0, 0, 0, 2, 0, 0, 0, 3, bits, kind, 0, 0, 1])
    }

    #[test]
    fn only_the_fifteen_combinations_of_the_table_are_legal() {
        let legal = (0..=255_u8)
            .flat_map(|kind| (0..=255_u8).map(move |bits| (bits, kind)))
            .filter(|&(bits, kind)| ihdr(bits, kind).is_ok())
            .count();
        assert_eq!(legal, 15);
    }

    #[test]
    fn fields_are_where_they_belong() {
        let read = ihdr(16, 6).unwrap();
        assert_eq!((read.width, read.height, read.bits), (2, 3, 16));
        assert_eq!((read.color, read.alpha, read.interlaced), (ColorModel::Rgb, true, true));
        assert!(Ihdr::read(&[0; 12]).is_err());
    }
}
