//! Any XML body of an S3 request is refused, or comes out in a plain form that reads as itself.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../local-s3/src/wire/xml.rs"]
mod xml;

fuzz_target!(|body: &[u8]| {
    if let Ok(plain) = xml::plain(body) {
        assert_eq!(xml::plain(plain.as_bytes()).as_ref(), Ok(&plain));
        assert!(plain.starts_with('<') && plain.ends_with('>'));
        assert!(!plain.contains("<!") && !plain.contains("<?"));
    }
});
