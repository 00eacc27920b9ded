//! Small lossless WebPs that would make their decoder take up gigabytes.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
#[path = "../src/decode/vp8l/writer.rs"]
mod writer;

use common::{preset, try_derive};
use fixtures::{pixels, webp};
use imaging::FormatChoice::Webp;
use imaging::Rejection;
use writer::{Bomb, Writer};

/// 1.4 GB of tables from less than 5 MB.
const BOMB: Bomb = Bomb { groups: 65_536, longest: 10, cache: 0 };
/// 4 × 4 pixels, as a VP8X or ANMF chunk gives them: less one, in three bytes each.
const SIDES: [u8; 6] = [3, 0, 0, 3, 0, 0];
const ALPHA: u8 = 0x10;
const ANIMATED: u8 = 0x02;

#[track_caller]
fn assert_refused(chunks: &[Vec<u8>]) {
    let file = webp::riff(&chunks.concat());
    assert!(file.len() < 5 << 20);
    let result = try_derive(&file, &preset(&[4], &[Webp])).map(|_| "derived");
    assert!(matches!(result, Err(Rejection::LimitExceeded { .. })), "{result:?}");
}

fn vp8x(flags: u8) -> Vec<u8> {
    webp::chunk(*b"VP8X", &[&[flags, 0, 0, 0][..], &SIDES].concat())
}

fn alpha_bomb() -> Vec<u8> {
    // Lossless, neither filtered nor quantised.
    webp::chunk(*b"ALPH", &[&[1][..], &BOMB.alpha()].concat())
}

/// The VP8 chunk of 4 × 4 grey pixels.
fn lossy() -> Vec<u8> {
    webp::lossy(&pixels::solid(4, 4, &[128, 128, 128]), 80.0)[12..].to_vec()
}

/// A frame of 4 × 4 pixels at the canvas' corner, for 100 ms.
fn frame(chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = [&[0; 6][..], &SIDES, &[100, 0, 0, 0]].concat();
    webp::chunk(*b"ANMF", &[header, chunks.concat()].concat())
}

#[test]
fn a_picture_of_unused_codes_is_refused() {
    let picture = webp::chunk(*b"VP8L", &BOMB.chunk());
    assert_refused(std::slice::from_ref(&picture));
    assert_refused(&[vp8x(0), picture.clone()]);
    assert_refused(&[vp8x(ANIMATED), webp::chunk(*b"ANIM", &[0; 6]), frame(&[picture])]);
}

#[test]
fn alpha_of_unused_codes_is_refused() {
    assert_refused(&[vp8x(ALPHA), alpha_bomb(), lossy()]);
    let animation = webp::chunk(*b"ANIM", &[0; 6]);
    assert_refused(&[vp8x(ALPHA | ANIMATED), animation, frame(&[alpha_bomb(), lossy()])]);
}

#[test]
fn few_codes_are_no_bomb_but_damaged_without_pixels() {
    let file = webp::riff(&webp::chunk(*b"VP8L", &Bomb { groups: 64, ..BOMB }.chunk()));
    let result = try_derive(&file, &preset(&[4], &[Webp])).map(|_| "derived");
    assert!(matches!(result, Err(Rejection::Damaged { .. })), "{result:?}");
}

/// A still picture's alpha is found in an ANMF chunk too, and decoded at the canvas' size, not the frame's:
/// here the entropy image's second pixel, which a frame of 1 × 1 does not have, asks for the codes.
#[test]
fn alpha_in_a_frame_of_a_still_picture_is_refused() {
    let mut alpha = Writer::default();
    alpha.put(1, 8).put(0, 2).put(1, 1).put(0, 4);
    for _ in ["green", "red"] {
        // One or the other of the symbols 0 and 255.
        alpha.put(0b0011, 4).put(255, 8);
    }
    for symbol in [0, 255, 0] {
        alpha.single(symbol);
    }
    alpha.put(0b1111_1100, 8);
    for _ in 0..BOMB.groups * 5 {
        alpha.ladder(BOMB.longest);
    }
    let frame = [&[0; 16][..], &webp::chunk(*b"ALPH", &alpha.finish())].concat();
    let vp8x = webp::chunk(*b"VP8X", &[ALPHA, 0, 0, 0, 7, 0, 0, 7, 0, 0]);
    let picture = webp::lossy(&pixels::solid(8, 8, &[128, 128, 128]), 80.0)[12..].to_vec();
    assert_refused(&[vp8x, picture, webp::chunk(*b"ANMF", &frame)]);
}
