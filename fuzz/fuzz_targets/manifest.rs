//! Whatever parses as a manifest is written such that it parses as the same, and gives markup or a reason.

#![no_main]

use libfuzzer_sys::fuzz_target;
use manifest::Manifest;
use manifest::markup::{Format, Markup, PlaceholderStyle};

fuzz_target!(|json: &[u8]| {
    let document = match Manifest::parse(json) {
        Ok(document) => document,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let written = document.to_json();
    assert_eq!(Manifest::parse(&written).unwrap(), document);
    for format in [Format::Html, Format::Markdown, Format::MarkdownImage, Format::Jsx, Format::Url] {
        for placeholder in [PlaceholderStyle::Color, PlaceholderStyle::None] {
            let base_url = "https://img.example.org/derived".to_owned();
            let markup = Markup { format, placeholder, base_url, ..Markup::default() };
            match markup.render(&document) {
                Ok(snippet) => assert!(!snippet.text.is_empty() && !snippet.text.ends_with('\n')),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
});
