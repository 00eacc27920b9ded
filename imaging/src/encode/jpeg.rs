//! JPEG with 4:2:0 chroma, by `planar-jpeg`: planes go in as resizing left them.

use planar_jpeg::{Effort, Error, Halved, Picture, Planes, Settings, halved};

use super::EncodeError;
use crate::Fault;
use crate::color::{Pixels, Upright};
use crate::plan::RenditionSpec;
use crate::preset;
use crate::stop::Stop;

pub(super) const REVISION: u32 = 2;

pub(super) fn encode(picture: &Upright, spec: &RenditionSpec, stop: &Stop) -> Result<Vec<u8>, EncodeError> {
    match &picture.pixels {
        Pixels::Grey(grey) => made(picture, Planes::Grey(grey), spec, stop),
        Pixels::YCbCr420 { luma, blue, red } => {
            made(picture, Planes::YCbCr420 { luma, blue, red }, spec, stop)
        }
        Pixels::Rgb(rgb) => made_of_rgb(picture, rgb, spec, stop),
        Pixels::Rgba(_) => {
            let rgb = picture.to_rgb(spec.background.unwrap_or([255; 3]));
            made_of_rgb(picture, &rgb, spec, stop)
        }
    }
}

fn made_of_rgb(
    picture: &Upright,
    rgb: &[u8],
    spec: &RenditionSpec,
    stop: &Stop,
) -> Result<Vec<u8>, EncodeError> {
    let Halved { luma, blue, red } = halved(rgb, picture.width);
    made(picture, Planes::YCbCr420 { luma: &luma, blue: &blue, red: &red }, spec, stop)
}

fn made(
    picture: &Upright,
    planes: Planes,
    spec: &RenditionSpec,
    stop: &Stop,
) -> Result<Vec<u8>, EncodeError> {
    let effort = match spec.effort {
        preset::Effort::Fast => Effort::Fast,
        preset::Effort::Balanced => Effort::Balanced,
        preset::Effort::Small => Effort::Small,
    };
    let icc = picture.kept.as_ref().map(|kept| &kept.icc[..]);
    let picture = Picture { width: picture.width, height: picture.height, planes };
    let settings = Settings { quality: spec.quality.unwrap_or(80), effort, icc };
    planar_jpeg::encode(&picture, &settings, &|| stop.is_stopped()).map_err(|error| match error {
        Error::Stopped => EncodeError::Stopped,
        error => EncodeError::Fault(Fault::new(error)),
    })
}

#[cfg(test)]
mod tests {
    use image_header::{ColorModel, Format, Limits, probe};

    use super::*;
    use crate::{FormatChoice, Preset, plan};

    fn spec() -> RenditionSpec {
        let source = probe(&fixtures::every_kind()[0].bytes, &Limits::default()).unwrap();
        let preset = Preset { widths: vec![37], formats: vec![FormatChoice::Jpeg], ..Preset::default() };
        plan(&source, &preset, &Limits::default()).unwrap().renditions.remove(0)
    }

    #[test]
    fn files_are_what_our_own_header_reader_expects() {
        let (luma, chroma) = (vec![90; 37 * 21], vec![128; 19 * 11]);
        let pixels = [
            (Pixels::Grey(luma.clone()), ColorModel::Grey),
            (
                Pixels::YCbCr420 { luma: luma.into(), blue: chroma.clone().into(), red: chroma.into() },
                ColorModel::YCbCr,
            ),
            (Pixels::Rgb(vec![200; 37 * 21 * 3]), ColorModel::YCbCr),
            (Pixels::Rgba(vec![200; 37 * 21 * 4]), ColorModel::YCbCr),
        ];
        for (pixels, model) in pixels {
            let file = encode(&Upright { width: 37, height: 21, pixels }, &spec(), &Stop::new()).unwrap();
            let info = probe(&file, &Limits::default()).unwrap();
            assert_eq!((info.format, info.width, info.height), (Format::Jpeg, 37, 21));
            assert_eq!((info.color, info.complete), (model, true));
        }
    }

    #[test]
    fn stopping_is_no_fault() {
        let stop = Stop::new();
        stop.stop();
        let picture = Upright { width: 1, height: 1, pixels: Pixels::Grey(vec![0]) };
        assert!(matches!(encode(&picture, &spec(), &stop), Err(EncodeError::Stopped)));
    }
}
