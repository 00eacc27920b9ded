//! HTML, which is also what Markdown passes through.

use std::fmt::Write;

use super::controls::{is_format_control, push_reference};
use super::layout;
use super::picture::{Choice, Img, Picture, Source};

pub(super) fn write(picture: &Picture) -> String {
    let sources = picture.sources.iter().map(source).collect();
    layout::nest(sources, img(&picture.img), picture.caption.as_deref().map(escape))
}

fn source(source: &Source) -> String {
    let mut tag = Tag::new("source");
    tag.attribute("type", &source.media_type);
    tag.choice(&source.choice);
    tag.end()
}

fn img(img: &Img) -> String {
    let mut tag = Tag::new("img");
    tag.attribute("src", &img.src);
    if let Some(choice) = &img.choice {
        tag.choice(choice);
    }
    tag.attribute("width", &img.width.to_string());
    tag.attribute("height", &img.height.to_string());
    tag.attribute("alt", &img.alt);
    tag.optional("class", img.class.as_deref());
    tag.optional("loading", img.loading);
    tag.optional("decoding", img.decoding);
    tag.optional("fetchpriority", img.fetch_priority);
    tag.optional("style", img.style_text().as_deref());
    tag.end()
}

/// A start tag being written.
struct Tag(String);

impl Tag {
    fn new(name: &str) -> Self {
        Self(format!("<{name}"))
    }

    fn attribute(&mut self, name: &str, value: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {name}=\"{}\"", escape(value));
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.attribute(name, value);
        }
    }

    fn choice(&mut self, choice: &Choice) {
        self.attribute("srcset", &choice.srcset);
        self.optional("sizes", choice.sizes.as_deref());
    }

    fn end(mut self) -> String {
        self.0.push('>');
        self.0
    }
}

/// `text` as the value of a quoted attribute, or between tags. The backtick is encoded for Markdown's sake, whose code spans
/// could otherwise begin before the tag and end within it; braces for the sake of template languages (`{{ }}`, `{% %}`),
/// which site generators run over their pages first.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '`' => escaped.push_str("&#96;"),
            '{' => escaped.push_str("&#123;"),
            '}' => escaped.push_str("&#125;"),
            c if is_format_control(c) => push_reference(&mut escaped, c),
            c => escaped.push(c),
        }
    }
    escaped
}
