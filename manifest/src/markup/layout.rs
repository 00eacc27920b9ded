//! How the elements stand in each other, in every language that has HTML's.

use std::iter;

/// `img` alone, or with `sources` before it in a `<picture>`; with a `caption` both in a `<figure>`. Each element has a
/// line of its own and no line is empty, so that Markdown takes all of it as one HTML block (CommonMark 0.31, 4.6).
pub(super) fn nest(sources: Vec<String>, img: String, caption: Option<String>) -> String {
    let mut lines =
        if sources.is_empty() { vec![img] } else { within("picture", sources.into_iter().chain([img])) };
    if let Some(caption) = caption {
        lines.push(format!("<figcaption>{caption}</figcaption>"));
        lines = within("figure", lines);
    }
    lines.join("\n")
}

fn within(name: &str, lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let lines = lines.into_iter().map(|line| format!("  {line}"));
    iter::once(format!("<{name}>")).chain(lines).chain([format!("</{name}>")]).collect()
}
