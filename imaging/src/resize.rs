//! Lanczos3 in SIMD, over planes and interleaved pixels, by `fast_image_resize`.

use std::sync::Arc;

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions};

use crate::Fault;
use crate::convolution::{Convolution, Pixel};
use crate::jobs::Piece;
use crate::lanczos;
use crate::picture::{Extent, Interleaved, Plane, Samples};
use crate::transpose::transpose;

/// How many samples chroma planes get.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Chroma {
    /// As many as luma.
    Full,
    /// Half as many either way, rounded up. The flags say at which side the grid of an odd-sized picture
    /// sticks out: a picture that is mirrored later must stick out at the other side now.
    Halved { left: bool, top: bool },
}

/// Resizes, keeping its working memory between calls.
#[derive(Default)]
pub(crate) struct Resizer {
    convolution: Convolution,
    /// What is resized one way or both.
    resized: Vec<u8>,
    /// What is resized one way, turned over.
    turned: Vec<u8>,
}

impl Resizer {
    /// `source` for a picture of `width` × `height` pixels. A plane that nobody else has lends its memory.
    pub(crate) fn resize(
        &mut self,
        source: Piece,
        (width, height): (u32, u32),
        chroma: Chroma,
    ) -> Result<Piece, Fault> {
        Ok(match source {
            Piece::Plane(plane) => Piece::Plane(self.plane(plane, width, height, chroma)?),
            Piece::Pixels(source) => Piece::Pixels(Arc::new(self.interleaved(&source, width, height)?)),
        })
    }

    fn plane(&mut self, source: Plane, width: u32, height: u32, chroma: Chroma) -> Result<Plane, Fault> {
        let (grid_width, grid_height, extent) = grid(width, height, chroma);
        let (left, crop_width) =
            crop((source.extent.x, source.extent.width), (extent.x, extent.width, grid_width));
        let (top, crop_height) =
            crop((source.extent.y, source.extent.height), (extent.y, extent.height, grid_height));
        if (source.width, source.height, source.extent) == (grid_width, grid_height, extent) {
            return Ok(source);
        }
        let (source, left, top) = match Padding::around(&source, (left, crop_width), (top, crop_height)) {
            Some(padding) => {
                let (left, top) = (left + f64::from(padding.left), top + f64::from(padding.top));
                (padding.apply(&source), left, top)
            }
            None => (source, left, top),
        };
        // Chroma of fewer samples than are wanted is interpolated as libjpeg does it: Lanczos would ring at the edges of
        // strong colours.
        let enlarges = crop_width <= f64::from(grid_width) && crop_height <= f64::from(grid_height);
        let filter = if enlarges { FilterType::Bilinear } else { lanczos::filter() };
        let down = Columns { from: top, length: crop_height, to: grid_height, filter };
        let across = Columns { from: left, length: crop_width, to: grid_width, filter };
        // Whole rows are weighed and added up much faster than samples within one: both ways are done so, turned over
        // in between.
        let Self { convolution, resized, turned } = self;
        let (across_source, source) = (source.width, source.samples);
        let (length, size) = (across_source * grid_height, grid_width * grid_height);
        let (length, size) = (length as usize, size as usize);
        let upright = columns(convolution, &source, across_source, &down, first(resized, length))?;
        // What was the source takes what comes next, and the plane at last: the system's work on memory that was never
        // touched before was a tenth of all there was to do.
        let (source, mut own) = match upright {
            true => (Arc::default(), Arc::try_unwrap(source).unwrap_or_default()),
            false => (source, Vec::new()),
        };
        let is_own = own.len() >= length.max(size);
        let turned = if is_own { &mut own } else { turned };
        let from = if upright { &resized[..length] } else { &source[..] };
        transpose(from, across_source as usize, first(turned, length));
        let both = columns(convolution, &turned[..length], grid_height, &across, first(resized, size))?;
        let mut samples = if is_own && both { std::mem::take(turned) } else { vec![0; size] };
        samples.truncate(size);
        let from = if both { &resized[..size] } else { &turned[..length] };
        transpose(from, grid_height as usize, &mut samples);
        samples.shrink_to_fit();
        Ok(Plane { width: grid_width, height: grid_height, extent, samples: Arc::new(samples) })
    }

