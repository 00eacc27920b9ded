//! The most frequent PNGs by a shorter way: neither interlaced nor packed, their samples as they are stored.

use image_header::{Rejection, SourceInfo};

use super::scanlines::Scanlines;
use super::unfilter::Unfilter;
use crate::decode::boxes::Boxes;
use crate::decode::{DecodeError, UNDECODED, accept_partial};
use crate::picture::{Components, Interleaved};
use crate::stop::Stop;

/// What a PNG is that can be read this way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain {
    components: Components,
    deep: bool,
}

impl Plain {
    /// By the header of `source` (11.2.1), which was read into `info`.
    pub(super) fn of(source: &[u8], info: &SourceInfo) -> Option<Self> {
        let &[depth, color, _, _, 0] = source.get(24..29)? else { return None };
        let components = match color {
            // With a transparent colour, alpha has to be made.
            0 if !info.alpha => Components::Grey,
            2 if !info.alpha => Components::Rgb,
            4 => Components::GreyAlpha,
            6 => Components::Rgba,
            _ => return None,
        };
        matches!(depth, 8 | 16).then_some(Self { components, deep: depth == 16 })
    }

    /// The picture, and a warning where the file ends early.
    pub(super) fn decode(
        self,
        source: &[u8],
        info: &SourceInfo,
        shrink: u32,
        stop: &Stop,
    ) -> Result<(Interleaved, Option<String>), DecodeError> {
        let size = (info.width, info.height);
        // What a cut-off file leaves out is grey, or transparent where the picture can be.
        let missing = if self.components.has_alpha() { 0 } else { UNDECODED };
        if self.deep {
            let mut boxes = Boxes::new(size, self.components, shrink, u16::from(missing) * 257);
            let mut samples = Vec::new();
            let warning = self.rows(source, info, stop, |row| {
                samples.clear();
                samples.extend(row.as_chunks().0.iter().copied().map(u16::from_be_bytes));
                boxes.push(&samples);
            })?;
            return Ok((boxes.finish(), warning));
        }
        let mut boxes = Boxes::new(size, self.components, shrink, missing);
        let warning = self.rows(source, info, stop, |row| boxes.push(row))?;
        Ok((boxes.finish(), warning))
    }

    /// Hands every row to `each`; a warning where the file ends early.
    fn rows(
        self,
        source: &[u8],
        info: &SourceInfo,
        stop: &Stop,
        mut each: impl FnMut(&[u8]),
    ) -> Result<Option<String>, DecodeError> {
        let pixel = self.components.count() * if self.deep { 2 } else { 1 };
        let (bytes, height) = (info.width as usize * pixel, info.height as usize);
        let unfilter = Unfilter::new(pixel);
        let mut scanlines = Scanlines::new(source, 1 + bytes).map_err(Rejection::damaged)?;
        let [mut above, mut first, mut second] = [vec![0; bytes], vec![0; bytes], vec![0; bytes]];
        let mut done = 0;
        let fails = |done: usize, error: &str| accept_partial(height - done, height, error).map(Some);
        while done < height {
            stop.check()?;
            let rows = match scanlines.fill((height - done).min(2)) {
                Ok(rows) => rows,
                Err(error) => return Ok(fails(done, error)?),
            };
            let (filter, row) = scanlines.get(0);
            if rows == 2 && unfilter.is_pair(filter, scanlines.get(1).0) {
                unfilter.pair([row, scanlines.get(1).1], &above, [&mut first, &mut second]);
                each(&first);
                each(&second);
                scanlines.consume(2);
                done += 2;
                std::mem::swap(&mut above, &mut second);
            } else {
                if !unfilter.row(filter, row, &above, &mut first) {
                    return Ok(fails(done, "there is no such filter")?);
                }
                each(&first);
                scanlines.consume(1);
                done += 1;
                std::mem::swap(&mut above, &mut first);
            }
        }
        match scanlines.finish() {
            Ok(()) => Ok(None),
            Err(error) => Ok(fails(height, error)?),
        }
    }
}
