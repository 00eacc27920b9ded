//! Markup: what an author pastes, exactly, and what becomes of hostile texts in it.
#![allow(clippy::unwrap_used)]

use manifest::markup::{Decoding, FetchPriority, Format, Loading, PlaceholderStyle};
use manifest::{FocalPoint, Manifest, Markup, MarkupError, Reason, RenditionInfo, State};

fn photo() -> Manifest {
    Manifest::parse(include_bytes!("data/derived.json")).unwrap()
}

fn markup(format: Format) -> Markup {
    Markup { format, base_url: "https://img.example.org".into(), ..Markup::default() }
}

fn text(format: Format, manifest: &Manifest) -> String {
    markup(format).render(manifest).unwrap().text
}

fn only(manifest: &mut Manifest, keep: impl Fn(&RenditionInfo) -> bool) {
    manifest.renditions.retain(keep);
}

fn add(manifest: &mut Manifest, media_type: &str, ext: &str) {
    let like_jpeg: Vec<_> =
        manifest.renditions.iter().filter(|r| r.media_type == "image/jpeg").cloned().collect();
    manifest.renditions.extend(like_jpeg.into_iter().map(|r| RenditionInfo {
        path: r.path.replace(".jpg", &format!(".{ext}")),
        media_type: media_type.into(),
        ..r
    }));
}

#[test]
fn a_photograph_in_html() {
    assert_eq!(text(Format::Html, &photo()), include_str!("data/photo.html").trim_end());
}

#[test]
fn a_photograph_in_markdown_is_an_html_block() {
    assert_eq!(text(Format::Markdown, &photo()), text(Format::Html, &photo()));
}

#[test]
fn a_photograph_in_jsx() {
    assert_eq!(text(Format::Jsx, &photo()), include_str!("data/photo.jsx").trim_end());
}

#[test]
fn a_photograph_in_hugo() {
    assert_eq!(text(Format::Hugo, &photo()), include_str!("data/photo.hugo.md").trim_end());
}

#[test]
fn a_photograph_in_astro() {
    assert_eq!(text(Format::Astro, &photo()), include_str!("data/photo.astro").trim_end());
}

#[test]
fn a_caption_stands_below_the_picture_where_it_is_wanted() {
    let mut manifest = photo();
    let (plain, plain_hugo) = (text(Format::Html, &manifest), text(Format::Hugo, &manifest));
    let with = |format, manifest: &Manifest| {
        Markup { figure: true, ..markup(format) }.render(manifest).unwrap().text
    };
    for nothing in [None, Some(""), Some(" \n")] {
        manifest.caption = nothing.map(str::to_owned);
        assert_eq!(with(Format::Html, &manifest), plain);
        assert_eq!(with(Format::Hugo, &manifest), plain_hugo);
    }
    manifest.caption = Some("Lisbon,\n5 a.m. & cold".into());
    assert_eq!(text(Format::Html, &manifest), plain);
    let html = with(Format::Html, &manifest);
    assert_eq!(html, with(Format::Markdown, &manifest));
    let indented = plain.replace('\n', "\n  ");
    let caption = "<figcaption>Lisbon, 5 a.m. &amp; cold</figcaption>";
    assert_eq!(html, format!("<figure>\n  {indented}\n  {caption}\n</figure>"));
    for format in [Format::Jsx, Format::Astro] {
        let text = with(format, &manifest);
        let end = "\n  <figcaption>{\"Lisbon, 5 a.m. \\u0026 cold\"}</figcaption>\n</figure>";
        assert!(text.starts_with("<figure>\n  <picture>\n    <source ") && text.ends_with(end), "{text}");
    }
    let hugo = with(Format::Hugo, &manifest);
    assert!(hugo.ends_with("\n  caption=\"Lisbon, 5 a.m. &#38; cold\"\n>}}"), "{hugo}");
    for without_place in [Format::Url, Format::MarkdownImage] {
        assert_eq!(with(without_place, &manifest), text(without_place, &manifest));
    }
}

