//! What the markup says, whatever it is written in.

use super::controls::{in_url, one_line};
use super::{Decoding, FetchPriority, Loading, Markup, MarkupError, PlaceholderStyle};
use crate::{Manifest, Placeholder, Reason, RenditionInfo, State, key};

/// The variant that is shown; others are art direction's.
const VARIANT: &str = "default";

/// Media types that every browser shows, best for photographs first. They are fallbacks, never a
/// `<source>`: a browser would take it before it looks at what follows.
const FALLBACKS: [&str; 3] = [JPEG, PNG, "image/gif"];
const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";

/// A `<picture>`: what a browser may choose from.
pub(super) struct Picture {
    pub(super) sources: Vec<Source>,
    pub(super) img: Img,
    /// If there is one and a `<figure>` is wanted.
    pub(super) caption: Option<String>,
    pub(super) missing_alt: bool,
}

/// Renditions of one media type.
pub(super) struct Source {
    pub(super) media_type: String,
    pub(super) choice: Choice,
}

/// One URL, or several for the browser to choose from.
pub(super) struct Choice {
    pub(super) srcset: String,
    /// Absent if there is nothing to choose.
    pub(super) sizes: Option<String>,
}

/// The `<img>`, whose attributes hold for whichever source is chosen.
pub(super) struct Img {
    pub(super) src: String,
    /// The URL of the largest fallback.
    pub(super) largest: String,
    /// Absent if `src` is all there is.
    pub(super) choice: Option<Choice>,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) alt: String,
    pub(super) class: Option<String>,
    pub(super) loading: Option<&'static str>,
    pub(super) decoding: Option<&'static str>,
    pub(super) fetch_priority: Option<&'static str>,
    /// CSS properties and their values.
    pub(super) style: Vec<(&'static str, String)>,
}

impl Img {
    /// The value of HTML's `style` attribute; `None` if there is nothing to say.
    pub(super) fn style_text(&self) -> Option<String> {
        let declarations = self.style.iter().map(|(property, value)| format!("{property}:{value}"));
        Some(declarations.collect::<Vec<_>>().join(";")).filter(|text| !text.is_empty())
    }
}

impl Picture {
    pub(super) fn new(markup: &Markup, manifest: &Manifest) -> Result<Self, MarkupError> {
        refuse_what_has_no_pictures(manifest)?;
        let none = || MarkupError::NoRenditions { key: manifest.source.key.clone() };
        let transparent = manifest.placeholder.as_ref().is_some_and(has_alpha);
        let urls = Urls { markup, base_url: in_url(&markup.base_url), key: &manifest.source.key };

        let mut groups = group_by_media_type(&manifest.renditions);
        let fallback = take_fallback(&mut groups, transparent).ok_or_else(none)?;
        let largest = fallback.iter().max_by_key(|r| r.width).ok_or_else(none)?;
        let middle = fallback.get(fallback.len() / 2).unwrap_or(largest);
        groups.retain(|group| group.iter().all(|r| !FALLBACKS.contains(&r.media_type.as_str())));

        let caption = manifest.caption.as_deref().filter(|_| markup.figure).map(one_line);
        let alt = markup.alt.as_ref().or(manifest.alt.as_ref());
        Ok(Self {
            sources: groups.iter().filter_map(|group| urls.source(group)).collect(),
            img: Img {
                src: urls.of(middle),
                largest: urls.of(largest),
                choice: (fallback.len() > 1).then(|| urls.choice(&fallback)),
                width: largest.width,
                height: largest.height,
                alt: alt.map(|alt| one_line(alt)).unwrap_or_default(),
                class: markup.class.as_deref().map(one_line),
                loading: (markup.loading == Loading::Lazy).then_some("lazy"),
                decoding: match markup.decoding {
                    Decoding::Async => Some("async"),
                    Decoding::Sync => Some("sync"),
                    Decoding::Auto => None,
                },
                fetch_priority: match markup.fetch_priority {
                    FetchPriority::High => Some("high"),
                    FetchPriority::Low => Some("low"),
                    FetchPriority::Auto => None,
                },
                style: style(markup, manifest, transparent),
            },
            caption: caption.filter(|caption| !caption.trim().is_empty()),
            missing_alt: alt.is_none(),
        })
    }
}

/// Makes URLs of one original's renditions.
struct Urls<'a> {
    markup: &'a Markup,
    base_url: String,
    key: &'a str,
}

impl Urls<'_> {
    fn of(&self, rendition: &RenditionInfo) -> String {
        key::public_url(&self.base_url, self.key, &rendition.path)
    }

    fn source(&self, group: &[&RenditionInfo]) -> Option<Source> {
        let media_type = one_line(&group.first()?.media_type);
        Some(Source { media_type, choice: self.choice(group) })
    }

    fn choice(&self, group: &[&RenditionInfo]) -> Choice {
        if let [only] = group {
            return Choice { srcset: self.of(only), sizes: None };
        }
        let candidates = group.iter().map(|r| format!("{} {}w", self.of(r), r.width));
        Choice {
            srcset: candidates.collect::<Vec<_>>().join(", "),
            sizes: Some(one_line(&self.markup.sizes)),
        }
    }
}

