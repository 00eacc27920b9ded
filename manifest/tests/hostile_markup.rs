//! Hostile texts stay texts: real parsers read the markup back, and it holds what was put in.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use html5ever::tendril::TendrilSink;
use manifest::markup::Format;
use manifest::{FocalPoint, Manifest, Markup, public_url};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

const HOSTILE: [&str; 12] = [
    "\"><script>alert(1)</script>",
    "' onload='alert(1)",
    "{alert(1)} ${alert(1)} `${alert(1)}`",
    "](javascript:alert(1)) ![x](y)",
    "first line\n\n# second line\r\n\t<b>",
    "&quot;&#34;&amp;&lt;&copy",
    "</picture></p>--><!--",
    "back\\slash \\\" \\u0022 \\",
    "`code` *emphasis* _too_ ~~gone~~ <https://x.example> :smile:",
    "Grüße, 日本の港 🌅 e\u{301} \u{2028}\u{202e}abc",
    "\0\u{1b}[31mred",
    "  spaces  around  ",
];

/// The text is caption as well as alt.
fn hostile(alt: &str, key: &str) -> Manifest {
    let mut manifest = Manifest::parse(include_bytes!("data/derived.json")).unwrap();
    manifest.source.key = key.to_owned();
    manifest.alt = Some(alt.to_owned());
    manifest.caption = Some(alt.to_owned());
    manifest.focal_point = FocalPoint::new(0.375, 0.2).ok();
    manifest
}

fn render(format: Format, manifest: &Manifest) -> String {
    let base_url = "https://img.example.org/d".to_owned();
    Markup { format, base_url, figure: true, ..Markup::default() }.render(manifest).unwrap().text
}

/// Whether a caption is there to be seen.
fn has_caption(alt: &str) -> bool {
    !shown(alt).trim().is_empty()
}

const STYLE: &str = "max-width:100%;height:auto;background-color:#7a6f5d;object-position:37.5% 20%";

/// Control characters become spaces; all else has to come back as it is.
fn shown(alt: &str) -> String {
    alt.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

type Attributes = BTreeMap<String, String>;

/// Every element below the body, in document order, and all text that isn't white space.
fn parse_html(text: &str) -> (Vec<(String, Attributes)>, String) {
    fn walk(node: &Handle, elements: &mut Vec<(String, Attributes)>, loose: &mut String) {
        match &node.data {
            NodeData::Element { name, attrs, .. } => {
                let attrs = attrs.borrow();
                let attributes = attrs.iter().map(|a| (a.name.local.to_string(), a.value.to_string()));
                elements.push((name.local.to_string(), attributes.collect()));
            }
            NodeData::Text { contents } => loose.push_str(contents.borrow().trim()),
            NodeData::Comment { contents } => loose.push_str(contents),
            _ => {}
        }
        for child in node.children.borrow().iter() {
            walk(child, elements, loose);
        }
    }
    let page = format!("<!DOCTYPE html><html><head><title></title></head><body>{text}</body></html>");
    let dom = html5ever::parse_document(RcDom::default(), Default::default()).one(page);
    let (mut elements, mut loose) = (Vec::new(), String::new());
    walk(&dom.document, &mut elements, &mut loose);
    elements.retain(|(name, _)| !["html", "head", "title", "body"].contains(&name.as_str()));
    (elements, loose)
}

fn check_html(alt: &str, key: &str) {
    let text = render(Format::Html, &hostile(alt, key));
    let (elements, loose) = parse_html(&text);
    let names: Vec<&str> = elements.iter().map(|(name, _)| name.as_str()).collect();
    if has_caption(alt) {
        assert_eq!(names, ["figure", "picture", "source", "img", "figcaption"], "{text}");
    } else {
        assert_eq!(names, ["picture", "source", "img"], "{text}");
    }
    assert_eq!(loose, shown(alt).trim(), "{text}");
    let of = |name| &elements.iter().find(|(found, _)| found == name).unwrap().1;
    let url = |path: &str| public_url("https://img.example.org/d", key, path);
    let img = of("img");
    let expected = ["alt", "decoding", "height", "loading", "sizes", "src", "srcset", "style", "width"];
    assert_eq!(img.keys().collect::<Vec<_>>(), expected, "{text}");
    assert_eq!(img["alt"], shown(alt));
    assert_eq!(img["style"], STYLE);
    assert_eq!(img["src"], url("9f86d081884c7d65/960-4e5f6071.jpg"));
    let candidates: Vec<String> = [320, 960, 1920]
        .map(|w| format!("{} {w}w", url(&format!("9f86d081884c7d65/{w}-4e5f6071.jpg"))))
        .into();
    assert_eq!(img["srcset"].split(", ").collect::<Vec<_>>(), candidates);
    assert_eq!(of("source")["type"], "image/webp");
}

fn check_markdown(alt: &str, key: &str) {
    let block = render(Format::Markdown, &hostile(alt, key));
    let page = format!("Before `it\n\n{block}\n\nand` after.\n");
    let mut html = String::new();
    let mut paragraphs = 0;
    for event in Parser::new_ext(&page, Options::all() - Options::ENABLE_YAML_STYLE_METADATA_BLOCKS) {
        match event {
            Event::Html(piece) => html.push_str(&piece),
            Event::Start(Tag::Paragraph) => paragraphs += 1,
            Event::InlineHtml(_) | Event::Code(_) => panic!("{page}"),
            _ => {}
        }
    }
    assert_eq!((html.trim_end(), paragraphs), (block.as_str(), 2));
}

fn check_plain_markdown(alt: &str, key: &str) {
    let text = render(Format::MarkdownImage, &hostile(alt, key));
    let events: Vec<Event> = Parser::new(&text).collect();
    let (mut alt_read, mut urls) = (String::new(), Vec::new());
    for event in events {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => urls.push(dest_url.to_string()),
            Event::Text(piece) => alt_read.push_str(&piece),
            Event::Start(Tag::Paragraph) | Event::End(_) => {}
            other => panic!("{other:?} in {text}"),
        }
    }
    assert_eq!(urls, [public_url("https://img.example.org/d", key, "9f86d081884c7d65/1920-4e5f6071.jpg")]);
    assert_eq!(alt_read, shown(alt));
}

