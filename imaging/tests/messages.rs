//! Reasons and warnings are words that an author understands, whatever is wrong with the file.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::collections::BTreeSet;

use common::{preset, try_derive};
use fixtures::icc;
use fixtures::jpeg::Jpeg;
use fixtures::pixels;
use fixtures::png::Png;
use imaging::FormatChoice::{Auto, Webp};

/// Names of formats that are written with capitals within a word.
const NAMES: [&str; 13] = [
    "WebP",
    "WebM",
    "BigTIFF",
    "QuickTime",
    "PostScript",
    "OpenEXR",
    "DirectDraw",
    "YCbCr",
    "iCCP",
    "eXIf",
    "tRNS",
    "acTL",
    "DjVu",
];

/// Returns the flaw of `text` as a message to people, if it has one.
fn fault(text: &str) -> Option<&'static str> {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let is_of_code = |word: &str| {
        let camel = word
            .as_bytes()
            .windows(2)
            .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        (camel || word.contains('_')) && !NAMES.contains(&word)
    };
    let structs = text.as_bytes().windows(2).any(|pair| pair[1] == b'(' && pair[0].is_ascii_alphanumeric());
    if text.contains("::") || text.contains(['{', '}', '"', '`']) || structs || text.contains("Some") {
        Some("a form of Rust's")
    } else if words.any(is_of_code) {
        Some("a name from code")
    } else if text.chars().any(char::is_control) {
        Some("a control character")
    } else if text.trim() != text
        || !text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | ')' | '%'))
    {
        Some("no proper end")
    } else {
        None
    }
}

/// Numbers of one noise after the other.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// `file` cut off at many lengths, and changed in many places.
fn damages(file: &[u8], noise: &mut Noise) -> Vec<Vec<u8>> {
    let cuts = (0..8).map(|part| file[..file.len() * part / 8].to_vec());
    let mut files: Vec<Vec<u8>> = cuts.collect();
    // Every byte of the header, where the fields are.
    for at in 0..file.len().min(72) {
        let mut changed = file.to_vec();
        changed[at] = [0, 0xFF, file[at] ^ 0x10][noise.below(3)];
        files.push(changed);
    }
    for _ in 0..12 {
        let mut changed = file.to_vec();
        for _ in 0..=noise.below(4) {
            let at = noise.below(changed.len());
            changed[at] = noise.below(256) as u8;
        }
        files.push(changed);
    }
    files
}

#[test]
fn messages_about_damaged_files_are_plain_words() {
    let profile = icc::cmyk();
    let tagged = [
        Jpeg::new(&pixels::quadrants(32, 32)).icc(&icc::display_p3()).encode(),
        Png::new(&pixels::quadrants(32, 32)).icc(&profile).encode(),
        Jpeg::new(&pixels::quadrants(32, 32).to_cmyk()).icc(&profile).encode(),
    ];
    let kinds = fixtures::every_kind().into_iter().map(|kind| kind.bytes).filter(|file| file.len() < 12_000);
    let broken = fixtures::broken().into_iter().map(|file| file.bytes).filter(|file| file.len() < 12_000);
    let mut noise = Noise(13);
    let mut messages = BTreeSet::new();
    let mut take = |file: &[u8]| match try_derive(file, &preset(&[16], &[Webp, Auto])) {
        Ok((derived, _)) => messages.extend(derived.warnings),
        Err(rejection) => {
            messages.insert(rejection.to_string());
        }
    };
    for file in kinds.chain(tagged) {
        damages(&file, &mut noise).iter().for_each(|file| take(file));
    }
    broken.for_each(|file| take(&file));
    let wrong: Vec<String> =
        messages.iter().filter_map(|text| Some(format!("{}: {text}", fault(text)?))).collect();
    println!("{} messages", messages.len());
    assert!(messages.len() > 60, "{messages:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn forms_of_code_are_told_from_words() {
    for text in [
        "Decoding(Format(x))",
        "FormatError { inner: x }",
        "io::Error",
        "UnexpectedEof",
        "the chunk \"x\" is wrong",
        "it ends:",
        "a\u{7}",
        "chunk_type is wrong",
    ] {
        assert!(fault(text).is_some(), "{text}");
    }
    for text in [
        "this is not an image file",
        "a camera raw (Canon CR2) is not supported",
        "the file is damaged or cut off; 80 % of the picture was decoded (the file ends too early)",
        "the longer side in pixels is 70000, more than the 65535 that are allowed",
        "BigTIFF is not supported",
    ] {
        assert_eq!(fault(text), None, "{text}");
    }
}
