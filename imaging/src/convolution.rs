//! `fast_image_resize` for the kinds of pixels that there are here. Asked for whatever kind, it is compiled for all
//! that it knows.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x2, U8x3, U8x4, U16, U16x2, U16x3, U16x4};
use fast_image_resize::{PixelTrait, ResizeOptions, Resizer};

use crate::Fault;

/// Components of a pixel, and whether each has 16 bits, not 8.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pixel {
    pub(crate) components: usize,
    pub(crate) sixteen: bool,
}

impl Pixel {
    /// One component of 8 bits.
    pub(crate) const SAMPLE: Self = Self { components: 1, sixteen: false };
}

/// Resizes by convolution, keeping its working memory between calls.
#[derive(Default)]
pub(crate) struct Convolution(Resizer);

impl Convolution {
    /// `from`, a picture of `size` (width × height), as one of `to_size` into `to`; bytes, rows without gaps.
    pub(crate) fn resize(
        &mut self,
        pixel: Pixel,
        (size, from): ((u32, u32), &[u8]),
        (to_size, to): ((u32, u32), &mut [u8]),
        options: &ResizeOptions,
    ) -> Result<(), Fault> {
        let (from, to) = ((size, from), (to_size, to));
        match (pixel.components, pixel.sixteen) {
            (1, false) => self.typed::<U8>(from, to, options),
            (2, false) => self.typed::<U8x2>(from, to, options),
            (3, false) => self.typed::<U8x3>(from, to, options),
            (_, false) => self.typed::<U8x4>(from, to, options),
            (1, true) => self.typed::<U16>(from, to, options),
            (2, true) => self.typed::<U16x2>(from, to, options),
            (3, true) => self.typed::<U16x3>(from, to, options),
            (_, true) => self.typed::<U16x4>(from, to, options),
        }
    }

    fn typed<P: PixelTrait>(
        &mut self,
        ((width, height), from): ((u32, u32), &[u8]),
        ((to_width, to_height), to): ((u32, u32), &mut [u8]),
        options: &ResizeOptions,
    ) -> Result<(), Fault> {
        let view = TypedImageRef::<P>::from_buffer(width, height, from).map_err(Fault::new)?;
        let mut target = TypedImage::<P>::from_buffer(to_width, to_height, to).map_err(Fault::new)?;
        self.0.resize_typed(&view, &mut target, options).map_err(Fault::new)
    }
}
