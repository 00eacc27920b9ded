//! JSX, as React and its relatives read it.

use std::fmt::Write;

use super::picture::{Choice, Img, Picture};

/// A `<picture>`, or the `<img>` alone if there is nothing else to choose.
pub(super) fn write(picture: &Picture) -> String {
    let img = img(&picture.img);
    if picture.sources.is_empty() {
        return img;
    }
    let mut text = String::from("<picture>\n");
    for source in &picture.sources {
        let mut element = Element::new("source");
        element.text("type", &source.media_type);
        element.choice(&source.choice);
        text.push_str("  ");
        text.push_str(&element.end());
        text.push('\n');
    }
    text.push_str("  ");
    text.push_str(&img);
    text.push_str("\n</picture>");
    text
}

fn img(img: &Img) -> String {
    let mut element = Element::new("img");
    element.text("src", &img.src);
    if let Some(choice) = &img.choice {
        element.choice(choice);
    }
    element.expression("width", &img.width.to_string());
    element.expression("height", &img.height.to_string());
    element.text("alt", &img.alt);
    element.optional("className", img.class.as_deref());
    element.optional("loading", img.loading);
    element.optional("decoding", img.decoding);
    element.optional("fetchPriority", img.fetch_priority);
    if !img.style.is_empty() {
        let properties = img
            .style
            .iter()
            .map(|(property, value)| format!("{}: {}", camel_case(property), string_literal(value)));
        element.expression("style", &format!("{{ {} }}", properties.collect::<Vec<_>>().join(", ")));
    }
    element.end()
}

/// A self-closing element being written.
struct Element(String);

impl Element {
    fn new(name: &str) -> Self {
        Self(format!("<{name}"))
    }

    /// A text: between quotation marks if it means itself there, else as a string literal in braces, because
    /// JSX's quoted texts know HTML's entities but no backslashes.
    fn text(&mut self, name: &str, value: &str) {
        if value.chars().any(is_special) {
            self.expression(name, &string_literal(value));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(self.0, " {name}=\"{value}\"");
        }
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn expression(&mut self, name: &str, expression: &str) {
        let _ = write!(self.0, " {name}={{{expression}}}");
    }

    fn choice(&mut self, choice: &Choice) {
        self.text("srcSet", &choice.srcset);
        self.optional("sizes", choice.sizes.as_deref());
    }

    fn end(mut self) -> String {
        self.0.push_str(" />");
        self.0
    }
}

/// What could end a text, a template, a script element or a line in any place where JSX may stand.
fn is_special(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\' | '&' | '<' | '>' | '{' | '}' | '`' | '$' | '\u{2028}' | '\u{2029}')
        || c.is_control()
}

/// A double-quoted literal that is both JavaScript and JSON.
fn string_literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            // The apostrophe cannot end this literal, and people read it.
            c if is_special(c) && c != '\'' => {
                let _ = write!(literal, "\\u{:04x}", u32::from(c));
            }
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

/// `background-color` → `backgroundColor`.
fn camel_case(property: &str) -> String {
    let mut name = String::with_capacity(property.len());
    let mut words = property.split('-');
    name.extend(words.next());
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}
