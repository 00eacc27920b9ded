//! What a header says: the answer of [`probe`](crate::probe).

use std::ops::Range;

use crate::TiffInfo;

/// A file format that can be derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// ITU-T T.81.
    Jpeg,
    /// W3C Portable Network Graphics, third edition.
    Png,
    /// RFC 9649.
    WebP,
    /// GIF89a and GIF87a.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF 6.0 and BigTIFF.
    Tiff,
}

impl Format {
    /// The registered media type, such as `image/jpeg`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
        }
    }
}

/// How the stored samples are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColorModel {
    /// One component.
    Grey,
    /// Three components, red, green, blue.
    Rgb,
    /// Three components by libjpeg's marker rules (JPEG), or WebP lossy.
    YCbCr,
    /// Four inks. They are inverted in a JPEG.
    Cmyk {
        /// 255 means no ink.
        inverted: bool,
    },
    /// CMYK whose first three components are stored as YCbCr.
    Ycck {
        /// 255 means no ink, once converted to CMYK.
        inverted: bool,
    },
    /// Indices into a table of RGB colours.
    Palette,
}

/// Exif orientation: how the stored picture is to be turned for display (Exif 3.0, tag 0x0112).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Orientation {
    /// 1: as stored.
    #[default]
    Normal = 1,
    /// 2: mirrored left to right.
    FlipHorizontal = 2,
    /// 3: turned by 180°.
    Rotate180 = 3,
    /// 4: mirrored top to bottom.
    FlipVertical = 4,
    /// 5: rows become columns (mirrored along the main diagonal).
    Transpose = 5,
    /// 6: to be turned by 90° clockwise.
    Rotate90 = 6,
    /// 7: mirrored along the other diagonal.
    Transverse = 7,
    /// 8: to be turned by 270° clockwise.
    Rotate270 = 8,
}

impl Orientation {
    /// The orientation with Exif's number `value`; other numbers mean [`Orientation::Normal`], as browsers
    /// take them.
    pub fn from_exif(value: u16) -> Self {
        match value {
            2 => Self::FlipHorizontal,
            3 => Self::Rotate180,
            4 => Self::FlipVertical,
            5 => Self::Transpose,
            6 => Self::Rotate90,
            7 => Self::Transverse,
            8 => Self::Rotate270,
            _ => Self::Normal,
        }
    }

    /// Whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        (self as u8) >= 5
    }
}

/// Where the ICC profile lies in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Profile {
    /// There is none.
    #[default]
    None,
    /// Its bytes are these ranges of the file, one after the other (JPEG splits it over APP2 segments).
    Ranges(Vec<Range<usize>>),
    /// A zlib stream at this range (PNG's iCCP).
    Deflated(Range<usize>),
}

/// What a JPEG says beside its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JpegInfo {
    /// SOF2.
    pub progressive: bool,
    /// Scans (SOS markers) in the file.
    pub scans: u32,
    /// Horizontal and vertical sampling factor of each component.
    pub sampling: Vec<(u8, u8)>,
    /// The transform byte of an Adobe APP14 marker.
    pub adobe_transform: Option<u8>,
    /// Whether a JFIF APP0 marker is there.
    pub jfif: bool,
    /// MCUs between restart markers; 0 for none.
    pub restart_interval: u16,
}

/// What a PNG says of its colours, beside a profile. Precedence: `cicp`, iCCP, `srgb`, `gamma` and
/// `chromaticities` (PNG third edition, 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PngColor {
    /// cICP: colour primaries, transfer function, matrix coefficients, full range flag (ITU-T H.273).
    pub cicp: Option<[u8; 4]>,
    /// Whether there is an sRGB chunk.
    pub srgb: bool,
    /// gAMA: the image's gamma × 100,000.
    pub gamma: Option<u32>,
    /// cHRM: x and y of white, red, green, blue, each × 100,000.
    pub chromaticities: Option<[u32; 8]>,
}

/// What a source's header says. Sizes are pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceInfo {
    /// The file format, by its content, not its name.
    pub format: Format,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of the file that are neither samples nor structure, and that a decoder may copy: segments, chunks and
    /// blocks of metadata. What WebP, BMP and TIFF have of them is not copied.
    pub metadata: u64,
    /// Width as stored, before `orientation`.
    pub width: u32,
    /// Height as stored, before `orientation`.
    pub height: u32,
    /// How to turn the stored picture for display.
    pub orientation: Orientation,
    /// How samples are stored.
    pub color: ColorModel,
    /// Bits of one sample as stored: 1, 2, 4, 8 or 16. A TIFF's are 8 or 16, as they are decoded.
    pub bits_per_sample: u8,
    /// Whether any pixel may be transparent (an alpha channel, or a transparent colour).
    pub alpha: bool,
    /// Whether colours are stored multiplied by alpha (TIFF's associated alpha).
    pub premultiplied: bool,
    /// Frames; 1 for a still picture. A TIFF's further pages do not count.
    pub frames: u32,
    /// Where the ICC profile lies.
    pub profile: Profile,
    /// Whether Exif's interoperability index says R03, Adobe RGB (1998).
    pub interoperability_r03: bool,
    /// Whether Exif holds a GPS position.
    pub gps: bool,
    /// False when the file ends before its own end marker or the sizes it announces.
    pub complete: bool,
    /// More of a JPEG; `None` for other formats.
    pub jpeg: Option<JpegInfo>,
    /// More of a TIFF; `None` for other formats.
    pub tiff: Option<TiffInfo>,
    /// PNG's colour chunks; all empty for other formats.
    pub png_color: PngColor,
    /// Whether the samples are coded in an interlaced order (PNG's Adam7, GIF's four passes).
    pub interlaced: bool,
    /// What was wrong but does not stand in the way, each in one sentence for the author.
    pub notes: Vec<String>,
}

impl SourceInfo {
    /// A still, opaque, upright and complete picture of which nothing else is known.
    pub(crate) fn new(
        format: Format,
        (width, height): (u32, u32),
        color: ColorModel,
        bits_per_sample: u8,
    ) -> Self {
        Self {
            format,
            bytes: 0,
            metadata: 0,
            width,
            height,
            orientation: Orientation::Normal,
            color,
            bits_per_sample,
            alpha: false,
            premultiplied: false,
            frames: 1,
            profile: Profile::None,
            interoperability_r03: false,
            gps: false,
            complete: true,
            jpeg: None,
            tiff: None,
            png_color: PngColor::default(),
            interlaced: false,
            notes: Vec::new(),
        }
    }

    /// Width × height in pixels as displayed, after `orientation`.
    pub fn displayed(&self) -> (u32, u32) {
        if self.orientation.swaps_sides() { (self.height, self.width) } else { (self.width, self.height) }
    }
}
