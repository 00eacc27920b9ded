//! Astro's templates, `.astro` and `.mdx` alike: HTML's names, JSX's closed elements and expressions.

use super::jsx::{Element, expression};
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
    element.text("width", &img.width.to_string());
    element.text("height", &img.height.to_string());
    element.text("alt", &img.alt);
    element.optional("class", img.class.as_deref());
    element.optional("loading", img.loading);
    element.optional("decoding", img.decoding);
    element.optional("fetchpriority", img.fetch_priority);
    // As a text, unlike React's: so it means the same in both kinds of file.
    element.optional("style", img.style_text().as_deref());
    element.end()
}

fn choice(element: &mut Element, choice: &Choice) {
    element.text("srcset", &choice.srcset);
    element.optional("sizes", choice.sizes.as_deref());
}
