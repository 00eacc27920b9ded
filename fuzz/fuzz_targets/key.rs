//! Derived keys of any original's key are read back as what they were made of; whatever else reads as a derived key
//! is one: its parts make it again.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use manifest::{Parsed, check_source_key, manifest_key, public_url, rendition_key, rendition_path};

const SOURCE: &str = "0123456789abcdef";
const SPEC: &str = "89abcdef";

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = str::from_utf8(bytes) else { return Corpus::Reject };
    let rebuilt = match Parsed::from_derived_key(text) {
        Some(Parsed::Manifest { key }) => manifest_key(key),
        Some(Parsed::Rendition { key, source, width, spec, ext }) => {
            rendition_key(key, &rendition_path(source, width, spec, ext))
        }
        None => text.to_owned(),
    };
    assert_eq!(rebuilt, text);

    if check_source_key(text).is_ok() {
        let (key, width, ext) = (text, bytes.len() as u32, "webp");
        let manifest = manifest_key(key);
        assert_eq!(Parsed::from_derived_key(&manifest), Some(Parsed::Manifest { key }));
        let path = rendition_path(SOURCE, width, SPEC, ext);
        let rendition = rendition_key(key, &path);
        let parsed = Parsed::Rendition { key, source: SOURCE, width, spec: SPEC, ext };
        assert_eq!(Parsed::from_derived_key(&rendition), Some(parsed));
        assert!(rendition.len() <= 1_024, "longer than S3 takes");
        let url = public_url("https://img.example.org", key, &path);
        assert!(url.is_ascii() && !url.contains([' ', '"', '\'', '<', '>']), "{url}");
    }
    Corpus::Keep
});
