//! What a file says before its first scan.

use crate::error::Error;
use crate::marker::{self, Marker, be16};
use crate::tables::Tables;

/// How a file is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// SOF0.
    Baseline,
    /// SOF1 with 8 bits a sample.
    Extended,
    /// SOF2.
    Progressive,
}

/// What the components are, by libjpeg's rules (`jdapimin.c`): JFIF and Adobe markers, else component ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// One component.
    Grey,
    /// Luma, blue and red difference, of the full range (JFIF 1.02).
    YCbCr,
    /// Red, green, blue.
    Rgb,
    /// Four inks. Files have them inverted, with or without Adobe's marker, as every browser assumes.
    Cmyk,
    /// Inks of which the first three are stored as YCbCr.
    Ycck,
}

/// One component of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// Its id, as scans name it. Damaged or careless files give several components one id.
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub horizontal: u8,
    /// Vertical sampling factor, 1 to 4.
    pub vertical: u8,
    /// Samples a row at full size: ⌈width × horizontal / largest horizontal factor⌉ (T.81, A.1.1).
    pub width: u32,
    /// Rows of samples at full size.
    pub height: u32,
    pub(crate) quantization: u8,
}

/// What a file says of itself. Slices are the file's own bytes.
#[derive(Debug, Clone)]
pub struct Header<'a> {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// How it is coded.
    pub process: Process,
    /// One, three or four.
    pub components: Vec<Component>,
    /// What they are.
    pub color: Color,
    /// The transform byte of an Adobe APP14 marker.
    pub adobe_transform: Option<u8>,
    /// Whether there is a JFIF APP0 marker.
    pub jfif: bool,
    /// MCUs between restart markers; 0 for none.
    pub restart_interval: u32,
    /// The TIFF structure of the first Exif APP1.
    pub exif: Option<&'a [u8]>,
    /// The parts of the first complete ICC profile, in order (ICC.1, B.4); empty if no profile is complete.
    pub icc: Vec<&'a [u8]>,
}

/// The header, the tables that are defined by then, and where the first scan's marker ends.
pub(crate) struct Start<'a> {
    pub(crate) header: Header<'a>,
    pub(crate) tables: Tables<'a>,
    pub(crate) scan: Marker<'a>,
}

/// Reads up to the first SOS.
pub(crate) fn read(file: &[u8]) -> Result<Start<'_>, Error> {
    if !file.starts_with(&[0xFF, marker::SOI]) {
        return Err(Error::damaged("it does not begin with a start of image"));
    }
    let mut at = 2;
    let mut frame: Option<Frame> = None;
    let mut applications = Applications::default();
    let mut tables = Tables::default();
    loop {
        let found =
            marker::next(file, at, false).ok_or_else(|| Error::damaged("it ends before its first scan"))?;
        at = found.end;
        match found.code {
            marker::SOS => {
                let frame = frame.ok_or_else(|| Error::damaged("its frame header is missing"))?;
                let header = frame.header(applications, tables.restart_interval);
                return Ok(Start { header, tables, scan: found });
            }
            marker::EOI => return Err(Error::damaged("it ends before its first scan")),
            0xC0..=0xCF if !matches!(found.code, marker::DHT | marker::JPG | marker::DAC) => {
                if frame.is_some() {
                    return Err(Error::damaged("it has two frame headers"));
                }
                frame = Some(Frame::read(found)?);
            }
            _ => {
                applications.read(found);
                tables.read(found)?;
            }
        }
    }
}

struct Frame {
    process: Process,
    width: u32,
    height: u32,
    components: Vec<Component>,
}