/// Reads the attributes of one JSX element, quoted or in braces; what else there is makes it panic.
fn jsx_attributes(name: &str, element: &str) -> Attributes {
    let mut attributes = Attributes::new();
    let mut rest = element.trim().strip_prefix(&format!("<{name}")).unwrap();
    while let Some(next) = rest.strip_prefix(' ') {
        if next == "/>" {
            return attributes;
        }
        let (name, value) = next.split_once('=').unwrap();
        let (value, after) = if let Some(quoted) = value.strip_prefix('"') {
            let (value, after) = quoted.split_once('"').unwrap();
            assert!(!value.contains(['&', '{', '}', '<', '>', '\n']), "{value}");
            (value.to_owned(), after)
        } else if value.starts_with("{\"") {
            jsx_literal(value)
        } else if let Some(object) = value.strip_prefix("{{ ") {
            let (object, after) = object.split_once(" }}").unwrap();
            (object.to_owned(), after)
        } else {
            let (number, after) = value.strip_prefix('{').unwrap().split_once('}').unwrap();
            (number.parse::<u32>().unwrap().to_string(), after)
        };
        attributes.insert(name.to_owned(), value);
        rest = after;
    }
    panic!("no end: {rest}");
}

/// Reads `{"…"}`; its text, and what follows.
fn jsx_literal(text: &str) -> (String, &str) {
    let literal = text.strip_prefix("{\"").unwrap();
    // The literal ends at the first quotation mark that no backslash stands before.
    let mut escaped = false;
    let end = literal
        .find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })
        .unwrap();
    assert!(!literal[..end].contains(['{', '}', '<', '>', '`', '$', '\n']), "{literal}");
    let value = serde_json::from_str(&format!("\"{}\"", &literal[..end])).unwrap();
    (value, literal[end + 1..].strip_prefix('}').unwrap())
}

/// The attributes of the `<source>` and the `<img>` of JSX and its like, whose lines have to be as they should.
fn jsx_elements(alt: &str, text: &str) -> [Attributes; 2] {
    let mut lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    assert!(!lines.contains(&""), "{text}");
    if has_caption(alt) {
        let caption = lines.remove(5).strip_prefix("<figcaption>").unwrap().strip_suffix("</figcaption>");
        assert_eq!(jsx_literal(caption.unwrap()), (shown(alt), ""), "{text}");
        assert_eq!((lines.remove(0), lines.pop().unwrap()), ("<figure>", "</figure>"), "{text}");
    }
    let &[open, source, img, close] = lines.as_slice() else { panic!("{text}") };
    assert_eq!((open, close), ("<picture>", "</picture>"), "{text}");
    [jsx_attributes("source", source), jsx_attributes("img", img)]
}

