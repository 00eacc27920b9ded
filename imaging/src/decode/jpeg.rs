//! JPEG, by `zune-jpeg`, into planes at the components' own sampling.

use std::borrow::Cow;

use image_header::{ColorModel, JpegInfo, Limits, Rejection, SourceInfo};
use zune_core::bytestream::ZCursor;
use zune_core::options::DecoderOptions;
use zune_jpeg::{JpegDecoder, RawImcuRowStatus};

use super::{DecodeError, Decoded, UNDECODED, accept_partial};
use crate::picture::{Extent, Picture, Plane};
use crate::stop::Stop;

pub(super) fn decode(
    source: &[u8],
    info: &SourceInfo,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let jpeg = info.jpeg.as_ref().ok_or_else(|| Rejection::damaged("its frame header is missing"))?;
    let mut file = readable(source, jpeg);
    let mut planes = planes(info, jpeg);
    let mut read = read(&file, jpeg, &mut planes, limits, stop)?;
    if read.scans > 0 && read.error.is_some() {
        // Nothing is shown of a progressive file before its end; what it lacks is said to be its end. Its first
        // scan shows the whole picture already, only less sharp.
        let mut ended = Vec::with_capacity(file.len() + 2);
        ended.extend_from_slice(&file);
        ended.extend_from_slice(&[0xFF, 0xD9]);
        file = Cow::Owned(ended);
        let error = read.error;
        read = self::read(&file, jpeg, &mut planes, limits, stop)?;
        read.error = error;
    }
    let rows = planes[0].height as usize;
    let warning = match read.error {
        Some(error) => Some(accept_partial(rows - read.rows.min(rows), rows, &error)?),
        None => None,
    };
    let model = match (info.color, planes.len()) {
        (ColorModel::Grey, 1) | (ColorModel::YCbCr | ColorModel::Rgb, 3) => info.color,
        (ColorModel::Cmyk { .. } | ColorModel::Ycck { .. }, 4) => info.color,
        (model, count) => {
            let what = format!("a JPEG of {count} components that are said to be {model:?}");
            return Err(Rejection::unsupported(what).into());
        }
    };
    Ok(Decoded { picture: Picture::Planar { model, planes }, warnings: warning.into_iter().collect() })
}

/// Whether the decoder keeps all coefficients before it yields a row.
fn buffered(jpeg: &JpegInfo) -> bool {
    jpeg.progressive || jpeg.scans > 1
}

/// The file as the decoder takes it: it refuses Adobe markers of other transforms than 0 to 2, which say
/// nothing that was not read from the header.
fn readable<'a>(source: &'a [u8], jpeg: &JpegInfo) -> Cow<'a, [u8]> {
    const MARKER: [u8; 2] = [0xFF, 0xEE];
    if jpeg.adobe_transform.is_none_or(|transform| transform <= 2) {
        return Cow::Borrowed(source);
    }
    let mut file = source.to_vec();
    let name = file.windows(9).position(|bytes| bytes.starts_with(&MARKER) && bytes.ends_with(b"Adobe"));
    if let Some(at) = name {
        file[at + 4] = b'a';
    }
    Cow::Owned(file)
}

/// A plane for each component, ⌈side × factor ÷ largest factor⌉ samples a side (T.81, A.1.1).
fn planes(info: &SourceInfo, jpeg: &JpegInfo) -> Vec<Plane> {
    let most = |factor: fn(&(u8, u8)) -> u8| jpeg.sampling.iter().map(factor).max().unwrap_or(1);
    let (across, down) = (most(|factors| factors.0), most(|factors| factors.1));
    let part = |side: u32, factor: u8, most: u8| f64::from(side) * f64::from(factor) / f64::from(most.max(1));
    jpeg.sampling
        .iter()
        .map(|&(horizontal, vertical)| {
            let extent = Extent {
                x: 0.0,
                y: 0.0,
                width: part(info.width, horizontal, across),
                height: part(info.height, vertical, down),
            };
            let (width, height) = (extent.width.ceil() as u32, extent.height.ceil() as u32);
            Plane { width, height, extent, samples: vec![UNDECODED; width as usize * height as usize] }
        })
        .collect()
}

