//! Which files are derived, by which presets.

use std::ops::Range;
use std::sync::LazyLock;

use fixtures::exif::Exif;
use fixtures::jpeg::{Jpeg, Model, Sampling};
use fixtures::png::Png;
use fixtures::tiff::{Compression, Tiff};
use fixtures::{Raster, bmp, gif, icc, photos, pixels, webp};
use imaging::FormatChoice::{self, Auto, Jpeg as JpegOut, Png as PngOut, Webp, WebpLossless};
use imaging::{Limits, Preset, Quality};

use crate::build::{Chunk, Coding, Tiff as Layout};

fn preset(widths: &[u32], formats: &[FormatChoice]) -> Preset {
    Preset { widths: widths.to_vec(), formats: formats.to_vec(), ..Preset::default() }
}

/// The default, and each format at the source's own width.
pub(crate) fn presets() -> Vec<(&'static str, Preset)> {
    vec![
        ("default", Preset::default()),
        ("lossless", preset(&[4096], &[WebpLossless])),
        ("png", preset(&[4096], &[PngOut])),
        ("jpeg", preset(&[4096], &[JpegOut])),
    ]
}

/// Every kind of input, and the broken ones that are not rejected before anything is decoded.
pub(crate) fn small() -> impl Iterator<Item = (String, Vec<u8>)> {
    let kinds = fixtures::every_kind().into_iter().map(|kind| (kind.name, kind.bytes));
    let planned = |file: &Vec<u8>| {
        let limits = Limits::default();
        imaging::probe(file, &limits)
            .and_then(|source| imaging::plan(&source, &Preset::default(), &limits))
            .is_ok()
    };
    let broken = fixtures::broken().into_iter().filter(move |file| planned(&file.bytes));
    kinds.chain(broken.map(|file| (file.name.to_owned(), file.bytes)))
}

/// A file and how it is derived.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) presets: Vec<(&'static str, Preset)>,
    pub(crate) file: Box<dyn Fn() -> Vec<u8>>,
}

/// How many times the actual peak the prediction may be. libwebp's lists grow with the bits that it writes: noise takes
/// three times what a photograph takes, and nobody knows before. At a picture's own size planes are passed on as they
/// are, where a profile, another format or another turn would take copies of all of it.
pub(crate) fn most(preset: &Preset) -> u64 {
    let whole = preset.widths.iter().any(|&width| width >= WIDTH);
    if whole {
        8
    } else if preset.formats.contains(&Webp) {
        3
    } else {
        2
    }
}

const WIDTH: u32 = 3_000;
const HEIGHT: u32 = 2_000;

/// What libwebp codes losslessly, as that takes long.
static QUARTER: LazyLock<Raster<u8>> = LazyLock::new(|| pixels::camera_like(WIDTH / 2, HEIGHT / 2, 3));

static PICTURE: LazyLock<Raster<u8>> = LazyLock::new(|| pixels::camera_like(WIDTH, HEIGHT, 3));

fn faded(raster: &Raster<u8>) -> Raster<u8> {
    raster.with_alpha(|x, _| 1.0 - x as f32 / (raster.width - 1) as f32)
}

