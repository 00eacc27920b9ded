//! Planes by other decoders in Rust.

#![allow(dead_code)]

use jpeg_decoder::ColorTransform;
use zune_core::{bytestream::ZCursor, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// All components at full size by zune-jpeg, each with its width, or why not.
pub(crate) fn zune(file: &[u8]) -> Result<Vec<(usize, Vec<u8>)>, String> {
    let options =
        DecoderOptions::default().set_strict_mode(true).set_max_width(65_535).set_max_height(65_535);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let mut session = decoder.raw_output();
    let count = session.num_components().ok_or("no components")?;
    let layout = session.layout().ok_or("no layout")?;
    let layout = &layout[..count];
    let mut planes: Vec<Vec<u8>> = layout.iter().map(|plane| vec![0; plane.width * plane.height]).collect();
    let strides: Vec<usize> = layout.iter().map(|plane| plane.width).collect();
    let mut slices: Vec<&mut [u8]> = planes.iter_mut().map(Vec::as_mut_slice).collect();
    session.decode_into_planes_strided(&mut slices, &strides).map_err(|error| error.to_string())?;
    Ok(strides.into_iter().zip(planes).collect())
}

/// Interleaved samples by jpeg-decoder, not converted; where no component is subsampled, nothing else is done to them.
/// `scale` asks for the smallest of its sizes that is at least so large.
pub(crate) fn jpeg_decoder(file: &[u8], scale: Option<(u16, u16)>) -> Result<Vec<u8>, String> {
    let mut decoder = jpeg_decoder::Decoder::new(file);
    // Told that three components are RGB it leaves them as they are; told to do nothing it does not interleave them.
    decoder.set_color_transform(ColorTransform::RGB);
    if let Some((width, height)) = scale {
        decoder.scale(width, height).map_err(|error| error.to_string())?;
    }
    decoder.decode().map_err(|error| error.to_string())
}