    fn interleaved(&mut self, source: &Interleaved, width: u32, height: u32) -> Result<Interleaved, Fault> {
        let components = source.components;
        let length = width as usize * height as usize * components.count();
        let Extent { x, y, width: across, height: down } = source.extent;
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(lanczos::filter()))
            .use_alpha(components.has_alpha())
            .crop(x, y, across, down);
        let size = (source.width, source.height);
        let pixel =
            Pixel { components: components.count(), sixteen: matches!(source.samples, Samples::Sixteen(_)) };
        let samples = match &source.samples {
            Samples::Eight(samples) => {
                let mut resized = vec![0_u8; length];
                let (from, to) = ((size, &samples[..]), ((width, height), &mut resized[..]));
                self.convolution.resize(pixel, from, to, &options)?;
                Samples::Eight(resized)
            }
            Samples::Sixteen(samples) => {
                let mut resized = vec![0_u16; length];
                let from = (size, bytemuck::cast_slice(samples));
                let to = ((width, height), bytemuck::cast_slice_mut(&mut resized));
                self.convolution.resize(pixel, from, to, &options)?;
                Samples::Sixteen(resized)
            }
        };
        Ok(Interleaved { width, height, extent: Extent::whole(width, height), components, samples })
    }
}

/// Every column of `samples`, in rows of `width`, resized into `out`; false if they stay as they are.
fn columns(
    convolution: &mut Convolution,
    samples: &[u8],
    width: u32,
    columns: &Columns,
    out: &mut [u8],
) -> Result<bool, Fault> {
    let &Columns { from, length, to, filter } = columns;
    let height = samples.len() as u32 / width.max(1);
    if (from, length, to) == (0.0, f64::from(height), height) {
        return Ok(false);
    }
    let (top, length) = (from.max(0.0), length.min(f64::from(height) - from.max(0.0)));
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).crop(
        0.0,
        top,
        f64::from(width),
        length,
    );
    convolution.resize(Pixel::SAMPLE, ((width, height), samples), ((width, to), out), &options)?;
    Ok(true)
}

/// The first `length` bytes of `buffer`, which is made as long where it is not.
fn first(buffer: &mut Vec<u8>, length: usize) -> &mut [u8] {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    &mut buffer[..length]
}

/// What of the samples one above the other is resized: from where on, how many, to how many.
struct Columns {
    from: f64,
    length: f64,
    to: u32,
    filter: FilterType,
}

/// The grid of a plane for a picture of `width` × `height` pixels, and the picture's extent on it.
fn grid(width: u32, height: u32, chroma: Chroma) -> (u32, u32, Extent) {
    match chroma {
        Chroma::Full => {
            let extent = Extent { x: 0.0, y: 0.0, width: f64::from(width), height: f64::from(height) };
            (width, height, extent)
        }
        Chroma::Halved { left, top } => {
            let (columns, rows) = (width.div_ceil(2), height.div_ceil(2));
            let (half_width, half_height) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
            let extent = Extent {
                x: if left { f64::from(columns) - half_width } else { 0.0 },
                y: if top { f64::from(rows) - half_height } else { 0.0 },
                width: half_width,
                height: half_height,
            };
            (columns, rows, extent)
        }
    }
}

/// Start and length on the source's grid of what fills a whole target grid, one axis at a time. Both may lie
/// outside of the source where the target's grid sticks out of its extent.
fn crop(
    (start, length): (f64, f64),
    (target_start, target_length, target_grid): (f64, f64, u32),
) -> (f64, f64) {
    let scale = length / target_length;
    (start - target_start * scale, f64::from(target_grid) * scale)
}

/// Columns and rows to repeat around a plane before it is resized.
struct Padding {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Padding {
    /// What `source` lacks of the crop, if anything: chroma is repeated at the edge, never stretched.
    fn around(source: &Plane, (left, width): (f64, f64), (top, height): (f64, f64)) -> Option<Self> {
        // Less than a thousandth of a sample is rounding.
        let lacks = |amount: f64| {
            if amount > 1e-3 { amount.ceil() as u32 } else { 0 }
        };
        let padding = Self {
            left: lacks(-left),
            top: lacks(-top),
            right: lacks(left + width - f64::from(source.width)),
            bottom: lacks(top + height - f64::from(source.height)),
        };
        (padding.left + padding.top + padding.right + padding.bottom > 0).then_some(padding)
    }

