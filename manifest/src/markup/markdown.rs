//! Markdown's own image, for places that allow no HTML.

use super::controls::{is_format_control, push_reference};
use super::picture::Picture;

/// `![alt](url)` with the largest fallback, as one URL has to do for every screen.
pub(super) fn image(picture: &Picture) -> String {
    format!("![{}]({})", escape(&picture.img.alt), picture.img.largest)
}

/// Returns `text` with a backslash before each ASCII punctuation character, which takes its meaning from it, and with
/// character references for invisible controls (CommonMark 0.31, 2.4 and 2.5).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_format_control(c) {
            push_reference(&mut escaped, c);
            continue;
        }
        if c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
