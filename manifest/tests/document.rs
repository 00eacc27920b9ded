//! The manifest document: written and read back, by this version and beside others.
#![allow(clippy::unwrap_used)]

use manifest::{Manifest, ParseError, Reason, SCHEMA, SourceRecord, State};
use proptest::prelude::*;

const DERIVED: &str = include_str!("data/derived.json");

#[test]
fn a_document_reads_back_as_it_was_written() {
    let manifest = Manifest::parse(DERIVED.as_bytes()).unwrap();
    assert_eq!(manifest.state, State::Derived);
    assert_eq!(manifest.source.version_id.as_deref(), Some("3HL4kqtJlcpXrof3vjVBH40Nr8X8gdRQ"));
    assert_eq!(manifest.renditions.len(), 6);
    assert_eq!(String::from_utf8(manifest.to_json()).unwrap(), DERIVED);
}

#[test]
fn unknown_fields_are_ignored() {
    let text = DERIVED
        .replacen('{', "{ \"copyright\": [0.5, 0.25],", 1)
        .replace("\"bucket\":", "\"storage_class\": \"GLACIER\", \"bucket\":");
    assert_eq!(Manifest::parse(text.as_bytes()).unwrap(), Manifest::parse(DERIVED.as_bytes()).unwrap());
}

#[test]
fn a_focal_point_is_two_fractions() {
    let text = DERIVED.replacen("\"alt\":", "\"focal_point\": { \"x\": 0.375, \"y\": 1 }, \"alt\":", 1);
    let manifest = Manifest::parse(text.as_bytes()).unwrap();
    assert_eq!(manifest.focal_point, Some("0.375,1".parse().unwrap()));
    let json: serde_json::Value = serde_json::from_slice(&manifest.to_json()).unwrap();
    assert_eq!(json["focal_point"], serde_json::json!({ "x": 0.375, "y": 1.0 }));
    let outside = text.replace("0.375", "1.5");
    assert!(matches!(Manifest::parse(outside.as_bytes()), Err(ParseError::Malformed(_))));
}

#[test]
fn a_newer_schema_is_said_to_be_newer_whatever_else_it_holds() {
    let refused = Manifest::parse(br#"{"schema": 2, "state": {"kind": "derived"}}"#).unwrap_err();
    assert!(matches!(refused, ParseError::Newer { schema: 2 }));
    assert!(refused.to_string().contains("written by a newer version; update"), "{refused}");
}

#[test]
fn what_is_no_manifest_is_refused() {
    assert!(matches!(Manifest::parse(br#"{"schema": 0}"#), Err(ParseError::Unknown { schema: 0 })));
    assert!(matches!(Manifest::parse(br#"{"schema": 1}"#), Err(ParseError::Malformed(_))));
    assert!(matches!(Manifest::parse(b""), Err(ParseError::Malformed(_))));
    assert!(matches!(Manifest::parse(b"\xff\xfe"), Err(ParseError::Malformed(_))));
}

#[test]
fn what_is_absent_is_not_written() {
    let manifest = Manifest {
        schema: SCHEMA,
        state: State::Rejected,
        written: "2026-11-22T08:00:00Z".into(),
        source: SourceRecord { bucket: "originals".into(), key: "a.txt".into(), ..Default::default() },
        preset: None,
        renditions: Vec::new(),
        placeholder: None,
        alt: None,
        caption: None,
        focal_point: None,
        warnings: Vec::new(),
        reason: Some(Reason {
            code: "not-an-image".into(),
            message: "this is not an image file".into(),
            remedy: "Upload a JPEG.".into(),
        }),
        pending: None,
        retired: Vec::new(),
    };
    let json = String::from_utf8(manifest.to_json()).unwrap();
    assert!(json.ends_with("}\n") && !json.contains("null"), "{json}");
    assert_eq!(Manifest::parse(json.as_bytes()).unwrap(), manifest);
}

proptest! {
    #[test]
    fn any_text_survives(key in any::<String>(), alt in any::<Option<String>>(), bytes in any::<u64>()) {
        let mut manifest = Manifest::parse(DERIVED.as_bytes()).unwrap();
        manifest.source.key = key;
        manifest.source.bytes = bytes;
        manifest.alt = alt;
        prop_assert_eq!(Manifest::parse(&manifest.to_json()).unwrap(), manifest);
    }

    #[test]
    fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Manifest::parse(&bytes);
    }
}
