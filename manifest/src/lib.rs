//! What things are called: keys, the manifest document, page markup. Serde types and pure functions.
//!
//! # Layout
//!
//! `key` names objects in the derived bucket, `place` says where that is, `document` is `manifest.json`, `sequencer` orders the events
//! that manifests come from, `sidecar` is what travels with an original (`focal_point` is a part of it), `markup` turns
//! a manifest into what an author pastes into a page.

mod document;
mod focal_point;
pub mod key;
pub mod markup;
mod place;
pub mod sequencer;
mod sidecar;

pub use document::{
    Manifest, ParseError, Placeholder, PresetInfo, Reason, RenditionInfo, Retired, SCHEMA, SourceRecord,
    State,
};
pub use focal_point::{FocalPoint, FocalPointError};
pub use key::{
    KeyError, MAX_SOURCE_KEY_BYTES, Parsed, check_source_key, is_addressable, manifest_key, public_url,
    rendition_key, rendition_path, source_digest,
};
pub use markup::{Markup, MarkupError, Snippet};
pub use place::{DerivedPlace, MAX_PREFIX_BYTES, PrefixError};
pub use sidecar::Sidecar;
