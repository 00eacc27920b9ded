//! Characters that control instead of show, which markup must not contain as they are: people print it on terminals.

use std::fmt::Write;

/// Returns `true` for line and paragraph separators and the controls of bidirectional text. Unlike C0 and C1 controls, they
/// have a meaning in an attribute, so they are kept as references.
///
/// Source: Unicode Standard Annex #9, section 2.
pub(super) fn is_format_control(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns `text` with each control character as a space: they mean nothing in an attribute, HTML forbids most of them, and
/// a line break would end Markdown's HTML block.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Returns the beginning of a URL with control characters percent-encoded.
pub(super) fn in_url(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_format_control(c) {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        } else {
            encoded.push(c);
        }
    }
    encoded
}

/// Appends `c` as a numeric character reference.
pub(super) fn push_reference(text: &mut String, c: char) {
    let _ = write!(text, "&#{};", u32::from(c));
}
