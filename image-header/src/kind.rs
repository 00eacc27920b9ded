//! Tells formats apart by their first bytes.

mod rare;

use crate::Format;
use crate::reader::{be16, be32, le16, le32};

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A format that is read.
    Read(Format),
    /// A format that is known by name but not read.
    Named(&'static str),
    /// Neither.
    Unknown,
}

/// Formats that begin with fixed bytes and are not read.
const NAMED: [(&[u8], &str); 29] = [
    (b"\xFF\x0A", "JPEG XL"),
    (b"\0\0\0\x0CJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xFF\x4F\xFF\x51", "JPEG 2000"),
    (b"\xFF\xD8\xFF\xF7", "JPEG-LS"),
    (b"II\xBC\x01", "JPEG XR"),
    (b"IIRO", "a camera raw (Olympus ORF)"),
    (b"IIRS", "a camera raw (Olympus ORF)"),
    (b"MMOR", "a camera raw (Olympus ORF)"),
    (b"IIU\0", "a camera raw (Panasonic RW2)"),
    (b"FUJIFILMCCD-RAW", "a camera raw (Fujifilm RAF)"),
    (b"FOVb", "a camera raw (Sigma X3F)"),
    (b"\0MRM", "a camera raw (Minolta MRW)"),
    (b"8BPS\0\x01", "a Photoshop document (PSD)"),
    (b"8BPS\0\x02", "a large Photoshop document (PSB)"),
    (b"gimp xcf", "a GIMP document (XCF)"),
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "PostScript"),
    (b"\xC5\xD0\xD3\xC6", "PostScript"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"qoif", "QOI"),
    (b"farbfeld", "farbfeld"),
    (b"DDS ", "a DirectDraw surface (DDS)"),
    (b"BPG\xFB", "BPG"),
    (b"\x8AMNG\r\n\x1A\n", "MNG"),
    (b"\x8BJNG\r\n\x1A\n", "JNG"),
    (b"\x1A\x45\xDF\xA3", "a video (Matroska or WebM)"),
    (b"FLIF", "FLIF"),
];

/// Tells what `source` is. Reads at most its first four kilobytes.
pub(crate) fn tell(source: &[u8]) -> Kind {
    if let Some(named) = named(source) {
        return Kind::Named(named);
    }
    match source {
        [0xFF, 0xD8, 0xFF, ..] => Kind::Read(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Kind::Read(Format::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Kind::Read(Format::Gif),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Kind::Read(Format::Tiff),
        [b'R', b'I', b'F', b'F', _, _, _, _, form @ ..] => riff(form),
        [b'B', b'M', ..] if is_bitmap(source) => Kind::Read(Format::Bmp),
        _ => Kind::Unknown,
    }
}

fn named(source: &[u8]) -> Option<&'static str> {
    NAMED
        .iter()
        .find(|(magic, _)| source.starts_with(magic))
        .map(|&(_, name)| name)
        .or_else(|| tiff_raw(source))
        .or_else(|| boxes(source))
        .or_else(|| icon(source))
        .or_else(|| netpbm(source))
        .or_else(|| svg(source))
        .or_else(|| rare_name(source))
}

/// Names a rare format, unless the file is one of a format that is read.
fn rare_name(source: &[u8]) -> Option<&'static str> {
    let is_bitmap = source.starts_with(b"BM") && is_bitmap(source);
    let marks: [&[u8]; 6] = [b"\xFF\xD8\xFF", b"\x89PNG", b"GIF8", b"II", b"MM", b"RIFF"];
    let is_read = is_bitmap || marks.iter().any(|mark| source.starts_with(mark));
    if is_read { None } else { rare::name(source) }
}

/// Raws that share TIFF's magic number but mark themselves in the header.
fn tiff_raw(source: &[u8]) -> Option<&'static str> {
    let tiff = source.starts_with(b"II*\0") || source.starts_with(b"MM\0*");
    match source.get(6..14) {
        Some(b"HEAPCCDR") => Some("a camera raw (Canon CRW)"),
        _ if tiff && source.get(8..10) == Some(b"CR") => Some("a camera raw (Canon CR2)"),
        _ => None,
    }
}

