//! Decoded samples, as decoders hand them over and resizing keeps them.

use std::sync::Arc;

use image_header::ColorModel;

/// Where the picture lies on a plane's grid, in samples of that grid, from its top left corner. A subsampled
/// plane of an odd-sized picture covers it only in part: 2,001 luma columns are 1,000.5 chroma samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extent {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Extent {
    /// All of a grid of `width` × `height` samples.
    pub(crate) fn whole(width: u32, height: u32) -> Self {
        Self { x: 0.0, y: 0.0, width: f64::from(width), height: f64::from(height) }
    }
}

/// One component, 8 bits a sample, rows packed without gaps. Samples outside of the extent repeat its edge.
#[derive(Debug, Clone)]
pub(crate) struct Plane {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) extent: Extent,
    /// Shared: the same plane is encoded, and made smaller.
    pub(crate) samples: Arc<Vec<u8>>,
}

/// What the components of an interleaved pixel are, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Components {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// Four inks; `inverted`: the highest value is no ink.
    Cmyk {
        inverted: bool,
    },
    /// Inks of which the first three are stored as YCbCr.
    Ycck {
        inverted: bool,
    },
}

impl Components {
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk { .. } | Self::Ycck { .. } => 4,
        }
    }

    pub(crate) fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }
}

/// Samples of 8 or 16 bits, the latter in the machine's byte order.
#[derive(Debug, Clone)]
pub(crate) enum Samples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

/// Pixels whose components lie beside each other, rows packed without gaps. Alpha is not premultiplied. Pixels that
/// lie in the extent only in part are averages of that part.
#[derive(Debug, Clone)]
pub(crate) struct Interleaved {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) extent: Extent,
    pub(crate) components: Components,
    pub(crate) samples: Samples,
}

/// A picture as stored: not yet turned upright, in its own colour space.
#[derive(Debug, Clone)]
pub(crate) enum Picture {
    /// A plane for each component of `model`, which is not a palette.
    Planar {
        model: ColorModel,
        planes: Vec<Plane>,
    },
    Interleaved(Interleaved),
}
