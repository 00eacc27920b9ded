//! JPEG strips and tiles, by `scaled-jpeg`.

use std::sync::Arc;

use image_header::{TiffCoding, TiffInfo};
use scaled_jpeg::{Decoder, Options, Scale};

use crate::stop::Stop;

/// Returns the bytes that decoding a strip or tile of `samples` samples may take: planes, coefficients of progressive files, and
/// blocks beyond the edges.
pub(crate) fn memory(samples: u64) -> u64 {
    samples * 4 + (2 << 20)
}

/// Decodes `bytes`, one strip or tile. Returns rows of interleaved samples, at most `rows` and each as wide as the
/// strip or tile, or `None` if nothing can be decoded.
pub(super) fn decode(
    source: &[u8],
    bytes: &[u8],
    tiff: &TiffInfo,
    samples: usize,
    rows: u32,
    stop: &Stop,
) -> Option<Vec<u8>> {
    let tables = match &tiff.coding {
        TiffCoding::Jpeg(Some(tables)) => source.get(tables.clone())?,
        _ => &[],
    };
    // The tables are a JPEG file without a picture: its end marker and the other's start marker go.
    let joined;
    let file = match tables.strip_suffix(&[0xFF, 0xD9]).unwrap_or(tables) {
        [] => bytes,
        tables => {
            joined = [tables, bytes.strip_prefix(&[0xFF, 0xD8])?].concat();
            &joined
        }
    };
    let width = tiff.chunk.0;
    let cancel = stop.clone();
    let count = u64::from(width) * u64::from(rows) * samples as u64;
    let options = Options {
        memory: memory(count),
        cancel: Some(Arc::new(move || cancel.is_stopped())),
        ..Options::default()
    };
    let decoder = Decoder::new(file).ok()?.with_options(options);
    let header = decoder.header();
    if header.components.len() != samples || header.width < width {
        return None;
    }
    let most = |factor: fn(&scaled_jpeg::Component) -> u8| {
        usize::from(header.components.iter().map(factor).max().unwrap_or(1).max(1))
    };
    let (across, down) = (most(|component| component.horizontal), most(|component| component.vertical));
    let decoded = decoder.decode_planes([Scale::Full; 4]).ok()?;
    // Rows that the damaged file lacks are not handed over.
    let there = decoded.damage.map_or(1.0, |damage| damage.decoded);
    let rows = (f64::from(rows.min(header.height)) * there) as usize;
    let mut interleaved = vec![0; width as usize * samples * rows];
    for (index, (plane, component)) in decoded.planes.iter().zip(&header.components).enumerate() {
        let factors = (usize::from(component.horizontal), usize::from(component.vertical));
        let stride = plane.width as usize;
        for (y, row) in interleaved.chunks_exact_mut(width as usize * samples).enumerate() {
            let from = plane.samples.get(y * factors.1 / down * stride..)?;
            for (x, pixel) in row.chunks_exact_mut(samples).enumerate() {
                pixel[index] = *from.get(x * factors.0 / across)?;
            }
        }
    }
    Some(interleaved)
}
