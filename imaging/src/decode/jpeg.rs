//! JPEG, by `zune-jpeg`, into planes (grey, YCbCr) or interleaved samples (RGB, CMYK, YCCK).

use image_header::{ColorModel, Limits, Rejection, SourceInfo};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{DecodeError, Decoded, accept_what_is_there, check_size, interleaved, undecoded};
use crate::picture::{Components, Picture, Plane};
use crate::stop::Stop;

pub(super) fn decode(
    source: &[u8],
    info: &SourceInfo,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let options = DecoderOptions::default()
        .set_max_width(limits.side as usize)
        .set_max_height(limits.side as usize)
        .jpeg_set_max_scans(limits.jpeg_scans as usize)
        .set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(source), options);
    let cancel = stop.clone();
    decoder.set_cancel(move || cancel.is_stopped());
    let damaged = |error: zune_jpeg::errors::DecodeErrors| Rejection::damaged(error.to_string());
    let headers = decoder.decode_headers();
    stop.check()?;
    headers.map_err(damaged)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    check_size(info, width as u32, height as u32)?;
    let components = info.jpeg.as_ref().map_or(0, |jpeg| jpeg.sampling.len());
    // As stored: what the components mean is decided here, by the markers, not by the decoder.
    let stored = match (components, decoder.input_colorspace()) {
        // An Adobe marker of transform 0, whatever the number of components.
        (3, Some(ColorSpace::CMYK)) => ColorSpace::RGB,
        (_, Some(stored)) if stored.num_components() == components => stored,
        _ => return Err(Rejection::damaged("its components contradict its markers").into()),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(stored));

    let mut samples = undecoded(info, components);
    let outcome = decoder.decode_into(&mut samples);
    stop.check()?;
    let error = match outcome {
        Err(error) => Some(error.to_string()),
        Ok(()) if !info.complete => Some("the file ends too early".to_owned()),
        Ok(()) => None,
    };
    let warning = error.map(|error| accept_what_is_there(&samples, info, &error)).transpose()?;

    let picture = match (info.color, components) {
        (ColorModel::Grey, 1) => Picture::Planar(vec![Plane::full(info.width, info.height, samples)]),
        (ColorModel::YCbCr, 3) => Picture::Planar(split(info, &samples)),
        (ColorModel::Rgb, 3) => interleaved(info, Components::Rgb, samples),
        (ColorModel::Cmyk { inverted }, 4) => interleaved(info, Components::Cmyk { inverted }, samples),
        (ColorModel::Ycck { inverted }, 4) => interleaved(info, Components::Ycck { inverted }, samples),
        (model, _) => {
            let what = format!("a JPEG of {components} components that are said to be {model:?}");
            return Err(Rejection::unsupported(what).into());
        }
    };
    Ok(Decoded { picture, warnings: warning.into_iter().collect() })
}

/// Interleaved samples as three planes.
fn split(info: &SourceInfo, samples: &[u8]) -> Vec<Plane> {
    let (pixels, _) = samples.as_chunks::<3>();
    (0..3)
        .map(|component| {
            let plane = pixels.iter().map(|pixel| pixel[component]).collect();
            Plane::full(info.width, info.height, plane)
        })
        .collect()
}
