//! What a file says of itself, and what is refused by name.

use fixtures::{
    exif::Exif,
    icc,
    jpeg::{Jpeg, Model, Sampling},
    pixels,
};
use scaled_jpeg::{Color, Component, Decoder, Error, Process, Scale};

use crate::files;

/// libjpeg's rules, `default_decompress_parms`.
#[test]
fn colors_are_told_by_markers_and_ids() {
    let color = pixels::quadrants(40, 24);
    let (grey, inks) = (pixels::ramp(40, 24, 1), color.to_cmyk());
    for model in Model::ALL {
        let (raster, expected) = match model {
            Model::Grey => (&grey, Color::Grey),
            Model::YCbCr | Model::YCbCrUnmarked => (&color, Color::YCbCr),
            Model::RgbAdobe | Model::RgbByIds => (&color, Color::Rgb),
            Model::CmykAdobe | Model::CmykRaw => (&inks, Color::Cmyk),
            Model::YcckAdobe => (&inks, Color::Ycck),
        };
        let file = Jpeg::new(raster).model(model).encode();
        let header = Decoder::new(&file).unwrap().header().clone();
        assert_eq!(header.color, expected, "{model:?}");
        let adobe = matches!(model, Model::RgbAdobe | Model::CmykAdobe | Model::YcckAdobe);
        assert_eq!(header.adobe_transform.is_some(), adobe, "{model:?}");
        assert_eq!(header.jfif, matches!(model, Model::Grey | Model::YCbCr), "{model:?}");
    }
}

#[test]
fn metadata_are_the_files_own_bytes() {
    let (exif, profile) = (Exif::new().orientation(6), icc::display_p3());
    let picture = pixels::quadrants(40, 24);
    let jpeg = Jpeg::new(&picture).exif(&exif).icc(&profile).icc_segment(100);
    for file in [jpeg.clone().encode(), jpeg.clone().icc_shuffled().encode()] {
        let decoder = Decoder::new(&file).unwrap();
        let header = decoder.header();
        assert_eq!(header.exif, Some(exif.to_tiff().as_slice()));
        assert!(header.icc.len() > 1);
        assert_eq!(header.icc.concat(), profile);
        let within = |slice: &[u8]| file.as_ptr_range().contains(&slice.as_ptr());
        assert!(header.exif.is_some_and(within) && header.icc.iter().all(|part| within(part)));
    }
    let plain = Jpeg::new(&pixels::quadrants(40, 24)).encode();
    let decoder = Decoder::new(&plain).unwrap();
    assert_eq!((decoder.header().exif, decoder.header().icc.len()), (None, 0));
}

#[test]
fn a_profile_that_lacks_a_part_is_none() {
    let broken = fixtures::broken();
    let file = broken.iter().find(|file| file.name == "profile-segment-missing.jpg").unwrap();
    assert!(Decoder::new(&file.bytes).unwrap().header().icc.is_empty());
}

#[test]
fn geometry_is_that_of_the_standard() {
    // A.1.1's own example has 512 lines of 512 samples; this one has sides that leave remainders.
    let file = Jpeg::new(&pixels::quadrants(33, 19)).sampling(Sampling::S420).restart_interval(2).encode();
    let decoder = Decoder::new(&file).unwrap();
    let header = decoder.header();
    assert_eq!((header.width, header.height, header.restart_interval), (33, 19, 2));
    assert_eq!(header.process, Process::Baseline);
    let parts =
        |component: &Component| (component.horizontal, component.vertical, component.width, component.height);
    let found: Vec<_> = header.components.iter().map(parts).collect();
    assert_eq!(found, [(2, 2, 33, 19), (1, 1, 17, 10), (1, 1, 17, 10)]);
}

#[test]
fn processes_are_told() {
    for (progressive, process) in [(false, Process::Baseline), (true, Process::Progressive)] {
        let (_, file) = files::usual((24, 24), progressive, 0, 1);
        assert_eq!(Decoder::new(&file.bytes).unwrap().header().process, process);
    }
}

#[test]
fn other_processes_are_refused_by_name() {
    let (_, file) = files::usual((24, 24), false, 0, 1);
    let frame = file.bytes.windows(2).position(|bytes| bytes == [0xff, 0xc0]).unwrap();
    let with = |code: u8, precision: u8| {
        let mut bytes = file.bytes.clone();
        (bytes[frame + 1], bytes[frame + 4]) = (code, precision);
        bytes
    };
    for (code, precision, name) in [
        (0xc1, 12, "12 bit"),
        (0xc3, 8, "lossless"),
        (0xc5, 8, "hierarchical"),
        (0xc9, 8, "arithmetic"),
        (0xca, 8, "arithmetic"),
    ] {
        let bytes = with(code, precision);
        let error = Decoder::new(&bytes).err().unwrap();
        assert!(matches!(error, Error::Unsupported(_)), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn what_is_no_jpeg_is_damaged() {
    for bytes in [&b""[..], b"\xff", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xd9", &[0xff; 300]] {
        assert!(matches!(Decoder::new(bytes).err(), Some(Error::Damaged(_))), "{bytes:?}");
    }
}

#[test]
fn a_scale_rounds_sizes_up() {
    for samples in 1..200 {
        for scale in Scale::ALL {
            assert_eq!(scale.of(samples), (samples * scale.numerator()).div_ceil(8));
        }
    }
    assert_eq!(Scale::Full.of(65_535), 65_535);
}