fn refuse_what_has_no_pictures(manifest: &Manifest) -> Result<(), MarkupError> {
    let key = manifest.source.key.clone();
    if manifest.state != State::Derived {
        let reason = manifest.reason.clone().unwrap_or_else(|| unsaid(manifest.state));
        return Err(MarkupError::NotDerived { key, state: manifest.state, reason });
    }
    if !key::is_addressable(&key) {
        return Err(MarkupError::NotAddressable { key });
    }
    Ok(())
}

/// The reason of a manifest that gives none.
fn unsaid(state: State) -> Reason {
    let (code, message, remedy) = match state {
        State::Removed => ("removed", "the original was removed", "Upload it again if it is still wanted."),
        State::Rejected => (
            "rejected",
            "the picture was rejected without a reason",
            "Export it again as JPEG and upload that.",
        ),
        State::Failed | State::Derived => (
            "failed",
            "the picture could not be processed",
            "Upload it again; if that fails too, tell the operator.",
        ),
    };
    Reason { code: code.to_owned(), message: message.to_owned(), remedy: remedy.to_owned() }
}

/// Renditions by media type, in the order in which the manifest first names each; widths ascend in a group.
fn group_by_media_type(renditions: &[RenditionInfo]) -> Vec<Vec<&RenditionInfo>> {
    let mut groups: Vec<Vec<&RenditionInfo>> = Vec::new();
    for rendition in renditions.iter().filter(|r| r.variant == VARIANT) {
        let same_type = |group: &&mut Vec<&RenditionInfo>| {
            group.iter().all(|other| other.media_type == rendition.media_type)
        };
        match groups.iter_mut().find(same_type) {
            Some(group) => group.push(rendition),
            None => groups.push(vec![rendition]),
        }
    }
    for group in &mut groups {
        group.sort_by_key(|r| r.width);
        group.dedup_by_key(|r| r.width);
    }
    groups
}

/// Takes out the group that every browser shows, or the last one if there is none such.
fn take_fallback<'a>(
    groups: &mut Vec<Vec<&'a RenditionInfo>>,
    transparent: bool,
) -> Option<Vec<&'a RenditionInfo>> {
    let position =
        |media_type: &str| groups.iter().position(|group| group.iter().any(|r| r.media_type == media_type));
    let by_alpha = transparent.then(|| position(PNG)).flatten();
    let universal = by_alpha.or_else(|| FALLBACKS.iter().find_map(|media_type| position(media_type)));
    let chosen = universal.or_else(|| groups.len().checked_sub(1))?;
    Some(groups.remove(chosen))
}

fn style(markup: &Markup, manifest: &Manifest, transparent: bool) -> Vec<(&'static str, String)> {
    let mut style = Vec::new();
    if !markup.inline_style {
        return style;
    }
    if markup.fluid {
        style.push(("max-width", "100%".to_owned()));
        style.push(("height", "auto".to_owned()));
    }
    if markup.placeholder == PlaceholderStyle::Color
        && !transparent
        && let Some(color) = manifest.placeholder.as_ref().map(|p| &p.color).filter(|color| is_color(color))
    {
        style.push(("background-color", color.clone()));
    }
    if let Some(point) = manifest.focal_point {
        style.push(("object-position", point.object_position()));
    }
    style
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// ThumbHash's header says in the highest bit of its third byte whether there is alpha; in base64 that is
/// the second lowest bit of the third digit.
///
/// Source: ThumbHash's reference implementation, `thumbHashToRGBA` (`header24 >> 23`).
fn has_alpha(placeholder: &Placeholder) -> bool {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let third = placeholder.thumbhash.as_bytes().get(2);
    let value = third.and_then(|digit| DIGITS.iter().position(|d| d == digit));
    value.is_some_and(|value| value & 0b10 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_read_from_the_hash() {
        let placeholder = |thumbhash: &str| Placeholder { thumbhash: thumbhash.into(), color: String::new() };
        for (third_byte, expected) in [(0x80u8, true), (0x7f, false), (0xff, true), (0x00, false)] {
            // The three bytes 0, 0, third_byte in base64.
            let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let text: String = [0, 0, third_byte >> 6, third_byte & 63]
                .iter()
                .map(|&v| digits[v as usize] as char)
                .collect();
            assert_eq!(has_alpha(&placeholder(&text)), expected, "{text}");
        }
        assert!(!has_alpha(&placeholder("")));
    }

    #[test]
    fn only_colours_are_colours() {
        assert!(is_color("#a0B1c2"));
        for other in ["", "#fff", "a0b1c2f", "#a0b1c2;", "red", "#é1b1c"] {
            assert!(!is_color(other), "{other}");
        }
    }
}