fn check_jsx(alt: &str, key: &str) {
    let text = render(Format::Jsx, &hostile(alt, key));
    let [source, img] = jsx_elements(alt, &text);
    assert_eq!(source["type"], "image/webp");
    assert_eq!(img["alt"], shown(alt));
    assert_eq!(img["src"], public_url("https://img.example.org/d", key, "9f86d081884c7d65/960-4e5f6071.jpg"));
    let style =
        "maxWidth: \"100%\", height: \"auto\", backgroundColor: \"#7a6f5d\", objectPosition: \"37.5% 20%\"";
    assert_eq!(img["style"], style);
    assert_eq!(img["width"], "1920");
}

/// Astro says what HTML says, but for how it is written.
fn check_astro(alt: &str, key: &str) {
    let manifest = hostile(alt, key);
    let [source, img] = jsx_elements(alt, &render(Format::Astro, &manifest));
    let (html, _) = parse_html(&render(Format::Html, &manifest));
    let of = |name| &html.iter().find(|(found, _)| found == name).unwrap().1;
    assert_eq!((&source, &img), (of("source"), of("img")));
}

/// Reads a shortcode's call: nothing in a parameter may mean anything to Hugo's lexer, whatever its version.
fn hugo_parameters(call: &str) -> Attributes {
    let inner = call.strip_prefix("{{< picture\n").unwrap().strip_suffix(">}}").unwrap();
    let parameters = inner.lines().map(|line| {
        let (name, value) = line.trim_start().split_once('=').unwrap();
        let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        assert!(!value.contains(['"', '\'', '`', '\\', '<', '>', '{', '}']), "{call}");
        let (elements, _) = parse_html(&format!("<i t=\"{value}\"></i>"));
        (name.to_owned(), elements[0].1["t"].clone())
    });
    parameters.collect()
}

/// Hugo's shortcode is told what HTML says.
fn check_hugo(alt: &str, key: &str) {
    let manifest = hostile(alt, key);
    let mut told = hugo_parameters(&render(Format::Hugo, &manifest));
    let (html, _) = parse_html(&render(Format::Html, &manifest));
    let of = |name| &html.iter().find(|(found, _)| found == name).unwrap().1;
    assert_eq!(told.remove("caption"), Some(shown(alt)).filter(|_| has_caption(alt)));
    for name in ["type", "srcset"] {
        assert_eq!(told.remove(&format!("{name}-1")).as_ref(), of("source").get(name));
    }
    assert_eq!(&told, of("img"));
}

#[test]
fn hostile_texts_and_keys_stay_inert() {
    for alt in HOSTILE {
        for key in HOSTILE {
            check_html(alt, key);
            check_markdown(alt, key);
            check_jsx(alt, key);
            check_hugo(alt, key);
            check_astro(alt, key);
        }
        // A space at either end of an image's text is Markdown's to trim.
        check_plain_markdown(alt.trim(), alt);
    }
}

fn alt() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,40}", "[ -/:-@\\[-`{-~a\n\r\t]{0,24}", any::<String>()]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{1,30}", "[ -~]{1,30}"].prop_filter("addressable", |key| manifest::is_addressable(key))
}

proptest! {
    #[test]
    fn html_reads_back(alt in alt(), key in key()) {
        check_html(&alt, &key);
    }

    #[test]
    fn markdown_reads_back(alt in alt(), key in key()) {
        check_markdown(&alt, &key);
    }

    #[test]
    fn jsx_reads_back(alt in alt(), key in key()) {
        check_jsx(&alt, &key);
    }

    #[test]
    fn hugo_reads_back(alt in alt(), key in key()) {
        check_hugo(&alt, &key);
    }

    #[test]
    fn astro_reads_back(alt in alt(), key in key()) {
        check_astro(&alt, &key);
    }

    #[test]
    fn plain_markdown_reads_back(alt in alt(), key in key()) {
        check_plain_markdown(shown(&alt).trim(), &key);
    }
}
