//! Names of formats that few people upload, so that a rejection can say what the file is.

use crate::reader::{le16, le32};

/// Formats that begin with fixed bytes.
const MAGICS: [(&[u8], &str); 31] = [
    (b"\x59\xA6\x6A\x95", "a Sun raster image"),
    (b"icns", "an Apple icon (ICNS)"),
    (b"\xD7\xCD\xC6\x9A", "a Windows metafile (WMF)"),
    (b"SIMPLE  =", "FITS"),
    (b"/* XPM */", "XPM"),
    (b"DanM", "Microsoft Paint (MSP)"),
    (b"LinS", "Microsoft Paint (MSP)"),
    (b"\xB1\x68\xDE\x3A", "a fax (DCX)"),
    (b"BLP1", "a game texture (BLP)"),
    (b"BLP2", "a game texture (BLP)"),
    (b"FTEX", "a game texture (FTEX)"),
    (b"VTF\0", "a game texture (VTF)"),
    (b"\xABKTX ", "a texture (KTX)"),
    (b"\x13\xAB\xA1\x5C", "a texture (ASTC)"),
    (b"PVR\x03", "a texture (PVR)"),
    (b"\x80\xE8\0\0", "a Pixar image"),
    (b"GRIB", "weather data (GRIB)"),
    (b"BUFR", "weather data (BUFR)"),
    (b"\x89HDF\r\n\x1A\n", "HDF5"),
    (b"\x0E\x03\x13\x01", "HDF4"),
    (b"CDF\x01", "NetCDF"),
    (b"Paint Shop Pro Image File", "a Paint Shop Pro image"),
    (b"AT&TFORM", "DjVu"),
    (b"id=ImageMagick", "MIFF"),
    (b"RF64", "audio or video (RF64)"),
    (b"OggS", "audio or video (Ogg)"),
    (b"\0\0\x01\xBA", "a video (MPEG)"),
    (b"FLV\x01", "a video (Flash)"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "FlashPix or an older Office document"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"Rar!\x1A\x07", "a RAR archive"),
];

/// Returns the name of the format that `source` is in.
pub(super) fn name(source: &[u8]) -> Option<&'static str> {
    let by_magic = MAGICS.iter().find(|(magic, _)| source.starts_with(magic)).map(|&(_, name)| name);
    by_magic.or_else(|| by_fields(source)).or_else(|| targa(source))
}

fn by_fields(source: &[u8]) -> Option<&'static str> {
    let at = |start: usize, mark: &[u8]| source.get(start..).is_some_and(|rest| rest.starts_with(mark));
    if matches!(source, [0x0A, 0 | 2..=5, 0 | 1, 1 | 2 | 4 | 8, ..]) && source.len() >= 128 {
        Some("PCX")
    } else if matches!(source, [0x01, 0xDA, 0 | 1, 1 | 2, 0, 1..=3, ..]) {
        Some("an SGI image")
    } else if le32(source, 0) == Some(1) && at(40, b" EMF") {
        Some("a Windows metafile (EMF)")
    } else if at(128, b"DICM") {
        Some("a medical image (DICOM)")
    } else if at(20, b"GIMP") {
        Some("a GIMP brush")
    } else if matches!(le16(source, 4), Some(0xAF11 | 0xAF12)) && at(12, &[8, 0]) {
        Some("an animation (FLI or FLC)")
    } else if at(2_048, b"PCD_") {
        Some("a Photo CD image (PCD)")
    } else if source.starts_with(b"FORM") && (at(8, b"ILBM") || at(8, b"PBM ")) {
        Some("an Amiga image (ILBM)")
    } else if source.starts_with(b"Image type:") || source.starts_with(b"Name: ") && at(0x1FF, b"\x1A") {
        Some("IFUNC image memory (IM)")
    } else if is_x_bitmap(source) {
        Some("an X bitmap (XBM)")
    } else if source.starts_with(b"\0\0\0\0\0\0\0\x04") {
        Some("weather data (a satellite image)")
    } else {
        None
    }
}

/// XBM is C: it begins with the definition of its width.
fn is_x_bitmap(source: &[u8]) -> bool {
    let head = source.get(..512).unwrap_or(source);
    head.windows(8).position(|window| window == b"#define ").is_some_and(|at| {
        let line = head[at..].split(|&byte| byte == b'\n').next().unwrap_or_default();
        head[..at].iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
            && line.windows(6).any(|window| window == b"_width" || window == b"width ")
    })
}

/// TGA begins with no fixed bytes. Newer files end in a signature; of others all fields must make sense.
fn targa(source: &[u8]) -> Option<&'static str> {
    const NAME: &str = "Targa (TGA)";
    if source.ends_with(b"TRUEVISION-XFILE.\0") {
        return Some(NAME);
    }
    let &[_, map, kind, ..] = source else { return None };
    let (width, height) = (le16(source, 12)?, le16(source, 14)?);
    let (bits, descriptor) = (*source.get(16)?, *source.get(17)?);
    let (first, length, entry) = (le16(source, 3)?, le16(source, 5)?, *source.get(7)?);
    let fits = match kind {
        1 | 9 => map == 1 && bits == 8 && length > 0 && matches!(entry, 15 | 16 | 24 | 32),
        2 | 10 => map == 0 && matches!(bits, 15 | 16 | 24 | 32),
        3 | 11 => map == 0 && matches!(bits, 8 | 16),
        _ => false,
    };
    let no_map = map == 1 || (first, length, entry) == (0, 0, 0);
    (fits && no_map && width > 0 && height > 0 && descriptor & 0xC0 == 0).then_some(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(start: &[u8], length: usize) -> Vec<u8> {
        let mut file = start.to_vec();
        file.resize(length, 0);
        file
    }

    #[test]
    fn formats_are_named_by_their_fields() {
        let mut dicom = vec![0; 128];
        dicom.extend_from_slice(b"DICM");
        let targa_rgb = padded(b"\0\0\x02\0\0\0\0\0\0\0\0\0\x10\0\x10\0\x18\x20", 64);
        let targa_palette = padded(b"\0\x01\x09\0\0\0\x01\x18\0\0\0\0\x10\0\x10\0\x08\0", 64);
        let signed = [&[7; 100][..], b"TRUEVISION-XFILE.\0"].concat();
        for (file, expected) in [
            (padded(b"\x0A\x05\x01\x08", 200), "PCX"),
            (padded(b"\x01\xDA\x01\x01\0\x03", 200), "an SGI image"),
            (dicom, "a medical image (DICOM)"),
            (targa_rgb, "Targa (TGA)"),
            (targa_palette, "Targa (TGA)"),
            (signed, "Targa (TGA)"),
            (b"#define im_width 16\n#define im_height 16\n".to_vec(), "an X bitmap (XBM)"),
            (b"FORM\0\0\0\x20ILBM".to_vec(), "an Amiga image (ILBM)"),
            (b"PK\x03\x04".to_vec(), "a ZIP archive or an Office document"),
        ] {
            assert_eq!(name(&file), Some(expected));
        }
    }

    #[test]
    fn noise_and_text_have_no_name() {
        for file in [&b""[..], b"\0\0\0\0", &[0; 4096], &[0xFF; 4096], b"#define X 1\n", b"Name: a text\n"] {
            assert_eq!(name(file), None);
        }
    }
}
