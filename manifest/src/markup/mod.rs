//! What an author pastes into a page: a `<picture>` that lets the browser choose among the renditions.
//!
//! `picture` decides what is said; `html`, `markdown`, `jsx`, `hugo` and `astro` how it is written down, `layout` what
//! stands in what.

mod astro;
mod controls;
mod html;
mod hugo;
mod jsx;
mod layout;
mod markdown;
mod picture;

use thiserror::Error;

use crate::{Manifest, Reason, State};
use picture::Picture;

/// How the markup is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Format {
    /// HTML: `<picture>` with an `<img>` in it, or the `<img>` alone if there is one format only.
    #[default]
    Html,
    /// The same as an HTML block, which Markdown passes through; `![alt](url)` cannot offer several widths.
    Markdown,
    /// Plain Markdown, `![alt](url)`, for places that allow no HTML: one URL, the largest fallback.
    MarkdownImage,
    /// JSX, as React and its relatives read it.
    Jsx,
    /// A call of the shortcode that `docs/hugo/picture.html` is, for Hugo's Markdown, which drops HTML.
    Hugo,
    /// HTML that is valid in Astro's `.astro` and `.mdx` files alike.
    Astro,
    /// The URL of the largest rendition in the fallback format, which every program can show.
    Url,
}

/// When the browser loads the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Loading {
    /// When it comes near the viewport: right for all but the first picture of a page.
    #[default]
    Lazy,
    /// At once: right for the picture that is seen first.
    Eager,
}

/// Whether the page waits for the picture to be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decoding {
    /// The text beside it is shown without waiting.
    #[default]
    Async,
    /// Shown together with what surrounds it.
    Sync,
    /// As the browser likes.
    Auto,
}

/// How urgent the picture is among the page's other requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FetchPriority {
    /// As the browser likes.
    #[default]
    Auto,
    /// Before others: for the one picture that is the page's largest content.
    High,
    /// After others.
    Low,
}

/// What is shown before the picture has loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PlaceholderStyle {
    /// The picture's dominant colour as its background; none if the picture has transparent parts, through
    /// which it would still be seen afterwards.
    #[default]
    Color,
    /// Nothing.
    None,
}

/// How markup is to be made of a manifest. [`Markup::default`] suits a blog's column of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markup {
    /// How it is written.
    pub format: Format,
    /// The width at which the page shows the picture, as the `sizes` attribute says it. The default is the
    /// viewport's width, up to a column of 60 rem (960 px at the usual font size).
    pub sizes: String,
    /// What the renditions' URLs begin with; empty for URLs relative to the page.
    pub base_url: String,
    /// Text that stands for the picture; the manifest's own if absent. An empty text says on purpose that
    /// the picture is decoration.
    pub alt: Option<String>,
    /// Class names, separated by spaces.
    pub class: Option<String>,
    /// When it is loaded.
    pub loading: Loading,
    /// Whether the page waits for its decoding.
    pub decoding: Decoding,
    /// How urgent it is.
    pub fetch_priority: FetchPriority,
    /// What is shown before it has loaded.
    pub placeholder: PlaceholderStyle,
    /// Whether a style keeps the picture within its column, at its own aspect ratio. Turn it off where the
    /// page's style sheet does so, or crops pictures by setting their height.
    pub fluid: bool,
    /// Allows a `style` attribute. Pages with a strict Content-Security-Policy (`style-src` without `'unsafe-inline'`) must
    /// turn it off, which also turns off `fluid`, the placeholder's color and the focal point.
    pub inline_style: bool,
    /// Whether the manifest's caption, if there is one, stands below the picture: a `<figure>` around both. Formats
    /// that are no more than a URL have no place for it.
    pub figure: bool,
}

impl Default for Markup {
    fn default() -> Self {
        Self {
            format: Format::default(),
            sizes: "(max-width: 60rem) 100vw, 60rem".to_owned(),
            base_url: String::new(),
            alt: None,
            class: None,
            loading: Loading::default(),
            decoding: Decoding::default(),
            fetch_priority: FetchPriority::default(),
            placeholder: PlaceholderStyle::default(),
            fluid: true,
            inline_style: true,
            figure: false,
        }
    }
}

/// Markup, ready to be pasted; no newline at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The markup.
    pub text: String,
    /// Whether nobody gave a text that stands for the picture: `alt` is empty, and people who cannot see
    /// the picture learn nothing of it. Always false for [`Format::Url`], which has no place for one.
    pub missing_alt: bool,
}

/// Why a manifest gives no markup.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MarkupError {
    /// The state isn't `derived`.
    #[error("{key}: {}. {}", reason.message, reason.remedy)]
    NotDerived {
        /// The original's key.
        key: String,
        /// What the manifest says instead.
        state: State,
        /// The manifest's reason and remedy.
        reason: Reason,
    },
    /// `derived`, but it names no rendition.
    #[error("{key}: the manifest names no renditions; upload the picture again")]
    NoRenditions {
        /// The original's key.
        key: String,
    },
    /// The key has `.` or `..` for a folder.
    #[error(
        "{key}: browsers resolve the folders \".\" and \"..\" of a URL before they ask for it; \
         upload the picture under another key"
    )]
    NotAddressable {
        /// The original's key.
        key: String,
    },
}

impl Markup {
    /// Writes the markup of what `manifest` names.
    ///
    /// Media types that not every browser knows become one `<source>` each, in the manifest's order; JPEG,
    /// or PNG where the picture has transparent parts, is the `<img>` that all can show. Width and height are
    /// those of the largest rendition, so that the page keeps the place free and its text doesn't jump. A focal point
    /// becomes the style `object-position`, for pages whose style sheet crops (`object-fit: cover`).
    ///
    /// # Errors
    ///
    /// [`MarkupError`] when there is nothing to show, with the manifest's reason.
    pub fn render(&self, manifest: &Manifest) -> Result<Snippet, MarkupError> {
        let picture = Picture::new(self, manifest)?;
        let text = match self.format {
            Format::Html | Format::Markdown => html::write(&picture),
            Format::MarkdownImage => markdown::image(&picture),
            Format::Jsx => jsx::write(&picture),
            Format::Hugo => hugo::write(&picture),
            Format::Astro => astro::write(&picture),
            Format::Url => picture.img.largest.clone(),
        };
        Ok(Snippet { text, missing_alt: picture.missing_alt && self.format != Format::Url })
    }
}
