//! What things are called: keys, the manifest document, page markup. Serde types and pure functions.
//!
//! # Layout
//!
//! `key` names objects in the derived bucket, `document` is `manifest.json`, `sequencer` orders the events
//! that manifests come from, `markup` turns a manifest into what an author pastes into a page.

mod document;
pub mod key;
pub mod markup;
pub mod sequencer;

pub use document::{
    Manifest, ParseError, Placeholder, PresetInfo, Reason, RenditionInfo, Retired, SCHEMA, SourceRecord,
    State,
};
pub use key::{
    KeyError, MAX_SOURCE_KEY_BYTES, Parsed, check_source_key, is_addressable, manifest_key, public_url,
    rendition_key, rendition_path, source_digest,
};
pub use markup::{Markup, MarkupError, Snippet};
