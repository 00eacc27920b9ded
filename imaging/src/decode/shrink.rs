//! How much smaller a picture becomes while it is decoded.

use image_header::{Format, SourceInfo};

use crate::orient;
use crate::picture::Extent;
use crate::plan::RenditionSpec;

/// The shrunk picture has at least this many times the largest rendition's pixels either way, so that Lanczos3
/// still has what it needs. Against resizing the whole picture SSIMULACRA2 says 95 and more at 3, 90 to 95 at 2 (as
/// libvips has it), 87 to 95 at 1.5.
const ROOM: u32 = 3;

/// Beyond it, a box's sums would no longer fit.
pub(super) const LARGEST: u32 = 255;

/// `factor` × `factor` pixels of `source` become one while it is decoded, as no rendition needs more. JPEGs are
/// shrunk by other means.
pub(crate) fn factor(source: &SourceInfo, renditions: &[RenditionSpec]) -> u32 {
    if source.format == Format::Jpeg {
        return 1;
    }
    let fits = |spec: &RenditionSpec| {
        let (width, height) = orient::turned(source.orientation, spec.width, spec.height);
        (source.width / (ROOM * width.max(1))).min(source.height / (ROOM * height.max(1)))
    };
    renditions.iter().map(fits).min().unwrap_or(1).clamp(1, LARGEST)
}

/// Pixels of a picture shrunk by `factor`. At the right and the bottom, boxes may be filled only in part.
pub(crate) fn size(width: u32, height: u32, factor: u32) -> (u32, u32) {
    (width.div_ceil(factor), height.div_ceil(factor))
}

/// Where the picture of `width` × `height` pixels lies on its own grid shrunk by `factor`.
pub(super) fn extent(width: u32, height: u32, factor: u32) -> Extent {
    let part = |side: u32| f64::from(side) / f64::from(factor);
    Extent { x: 0.0, y: 0.0, width: part(width), height: part(height) }
}