/// ISO base media files (ISO/IEC 14496-12), which HEIF, AVIF, CR3 and MP4 all are, and older QuickTime.
fn boxes(source: &[u8]) -> Option<&'static str> {
    match source.get(4..8)? {
        b"ftyp" => {}
        b"moov" | b"mdat" | b"wide" | b"skip" | b"free" if be32(source, 0)? >= 8 => {
            return Some("a video (QuickTime)");
        }
        _ => return None,
    }
    let end = usize::try_from(be32(source, 0)?).unwrap_or(usize::MAX).clamp(12, 256).min(source.len());
    let brand = source.get(8..12)?;
    let compatible = source.get(16..end).unwrap_or_default();
    let any = |names: &[&[u8; 4]]| {
        std::iter::once(brand)
            .chain(compatible.chunks_exact(4))
            .any(|brand| names.iter().any(|name| brand == name.as_slice()))
    };
    Some(if brand == b"crx " {
        "a camera raw (Canon CR3)"
    } else if brand == b"jxl " {
        "JPEG XL"
    } else if any(&[b"avif", b"avis"]) {
        "AVIF"
    } else if any(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"])
    {
        "HEIC/HEIF"
    } else if any(&[b"jp2 ", b"jpx "]) {
        "JPEG 2000"
    } else {
        "a video (MP4 or QuickTime)"
    })
}

/// ICO and CUR: a reserved zero, the type, a count of entries, and a first entry whose last reserved byte
/// is 0.
fn icon(source: &[u8]) -> Option<&'static str> {
    let entries = le16(source, 4)?;
    let reserved = *source.get(9)?;
    match (le16(source, 0)?, le16(source, 2)?) {
        (0, 1) if entries > 0 && reserved == 0 => Some("an icon (ICO)"),
        (0, 2) if entries > 0 && reserved == 0 => Some("a cursor (CUR)"),
        _ => None,
    }
}

/// PBM, PGM, PPM, PAM and PFM: a letter, a digit, white space, a number.
fn netpbm(source: &[u8]) -> Option<&'static str> {
    let [b'P', b'1'..=b'7' | b'F' | b'f', b'\n' | b'\r' | b' ' | b'\t', next, ..] = *source else {
        return None;
    };
    (next.is_ascii_digit() || next == b'#' || next == b'W').then_some("Netpbm (PBM, PGM, PPM or PAM)")
}

/// SVG as text (UTF-8 or anything that agrees with ASCII), or gzipped with its name in gzip's header.
fn svg(source: &[u8]) -> Option<&'static str> {
    const SHOULD_COME_WITHIN: usize = 4096;
    let head = source.get(..SHOULD_COME_WITHIN).unwrap_or(source);
    if let [0x1F, 0x8B, 8, flags, ..] = *head {
        const EXTRA: u8 = 4;
        const NAME: u8 = 8;
        let name = head.get(10..)?.split(|&byte| byte == 0).next()?;
        let named_svg = name.to_ascii_lowercase().ends_with(b".svg");
        return (flags & (EXTRA | NAME) == NAME && named_svg).then_some("a compressed SVG");
    }
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if !text.starts_with(b"<") || text.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case(b"<html")) {
        return None;
    }
    let markup = text.starts_with(b"<svg") || text.starts_with(b"<?") || text.starts_with(b"<!");
    let is_element = |at: usize| matches!(text.get(at + 4), Some(b' ' | b'\t' | b'\r' | b'\n' | b'>' | b':'));
    let html_first = |at: usize| {
        text.get(..at).is_some_and(|before| before.windows(5).any(|w| w.eq_ignore_ascii_case(b"<html")))
    };
    let element = text.windows(4).position(|window| window == b"<svg");
    (markup && element.is_some_and(|at| is_element(at) && !html_first(at))).then_some("SVG")
}

