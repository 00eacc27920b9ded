//! JPEG, by `scaled-jpeg`, into planes at the scales of the plan.

use std::sync::Arc;

use image_header::{ColorModel, Limits, Rejection};
use scaled_jpeg::{Damage, Decoder, Error, Options};

use super::{DecodeError, Decoded, accept_partial, check_size};
use crate::picture::{Extent, Picture, Plane};
use crate::plan::Plan;
use crate::scale;
use crate::stop::Stop;

pub(super) fn decode(
    source: &[u8],
    plan: &Plan,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let info = &plan.source;
    let jpeg = info.jpeg.as_ref().ok_or_else(|| Rejection::damaged("its frame header is missing"))?;
    let cancel = stop.clone();
    let options = Options {
        max_scans: limits.jpeg_scans,
        memory: limits.decoded_bytes,
        threads: plan.workers,
        cancel: Some(Arc::new(move || cancel.is_stopped())),
        ..Options::default()
    };
    let decoder = Decoder::new(source).map_err(why)?.with_options(options);
    check_size(info, decoder.header().width, decoder.header().height)?;
    let decoded = decoder.decode_planes(plan.reduced.scales).map_err(why)?;
    let warning = decoded.damage.map(|damage| partial(&damage)).transpose()?;

    let scaled = jpeg.sampling.iter().zip(plan.reduced.scales);
    let extents: Vec<Extent> = scaled
        .map(|(&factors, scale)| {
            let [width, height] = scale::extent(info, jpeg, factors, scale);
            Extent { x: 0.0, y: 0.0, width, height }
        })
        .collect();
    let planes: Vec<Plane> = decoded
        .planes
        .into_iter()
        .zip(extents)
        .map(|(plane, extent)| {
            let scaled_jpeg::Plane { width, height, samples } = plane;
            Plane { width, height, extent, samples: Arc::new(samples) }
        })
        .collect();
    let model = match (info.color, planes.len()) {
        (ColorModel::Grey, 1) | (ColorModel::YCbCr | ColorModel::Rgb, 3) => info.color,
        (ColorModel::Cmyk { .. } | ColorModel::Ycck { .. }, 4) => info.color,
        (model, count) => {
            let what = format!("a JPEG of {count} components that are said to be {model:?}");
            return Err(Rejection::unsupported(what).into());
        }
    };
    Ok(Decoded { picture: Picture::Planar { model, planes }, warnings: warning.into_iter().collect() })
}

/// What becomes of a damaged picture, by the share of it that is there.
fn partial(damage: &Damage) -> Result<String, Rejection> {
    const PARTS: f64 = 1000.0;
    let missing = (PARTS * (1.0 - damage.decoded)).round() as usize;
    accept_partial(missing, PARTS as usize, &damage.what)
}

fn why(error: Error) -> DecodeError {
    match error {
        Error::Damaged(what) => Rejection::damaged(what).into(),
        Error::Unsupported(what) => Rejection::unsupported(what).into(),
        Error::TooLarge { needed, allowed } => {
            match Rejection::check("the memory for decoding in bytes", needed, allowed) {
                Err(rejection) => rejection.into(),
                Ok(()) => Rejection::damaged("it needs more memory than it says").into(),
            }
        }
        Error::Cancelled => DecodeError::Stopped,
    }
}
