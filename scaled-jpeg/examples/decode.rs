//! Decodes a file into planes and says their sizes: something for profilers to look at.
//!
//! `cargo run --release -p scaled-jpeg --example decode -- FILE SCALE [TIMES] [DECODER]`, where SCALE is the N of N/8 and
//! DECODER one of `scaled-jpeg` (the default), `libjpeg`, `zune-jpeg` (at 8 only) and `jpeg-decoder` (at 1, 2, 4, 8).

use std::{error::Error, hint::black_box};

use scaled_jpeg::{Decoder, Scale};

#[path = "../tests/support/libjpeg.rs"]
mod libjpeg;
#[path = "../tests/support/others.rs"]
mod others;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, scale, more @ ..] = arguments.as_slice() else {
        return Err("decode FILE SCALE [TIMES] [DECODER]".into());
    };
    let file = std::fs::read(path)?;
    let numerator: u32 = scale.parse()?;
    let scales = Scale::ALL.into_iter();
    let scale = scales.into_iter().find(|scale| scale.numerator() == numerator).ok_or("no such scale")?;
    let times: u32 = more.first().map_or(Ok(1), |times| times.parse())?;
    let decoder = more.get(1).map_or("scaled-jpeg", String::as_str);
    let mut said = String::new();
    for _ in 0..times {
        said = black_box(decode(decoder, black_box(&file), scale)?);
    }
    println!("{said}");
    Ok(())
}

fn decode(decoder: &str, file: &[u8], scale: Scale) -> Result<String, Box<dyn Error>> {
    Ok(match decoder {
        "scaled-jpeg" => {
            let decoded = Decoder::new(file)?.decode_planes([scale; 4])?;
            let sizes = decoded.planes.iter().map(|plane| format!("{} × {}", plane.width, plane.height));
            sizes.collect::<Vec<_>>().join(", ")
        }
        "libjpeg" => {
            let decoded =
                libjpeg::planes(file, scale.numerator()).map_err(|code| format!("message {code}"))?;
            let sizes = decoded.planes.iter().map(|plane| format!("{} × {}", plane.width, plane.height));
            let simd = if libjpeg::simd() { "with SIMD" } else { "without SIMD: built without nasm" };
            format!("{} ({simd})", sizes.collect::<Vec<_>>().join(", "))
        }
        "zune-jpeg" if scale == Scale::Full => {
            let planes = others::zune(file)?;
            let sizes = planes.iter().map(|(width, samples)| format!("{width} × {}", samples.len() / width));
            sizes.collect::<Vec<_>>().join(", ")
        }
        "jpeg-decoder" => {
            let header = Decoder::new(file)?.header().clone();
            let size = (scale.of(header.width) as u16, scale.of(header.height) as u16);
            format!("{} bytes of {} × {}", others::jpeg_decoder(file, Some(size))?.len(), size.0, size.1)
        }
        other => return Err(format!("no {other} at {}/8", scale.numerator()).into()),
    })
}
