//! The block of README.md that a command writes.

use std::{fs, path::Path};

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- peers:begin -->";
const END: &str = "<!-- peers:end -->";

/// Puts `table` between the markers of the file at `path`.
pub(super) fn rewrite(path: &Path, table: &str) -> Result<()> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    let text = replaced(&text, table)
        .with_context(|| format!("{name} needs one `{BEGIN}` and after it one `{END}`"))?;
    fs::write(path, text).with_context(|| format!("cannot write {name}"))
}

/// `text` with `block` between its markers, each a line of its own; `None` unless it has one of each, in order.
fn replaced(text: &str, block: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    let again = |part: &str| part.contains(BEGIN) || part.contains(END);
    if again(before) || again(after) {
        return None;
    }
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", block.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_stays() {
        let text = "# A\n\n<!-- peers:begin -->\nold\n\nolder\n<!-- peers:end -->\n\n## B\n";
        let new = replaced(text, "new\n").unwrap();
        assert_eq!(new, "# A\n\n<!-- peers:begin -->\nnew\n<!-- peers:end -->\n\n## B\n");
        assert_eq!(replaced(&new, "new\n").unwrap(), new);
    }

    #[test]
    fn an_empty_block_is_filled() {
        let new = replaced("<!-- peers:begin --><!-- peers:end -->", "new").unwrap();
        assert_eq!(new, "<!-- peers:begin -->\nnew\n<!-- peers:end -->");
    }

    #[test]
    fn doubtful_markers_are_left_alone() {
        for text in [
            "",
            "<!-- peers:begin -->",
            "<!-- peers:end --> <!-- peers:begin -->",
            "<!-- peers:begin --> <!-- peers:end --> <!-- peers:end -->",
            "<!-- peers:begin --> <!-- peers:end --> <!-- peers:begin --> <!-- peers:end -->",
        ] {
            assert_eq!(replaced(text, "new"), None, "{text}");
        }
    }
}
