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
            if filter == 0 && rows == 2 && matches!(scanlines.get(1).0, 0 | 1) {
                // As it is, and nothing looks up to it.
                each(row);
                scanlines.consume(1);
                done += 1;
            } else if rows == 2 && unfilter.is_pair(filter, scanlines.get(1).0) {
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use fixtures::pixels;
    use fixtures::png::{Filter, Png};
    use image_header::{Limits, probe};

    use super::*;
    use crate::picture::Samples;

    /// Every sort of file that is read here, in each filter and all of them.
    fn files() -> Vec<Vec<u8>> {
        let mut files = Vec::new();
        for channels in 1..=4 {
            let eight = pixels::noise::<u8>(37, 23, channels, 5);
            let deep = pixels::noise::<u16>(37, 23, channels, 6);
            for filter in (0..5).map(Filter::Fixed).chain([Filter::Cycle]) {
                files.push(Png::new(&eight).filter(filter).encode());
                files.push(Png::new(&deep).filter(filter).encode());
            }
        }
        // So large that the window has to move, and smooth, so that deflate refers back.
        let large = pixels::camera_like(1_200, 500, 3);
        files.push(Png::new(&large).filter(Filter::Cycle).encode());
        files.push(Png::new(&large.with_alpha(|x, _| x as f32 / 1_199.0)).filter(Filter::Fixed(4)).encode());
        files
    }

    /// Rows that the `png` crate makes of `file`, and whether it reaches the end.
    fn reference(file: &[u8]) -> (Vec<u8>, bool) {
        let mut reader = png::Decoder::new(Cursor::new(file)).read_info().unwrap();
        let mut rows = Vec::new();
        loop {
            match reader.next_row() {
                Ok(Some(row)) => rows.extend_from_slice(row.data()),
                Ok(None) => return (rows, true),
                Err(_) => return (rows, false),
            }
        }
    }

    fn decode(file: &[u8]) -> Result<(Interleaved, Option<String>), DecodeError> {
        let info = probe(file, &Limits::default())?;
        Plain::of(file, &info).expect("a plain PNG").decode(file, &info, 1, &Stop::new())
    }

    fn bytes(picture: &Interleaved) -> Vec<u8> {
        match &picture.samples {
            Samples::Eight(samples) => samples.clone(),
            Samples::Sixteen(samples) => samples.iter().flat_map(|sample| sample.to_be_bytes()).collect(),
        }
    }

    #[test]
    fn whole_files_are_read_as_by_the_png_crate() {
        for file in files() {
            let (picture, warning) = decode(&file).unwrap();
            assert_eq!(warning, None);
            assert!((bytes(&picture), true) == reference(&file), "a file of {} bytes", file.len());
        }
    }

    #[test]
    fn damaged_files_are_read_as_far_as_by_the_png_crate() {
        for file in files() {
            // The data begin behind the signature, the header and a chunk's head.
            for part in 1..24 {
                let at = 50 + (file.len() - 50) * part / 24;
                let mut flipped = file.clone();
                flipped[at] ^= 0x10;
                for damaged in [&file[..at], &flipped[..]] {
                    let (rows, whole) = reference(damaged);
                    match decode(damaged) {
                        Ok((picture, warning)) => {
                            assert_eq!(
                                warning.is_none(),
                                whole,
                                "{warning:?}, {part} of 24 of {}",
                                file.len()
                            );
                            assert!(bytes(&picture).starts_with(&rows), "{part} of 24 of {}", file.len());
                        }
                        Err(DecodeError::Rejected(_)) => {
                            let all = bytes(&decode(&file).unwrap().0).len();
                            assert!(rows.len() * 2 < all, "{part} of 24 of {}", file.len());
                        }
                        Err(DecodeError::Stopped) => panic!("nobody asked to stop"),
                    }
                }
            }
        }
    }

    #[test]
    fn work_ends_before_the_next_row_once_it_is_asked_to() {
        let file = Png::new(&pixels::noise::<u8>(37, 23, 3, 5)).encode();
        let info = probe(&file, &Limits::default()).unwrap();
        let plain = Plain::of(&file, &info).unwrap();
        let (stop, mut rows) = (Stop::new(), 0);
        let result = plain.rows(&file, &info, &stop, |_| {
            rows += 1;
            if rows == 5 {
                stop.stop();
            }
        });
        assert!(matches!(result, Err(DecodeError::Stopped)), "{result:?}");
        assert!(rows <= 6, "{rows}");
    }
}