#[test]
fn a_focal_point_is_where_pages_crop() {
    let mut manifest = photo();
    manifest.focal_point = FocalPoint::new(0.375, 0.2).ok();
    let html = text(Format::Html, &manifest);
    assert!(html.contains("background-color:#7a6f5d;object-position:37.5% 20%\">"), "{html}");
    let jsx = text(Format::Jsx, &manifest);
    assert!(jsx.contains(r##"backgroundColor: "#7a6f5d", objectPosition: "37.5% 20%" }}"##), "{jsx}");
    let alone = Markup { fluid: false, placeholder: PlaceholderStyle::None, ..markup(Format::Html) };
    let html = alone.render(&manifest).unwrap().text;
    assert!(html.contains(" style=\"object-position:37.5% 20%\">"), "{html}");
}

#[test]
fn one_url_is_the_largest_fallback() {
    let url = "https://img.example.org/2026/harbour.jpg/9f86d081884c7d65/1920-4e5f6071.jpg";
    assert_eq!(text(Format::Url, &photo()), url);
    assert_eq!(text(Format::MarkdownImage, &photo()), format!("![Boats in the harbour at dawn]({url})"));
}

#[test]
fn one_format_of_one_width_is_a_plain_img() {
    let mut manifest = photo();
    only(&mut manifest, |r| r.media_type == "image/jpeg" && r.width == 320);
    assert_eq!(
        text(Format::Html, &manifest),
        "<img src=\"https://img.example.org/2026/harbour.jpg/9f86d081884c7d65/320-4e5f6071.jpg\" \
         width=\"320\" height=\"213\" alt=\"Boats in the harbour at dawn\" loading=\"lazy\" \
         decoding=\"async\" style=\"max-width:100%;height:auto;background-color:#7a6f5d\">"
    );
    let jsx = text(Format::Jsx, &manifest);
    assert!(jsx.starts_with("<img ") && jsx.ends_with(" />") && !jsx.contains("srcSet"), "{jsx}");
    let hugo = text(Format::Hugo, &manifest);
    assert!(
        hugo.contains("\n  src=\"https") && !hugo.contains("srcset") && !hugo.contains("sizes"),
        "{hugo}"
    );
}

#[test]
fn without_a_universal_format_the_last_one_is_the_fallback() {
    let mut manifest = photo();
    only(&mut manifest, |r| r.media_type == "image/webp");
    let html = text(Format::Html, &manifest);
    assert!(html.starts_with("<img ") && html.contains("960-0a1b2c3d.webp\" srcset="), "{html}");
}

#[test]
fn sources_keep_the_manifests_order() {
    let mut manifest = photo();
    add(&mut manifest, "image/avif", "avif");
    let html = text(Format::Html, &manifest);
    let types: Vec<&str> =
        html.match_indices("type=\"").map(|(at, _)| html[at + 6..].split('"').next().unwrap()).collect();
    assert_eq!(types, ["image/webp", "image/avif"]);
}

#[test]
fn an_opaque_picture_falls_back_on_jpeg_and_never_offers_png_first() {
    let mut manifest = photo();
    add(&mut manifest, "image/png", "png");
    let html = text(Format::Html, &manifest);
    assert!(
        html.contains(
            "<img src=\"https://img.example.org/2026/harbour.jpg/9f86d081884c7d65/960-4e5f6071.jpg"
        )
    );
    assert!(!html.contains("png"), "{html}");
}

#[test]
fn a_transparent_picture_falls_back_on_png_without_a_background() {
    let mut manifest = photo();
    add(&mut manifest, "image/png", "png");
    // The header's third byte, 0x9c, has its highest bit set.
    manifest.placeholder.as_mut().unwrap().thumbhash = "1QecHQRnh493V4dIh4eXh1h4kJUI".into();
    let html = text(Format::Html, &manifest);
    assert!(html.contains("960-4e5f6071.png\" srcset="), "{html}");
    assert!(!html.contains("background-color") && !html.contains(".jpg "), "{html}");
}

#[test]
fn another_variant_is_not_shown() {
    let mut manifest = photo();
    manifest.renditions.iter_mut().filter(|r| r.width == 1920).for_each(|r| r.variant = "square".into());
    let html = text(Format::Html, &manifest);
    assert!(!html.contains("1920") && html.contains("width=\"960\" height=\"640\""), "{html}");
}

#[test]
fn options_are_heeded() {
    let markup = Markup {
        sizes: "50vw".into(),
        base_url: String::new(),
        alt: Some(String::new()),
        class: Some("wide \"hero\"".into()),
        loading: Loading::Eager,
        decoding: Decoding::Auto,
        fetch_priority: FetchPriority::High,
        placeholder: PlaceholderStyle::None,
        fluid: false,
        ..Markup::default()
    };
    let html = markup.render(&photo()).unwrap().text;
    let img = html.lines().find(|line| line.contains("<img")).unwrap();
    assert!(img.contains(" src=\"2026/harbour.jpg/9f86d081884c7d65/960-"), "{img}");
    assert!(
        img.ends_with(
            "sizes=\"50vw\" width=\"1920\" height=\"1280\" alt=\"\" \
             class=\"wide &quot;hero&quot;\" fetchpriority=\"high\">"
        ),
        "{img}"
    );
    let jsx = Markup { format: Format::Jsx, ..markup }.render(&photo()).unwrap().text;
    assert!(jsx.contains(r#"className={"wide \u0022hero\u0022"} fetchPriority="high" />"#), "{jsx}");
}

#[test]
fn a_missing_alt_is_told_and_an_empty_one_is_meant() {
    let mut manifest = photo();
    manifest.alt = None;
    let snippet = markup(Format::Html).render(&manifest).unwrap();
    assert!(snippet.missing_alt && snippet.text.contains(" alt=\"\" "));
    let meant = Markup { alt: Some(String::new()), ..markup(Format::Html) };
    assert!(!meant.render(&manifest).unwrap().missing_alt);
    assert!(!markup(Format::Url).render(&manifest).unwrap().missing_alt);
}

#[test]
fn the_given_alt_comes_before_the_manifests() {
    let given = Markup { alt: Some("Dawn".into()), ..markup(Format::Html) };
    assert!(given.render(&photo()).unwrap().text.contains(" alt=\"Dawn\" "));
}

#[test]
fn a_colour_that_is_none_is_not_written() {
    let mut manifest = photo();
    manifest.placeholder.as_mut().unwrap().color = "red;position:fixed".into();
    assert!(!text(Format::Html, &manifest).contains("red"));
}

#[test]
fn what_is_not_derived_says_why_and_what_to_do() {
    let mut manifest = photo();
    manifest.state = State::Rejected;
    manifest.reason = Some(Reason {
        code: "unsupported".into(),
        message: "HEIC is not supported".into(),
        remedy: "Export the picture as JPEG.".into(),
    });
    let refused = markup(Format::Html).render(&manifest).unwrap_err();
    assert_eq!(refused.to_string(), "2026/harbour.jpg: HEIC is not supported. Export the picture as JPEG.");

    for state in [State::Rejected, State::Failed, State::Removed] {
        (manifest.state, manifest.reason) = (state, None);
        match markup(Format::Jsx).render(&manifest).unwrap_err() {
            MarkupError::NotDerived { state: said, reason, .. } => {
                assert_eq!(said, state);
                assert!(reason.remedy.ends_with('.'));
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn nothing_to_show_is_an_error() {
    let mut manifest = photo();
    manifest.renditions.clear();
    assert!(matches!(markup(Format::Html).render(&manifest), Err(MarkupError::NoRenditions { .. })));
    let mut manifest = photo();
    manifest.source.key = "a/../b.jpg".into();
    assert!(matches!(markup(Format::Html).render(&manifest), Err(MarkupError::NotAddressable { .. })));
}

#[test]
fn a_strict_content_security_policy_gets_no_style() {
    let mut manifest = photo();
    manifest.focal_point = Some("0.4,0.25".parse().unwrap());
    for format in [Format::Html, Format::Jsx, Format::Hugo, Format::Astro] {
        let styled = markup(format).render(&manifest).unwrap().text;
        assert!(styled.contains("style="), "{styled}");
        let plain = Markup { inline_style: false, ..markup(format) }.render(&manifest).unwrap().text;
        assert!(!plain.contains("style"), "{plain}");
    }
}

#[test]
fn markup_contains_no_controls() {
    let mut controls: Vec<char> = (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32).collect();
    controls
        .extend("\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}".chars());
    controls.extend("\u{2066}\u{2067}\u{2068}\u{2069}".chars());
    let text: String = controls.iter().flat_map(|c| ['a', *c]).collect();
    let mut manifest = photo();
    manifest.caption = Some(text.clone());
    for rendition in &mut manifest.renditions {
        rendition.media_type += &text;
    }
    for format in [
        Format::Html,
        Format::Markdown,
        Format::MarkdownImage,
        Format::Jsx,
        Format::Hugo,
        Format::Astro,
        Format::Url,
    ] {
        let markup = Markup {
            alt: Some(text.clone()),
            class: Some(text.clone()),
            sizes: text.clone(),
            base_url: format!("https://x/{text}"),
            figure: true,
            ..markup(format)
        };
        let rendered = markup.render(&manifest).unwrap().text;
        let control = rendered.chars().find(|c| *c != '\n' && controls.contains(c));
        assert_eq!(control, None, "{rendered:?}");
    }
    // Controls of bidirectional text keep their meaning.
    let alt = Markup { alt: Some("\u{202e}x".into()), ..markup(Format::Html) };
    assert!(alt.render(&manifest).unwrap().text.contains("alt=\"&#8238;x\""));
}
