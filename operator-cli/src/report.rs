//! What is said of a source, as JSON or as text.

use std::borrow::Cow;
use std::time::Duration;

use cli_support::escape;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// What became of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Derived,
    /// The image's fault.
    Rejected,
    /// Anyone else's.
    Failed,
    /// It is not there any more.
    Removed,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Derived => "derived",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Removed => "removed",
        }
    }
}

/// One source's line.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SourceReport {
    /// The file as it was named, or the key where there is no file.
    pub(crate) source: String,
    /// What it is called below `--out`, or in the buckets.
    pub(crate) key: String,
    pub(crate) state: State,
    /// Pixels, upright; unknown for what could not be read.
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    /// Of the source.
    pub(crate) bytes: Option<u64>,
    pub(crate) renditions: Vec<RenditionReport>,
    /// Why it is not derived, and what to do.
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
    /// How long it took; unknown for what an earlier run did.
    pub(crate) ms: Option<u64>,
}

/// One rendition of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RenditionReport {
    /// The file, or the key in the derived bucket.
    pub(crate) path: String,
    pub(crate) media_type: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: u64,
}

impl SourceReport {
    /// A source of which nothing is known but that it failed.
    pub(crate) fn failed(source: String, key: String, reason: String) -> Self {
        Self {
            source,
            key,
            state: State::Failed,
            width: None,
            height: None,
            bytes: None,
            renditions: Vec::new(),
            reason: Some(reason),
            warnings: Vec::new(),
            ms: None,
        }
    }

    /// The report as one line of JSON.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
    }

    /// Prints the report as JSON or as text.
    pub(crate) fn print(&self, json: bool) {
        if json { print_json(&self.json()) } else { print_lines(&(self.line() + "\n")) }
    }

    /// Returns the report as one line of text, and one more for each warning.
    fn line(&self) -> String {
        let mut line = format!("{:<9} {}", self.state.word(), escape(&self.source));
        if self.state == State::Derived {
            let out: u64 = self.renditions.iter().map(|rendition| rendition.bytes).sum();
            let pixels = pixels(self.width, self.height);
            line += &format!("  {pixels}  {} renditions, {}", self.renditions.len(), size(out));
        }
        if let Some(ms) = self.ms.filter(|_| self.state == State::Derived) {
            line += &format!(", {ms} ms");
        }
        if let Some(reason) = &self.reason {
            line += &format!(": {}", escape(reason));
        }
        for warning in &self.warnings {
            line += &format!("\n          warning: {}", escape(warning));
        }
        line
    }

    /// What a page saves at least that shows a rendition, the heaviest, instead of the source.
    fn saved(&self) -> String {
        let heaviest = self.renditions.iter().map(|rendition| rendition.bytes).max();
        match (self.bytes, heaviest) {
            (Some(bytes), Some(heaviest)) if heaviest < bytes => {
                format!("{} ({} %)", size(bytes - heaviest), (bytes - heaviest) * 100 / bytes)
            }
            (Some(_), Some(_)) => "none".to_owned(),
            _ => "–".to_owned(),
        }
    }
}

/// A table of sources: what was made of each, what it saves, how long it took; reasons and warnings below.
pub(crate) fn table(reports: &[SourceReport]) -> String {
    let heads = ["SOURCE", "PIXELS", "SIZE", "RENDITIONS", "BYTES SAVED", "MS"];
    let dash = || "–".to_owned();
    let mut rows: Vec<[String; 6]> = vec![heads.map(str::to_owned)];
    rows.extend(reports.iter().map(|report| {
        [
            report.source.clone(),
            pixels(report.width, report.height),
            report.bytes.map_or_else(dash, size),
            match report.state {
                State::Derived => report.renditions.len().to_string(),
                other => other.word().to_owned(),
            },
            report.saved(),
            report.ms.map_or_else(dash, |ms| ms.to_string()),
        ]
    }));
    let mut text = aligned(&rows);
    for report in reports {
        let notes = report.reason.iter().map(|reason| (report.state.word(), reason));
        for (word, note) in notes.chain(report.warnings.iter().map(|warning| ("warning", warning))) {
            text += &format!("{}: {word}: {}\n", escape(&report.source), escape(note));
        }
    }
    text
}

/// Returns `rows` as lines with aligned columns: the first one at its left, the others at their right. Cells are escaped.
pub(crate) fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let rows: Vec<[Cow<'_, str>; COLUMNS]> =
        rows.iter().map(|row| row.each_ref().map(|cell| escape(cell))).collect();
    let mut widths = [0; COLUMNS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                let space = " ".repeat(width - cell.width());
                if column == 0 { format!("{cell}{space}") } else { format!("{space}{cell}") }
            })
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// `4032×3024`, or a dash.
pub(crate) fn pixels(width: Option<u32>, height: Option<u32>) -> String {
    match (width, height) {
        (Some(width), Some(height)) => format!("{width}×{height}"),
        _ => "–".to_owned(),
    }
}

/// Bytes for people: `950 B`, `12 kB`, `3.4 MB` (decimal units).
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Prints lines to standard output. A reader that went away, such as `head`, is no reason to panic. The caller must escape
/// parts from outside.
pub(crate) fn print_lines(lines: &str) {
    let _ = cli_support::print_lines(lines.strip_suffix('\n').unwrap_or(lines));
}

/// Prints one JSON document to standard output.
pub(crate) fn print_json(document: &str) {
    let _ = cli_support::print_raw(document);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(source: &str, bytes: u64, renditions: &[u64]) -> SourceReport {
        let rendition = |&bytes: &u64| RenditionReport {
            path: "p".into(),
            media_type: "image/webp".into(),
            width: 1,
            height: 1,
            bytes,
        };
        SourceReport {
            state: State::Derived,
            width: Some(4),
            height: Some(3),
            bytes: Some(bytes),
            renditions: renditions.iter().map(rendition).collect(),
            reason: None,
            ms: Some(7),
            ..SourceReport::failed(source.into(), source.into(), String::new())
        }
    }

    #[test]
    fn tables_align_whatever_the_script() {
        let failed = SourceReport::failed("b".into(), "b".into(), "no luck".into());
        let text =
            table(&[derived("日本.jpg", 2_000_000, &[500_000, 100]), derived("a", 90, &[100]), failed]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "SOURCE    PIXELS    SIZE  RENDITIONS    BYTES SAVED  MS");
        assert_eq!(lines[1], "日本.jpg     4×3  2.0 MB           2  1.5 MB (75 %)   7");
        assert_eq!(lines[2], "a            4×3    90 B           1           none   7");
        assert_eq!(lines[3], "b              –       –      failed              –   –");
        assert_eq!(lines[4], "b: failed: no luck");
    }

    #[test]
    fn tables_are_as_wide_as_what_they_show() {
        let failed = SourceReport::failed("\u{1b}[2Ja\nb".into(), String::new(), "no\u{202e}luck".into());
        let text = table(&[failed, derived("a", 90, &[100])]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "\\x1b[2Ja\\nb       –     –      failed            –   –");
        assert_eq!(lines[2], "a               4×3  90 B           1         none   7");
        assert_eq!(lines[3], "\\x1b[2Ja\\nb: failed: no\\u{202e}luck");
    }

    #[test]
    fn sizes_have_fitting_units() {
        let texts: Vec<String> = [0, 999, 1_000, 49_584, 2_386_831].map(size).into();
        assert_eq!(texts, ["0 B", "999 B", "1 kB", "50 kB", "2.4 MB"]);
    }
}
