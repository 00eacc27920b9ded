use crate::Error;

/// A picture in planes, 8 bits a sample, full range (JFIF), rows packed.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Its samples.
    pub planes: Planes<'a>,
}

/// The planes of a picture of width × height.
#[derive(Debug, Clone, Copy)]
pub enum Planes<'a> {
    /// One plane of width × height.
    Grey(&'a [u8]),
    /// Luma of width × height; chroma of half of each, rounded up, sited between the pixels as JFIF has it.
    YCbCr420 {
        /// Y.
        luma: &'a [u8],
        /// Cb.
        blue: &'a [u8],
        /// Cr.
        red: &'a [u8],
    },
    /// Three planes of width × height.
    YCbCr444 {
        /// Y.
        luma: &'a [u8],
        /// Cb.
        blue: &'a [u8],
        /// Cr.
        red: &'a [u8],
    },
}

impl Picture<'_> {
    /// Width and height, once they are what a JPEG can say and the planes are as large as they ask for.
    pub(crate) fn checked(&self) -> Result<(u16, u16), Error> {
        let size = || Error::Size { width: self.width, height: self.height };
        let side = |pixels: u32| u16::try_from(pixels).ok().filter(|&side| side > 0).ok_or_else(size);
        let (width, height) = (side(self.width)?, side(self.height)?);
        let whole = usize::from(width) * usize::from(height);
        let half = usize::from(width.div_ceil(2)) * usize::from(height.div_ceil(2));
        let expected = match self.planes {
            Planes::Grey(grey) => vec![(grey, whole)],
            Planes::YCbCr420 { luma, blue, red } => vec![(luma, whole), (blue, half), (red, half)],
            Planes::YCbCr444 { luma, blue, red } => vec![(luma, whole), (blue, whole), (red, whole)],
        };
        match expected.into_iter().find(|(plane, expected)| plane.len() != *expected) {
            Some((plane, expected)) => Err(Error::Plane { expected, found: plane.len() }),
            None => Ok((width, height)),
        }
    }
}