    fn apply(&self, source: &Plane) -> Plane {
        let width = source.width + self.left + self.right;
        let height = source.height + self.top + self.bottom;
        let mut samples = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            let row = y.saturating_sub(self.top).min(source.height - 1) as usize * source.width as usize;
            let row = &source.samples[row..row + source.width as usize];
            samples.extend(std::iter::repeat_n(row[0], self.left as usize));
            samples.extend_from_slice(row);
            samples.extend(std::iter::repeat_n(row[row.len() - 1], self.right as usize));
        }
        let extent = Extent {
            x: source.extent.x + f64::from(self.left),
            y: source.extent.y + f64::from(self.top),
            ..source.extent
        };
        Plane { width, height, extent, samples: Arc::new(samples) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Components;

    /// A horizontal ramp's value at `x`, in samples of a grid `width` wide.
    fn ramp(width: u32, height: u32) -> Plane {
        let row: Vec<u8> = (0..width).map(|x| (x * 200 / (width - 1)) as u8).collect();
        let extent = Extent { x: 0.0, y: 0.0, width: f64::from(width), height: f64::from(height) };
        Plane { width, height, extent, samples: Arc::new(row.repeat(height as usize)) }
    }

    #[test]
    fn halved_chroma_of_an_odd_size_is_repeated_not_stretched() {
        let source = ramp(404, 40);
        let mut resizer = Resizer::default();
        let even =
            resizer.plane(source.clone(), 100, 10, Chroma::Halved { left: false, top: false }).unwrap();
        let odd = resizer.plane(source.clone(), 101, 10, Chroma::Halved { left: false, top: false }).unwrap();
        assert_eq!((even.width, odd.width, odd.extent.width), (50, 51, 50.5));
        // Sample 25 of the odd grid is centred on luma column 51 of 101.
        let expected = 51.0 / 101.0 * 200.0;
        assert!((f64::from(odd.samples[25]) - expected).abs() < 1.5, "{} for {expected}", odd.samples[25]);
        assert!(odd.samples[50] >= 197, "{}", odd.samples[50]);
    }

    #[test]
    fn a_grid_that_sticks_out_at_the_left_mirrors_one_at_the_right() {
        let source = ramp(303, 30);
        let mut mirrored = source.clone();
        Arc::make_mut(&mut mirrored.samples).chunks_exact_mut(303).for_each(<[u8]>::reverse);
        let mut resizer = Resizer::default();
        let right = resizer.plane(source, 75, 7, Chroma::Halved { left: false, top: false }).unwrap();
        let mut left = resizer.plane(mirrored, 75, 7, Chroma::Halved { left: true, top: false }).unwrap();
        Arc::make_mut(&mut left.samples).chunks_exact_mut(38).for_each(<[u8]>::reverse);
        let worst = right.samples.iter().zip(left.samples.iter()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(1), "{worst:?}");
    }

    #[test]
    fn whose_memory_it_is_changes_nothing() {
        let mut source = ramp(150, 90);
        let samples = Arc::make_mut(&mut source.samples);
        samples.iter_mut().enumerate().for_each(|(at, sample)| *sample ^= (at * 7 % 61) as u8);
        // Both ways smaller, both larger, one of each, one way only, and beyond what its memory holds.
        for (width, height) in [(70, 31), (200, 120), (70, 120), (200, 31), (150, 40), (60, 90), (149, 90)] {
            for chroma in [Chroma::Full, Chroma::Halved { left: true, top: false }] {
                let mut resizer = Resizer::default();
                let shared = resizer.plane(source.clone(), width, height, chroma).unwrap();
                let own = Plane { samples: Arc::new(source.samples.to_vec()), ..source.clone() };
                let lent = resizer.plane(own, width, height, chroma).unwrap();
                assert!(shared.samples == lent.samples, "{width}×{height}, {chroma:?}");
                assert_eq!(lent.samples.len(), (lent.width * lent.height) as usize);
            }
        }
    }

    #[test]
    fn transparent_pixels_do_not_bleed() {
        // Opaque red beside transparent green: without premultiplication, brown.
        let row: Vec<u8> =
            (0..64).flat_map(|x| if x < 32 { [255, 0, 0, 255] } else { [0, 255, 0, 0] }).collect();
        let source = Interleaved {
            width: 64,
            height: 8,
            extent: Extent::whole(64, 8),
            components: Components::Rgba,
            samples: Samples::Eight(row.repeat(8)),
        };
        let resized = Resizer::default().interleaved(&source, 21, 3).unwrap();
        let Samples::Eight(samples) = resized.samples else { panic!("8 bits became 16") };
        for pixel in samples.chunks_exact(4).filter(|pixel| pixel[3] > 8) {
            assert!(pixel[0] > 250 && pixel[1] < 5, "{pixel:?}");
        }
    }
}
