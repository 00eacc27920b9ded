//! PNG's colour chunks but iCCP (PNG third edition, 11.3.2).

use crate::PngColor;
use crate::reader::be32;

/// Takes the chunk `name` into `color` if it is one of them, is well formed and the first of its name.
pub(super) fn take(color: &mut PngColor, name: [u8; 4], data: &[u8]) {
    match &name {
        b"cICP" if color.cicp.is_none() => color.cicp = data.try_into().ok(),
        // The rendering intent does not matter; that it is one of four tells a chunk from garbage.
        b"sRGB" => color.srgb |= matches!(data, [0..=3]),
        // A gamma of zero makes no sense and the specification has it ignored.
        b"gAMA" if color.gamma.is_none() => color.gamma = be32(data, 0).filter(|&gamma| gamma > 0),
        b"cHRM" if color.chromaticities.is_none() && data.len() == 32 => {
            let mut values = [0; 8];
            for (index, value) in values.iter_mut().enumerate() {
                *value = be32(data, index * 4).unwrap_or_default();
            }
            color.chromaticities = Some(values);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_fill_their_fields_once() {
        let mut color = PngColor::default();
        take(&mut color, *b"gAMA", &[0, 0, 0, 0]);
        assert_eq!(color, PngColor::default());
        take(&mut color, *b"gAMA", &45_455_u32.to_be_bytes());
        take(&mut color, *b"gAMA", &100_000_u32.to_be_bytes());
        take(&mut color, *b"sRGB", &[9]);
        take(&mut color, *b"cICP", &[12, 13, 0, 1]);
        let primaries: Vec<u8> = (1..=8_u32).flat_map(u32::to_be_bytes).collect();
        take(&mut color, *b"cHRM", &primaries[1..]);
        take(&mut color, *b"cHRM", &primaries);
        let expected = PngColor {
            cicp: Some([12, 13, 0, 1]),
            srgb: false,
            gamma: Some(45_455),
            chromaticities: Some([1, 2, 3, 4, 5, 6, 7, 8]),
        };
        assert_eq!(color, expected);
    }
}
