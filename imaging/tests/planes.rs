//! Planes decoded small, turned and resized, against pixels resized in floating point.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Decoded, derive_all, preset};
use fixtures::exif::Exif;
use fixtures::jpeg::{Jpeg, Sampling};
use fixtures::{Raster, pixels};
use imaging::FormatChoice::{Jpeg as JpegOut, Webp};

/// `raster` at `width` × `height`, by Lanczos3 in floating point.
fn reference(raster: &Raster<u8>, width: u32, height: u32) -> Vec<f32> {
    let channels = raster.channels;
    let samples: Vec<f32> = raster.samples.iter().map(|&sample| f32::from(sample)).collect();
    // Columns first, then rows: each pass turns the picture over.
    let across = pass(&samples, raster.width, raster.height, channels, width);
    pass(&across, raster.height, width, channels, height)
}

/// Rows of `width` pixels resized to `to`, as columns.
fn pass(samples: &[f32], width: u32, rows: u32, channels: usize, to: u32) -> Vec<f32> {
    let scale = f64::from(width) / f64::from(to);
    let support = 3.0 * scale.max(1.0);
    let mut out = vec![0.0; to as usize * rows as usize * channels];
    for x in 0..to {
        let centre = (f64::from(x) + 0.5) * scale;
        let from = (centre - support).floor().max(0.0) as u32;
        let until = ((centre + support).ceil() as u32).min(width);
        let weights: Vec<f64> =
            (from..until).map(|at| lanczos((f64::from(at) + 0.5 - centre) / scale.max(1.0))).collect();
        let sum: f64 = weights.iter().sum();
        for y in 0..rows {
            for channel in 0..channels {
                let value: f64 = weights
                    .iter()
                    .zip(from..)
                    .map(|(weight, at)| {
                        let index = (y as usize * width as usize + at as usize) * channels + channel;
                        weight * f64::from(samples[index])
                    })
                    .sum();
                out[(x as usize * rows as usize + y as usize) * channels + channel] = (value / sum) as f32;
            }
        }
    }
    out
}

