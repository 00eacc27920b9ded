//! WebP (RFC 9649): the simple forms (`VP8 `, `VP8L`) and the extended one (`VP8X`).

use std::ops::Range;

use crate::exif::Exif;
use crate::reader::{le16, le24, le32, range_within};
use crate::{ColorModel, Format, Limits, Profile, Rejection, SourceInfo};

/// `RIFF`, a size that counts from the form on, the form `WEBP`.
const RIFF_HEADER: usize = 12;
/// Name and size before a chunk's data.
const CHUNK_HEADER: usize = 8;
/// Offset, size, duration and flags before an ANMF chunk's own chunks.
const FRAME_HEADER: usize = 16;

/// The size and alpha of a bitstream.
#[derive(Debug, Clone, Copy)]
struct Bitstream {
    size: (u32, u32),
    color: ColorModel,
    alpha: bool,
}

pub(crate) fn probe(source: &[u8], limits: &Limits) -> Result<SourceInfo, Rejection> {
    let announced = le32(source, 4).map_or(0, |size| size as usize).saturating_add(8);
    // What lies behind the RIFF form belongs to something else.
    let end = announced.min(source.len());
    let body = source.get(..end).unwrap_or(source);
    let mut chunks = Chunks { bytes: body, at: RIFF_HEADER };
    let first = chunks.next().ok_or_else(|| Rejection::damaged("the WebP ends before its picture"))?;
    let mut info = match &first.name {
        b"VP8X" => extended(body, &first, chunks, limits)?,
        _ => {
            let bits = Bitstream::read(&first, body)
                .ok_or_else(|| Rejection::damaged("the WebP begins with neither VP8, VP8L nor VP8X"))??;
            let mut info = bits.info(limits)?;
            info.complete = first.whole;
            info
        }
    };
    info.complete &= announced <= source.len();
    Ok(info)
}

/// A chunk's name and where its data lie, as far as they are in the file.
struct Chunk {
    name: [u8; 4],
    data: Range<usize>,
    whole: bool,
}

struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for Chunks<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let name = *self.bytes.get(self.at..)?.first_chunk()?;
        let len = usize::try_from(le32(self.bytes, self.at + 4)?).ok()?;
        let start = self.at + CHUNK_HEADER;
        let whole = range_within(self.bytes.len(), start, len);
        let data = whole.clone().unwrap_or(start..self.bytes.len());
        // Chunks are padded to an even size.
        self.at = data.end.saturating_add(len & 1);
        Some(Chunk { name, data, whole: whole.is_some() })
    }
}

impl Bitstream {
    /// Reads the header of a `VP8 ` or `VP8L` chunk; `None` for other chunks.
    fn read(chunk: &Chunk, bytes: &[u8]) -> Option<Result<Self, Rejection>> {
        let data = bytes.get(chunk.data.clone()).unwrap_or_default();
        match &chunk.name {
            b"VP8 " => Some(Self::lossy(data)),
            b"VP8L" => Some(Self::lossless(data)),
            _ => None,
        }
    }

    /// RFC 6386, 9.1: the tag of a key frame, the start code, 14 bits each of width and height.
    fn lossy(data: &[u8]) -> Result<Self, Rejection> {
        let (Some(tag), Some(code), Some(width), Some(height)) =
            (le24(data, 0), le24(data, 3), le16(data, 6), le16(data, 8))
        else {
            return Err(Rejection::damaged("the WebP's VP8 header is cut off"));
        };
        if tag & 1 != 0 || code != 0x2A_01_9D {
            return Err(Rejection::damaged("the WebP's VP8 data do not begin with a key frame"));
        }
        let size = (u32::from(width & 0x3FFF), u32::from(height & 0x3FFF));
        Ok(Self { size, color: ColorModel::YCbCr, alpha: false })
    }