/// 6 megapixels of every kind that decoders hold differently: made small, so that decoding is the peak, and some
/// at their full size, so that encoding is.
pub(crate) fn large() -> Vec<Case> {
    let mut cases = photographs();
    let small = || ("small", preset(&[320], &[Auto]));
    let default = || ("default", Preset::default());
    let lossy = || ("wide webp", preset(&[4096], &[Webp]));
    let lossless = || ("lossless", preset(&[4096], &[WebpLossless]));
    let jpeg = || ("wide jpeg", preset(&[4096], &[JpegOut]));
    let png = || ("wide png", preset(&[4096], &[PngOut]));
    let every = || ("wide, all formats", preset(&[4096, 1500, 700], &[Webp, JpegOut, PngOut]));
    let mut add = |name, presets: &[(&'static str, Preset)], file: fn() -> Vec<u8>| {
        cases.push(Case { name, presets: presets.to_vec(), file: Box::new(file) });
    };

    add("jpeg 4:2:0", &[small(), lossy(), jpeg(), png(), every()], || Jpeg::new(&PICTURE).encode());
    add("jpeg 4:4:4", &[small()], || Jpeg::new(&PICTURE).sampling(Sampling::S444).encode());
    add("jpeg 4:2:0 turned", &[png()], || Jpeg::new(&PICTURE).exif(&Exif::new().orientation(6)).encode());
    add("jpeg 4:2:0 progressive", &[small(), default()], || Jpeg::new(&PICTURE).progressive().encode());
    add("jpeg 4:4:4 progressive", &[small()], || {
        Jpeg::new(&PICTURE).sampling(Sampling::S444).progressive().encode()
    });
    add("jpeg 4:2:0 progressive, wide", &[jpeg()], || Jpeg::new(&PICTURE).progressive().encode());
    add("jpeg 4:2:0 a scan a component", &[small()], || Jpeg::new(&PICTURE).optimized().encode());
    add("jpeg grey", &[small(), lossy(), jpeg()], || Jpeg::new(&PICTURE.to_grey()).encode());
    add("jpeg rgb", &[small()], || Jpeg::new(&PICTURE).model(Model::RgbAdobe).encode());
    add("jpeg display p3", &[jpeg()], || Jpeg::new(&PICTURE).icc(&icc::display_p3()).encode());
    add("jpeg cmyk", &[small(), jpeg()], || Jpeg::new(&PICTURE.to_cmyk()).icc(&icc::cmyk()).encode());
    add("jpeg ycck progressive", &[small()], || {
        let inks = PICTURE.to_cmyk();
        Jpeg::new(&inks).model(Model::YcckAdobe).sampling(Sampling::S444).progressive().encode()
    });

    add("png rgb", &[small(), lossy()], || Png::new(&*PICTURE).level(1).encode());
    add("png rgba", &[small(), default(), lossy(), png()], || Png::new(&faded(&PICTURE)).level(1).encode());
    add("png rgb 16", &[small(), jpeg()], || Png::new(&PICTURE.to_16()).level(1).encode());
    add("png rgba 16", &[small(), jpeg()], || Png::new(&faded_16()).level(1).encode());
    add("png rgb interlaced", &[small()], || Png::new(&*PICTURE).level(1).interlaced().encode());
    add("png palette", &[small()], || Png::palette(&indices(), 8, &palette(), &[]).level(1).encode());
    add("png grey", &[small()], || Png::new(&PICTURE.to_grey()).level(1).encode());
    add("png grey 1 bit", &[small()], || Png::grey(&PICTURE.to_grey(), 1).level(1).encode());

    add("quarter rgb", &[lossless()], || Png::new(&*QUARTER).level(1).encode());
    add("quarter rgba", &[lossless()], || Png::new(&faded(&QUARTER)).level(1).encode());

    // Nothing can be predicted of noise: encoders' lists and files are as long as they get.
    let loud =
        |format| ("at quality 100", Preset { quality: Quality::all(100), ..preset(&[4096], &[format]) });
    let shrunk = |format| ("shrunk", preset(&[1000], &[format]));
    add("noise rgb", &[lossless(), lossy(), loud(Webp), loud(JpegOut)], || {
        Png::new(&pixels::noise::<u8>(1_600, 1_200, 3, 1)).level(1).encode()
    });
    add("noise rgba", &[png(), lossless(), lossy(), shrunk(PngOut)], || {
        Png::new(&pixels::noise::<u8>(1_600, 1_200, 4, 1)).level(1).encode()
    });

    add("webp lossy", &[small()], || webp::lossy(&PICTURE, 80.0));
    add("webp lossy alpha", &[small()], || webp::lossy(&faded(&PICTURE), 80.0));
    add("webp lossless", &[small()], || webp::lossless(&QUARTER));
    add("webp lossless alpha", &[small()], || webp::lossless(&faded(&QUARTER)));
    add("webp animated", &[small()], || {
        let frame = |raster: &Raster<u8>| webp::Frame { left: 0, top: 0, raster: raster.clone() };
        webp::animated(WIDTH / 2, HEIGHT / 2, &[frame(&QUARTER), frame(&pixels::solid(16, 16, &[0, 0, 0]))])
    });

    add("gif", &[small()], || {
        gif::encode(WIDTH as u16, HEIGHT as u16, &palette(), &[gif::Frame::new(indices())])
    });
    add("gif transparent", &[small()], || {
        let frame = gif::Frame::new(indices()).transparent(7).interlaced();
        gif::encode(WIDTH as u16, HEIGHT as u16, &palette(), &[frame])
    });

    add("bmp 24", &[small()], || bmp::rgb24(&PICTURE, false));
    add("bmp 32", &[small()], || bmp::rgba32(&faded(&PICTURE)));
    add("bmp palette", &[small()], || bmp::palette(&indices(), 8, &palette()));
    add("bmp rle", &[small()], || bmp::rle8(&indices(), &palette()));

    add("tiff rgb strips", &[small()], || Tiff::new(&*PICTURE).encode());
    add("tiff rgb one strip lzw", &[small()], || {
        Tiff::new(&*PICTURE).rows_per_strip(HEIGHT).compression(Compression::Lzw).encode()
    });
    add("tiff rgb 16 deflate", &[small()], || {
        Tiff::new(&PICTURE.to_16()).rows_per_strip(HEIGHT).compression(Compression::Deflate).encode()
    });
    add("tiff rgb tiles", &[small()], || Tiff::new(&*PICTURE).tiles(256).encode());
    add("tiff rgb 16 tiles lzw", &[small()], || {
        Tiff::new(&PICTURE.to_16()).tiles(512).compression(Compression::Lzw).encode()
    });
    add("tiff rgba", &[small()], || Tiff::new(&faded(&PICTURE)).encode());
    add("tiff cmyk", &[small()], || Tiff::new(&PICTURE.to_cmyk()).cmyk().icc(&icc::cmyk()).encode());
    add("tiff rgb planar 16 zstandard strips", &[small()], || {
        let plain =
            Layout { planar: true, coding: Coding::Zstandard, ..Layout::new((WIDTH, HEIGHT), 2, 16, 3) };
        layout(&Layout { chunk: Chunk::Strips(HEIGHT), ..plain })
    });
    add("tiff rgb planar deflate tiles", &[small()], || {
        let plain = Layout { planar: true, coding: Coding::Deflate, ..Layout::new((WIDTH, HEIGHT), 2, 8, 3) };
        layout(&Layout { chunk: Chunk::Tiles(512, 512), ..plain })
    });
    add("tiff rgb zstandard tiles", &[small()], || {
        let plain = Layout { coding: Coding::Zstandard, ..Layout::new((WIDTH, HEIGHT), 2, 8, 3) };
        layout(&Layout { chunk: Chunk::Tiles(3_008, 2_000), ..plain })
    });
    add("tiff rgb one tile packbits", &[small()], || {
        let plain = Layout { coding: Coding::PackBits, ..Layout::new((WIDTH, HEIGHT), 2, 8, 3) };
        layout(&Layout { chunk: Chunk::Tiles(3_008, 2_000), ..plain })
    });
    add("tiff palette lzw", &[small()], || {
        let entries = vec![(320, 3, (0..768).map(|index| index * 85).collect())];
        let plain = Layout { coding: Coding::Lzw, entries, ..Layout::new((WIDTH, HEIGHT), 3, 8, 1) };
        layout(&plain)
    });
    add("tiff lab 16", &[small()], || layout(&Layout::new((WIDTH, HEIGHT), 9, 16, 3)));
    add("tiff rgb, ten spare channels", &[small()], || {
        let entries = vec![(338, 3, vec![0; 10])];
        layout(&Layout { entries, coding: Coding::Lzw, ..Layout::new((WIDTH, HEIGHT), 2, 8, 13) })
    });
    add("tiff strips of one row", &[small()], || {
        layout(&Layout {
            chunk: Chunk::Strips(1),
            coding: Coding::Deflate,
            ..Layout::new((WIDTH, HEIGHT), 2, 8, 3)
        })
    });
    add("tiff jpeg one strip", &[small()], || jpegs(Chunk::Strips(HEIGHT), false));
    add("tiff jpeg progressive one strip", &[small()], || jpegs(Chunk::Strips(HEIGHT), true));
    add("tiff jpeg tiles", &[small()], || jpegs(Chunk::Tiles(512, 512), false));
    add("tiff fax", &[small()], || {
        let size = (WIDTH * 2, HEIGHT * 2);
        // Every pixel differs from the one on its left, and from the one above: code words are longest.
        let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
        for y in 0..size.1 {
            let color = |x| if (x + y) % 2 == 0 { fax::Color::Black } else { fax::Color::White };
            encoder.encode_line((0..size.0).map(color), size.0).unwrap();
        }
        let data = encoder.finish().unwrap().finish();
        Layout::new(size, 0, 1, 1).file(4, vec![data])
    });
    cases
}

/// Returns `PICTURE` in a layout.
fn layout(tiff: &Layout) -> Vec<u8> {
    tiff.encode(|x, y, index| {
        let at = (y as usize * WIDTH as usize + x as usize) * 3 + index as usize % 3;
        u64::from(PICTURE.samples[at]) << (tiff.bits - 8)
    })
}

/// Returns a TIFF of JPEG files.
fn jpegs(chunk: Chunk, progressive: bool) -> Vec<u8> {
    let tiff = Layout { chunk, ..Layout::new((WIDTH, HEIGHT), 6, 8, 3) };
    let jpeg = |(columns, rows): (Range<u32>, Range<u32>)| {
        let (width, height) = (columns.end - columns.start, rows.end - rows.start);
        let part = Raster::from_fn(width, height, 3, |x, y, pixel: &mut [u8]| {
            let (x, y) = ((columns.start + x).min(WIDTH - 1), (rows.start + y).min(HEIGHT - 1));
            pixel.copy_from_slice(PICTURE.pixel(x, y));
        });
        let jpeg = Jpeg::new(&part).quality(95).sampling(Sampling::S444);
        if progressive { jpeg.progressive().encode() } else { jpeg.encode() }
    };
    tiff.file(7, tiff.areas().into_iter().map(jpeg).collect())
}

/// The committed photographs by the default preset.
fn photographs() -> Vec<Case> {
    let case = |name| Case {
        name,
        presets: vec![("default", Preset::default())],
        file: Box::new(move || photos::photo(name)),
    };
    photos::NAMES.into_iter().map(case).collect()
}

fn faded_16() -> Raster<u16> {
    PICTURE.to_16().with_alpha(|x, _| 1.0 - x as f32 / (WIDTH - 1) as f32)
}

fn indices() -> Raster<u8> {
    PICTURE.to_grey()
}

fn palette() -> Vec<[u8; 3]> {
    (0..=255).map(|level| [level, 255 - level, level / 2]).collect()
}
