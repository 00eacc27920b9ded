//! The strips or tiles that lie beside each other, read row by row.

use std::io::{Cursor, ErrorKind, Read};
use std::ops::Range;

use image_header::{SourceInfo, TiffCoding, TiffColor, TiffInfo, TiffPredictor};

use super::unpack::{undo_difference, unpack, unpack_subsampled};
use super::{jpeg, stored};
use crate::stop::{Stop, Stopped};

/// One row of strips or tiles, in all planes.
pub(super) struct Band<'a> {
    tiff: &'a TiffInfo,
    wanted: &'a [usize],
    /// Rows of pixels in a line of stored bytes: more than one where colors are subsampled.
    rows_a_line: usize,
    row: usize,
    pieces: Vec<Piece<'a>>,
}

struct Piece<'a> {
    /// `None` if the file lacks the rest.
    reader: Option<Box<dyn Read + 'a>>,
    /// Columns of the picture.
    columns: Range<usize>,
    /// The samples of a pixel that it holds: the first one's place among those wanted.
    plane: Option<usize>,
    line: Vec<u8>,
}

impl<'a> Band<'a> {
    /// Opens the band number `index`.
    pub(super) fn open(
        source: &'a [u8],
        info: &SourceInfo,
        tiff: &'a TiffInfo,
        wanted: &'a [usize],
        index: usize,
        stop: &Stop,
    ) -> Result<Self, Stopped> {
        let (chunk_width, chunk_rows) = tiff.chunk;
        let across = tiff.across(info.width) as usize;
        let down = info.height.div_ceil(chunk_rows.max(1)) as usize;
        let left_rows = info.height - (index as u32) * chunk_rows;
        let rows = if tiff.tiled { chunk_rows } else { chunk_rows.min(left_rows) };
        let size = tiff.chunk_bytes(rows);
        let line = usize::try_from(tiff.chunk_bytes(1)).unwrap_or(usize::MAX);
        let planes: Vec<Option<usize>> =
            if tiff.planar { (0..wanted.len()).map(Some).collect() } else { vec![None] };
        let mut pieces = Vec::with_capacity(planes.len() * across);
        for plane in planes {
            let first = plane.map_or(0, |plane| wanted[plane] * across * down);
            for column in 0..across {
                stop.check()?;
                let place = first + index * across + column;
                let left = column * chunk_width as usize;
                let range = match &tiff.coding {
                    TiffCoding::OldJpeg(file) => Some(file.clone()),
                    _ => tiff.range(source, place, size),
                };
                let bytes = range.and_then(|range| source.get(range));
                let reader = bytes.and_then(|bytes| open(source, bytes, tiff, rows, size, stop));
                pieces.push(Piece {
                    reader,
                    columns: left..(left + chunk_width as usize).min(info.width as usize),
                    plane,
                    line: vec![0; line],
                });
            }
        }
        let rows_a_line = subsampling(tiff).map_or(1, |(_, down)| down);
        Ok(Self { tiff, wanted, rows_a_line, row: 0, pieces })
    }

    /// Reads the next row into `samples`, the wanted ones of each pixel side by side. Columns that the file lacks are
    /// added to `gaps`.
    pub(super) fn next_row(&mut self, samples: &mut [u16], gaps: &mut Vec<Range<usize>>) {
        let in_line = self.row % self.rows_a_line;
        self.row += 1;
        let tiff = self.tiff;
        let count = self.wanted.len();
        for piece in &mut self.pieces {
            if in_line == 0 {
                piece.next_line(tiff);
            }
            if piece.reader.is_none() {
                if !gaps.contains(&piece.columns) {
                    gaps.push(piece.columns.clone());
                }
                continue;
            }
            let target = &mut samples[piece.columns.start * count..piece.columns.end * count];
            match (piece.plane, subsampling(tiff)) {
                (Some(plane), _) => unpack(&piece.line, tiff, 1, &[0], &mut target[plane..], count),
                (None, Some(factors)) => {
                    unpack_subsampled(&piece.line, tiff, factors, in_line, target, count)
                }
                (None, None) => {
                    unpack(&piece.line, tiff, tiff.samples.into(), self.wanted, target, count);
                }
            }
        }
    }
}

impl Piece<'_> {
    fn next_line(&mut self, tiff: &TiffInfo) {
        let Some(reader) = &mut self.reader else { return };
        if fill(reader, &mut self.line) < self.line.len() {
            self.reader = None;
            return;
        }
        if tiff.predictor == TiffPredictor::Horizontal {
            let samples = if tiff.planar { 1 } else { tiff.samples.into() };
            undo_difference(&mut self.line, tiff, samples);
        }
    }
}

fn open<'a>(
    source: &'a [u8],
    bytes: &'a [u8],
    tiff: &'a TiffInfo,
    rows: u32,
    size: u64,
    stop: &Stop,
) -> Option<Box<dyn Read + 'a>> {
    if tiff.is_jpeg() {
        let samples = if tiff.planar { 1 } else { usize::from(tiff.samples) };
        return Some(Box::new(Cursor::new(jpeg::decode(source, bytes, tiff, samples, rows, stop)?)));
    }
    let mut reader = stored::open(bytes, tiff, tiff.chunk.0, size)?;
    if !tiff.tiled || tiff.coding == TiffCoding::None {
        return Some(reader);
    }
    // Tiles beside each other are decompressed one after the other, so that only one decompressor takes memory.
    let mut whole = vec![0; usize::try_from(size).ok()?];
    let read = fill(&mut reader, &mut whole);
    whole.truncate(read);
    Some(Box::new(Cursor::new(whole)))
}

/// Reads until `buffer` is full. Returns how many bytes could be read.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    filled
}

/// Returns the subsampling of colors that stored lines have. JPEG strips are decoded to full lines.
fn subsampling(tiff: &TiffInfo) -> Option<(usize, usize)> {
    match &tiff.color {
        TiffColor::YCbCr(color) if !tiff.planar && !tiff.is_jpeg() && color.subsampling != (1, 1) => {
            Some((color.subsampling.0.into(), color.subsampling.1.into()))
        }
        _ => None,
    }
}