/// How far reading came.
struct Read {
    /// Rows of the first component that were decoded from data of the file.
    rows: usize,
    /// Scans of a progressive file that were whole.
    scans: usize,
    /// Why it ended early.
    error: Option<String>,
}

/// Fills `planes` from the top.
fn read(
    file: &[u8],
    jpeg: &JpegInfo,
    planes: &mut [Plane],
    limits: &Limits,
    stop: &Stop,
) -> Result<Read, DecodeError> {
    let options = DecoderOptions::default()
        .set_max_width(limits.side as usize)
        .set_max_height(limits.side as usize)
        .jpeg_set_max_scans(limits.jpeg_scans as usize)
        .set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    let cancel = stop.clone();
    decoder.set_cancel(move || cancel.is_stopped());
    let headers = decoder.decode_headers();
    stop.check()?;
    headers.map_err(|error| Rejection::damaged(error.to_string()))?;
    let strides: Vec<usize> = planes.iter().map(|plane| plane.width as usize).collect();
    let layout = decoder.raw_output().layout().unwrap_or_default();
    let agrees = planes.iter().zip(&layout).all(|(plane, layout)| {
        (plane.width as usize, plane.height as usize) == (layout.width, layout.height)
    });
    if !agrees {
        return Err(Rejection::damaged("its header says two different sizes").into());
    }

    let mut rows = vec![0; planes.len()];
    let mut fed = Fed::default();
    let error = loop {
        stop.check()?;
        let mut targets: Vec<&mut [u8]> = planes
            .iter_mut()
            .zip(&rows)
            .map(|(plane, &row)| plane.samples.get_mut(row * plane.width as usize..).unwrap_or_default())
            .collect();
        let status = decoder.raw_output().decode_next_imcu_row(&mut targets, &strides);
        match status {
            Ok(RawImcuRowStatus::RowReady { rows_written }) => {
                let samples: usize =
                    rows_written.iter().zip(&strides).map(|(rows, stride)| rows * stride).sum();
                rows.iter_mut().zip(rows_written).for_each(|(row, written)| *row += written);
                let position = decoder.inner_reader().position().unwrap_or(0);
                if !buffered(jpeg) && fed.starves(position, samples / 64, &rows) {
                    rows.clone_from(&fed.rows);
                    break Some("its data ends too early".to_owned());
                }
            }
            Ok(RawImcuRowStatus::Complete) => break None,
            Ok(_) => break Some("the file ends too early".to_owned()),
            Err(error) => break Some(error.to_string()),
        }
    };
    stop.check()?;
    for (plane, &row) in planes.iter_mut().zip(&rows) {
        let at = (row * plane.width as usize).min(plane.samples.len());
        plane.samples[at..].fill(UNDECODED);
    }
    Ok(Read { rows: rows[0], scans: decoder.decoded_scans().unwrap_or(0), error })
}

/// Notices a decoder that goes on without data: at a marker it makes up what is missing.
#[derive(Default)]
struct Fed {
    position: u64,
    /// Blocks that came since a byte was read.
    blocks: usize,
    /// Rows of each component when a byte was last read.
    rows: Vec<usize>,
}

impl Fed {
    /// A block takes two bits at least, and a decoder holds few bytes back: it cannot make many blocks of them.
    fn starves(&mut self, position: u64, blocks: usize, rows: &[usize]) -> bool {
        const HELD_BACK: usize = 32;
        if position > self.position {
            *self = Self { position, blocks: 0, rows: rows.to_vec() };
            return false;
        }
        self.blocks += blocks;
        self.blocks > HELD_BACK * 8 / 2
    }
}
