//! Hugo: a call of the shortcode `picture`, which `docs/hugo/picture.html` is.
//!
//! Hugo drops HTML from Markdown unless a site allows it, but trusts its own shortcodes.

use std::fmt::Write;

use super::controls::{is_format_control, push_reference};
use super::picture::Picture;

/// The call, a parameter a line. Sources are numbered from 1: `type-1`, `srcset-1`.
pub(super) fn write(picture: &Picture) -> String {
    let img = &picture.img;
    let mut call = Call::new();
    for (number, source) in (1..).zip(&picture.sources) {
        call.parameter(&format!("type-{number}"), &source.media_type);
        call.parameter(&format!("srcset-{number}"), &source.choice.srcset);
    }
    call.parameter("src", &img.src);
    call.optional("srcset", img.choice.as_ref().map(|choice| choice.srcset.as_str()));
    let mut choices = picture.sources.iter().map(|source| &source.choice).chain(&img.choice);
    call.optional("sizes", choices.find_map(|choice| choice.sizes.as_deref()));
    call.parameter("width", &img.width.to_string());
    call.parameter("height", &img.height.to_string());
    call.parameter("alt", &img.alt);
    call.optional("class", img.class.as_deref());
    call.optional("loading", img.loading);
    call.optional("decoding", img.decoding);
    call.optional("fetchpriority", img.fetch_priority);
    call.optional("style", img.style_text().as_deref());
    call.optional("caption", picture.caption.as_deref());
    call.end()
}

/// A call being written.
struct Call(String);

impl Call {
    fn new() -> Self {
        Self("{{< picture\n".to_owned())
    }

    fn parameter(&mut self, name: &str, value: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "  {name}=\"{}\"", escape(value));
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.parameter(name, value);
        }
    }

    fn end(mut self) -> String {
        self.0.push_str(">}}");
        self.0
    }
}

/// `text` as a quoted parameter. How Hugo reads backslashes and quotation marks in there has changed between its
/// versions, so that whatever could mean something is written as HTML's character reference, which the shortcode takes
/// back (`htmlUnescape`).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\'' | '`' | '\\' | '&' | '<' | '>' | '{' | '}') || is_format_control(c) {
            push_reference(&mut escaped, c);
        } else {
            escaped.push(c);
        }
    }
    escaped
}
