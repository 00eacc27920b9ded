use image_header::Rejection;

use crate::{probe, rejection};

#[test]
fn nothing_and_noise_are_no_images() {
    assert_eq!(probe(b""), Err(Rejection::Empty));
    for noise in [b"\0".as_slice(), b"hello", b"\xFF\xD8", b"RIFF\x04\0\0\0WAVE", &[0; 4096], &[0xFF; 4096]] {
        assert_eq!(probe(noise), Err(Rejection::NotAnImage), "{noise:?}");
    }
}

#[test]
fn kinds_that_are_known_are_named() {
    for (bytes, name) in [
        (b"\0\0\0\x1CftypavifAAAAavifmif1miaf".as_slice(), "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC/HEIF"),
        (b"\xFF\x0A\x00\x10", "JPEG XL"),
        (b"\0\0\0\x0CJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xFF\x4F\xFF\x51\0\x29", "JPEG 2000"),
        (b"\xFF\xD8\xFF\xF7\0\x0B", "JPEG-LS"),
        (b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>", "SVG"),
        (b"%PDF-1.4\n", "a PDF document"),
        (b"8BPS\0\x01\0\0", "a Photoshop document (PSD)"),
        (b"II*\0\x10\0\0\0CR\x02\0", "a camera raw (Canon CR2)"),
        (b"v/1\x01\x02\0\0\0", "OpenEXR"),
        (b"qoif\0\0\0\x01", "QOI"),
        (b"DDS \x7C\0\0\0", "a DirectDraw surface (DDS)"),
        (b"P6\n2 2\n255\n", "Netpbm (PBM, PGM, PPM or PAM)"),
        (b"\0\0\x02\0\0\0\0\0\0\0\0\0\x10\0\x10\0\x18\x20", "Targa (TGA)"),
        (b"icns\0\0\0\x10", "an Apple icon (ICNS)"),
        (b"\0\0\x01\0\x01\0\x20\x20\0\0\x01\0", "an icon (ICO)"),
        (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", "a video (MP4 or QuickTime)"),
    ] {
        assert_eq!(rejection(bytes), format!("unsupported: {name} is not supported"));
    }
}
