//! The blocks of a README that commands write.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// Puts `block` between the markers `<!-- of:begin -->` and `<!-- of:end -->` of the file at `path`.
pub(super) fn rewrite(path: &Path, of: &str, block: &str) -> Result<()> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    let [begin, end] = markers(of);
    let text = replaced(&text, of, block)
        .with_context(|| format!("{name} needs one `{begin}` and after it one `{end}`"))?;
    fs::write(path, text).with_context(|| format!("cannot write {name}"))
}

fn markers(of: &str) -> [String; 2] {
    ["begin", "end"].map(|side| format!("<!-- {of}:{side} -->"))
}

/// `text` with `block` between its markers, each a line of its own; `None` unless it has one of each, in order.
fn replaced(text: &str, of: &str, block: &str) -> Option<String> {
    let [begin, end] = markers(of);
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    let again = |part: &str| part.contains(&begin) || part.contains(&end);
    if again(before) || again(after) {
        return None;
    }
    Some(format!("{before}{begin}\n{}\n{end}{after}", block.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_stays() {
        let text = "# A\n\n<!-- peers:begin -->\nold\n\nolder\n<!-- peers:end -->\n\n## B\n";
        let new = replaced(text, "peers", "new\n").unwrap();
        assert_eq!(new, "# A\n\n<!-- peers:begin -->\nnew\n<!-- peers:end -->\n\n## B\n");
        assert_eq!(replaced(&new, "peers", "new\n").unwrap(), new);
    }

    #[test]
    fn other_blocks_stay() {
        let text =
            "<!-- peers:begin -->\na\n<!-- peers:end -->\n<!-- other:begin -->\nb\n<!-- other:end -->\n";
        assert_eq!(replaced(text, "other", "new").unwrap(), text.replace("\nb\n", "\nnew\n"));
    }

    #[test]
    fn an_empty_block_is_filled() {
        let new = replaced("<!-- peers:begin --><!-- peers:end -->", "peers", "new").unwrap();
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
            assert_eq!(replaced(text, "peers", "new"), None, "{text}");
        }
    }
}