impl Frame {
    /// B.2.2.
    fn read(marker: Marker<'_>) -> Result<Self, Error> {
        let process = match marker.code {
            0xC0 => Process::Baseline,
            0xC1 => Process::Extended,
            0xC2 => Process::Progressive,
            0xC3 => return Err(Error::Unsupported("lossless JPEGs")),
            0xC5..=0xC7 => return Err(Error::Unsupported("hierarchical JPEGs")),
            _ => return Err(Error::Unsupported("arithmetic-coded JPEGs")),
        };
        let short = || Error::damaged("its frame header is cut off");
        let [precision, height_high, height_low, width_high, width_low, count, rest @ ..] = marker.segment
        else {
            return Err(short());
        };
        match precision {
            8 => {}
            12 => return Err(Error::Unsupported("JPEGs of 12 bits a sample")),
            _ => return Err(Error::damaged(format!("it is said to have {precision} bits a sample"))),
        }
        let width = u32::from(u16::from_be_bytes([*width_high, *width_low]));
        let height = u32::from(u16::from_be_bytes([*height_high, *height_low]));
        if height == 0 {
            return Err(Error::Unsupported("JPEGs whose height follows the first scan (DNL)"));
        }
        if width == 0 {
            return Err(Error::damaged("it is 0 pixels wide"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(match count {
                0 => Error::damaged("it has no components"),
                _ => Error::Unsupported("JPEGs of two, or more than four, components"),
            });
        }
        let listed = rest.get(..usize::from(*count) * 3).ok_or_else(short)?;
        let listed = listed.as_chunks::<3>().0;
        let factors = |packed: u8| (packed >> 4, packed & 15);
        let legal = |packed: u8| (1..=4).contains(&(packed >> 4)) && (1..=4).contains(&(packed & 15));
        if !listed.iter().all(|&[_, packed, table]| legal(packed) && table < 4) {
            return Err(Error::damaged("its frame header has sampling factors or tables that do not exist"));
        }
        let across = listed.iter().map(|&[_, packed, _]| packed >> 4).max().unwrap_or(1);
        let down = listed.iter().map(|&[_, packed, _]| packed & 15).max().unwrap_or(1);
        let part = |side: u32, factor: u8, most: u8| (side * u32::from(factor)).div_ceil(u32::from(most));
        let components: Vec<Component> = listed
            .iter()
            .map(|&[id, packed, quantization]| {
                let (horizontal, vertical) = factors(packed);
                let (width, height) = (part(width, horizontal, across), part(height, vertical, down));
                Component { id, horizontal, vertical, width, height, quantization }
            })
            .collect();
        Ok(Self { process, width, height, components })
    }

    fn header<'a>(self, applications: Applications<'a>, restart_interval: u32) -> Header<'a> {
        let color = color(&self.components, applications.jfif, applications.adobe_transform);
        Header {
            width: self.width,
            height: self.height,
            process: self.process,
            components: self.components,
            color,
            adobe_transform: applications.adobe_transform,
            jfif: applications.jfif,
            restart_interval,
            exif: applications.exif,
            icc: applications.icc.whole(),
        }
    }
}

fn color(components: &[Component], jfif: bool, adobe_transform: Option<u8>) -> Color {
    match (components.len(), adobe_transform) {
        (1, _) => Color::Grey,
        (3, _) if jfif => Color::YCbCr,
        (3, Some(0)) => Color::Rgb,
        (3, Some(_)) => Color::YCbCr,
        (3, None) => {
            let ids = [components[0].id, components[1].id, components[2].id];
            if ids == *b"RGB" { Color::Rgb } else { Color::YCbCr }
        }
        (_, Some(0) | None) => Color::Cmyk,
        (_, Some(_)) => Color::Ycck,
    }
}

#[derive(Default)]
struct Applications<'a> {
    jfif: bool,
    adobe_transform: Option<u8>,
    exif: Option<&'a [u8]>,
    icc: IccParts<'a>,
}

impl<'a> Applications<'a> {
    fn read(&mut self, marker: Marker<'a>) {
        match marker.code {
            marker::APP0 => self.jfif |= marker.segment.starts_with(b"JFIF\0"),
            marker::APP1 if self.exif.is_none() => {
                self.exif = marker.segment.strip_prefix(b"Exif\0").and_then(|rest| rest.get(1..));
            }
            marker::APP2 => {
                if let Some([number, count, part @ ..]) = marker.segment.strip_prefix(b"ICC_PROFILE\0") {
                    self.icc.add(*number, *count, part);
                }
            }
            // Adobe TN 5116, 18: version, two words of flags, the transform.
            marker::APP14 if marker.segment.starts_with(b"Adobe") => {
                self.adobe_transform = marker.segment.get(11).copied().or(self.adobe_transform);
            }
            _ => {}
        }
    }
}

/// Parts of a profile, each with its number and the announced count of parts.
#[derive(Default)]
struct IccParts<'a>(Vec<(u8, u8, &'a [u8])>);

impl<'a> IccParts<'a> {
    /// Room for a few profiles of 255 parts.
    const MOST: usize = 1 << 10;

    fn add(&mut self, number: u8, count: u8, part: &'a [u8]) {
        if self.0.len() < Self::MOST {
            self.0.push((number, count, part));
        }
    }

    /// Returns the parts of the first complete profile in order, no parts if none is complete. Repeated parts are left out.
    fn whole(&self) -> Vec<&'a [u8]> {
        let mut tried = [false; 256];
        for &(_, count, _) in &self.0 {
            if std::mem::replace(&mut tried[usize::from(count)], true) || count == 0 {
                continue;
            }
            let part = |wanted: u8| self.0.iter().find(|&&(number, of, _)| (number, of) == (wanted, count));
            let parts: Option<Vec<_>> = (1..=count).map(|wanted| Some(part(wanted)?.2)).collect();
            if let Some(parts) = parts {
                return parts;
            }
        }
        Vec::new()
    }
}

/// B.2.4.4.
pub(crate) fn restart_interval(segment: &[u8]) -> Option<u32> {
    be16(segment, 0).map(u32::from)
}
