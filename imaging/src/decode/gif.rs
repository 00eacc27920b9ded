//! GIF, by the `gif` crate: the first frame, row after row, on its canvas.

use std::io::{Cursor, Read};
use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, MemoryLimit};
use image_header::{Limits, Rejection, SourceInfo};

use super::watched::Watched;
use super::{DecodeError, Decoded, UNDECODED, accept_partial, check_size, shrunk_eight, words};
use crate::picture::Components;
use crate::stop::Stop;

/// Signature and logical screen descriptor.
const HEADER: usize = 13;

pub(super) fn decode(
    source: &[u8],
    info: &SourceInfo,
    shrink: u32,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let damaged = |error: gif::DecodingError| Rejection::damaged(words::in_words(&error));
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    let most = NonZeroU64::new(limits.decoded_bytes).unwrap_or(NonZeroU64::MIN);
    options.set_memory_limit(MemoryLimit::Bytes(most));
    let (head, rest) = source.split_at_checked(HEADER).ok_or_else(|| Rejection::damaged(words::CUT_OFF))?;
    let head = with_palette(head);
    let file = head.chain(Watched::new(rest, stop));
    let mut decoder = options.read_info(file).map_err(damaged)?;
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

    let transparent = frame.transparent;
    let colors = colors(decoder.palette().map_err(damaged)?, transparent);

    let (width, height) = (info.width as usize, info.height as usize);
    let nothing = if info.alpha { [0; 4] } else { [UNDECODED, UNDECODED, UNDECODED, 255] };
    let mut canvas = nothing.repeat(width * height);
    let visible = columns.min(width.saturating_sub(left));
    let mut row = vec![0; columns];
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
            let pixels = canvas[at..at + visible * 4].as_chunks_mut::<4>().0;
            pixels.iter_mut().zip(&row).for_each(|(pixel, &index)| *pixel = colors[usize::from(index)]);
        }
    }
    let picture = shrunk_eight(info, shrink, Components::Rgba, canvas);
    Ok(Decoded { picture, warnings: warning.into_iter().collect() })
}

/// Returns the `head` of a file with a palette of two colours behind it where it announces none. A frame without any
/// palette is black in browsers, and the decoder refuses it.
fn with_palette(head: &[u8]) -> Cursor<Vec<u8>> {
    const FLAGS: usize = 10;
    let mut head = head.to_vec();
    if head[FLAGS] & 0x80 == 0 {
        head[FLAGS] = head[FLAGS] & !7 | 0x80;
        head.extend([0; 6]);
    }
    Cursor::new(head)
}

/// Returns the colour of each index. Indices beyond `palette` are black.
fn colors(palette: &[u8], transparent: Option<u8>) -> [[u8; 4]; 256] {
    let mut colors = [[0, 0, 0, 255]; 256];
    for (color, &[red, green, blue]) in colors.iter_mut().zip(palette.as_chunks::<3>().0) {
        *color = [red, green, blue, 255];
    }
    if let Some(index) = transparent {
        colors[usize::from(index)][3] = 0;
    }
    colors
}

/// Where each row of the file belongs: GIF89a, appendix E.
fn order(rows: usize, interlaced: bool) -> Box<dyn Iterator<Item = usize>> {
    if !interlaced {
        return Box::new(0..rows);
    }
    let passes = [(0, 8), (4, 8), (2, 4), (1, 2)];
    Box::new(passes.into_iter().flat_map(move |(first, step)| (first..rows).step_by(step)))
}
