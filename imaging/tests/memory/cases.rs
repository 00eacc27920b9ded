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

/// Pictures of few pixels and much metadata: profiles as long as they may be, that deflate to almost nothing, or whose
/// tags refer to the same bytes, in every container; texts and Exif that inflate or are long.
pub(crate) fn metadata() -> Vec<(String, Vec<u8>)> {
    let raster = pixels::quadrants(48, 48);
    let grey = raster.to_grey();
    let mut files = Vec::new();
    let profiles = [
        ("padded to 4 MiB", icc::padded(icc::prophoto(), 4 << 20)),
        ("padded to 15.9 MB", icc::padded(icc::prophoto(), 15_900_000)),
        ("table of 4 MB", icc::tinted_table(110)),
        ("table of 1 MB", icc::tinted_table(70)),
        ("many tags of 3 MB", many_tags(3 << 20)),
        ("one text of 3 MB many times", repeated_text(3 << 20)),
        ("inks", icc::cmyk()),
    ];
    for (name, profile) in &profiles {
        let mut add = |kind: &str, file: Vec<u8>| files.push((format!("{kind}, {name}"), file));
        add("png", Png::new(&raster).icc(profile).encode());
        add("png grey 16", Png::new(&grey.to_16()).icc(profile).encode());
        add("jpeg", Jpeg::new(&raster).icc(profile).icc_segment(65_000).encode());
        add("jpeg grey", Jpeg::new(&grey).icc(profile).icc_segment(65_000).encode());
        add("jpeg cmyk", Jpeg::new(&raster.to_cmyk()).icc(profile).icc_segment(65_000).encode());
        add("tiff", Tiff::new(&raster).icc(profile).encode());
        add("webp", webp::extended(&webp::lossless(&raster), &raster, Some(profile), None));
        add("bmp", bmp_with_profile(&raster, profile));
    }
    let zeros = fixtures::deflate::zlib_zeros(1 << 30);
    let long = vec![b'x'; 12 << 20];
    for name in [*b"zTXt", *b"iTXt", *b"iCCP"] {
        let head: &[u8] = if &name == b"iTXt" { b"text\0\x01\0\0\0" } else { b"text\0\0" };
        let label = String::from_utf8_lossy(&name).into_owned();
        let data = [head, &zeros].concat();
        files.push((format!("png {label} of 1 GiB"), Png::new(&raster).chunk(name, &data).encode()));
        let interlaced = Png::new(&raster).interlaced().chunk(name, &data).encode();
        files.push((format!("png interlaced {label} of 1 GiB"), interlaced));
    }
    for name in [*b"eXIf", *b"tEXt", *b"iTXt"] {
        let label = String::from_utf8_lossy(&name).into_owned();
        let data = [b"text\0\0\0\0\0", &long[..]].concat();
        files.push((format!("png {label} of 12 MB"), Png::new(&raster).chunk(name, &data).encode()));
        let late = Png::new(&grey).interlaced().late_chunk(name, &data).encode();
        files.push((format!("png late {label} of 12 MB"), late));
    }
    let packets: Vec<u8> = (0..200)
        .flat_map(|_| {
            fixtures::jpeg::app_segment(1, &[b"http://ns.adobe.com/xap/1.0/\0", &long[..60_000]].concat())
        })
        .collect();
    files.push(("jpeg xmp of 12 MB".to_owned(), Jpeg::new(&raster).extra(&packets).encode()));
    let exif = webp::extended(&webp::lossy(&raster, 80.0), &raster, None, Some(&long));
    files.push(("webp exif of 12 MB".to_owned(), exif));
    files
}

/// A profile with all kinds of tags, each of which is the whole of the same table.
fn many_tags(bytes: usize) -> Vec<u8> {
    const NAMES: [&[u8; 4]; 8] = [b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2", b"gamt", b"A2B0"];
    let mut grid = 2_u8;
    while 3 * (usize::from(grid) + 1).pow(3) < bytes {
        grid += 1;
    }
    let table = icc::tinted_table(grid);
    let start = table.windows(4).position(|window| window == b"mft1").unwrap();
    tagged(&NAMES, &table[start..])
}

/// A profile whose descriptions have thousands of translations, each of which is the whole of the same text.
fn repeated_text(bytes: usize) -> Vec<u8> {
    const NAMES: [&[u8; 4]; 4] = [b"desc", b"cprt", b"dmnd", b"dmdd"];
    let mut text = b"mluc\0\0\0\0".to_vec();
    let count = 2_000_u32;
    text.extend(count.to_be_bytes());
    text.extend(12_u32.to_be_bytes());
    let start = 16 + 12 * count;
    for _ in 0..count {
        text.extend(b"enUS");
        text.extend((bytes as u32).to_be_bytes());
        text.extend(start.to_be_bytes());
    }
    text.resize(text.len() + bytes, b'x');
    tagged(&NAMES, &text)
}

/// A profile of RGB whose tags of these names are all `data`.
fn tagged(names: &[&[u8; 4]], data: &[u8]) -> Vec<u8> {
    let mut profile = icc::tinted_table(2)[..128].to_vec();
    profile.extend((names.len() as u32).to_be_bytes());
    let start = 132 + 12 * names.len();
    for name in names {
        profile.extend_from_slice(*name);
        profile.extend((start as u32).to_be_bytes());
        profile.extend((data.len() as u32).to_be_bytes());
    }
    profile.extend_from_slice(data);
    let length = profile.len();
    icc::padded(profile, length)
}

/// A BMP of version 5 whose profile follows the pixels.
fn bmp_with_profile(raster: &Raster<u8>, profile: &[u8]) -> Vec<u8> {
    let plain = bmp::rgb24(raster, false);
    let offset = u32::from_le_bytes(plain[10..14].try_into().unwrap()) as usize;
    let pixels = &plain[offset..];
    let mut header = plain[14..54].to_vec();
    header.resize(124, 0);
    header[..4].copy_from_slice(&124_u32.to_le_bytes());
    // PROFILE_EMBEDDED, and where it lies behind the header's start.
    header[56..60].copy_from_slice(b"DEBM");
    header[112..116].copy_from_slice(&((124 + pixels.len()) as u32).to_le_bytes());
    header[116..120].copy_from_slice(&(profile.len() as u32).to_le_bytes());
    let mut file = plain[..14].to_vec();
    file[10..14].copy_from_slice(&138_u32.to_le_bytes());
    [file, header, pixels.to_vec(), profile.to_vec()].concat()
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
