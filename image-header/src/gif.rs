//! GIF89a and GIF87a.

use crate::reader::{le16, range_within};
use crate::{ColorModel, Format, Limits, Rejection, SourceInfo};

/// Signature, logical screen descriptor.
const HEADER: usize = 13;
/// Separator, position, size, flags.
const IMAGE_DESCRIPTOR: usize = 10;
const EXTENSION: u8 = 0x21;
const GRAPHIC_CONTROL: u8 = 0xF9;
const IMAGE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;

/// `width` and `height` are the canvas's: the logical screen, enlarged to hold the first frame, as browsers do.
/// `alpha`, like `interlaced`, is that of the first frame: a transparent colour, or canvas that the frame leaves bare.
pub(crate) fn probe(source: &[u8], limits: &Limits) -> Result<SourceInfo, Rejection> {
    let cut = || Rejection::damaged("the GIF ends before its picture");
    let width = u32::from(le16(source, 6).ok_or_else(cut)?);
    let height = u32::from(le16(source, 8).ok_or_else(cut)?);
    let flags = *source.get(10).ok_or_else(cut)?;
    // Encoders leave the screen empty, and the first frame may enlarge it.
    limits.check_size(width.max(1), height.max(1))?;
    let mut info = SourceInfo::new(Format::Gif, (width, height), ColorModel::Palette, 8);
    info.frames = 0;
    info.complete = false;
    let mut transparent = false;
    let mut at = HEADER + color_table(flags);
    while let Some(&block) = source.get(at) {
        let next = match block {
            TRAILER => {
                info.complete = true;
                break;
            }
            EXTENSION => {
                if source.get(at + 1) == Some(&GRAPHIC_CONTROL) {
                    transparent = source.get(at + 3).is_some_and(|flags| flags & 1 == 1);
                }
                let end = sub_blocks(source, at + 2);
                info.metadata += end.unwrap_or(source.len()).saturating_sub(at) as u64;
                end
            }
            IMAGE => {
                let Some(descriptor) = range_within(source.len(), at, IMAGE_DESCRIPTOR) else {
                    break;
                };
                let frame = Frame::read(source.get(descriptor.clone()).unwrap_or_default());
                limits.check_size(frame.width.max(1), frame.height.max(1))?;
                if info.frames == 0 {
                    info.width = width.max(frame.left + frame.width);
                    info.height = height.max(frame.top + frame.height);
                    limits.check_size(info.width, info.height)?;
                    info.alpha = transparent || !frame.covers(info.width, info.height);
                    info.interlaced = frame.interlaced;
                }
                transparent = false;
                info.frames += 1;
                limits.check_frames(info.frames)?;
                // The byte between table and data is the LZW code size.
                sub_blocks(source, descriptor.end + frame.color_table + 1)
            }
            // Some encoders pad with zeros; anything else is where the damage starts.
            0 => Some(at + 1),
            _ => break,
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    if info.frames == 0 {
        return Err(cut());
    }
    Ok(info)
}

/// One image descriptor.
#[derive(Debug, Clone, Copy)]
struct Frame {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
    interlaced: bool,
    /// Bytes of its own colour table.
    color_table: usize,
}

impl Frame {
    fn read(descriptor: &[u8]) -> Self {
        let field = |at| u32::from(le16(descriptor, at).unwrap_or_default());
        let flags = descriptor.get(9).copied().unwrap_or_default();
        Self {
            left: field(1),
            top: field(3),
            width: field(5),
            height: field(7),
            interlaced: flags & 0x40 != 0,
            color_table: color_table(flags),
        }
    }

    fn covers(&self, width: u32, height: u32) -> bool {
        self.left == 0 && self.top == 0 && self.width >= width && self.height >= height
    }
}

/// Bytes of the colour table that `flags` announce.
fn color_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// The position after the sub-blocks from `at` on and their terminator, if all are there.
fn sub_blocks(source: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *source.get(at)? {
            0 => return Some(at + 1),
            len => at += 1 + usize::from(len),
        }
    }
}
