//! GIF, by the `gif` crate: the first frame, row after row, on its canvas.

use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, MemoryLimit};
use image_header::{Limits, Rejection, SourceInfo};

use super::watched::Watched;
use super::{DecodeError, Decoded, UNDECODED, accept_partial, check_size, shrunk_eight, words};
use crate::picture::Components;
use crate::stop::Stop;

pub(super) fn decode(
    source: &[u8],
    info: &SourceInfo,
    shrink: u32,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let damaged = |error: gif::DecodingError| Rejection::damaged(words::in_words(&error));
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    let most = NonZeroU64::new(limits.decoded_bytes).unwrap_or(NonZeroU64::MIN);
    options.set_memory_limit(MemoryLimit::Bytes(most));
    let mut decoder = options.read_info(Watched::new(source, stop)).map_err(damaged)?;
    let screen = (decoder.width(), decoder.height());
    let frame = decoder
        .next_frame_info()
        .map_err(damaged)?
        .ok_or_else(|| Rejection::damaged("there is no frame in it"))?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    check_size(
        info,
        (left as u32 + u32::from(frame.width)).max(screen.0.into()),
        (top as u32 + u32::from(frame.height)).max(screen.1.into()),
    )?;
    let (columns, rows, interlaced) = (usize::from(frame.width), usize::from(frame.height), frame.interlaced);

    let (width, height) = (info.width as usize, info.height as usize);
    let nothing = if info.alpha { [0; 4] } else { [UNDECODED, UNDECODED, UNDECODED, 255] };
    let mut canvas = nothing.repeat(width * height);
    let visible = columns.min(width.saturating_sub(left)) * 4;
    let mut row = vec![0; columns * 4];
    let mut warning = None;
    for (decoded, y) in order(rows, interlaced).enumerate() {
        stop.check()?;
        let whole = match decoder.fill_buffer(&mut row) {
            Ok(true) => None,
            Ok(false) => Some(words::CUT_OFF),
            Err(error) => Some(words::in_words(&error)),
        };
        if let Some(error) = whole {
            stop.check()?;
            warning = Some(accept_partial(rows - decoded, rows, error)?);
            break;
        }
        if top + y < height && visible > 0 {
            let at = ((top + y) * width + left) * 4;
            canvas[at..at + visible].copy_from_slice(&row[..visible]);
        }
    }
    let picture = shrunk_eight(info, shrink, Components::Rgba, canvas);
    Ok(Decoded { picture, warnings: warning.into_iter().collect() })
}

/// Where each row of the file belongs: GIF89a, appendix E.
fn order(rows: usize, interlaced: bool) -> Box<dyn Iterator<Item = usize>> {
    if !interlaced {
        return Box::new(0..rows);
    }
    let passes = [(0, 8), (4, 8), (2, 4), (1, 2)];
    Box::new(passes.into_iter().flat_map(move |(first, step)| (first..rows).step_by(step)))
}