    /// RFC 9649, 3.4: the signature, then 14 bits of width − 1, 14 of height − 1, alpha, version.
    fn lossless(data: &[u8]) -> Result<Self, Rejection> {
        let (Some(0x2F), Some(bits)) = (data.first(), le32(data, 1)) else {
            return Err(Rejection::damaged("the WebP's VP8L header is cut off or not one"));
        };
        if bits >> 29 != 0 {
            return Err(Rejection::unsupported(format!("VP8L of version {}", bits >> 29)));
        }
        let size = ((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1);
        Ok(Self { size, color: ColorModel::Rgb, alpha: bits >> 28 & 1 == 1 })
    }

    fn info(self, limits: &Limits) -> Result<SourceInfo, Rejection> {
        limits.check_size(self.size.0, self.size.1)?;
        let mut info = SourceInfo::new(Format::WebP, self.size, self.color, 8);
        info.alpha = self.alpha;
        Ok(info)
    }
}

/// VP8X: a canvas, metadata, and a picture or frames.
fn extended(
    bytes: &[u8],
    header: &Chunk,
    chunks: Chunks<'_>,
    limits: &Limits,
) -> Result<SourceInfo, Rejection> {
    const ANIMATED: u8 = 0x02;
    const ALPHA: u8 = 0x10;
    let data = bytes.get(header.data.clone()).unwrap_or_default();
    let (Some(&flags), Some(width), Some(height)) = (data.first(), le24(data, 4), le24(data, 7)) else {
        return Err(Rejection::damaged("the WebP's VP8X header is cut off"));
    };
    let canvas = (width + 1, height + 1);
    limits.check_size(canvas.0, canvas.1)?;
    let mut info = SourceInfo::new(Format::WebP, canvas, ColorModel::YCbCr, 8);
    info.alpha = flags & ALPHA != 0;
    let animated = flags & ANIMATED != 0;
    let mut frames = 0_u32;
    let mut exif = None;
    for chunk in chunks {
        info.complete &= chunk.whole;
        match &chunk.name {
            b"ICCP" if info.profile == Profile::None && chunk.whole && !chunk.data.is_empty() => {
                info.profile = Profile::Ranges(vec![chunk.data]);
            }
            b"EXIF" if exif.is_none() && chunk.whole => exif = Some(chunk.data),
            b"ALPH" if !animated => info.alpha = true,
            b"ANMF" if animated => {
                if frames == 0 {
                    first_frame(bytes, &chunk, &mut info)?;
                }
                frames += 1;
                limits.check_frames(frames)?;
            }
            b"VP8 " | b"VP8L" if !animated && frames == 0 => {
                picture(&chunk, bytes, canvas, &mut info)?;
                frames = 1;
            }
            _ => {}
        }
    }
    if frames == 0 {
        return Err(Rejection::damaged("the WebP has no picture"));
    }
    info.frames = frames;
    limits.check_profile(&info.profile)?;
    if let Some(block) = exif {
        limits.check_metadata("the Exif block's size in bytes", block.len())?;
        Exif::apply_block(bytes.get(block).unwrap_or_default(), &mut info);
    }
    Ok(info)
}

/// Takes colour and alpha of a bitstream that must be `size` pixels large.
fn picture(chunk: &Chunk, bytes: &[u8], size: (u32, u32), info: &mut SourceInfo) -> Result<(), Rejection> {
    let Some(bits) = Bitstream::read(chunk, bytes).transpose()? else {
        return Ok(());
    };
    if bits.size != size {
        return Err(Rejection::damaged(format!(
            "the WebP announces {} × {} pixels and holds {} × {}",
            size.0, size.1, bits.size.0, bits.size.1
        )));
    }
    info.color = bits.color;
    info.alpha |= bits.alpha;
    Ok(())
}

/// ANMF: the frame's place on the canvas, then its own chunks. The canvas shows through where the frame
/// does not reach.
fn first_frame(bytes: &[u8], frame: &Chunk, info: &mut SourceInfo) -> Result<(), Rejection> {
    let header = frame.data.start;
    let field = |at: usize| le24(bytes, header + at);
    let (Some(x), Some(y), Some(width), Some(height)) = (field(0), field(3), field(6), field(9)) else {
        return Err(Rejection::damaged("the WebP's first frame is cut off"));
    };
    let (size, corner) = ((width + 1, height + 1), (x * 2, y * 2));
    let reaches = |from: u32, len: u32, canvas: u32| from.checked_add(len).is_some_and(|end| end <= canvas);
    if !reaches(corner.0, size.0, info.width) || !reaches(corner.1, size.1, info.height) {
        return Err(Rejection::damaged("the WebP's first frame lies outside of its canvas"));
    }
    info.alpha |= size != (info.width, info.height);
    let inner = bytes.get(..frame.data.end).unwrap_or(bytes);
    let mut found = false;
    for chunk in (Chunks { bytes: inner, at: header + FRAME_HEADER }) {
        match &chunk.name {
            b"ALPH" => info.alpha = true,
            b"VP8 " | b"VP8L" => {
                picture(&chunk, inner, size, info)?;
                found = true;
                break;
            }
            _ => {}
        }
    }
    if found { Ok(()) } else { Err(Rejection::damaged("the WebP's first frame holds no picture")) }
}