fn lanczos(x: f64) -> f64 {
    let sinc =
        |x: f64| if x == 0.0 { 1.0 } else { (x * std::f64::consts::PI).sin() / (x * std::f64::consts::PI) };
    if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

/// Root mean square difference of samples.
fn off(picture: &Decoded, expected: &[f32]) -> f64 {
    let sum: f64 = picture
        .samples
        .iter()
        .zip(expected)
        .map(|(&got, expected)| (f64::from(got) - f64::from(expected.clamp(0.0, 255.0))).powi(2))
        .sum();
    (sum / expected.len() as f64).sqrt()
}

/// Soft colours, so that JPEG adds little of its own.
fn soft(width: u32, height: u32) -> Raster<u8> {
    Raster::from_fn(width, height, 3, |x, y, to| {
        let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
        to[0] = (128.0 + 90.0 * (9.0 * x).sin()) as u8;
        to[1] = (128.0 + 90.0 * (7.0 * y + 2.0 * x).cos()) as u8;
        to[2] = (128.0 + 90.0 * (5.0 * (x + y)).sin()) as u8;
    })
}

/// Widths that make 603 × 451 pixels be decoded at 1/8, 2/8, 3/8, 4/8, 6/8 and 8/8, odd ones and even.
const TARGETS: [u32; 6] = [49, 100, 149, 200, 301, 450];

#[test]
fn every_orientation_sampling_and_scale_is_near_to_floating_point() {
    let upright = soft(603, 451);
    let expected: Vec<(u32, Vec<f32>)> = TARGETS
        .into_iter()
        .map(|width| (width, reference(&upright, width, (width * 451 + 301) / 603)))
        .collect();
    let mut worst = 0.0_f64;
    for orientation in 1..=8 {
        let stored = upright.stored_for(orientation);
        for sampling in Sampling::ALL {
            let file = Jpeg::new(&stored)
                .quality(97)
                .sampling(sampling)
                .exif(&Exif::new().orientation(orientation))
                .encode();
            for (width, expected) in &expected {
                let (_, renditions) = derive_all(&file, &preset(&[*width], &[JpegOut, Webp]));
                for rendition in &renditions {
                    let off = off(&Decoded::of(rendition), expected);
                    worst = worst.max(off);
                    assert!(
                        off < 3.0,
                        "{} of {width}, orientation {orientation}, {sampling:?}: off by {off}",
                        rendition.spec.format.extension()
                    );
                }
            }
        }
    }
    println!("off by {worst:.2} levels at most, root mean square");
}

#[test]
fn strong_colours_keep_their_edges() {
    // Bars of full colours, 37 pixels wide.
    let colors = [[255, 0, 0], [0, 0, 255], [0, 255, 0], [255, 255, 0], [255, 0, 255], [0, 255, 255]];
    let bars = Raster::from_fn(1_201, 400, 3, |x, y, to| {
        to.copy_from_slice(&colors[((x / 37 + y / 37) % 6) as usize]);
    });
    for sampling in [Sampling::S444, Sampling::S420] {
        let file = Jpeg::new(&bars).quality(97).sampling(sampling).encode();
        for width in [150, 399, 801] {
            let (_, renditions) = derive_all(&file, &preset(&[width], &[JpegOut]));
            let height = renditions[0].spec.height;
            let expected = reference(&bars, width, height);
            // What 4:2:0 itself costs: the reference by the same encoder.
            let raster = Raster {
                width,
                height,
                channels: 3,
                samples: expected.iter().map(|value| value.round().clamp(0.0, 255.0) as u8).collect(),
            };
            let png = fixtures::png::Png::new(&raster).encode();
            let (_, ideal) = derive_all(&png, &preset(&[width], &[JpegOut]));
            let [ours, ideal] =
                [&renditions[0], &ideal[0]].map(|rendition| off(&Decoded::of(rendition), &expected));
            println!("{sampling:?} to {width}: off by {ours:.2}, the reference as 4:2:0 by {ideal:.2}");
            assert!(ours < ideal * 1.5 + 2.0, "{sampling:?} to {width}: {ours}, ideally {ideal}");
        }
    }
}

/// 0.5 + 0.5 cos(π r² / side): its local frequency is r / side cycles a pixel.
#[test]
fn a_zone_plate_decoded_small_keeps_what_it_can_and_folds_little() {
    let side = 1_024;
    let plate = pixels::zone_plate::<u8>(side, side, 1);
    let file = Jpeg::new(&plate).quality(98).encode();
    for target in [85, 170, 256, 340, 512, 680] {
        let (_, renditions) = derive_all(&file, &preset(&[target], &[JpegOut]));
        let picture = Decoded::of(&renditions[0]);
        let expected = reference(&plate, target, target);
        let scale = f64::from(side) / f64::from(target);
        // Mean squares of the difference below a quarter of a cycle a pixel, where pictures have their detail, and
        // above three quarters, where nothing is to be left.
        let (mut kept, mut folded) = ((0.0, 0.0), (0.0, 0.0));
        for (at, expected) in expected.into_iter().enumerate() {
            let got = picture.rgb(at as u32 % target, at as u32 / target)[0];
            let centre = |at: usize| (at as f64 + 0.5) * scale - f64::from(side) / 2.0;
            let (x, y) = (centre(at % target as usize), centre(at / target as usize));
            let frequency = x.hypot(y) / f64::from(side) * scale;
            let square = (f64::from(got) - f64::from(expected)).powi(2);
            let sum = match frequency {
                f if f < 0.25 => &mut kept,
                f if f > 0.75 => &mut folded,
                _ => continue,
            };
            *sum = (sum.0 + square, sum.1 + 1.0);
        }
        let root = |(sum, count): (f64, f64)| if count > 0.0 { (sum / count).sqrt() } else { 0.0 };
        let (kept, folded) = (root(kept), root(folded));
        println!("to {target}: off by {kept:.2} in what is kept, by {folded:.2} in what is not to be seen");
        assert!(kept < 8.0, "to {target}: off by {kept} in what is kept");
        assert!(folded < 24.0, "to {target}: off by {folded} in what is not to be seen");
    }
}
