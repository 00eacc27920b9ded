//! JSX, as React and its relatives read it.

use std::fmt::Write;

use super::controls::is_format_control;
use super::layout;
use super::picture::{Choice, Img, Picture, Source};

pub(super) fn write(picture: &Picture) -> String {
    let sources = picture.sources.iter().map(source).collect();
    layout::nest(sources, img(&picture.img), picture.caption.as_deref().map(expression))
}

fn source(source: &Source) -> String {
    let mut element = Element::new("source");
    element.text("type", &source.media_type);
    choice(&mut element, &source.choice);
    element.end()
}

fn img(img: &Img) -> String {
    let mut element = Element::new("img");
    element.text("src", &img.src);
    if let Some(choice) = &img.choice {
        self::choice(&mut element, choice);
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

fn choice(element: &mut Element, choice: &Choice) {
    element.text("srcSet", &choice.srcset);
    element.optional("sizes", choice.sizes.as_deref());
}

/// `text` between tags. Always an expression: MDX would read it as Markdown, and JSX folds spaces and lines.
pub(super) fn expression(text: &str) -> String {
    format!("{{{}}}", string_literal(text))
}

/// A self-closing element being written.
pub(super) struct Element(String);

impl Element {
    pub(super) fn new(name: &str) -> Self {
        Self(format!("<{name}"))
    }

    /// A text: between quotation marks if it means itself there, else as a string literal in braces, because
    /// JSX's quoted texts know HTML's entities but no backslashes.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        if value.chars().any(is_special) {
            self.expression(name, &string_literal(value));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(self.0, " {name}=\"{value}\"");
        }
    }

    pub(super) fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn expression(&mut self, name: &str, expression: &str) {
        let _ = write!(self.0, " {name}={{{expression}}}");
    }

    pub(super) fn end(mut self) -> String {
        self.0.push_str(" />");
        self.0
    }
}

/// What could end a text, a template, a script element or a line in any place where JSX may stand.
fn is_special(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\' | '&' | '<' | '>' | '{' | '}' | '`' | '$')
        || c.is_control()
        || is_format_control(c)
}

/// A double-quoted literal that is both JavaScript and JSON. Quotation marks and backslashes are written as numbers, too:
/// Astro's compiler (2.13) loses its place after some texts with `\"` in them.
fn string_literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
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
