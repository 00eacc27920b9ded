//! PNG (W3C, third edition), including APNG.

mod color;
mod ihdr;

use std::ops::Range;

use crate::exif::Exif;
use crate::reader::{be32, range_within};
use crate::{ColorModel, Format, Limits, Profile, Rejection, SourceInfo};
use ihdr::Ihdr;

const SIGNATURE: usize = 8;
/// Length and type before a chunk's data; its CRC comes after.
const CHUNK_HEADER: usize = 8;
const CRC: usize = 4;

pub(crate) fn probe(source: &[u8], limits: &Limits) -> Result<SourceInfo, Rejection> {
    let mut chunks = Chunks { source, at: SIGNATURE };
    let first = chunks.next();
    let ihdr = match first.as_ref().map(|chunk| (&chunk.name, chunk.data.clone())) {
        Some((b"IHDR", Some(data))) => Ihdr::read(source.get(data).unwrap_or_default())?,
        Some((b"CgBI", _)) => {
            return Err(Rejection::unsupported("a PNG in Apple's own variant (CgBI)"));
        }
        _ => {
            return Err(Rejection::damaged("the PNG does not begin with an IHDR chunk"));
        }
    };
    limits.check_size(ihdr.width, ihdr.height)?;
    let mut info = SourceInfo::new(Format::Png, (ihdr.width, ihdr.height), ihdr.color, ihdr.bits);
    info.alpha = ihdr.alpha;
    info.interlaced = ihdr.interlaced;
    info.complete = false;
    let mut walk = Walk { info, palette: false, data: false, exif: None };
    walk.run(source, chunks, limits)?;
    walk.finish(source, limits)
}

/// A chunk's type and where its data lie; `None` if the file ends before they do.
struct Chunk {
    name: [u8; 4],
    data: Option<Range<usize>>,
}

struct Chunks<'a> {
    source: &'a [u8],
    at: usize,
}

impl Iterator for Chunks<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let len = usize::try_from(be32(self.source, self.at)?).ok()?;
        let name = *self.source.get(self.at + 4..)?.first_chunk()?;
        let data = range_within(self.source.len(), self.at + CHUNK_HEADER, len);
        // A chunk whose data are not all there is the last one.
        self.at = data.as_ref().map_or(self.source.len(), |data| data.end + CRC);
        name.iter().all(u8::is_ascii_alphabetic).then_some(Chunk { name, data })
    }
}

/// What the chunks said, up to wherever the walk stands.
struct Walk {
    info: SourceInfo,
    palette: bool,
    data: bool,
    exif: Option<Range<usize>>,
}

impl Walk {
    fn run(&mut self, source: &[u8], chunks: Chunks<'_>, limits: &Limits) -> Result<(), Rejection> {
        for Chunk { name, data: range } in chunks {
            if name == *b"IDAT" {
                self.data = true;
            }
            let Some(range) = range else {
                return Ok(());
            };
            let data = source.get(range.clone()).unwrap_or_default();
            if !matches!(&name, b"IDAT" | b"fdAT") {
                self.info.metadata += data.len() as u64;
            }
            match &name {
                b"IEND" => {
                    self.info.complete = true;
                    return Ok(());
                }
                b"PLTE" => self.palette |= !data.is_empty() && data.len() % 3 == 0,
                b"eXIf" if self.exif.is_none() => self.exif = Some(range),
                // All others that are wanted must precede the picture's data (table 7).
                _ if self.data => {}
                b"tRNS" => {
                    let may =
                        matches!(self.info.color, ColorModel::Grey | ColorModel::Rgb | ColorModel::Palette);
                    self.info.alpha |= may && !data.is_empty();
                }
                b"acTL" => self.animation(data, limits)?,
                b"iCCP" => self.profile(data, range.start),
                _ => color::take(&mut self.info.png_color, name, data),
            }
        }
        Ok(())
    }

    /// acTL: the number of frames, 1 to 2³¹ − 1. Others are errors by the specification; the default image stays.
    fn animation(&mut self, data: &[u8], limits: &Limits) -> Result<(), Rejection> {
        let frames = be32(data, 0).filter(|&frames| frames <= i32::MAX as u32).unwrap_or(0).max(1);
        limits.check_frames(frames)?;
        self.info.frames = frames;
        Ok(())
    }

    /// iCCP: a name of 1 to 79 bytes, a zero, the method 0 (deflate), a zlib stream.
    fn profile(&mut self, data: &[u8], start: usize) {
        if self.info.profile != Profile::None {
            return;
        }
        let name = data.iter().take(80).position(|&byte| byte == 0).filter(|&len| len > 0);
        match name.and_then(|len| Some((len + 2, data.get(len + 1)?))) {
            Some((stream, 0)) if stream < data.len() => {
                self.info.profile = Profile::Deflated(start + stream..start + data.len());
            }
            _ => self.info.notes.push("The colour profile cannot be read and is ignored.".into()),
        }
    }

    fn finish(mut self, source: &[u8], limits: &Limits) -> Result<SourceInfo, Rejection> {
        if !self.data {
            return Err(Rejection::damaged("the PNG ends before its picture's data"));
        }
        if self.info.color == ColorModel::Palette && !self.palette {
            return Err(Rejection::damaged("the PNG needs a palette and has none"));
        }
        limits.check_profile(&self.info.profile)?;
        if let Some(block) = self.exif {
            limits.check_metadata("the Exif block's size in bytes", block.len())?;
            Exif::apply_block(source.get(block).unwrap_or_default(), &mut self.info);
        }
        Ok(self.info)
    }
}
