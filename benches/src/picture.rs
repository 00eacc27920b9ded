//! Files to samples by other decoders than ours: the png, zune-jpeg and image-webp crates, always whole.

use std::io::Cursor;

use anyhow::{Context, Result, bail, ensure};
use image_header::{Limits, Orientation, probe};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};

/// Samples as stored, 8 bits, interleaved.
#[derive(Debug)]
pub struct Picture {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 3 of RGB, 4 of RGBA.
    pub channels: usize,
    /// `width × height × channels` samples.
    pub samples: Vec<u8>,
    /// Its ICC profile.
    pub icc: Option<Vec<u8>>,
    /// Whether it is displayed turned clockwise by 90° (Exif orientation 6).
    pub turned: bool,
}

/// Decodes a JPEG, PNG or WebP file.
///
/// # Errors
///
/// If it is damaged, or of a kind that no task has.
pub fn decode(file: &[u8]) -> Result<Picture> {
    let mut picture = if file.starts_with(&[0xff, 0xd8]) {
        jpeg(file).context("JPEG")?
    } else if file.starts_with(b"\x89PNG") {
        png(file).context("PNG")?
    } else if file.starts_with(b"RIFF") {
        webp(file).context("WebP")?
    } else {
        bail!("neither JPEG, PNG nor WebP");
    };
    let limits = Limits {
        pixels: u64::MAX,
        side: u32::MAX,
        source_bytes: u64::MAX,
        decoded_bytes: u64::MAX,
        ..Limits::default()
    };
    picture.turned = match probe(file, &limits).context("its header")?.orientation {
        Orientation::Normal => false,
        Orientation::Rotate90 => true,
        other => bail!("no reference is made of orientation {other:?}"),
    };
    Ok(picture)
}

fn jpeg(file: &[u8]) -> Result<Picture> {
    let options = DecoderOptions::default()
        .set_max_width(65_535)
        .set_max_height(65_535)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(file), options);
    let samples = decoder.decode().map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let (width, height) = decoder.dimensions().context("it has no size")?;
    ensure!(samples.len() == width * height * 3, "it is not in RGB");
    Ok(Picture { width, height, channels: 3, samples, icc: decoder.icc_profile(), turned: false })
}

fn png(file: &[u8]) -> Result<Picture> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(file), png::Limits { bytes: usize::MAX });
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info()?;
    let mut samples = vec![0; reader.output_buffer_size().context("it is too large")?];
    let frame = reader.next_frame(&mut samples)?;
    samples.truncate(frame.buffer_size());
    let channels = frame.color_type.samples();
    ensure!(channels >= 3, "it is grey, as no task's is");
    let icc = reader.info().icc_profile.as_ref().map(|icc| icc.to_vec());
    Ok(Picture {
        width: frame.width as usize,
        height: frame.height as usize,
        channels,
        samples,
        icc,
        turned: false,
    })
}

fn webp(file: &[u8]) -> Result<Picture> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(file))?;
    let (width, height) = decoder.dimensions();
    let mut samples = vec![0; decoder.output_buffer_size().context("it is too large")?];
    decoder.read_image(&mut samples)?;
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let icc = decoder.icc_profile()?;
    Ok(Picture { width: width as usize, height: height as usize, channels, samples, icc, turned: false })
}