fn riff(form: &[u8]) -> Kind {
    match form.get(..4) {
        Some(b"WEBP") => Kind::Read(Format::WebP),
        Some(b"AVI ") => Kind::Named("a video (AVI)"),
        _ => Kind::Unknown,
    }
}

/// `BM` alone also begins texts: the header's size must be one that exists, and two reserved fields must be 0, or the
/// number of planes 1. OS/2 keeps a hot spot in the reserved fields.
fn is_bitmap(source: &[u8]) -> bool {
    let planes = match le32(source, 14) {
        Some(12) => 22,
        Some(16..=64 | 108 | 124) => 26,
        _ => return false,
    };
    be16(source, 6) == Some(0) && be16(source, 8) == Some(0) || be16(source, planes) == Some(0x0100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_magic_names_its_kind() {
        for (magic, name) in NAMED {
            assert_eq!(tell(magic), Kind::Named(name));
        }
    }

    #[test]
    fn brands_are_told_apart() {
        let file = |brand: &[u8; 4], compatible: &[u8]| {
            let mut file = ((16 + compatible.len()) as u32).to_be_bytes().to_vec();
            file.extend_from_slice(b"ftyp");
            file.extend_from_slice(brand);
            file.extend_from_slice(&[0; 4]);
            file.extend_from_slice(compatible);
            file
        };
        let named = |brand, compatible| match tell(&file(brand, compatible)) {
            Kind::Named(name) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(named(b"avif", b"mif1miaf"), "AVIF");
        assert_eq!(named(b"mif1", b"mif1avifmiaf"), "AVIF");
        assert_eq!(named(b"heic", b"mif1heic"), "HEIC/HEIF");
        assert_eq!(named(b"mif1", b"heic"), "HEIC/HEIF");
        assert_eq!(named(b"crx ", b"crx isom"), "a camera raw (Canon CR3)");
        assert_eq!(named(b"isom", b"isomiso2avc1mp41"), "a video (MP4 or QuickTime)");
        assert_eq!(named(b"qt  ", b"qt  "), "a video (MP4 or QuickTime)");
    }

    #[test]
    fn svg_is_told_from_other_markup() {
        let svg = Kind::Named("SVG");
        assert_eq!(tell(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), svg);
        assert_eq!(tell(b"\xEF\xBB\xBF\n<?xml version='1.0'?>\n<!-- drawn -->\n<svg>"), svg);
        assert_eq!(tell(b"<!DOCTYPE svg PUBLIC ''>\n<svg\n"), svg);
        assert_eq!(tell(b"<!doctype html><html><body><svg></svg>"), Kind::Unknown);
        assert_eq!(tell(b"<?xml version='1.0'?><feed/>"), Kind::Unknown);
        assert_eq!(tell(b"plain text about <svg>"), Kind::Unknown);
        let mut gzip = vec![0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3];
        gzip.extend_from_slice(b"Logo.SVG\0rest");
        assert_eq!(tell(&gzip), Kind::Named("a compressed SVG"));
        gzip[3] = 0;
        assert_eq!(tell(&gzip), Kind::Unknown);
    }

    #[test]
    fn text_is_no_image() {
        for text in
            ["BMW is a make of cars, and this is a text.", "P3 is a colour space", "GIF", "II", "\0\0\0\0"]
        {
            assert_eq!(tell(text.as_bytes()), Kind::Unknown, "{text}");
        }
    }

    #[test]
    fn old_raws_are_named() {
        assert_eq!(tell(b"II*\0\x10\0\0\0CR\x02\0"), Kind::Named("a camera raw (Canon CR2)"));
        assert_eq!(tell(b"II\x1A\0\0\0HEAPCCDR"), Kind::Named("a camera raw (Canon CRW)"));
        assert_eq!(tell(b"\0\0\x01\0\x01\0\x10\x10\0\0"), Kind::Named("an icon (ICO)"));
        assert_eq!(tell(b"P6\n640 480\n"), Kind::Named("Netpbm (PBM, PGM, PPM or PAM)"));
    }
}
