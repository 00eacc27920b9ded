//! What the tests share: deriving a file and looking at the renditions.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

use std::convert::Infallible;

use imaging::{
    DeriveError, Derived, FormatChoice, Limits, OutputFormat, Preset, Rejection, Rendition, Stop, derive,
    plan, probe,
};

pub fn preset(widths: &[u32], formats: &[FormatChoice]) -> Preset {
    let mut preset = Preset { widths: widths.to_vec(), formats: formats.to_vec(), ..Preset::default() };
    preset.quality = imaging::Quality::all(95);
    preset
}

/// All renditions of `file`.
pub fn try_derive(file: &[u8], preset: &Preset) -> Result<(Derived, Vec<Rendition>), Rejection> {
    let limits = Limits::default();
    let source = probe(file, &limits)?;
    let plan = plan(&source, preset, &limits)?;
    let mut renditions = Vec::new();
    let derived = derive(file, &plan, &Stop::new(), |rendition| {
        renditions.push(rendition);
        Ok::<(), Infallible>(())
    });
    match derived {
        Ok(derived) => Ok((derived, renditions)),
        Err(DeriveError::Rejected(rejection)) => Err(rejection),
        Err(other) => panic!("{other}"),
    }
}

pub fn derive_all(file: &[u8], preset: &Preset) -> (Derived, Vec<Rendition>) {
    try_derive(file, preset).unwrap_or_else(|rejection| panic!("rejected: {rejection}"))
}

/// A rendition decoded again: width, height, channels (1, 3 or 4), samples.
pub struct Decoded {
    pub width: u32,
    pub height: u32,
    pub channels: usize,
    pub samples: Vec<u8>,
}

impl Decoded {
    pub fn of(rendition: &Rendition) -> Self {
        let decoded = match rendition.spec.format {
            OutputFormat::Jpeg => Self::jpeg(&rendition.bytes),
            OutputFormat::Png => Self::png(&rendition.bytes),
            OutputFormat::Webp | OutputFormat::WebpLossless => Self::webp(&rendition.bytes),
        };
        assert_eq!((decoded.width, decoded.height), (rendition.spec.width, rendition.spec.height));
        decoded
    }

    fn jpeg(file: &[u8]) -> Self {
        let mut decoder = zune_jpeg::JpegDecoder::new(zune_core::bytestream::ZCursor::new(file));
        let samples = decoder.decode().unwrap();
        let (width, height) = decoder.dimensions().unwrap();
        let channels = samples.len() / (width * height);
        Self { width: width as u32, height: height as u32, channels, samples }
    }

    fn png(file: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut samples).unwrap();
        Self { width: info.width, height: info.height, channels: info.color_type.samples(), samples }
    }

    fn webp(file: &[u8]) -> Self {
        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(file)).unwrap();
        let (width, height) = decoder.dimensions();
        let mut samples = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_image(&mut samples).unwrap();
        Self { width, height, channels: if decoder.has_alpha() { 4 } else { 3 }, samples }
    }

    /// Red, green, blue at (x, y).
    pub fn rgb(&self, x: u32, y: u32) -> [u8; 3] {
        let pixel = self.pixel(x, y);
        if self.channels < 3 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] }
    }

    pub fn pixel(&self, x: u32, y: u32) -> &[u8] {
        let at = (y as usize * self.width as usize + x as usize) * self.channels;
        &self.samples[at..at + self.channels]
    }

    /// Mean absolute difference of samples.
    pub fn distance(&self, other: &Self) -> f64 {
        assert_eq!(self.samples.len(), other.samples.len());
        let sum: u64 = self.samples.iter().zip(&other.samples).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / self.samples.len() as f64
    }
}

pub fn close(a: [u8; 3], b: [u8; 3], tolerance: u8) -> bool {
    a.iter().zip(&b).all(|(a, b)| a.abs_diff(*b) <= tolerance)
}
