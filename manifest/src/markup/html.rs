//! HTML, which is also what Markdown passes through.

use std::fmt::Write;

use super::picture::{Choice, Img, Picture};

/// A `<picture>`, each element a line of its own and no line empty, so that Markdown takes all of it as one
/// HTML block (CommonMark 0.31, 4.6); or the `<img>` alone if there is nothing else to choose.
pub(super) fn write(picture: &Picture) -> String {
    let img = img(&picture.img);
    if picture.sources.is_empty() {
        return img;
    }
    let mut text = String::from("<picture>\n");
    for source in &picture.sources {
        let mut tag = Tag::new("source");
        tag.attribute("type", &source.media_type);
        tag.choice(&source.choice);
        text.push_str("  ");
        text.push_str(&tag.end());
        text.push('\n');
    }
    text.push_str("  ");
    text.push_str(&img);
    text.push_str("\n</picture>");
    text
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
    if !img.style.is_empty() {
        let declarations = img.style.iter().map(|(property, value)| format!("{property}:{value}"));
        tag.attribute("style", &declarations.collect::<Vec<_>>().join(";"));
    }
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

/// `text` as the value of a quoted attribute. The backtick is encoded for Markdown's sake, whose code spans
/// could otherwise begin before the tag and end within it.
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
            c => escaped.push(c),
        }
    }
    escaped
}
