//! The table for a terminal, with what is aimed at in its last column.

use std::fmt::Write;

use super::{columns, megabytes, milliseconds, pair, peaks, ratio};
use crate::contender::Name;
use crate::job::Way;
use crate::results::{Results, TaskResult};
use crate::tasks::{TWO_CORES_GOAL, Task, tasks};

/// Everything, a line a task, then a line a file.
pub fn text(results: &Results) -> String {
    let columns = columns(&results.tasks);
    let mut rows = vec![vec!["task".to_owned(), "id".into(), "ms".into()]];
    rows[0].extend(columns.iter().map(|(_, _, title)| format!("÷ {title}")));
    rows[0].extend(["peak MB, sharp's", "SSIMULACRA2, sharp's", "bytes", "goal"].map(str::to_owned));
    for task in &results.tasks {
        let Some(known) = tasks().into_iter().find(|known| known.id == task.id) else { continue };
        let ours = task.lane(Name::Ours, Way::Each);
        let mut row = vec![known.title.to_owned(), task.id.clone()];
        row.push(ours.map_or_else(String::new, |lane| milliseconds(lane.cpu)));
        row.extend(columns.iter().map(|&(name, way, _)| ratio(task.lane(name, way))));
        let (our_peak, sharp_peak) = peaks(task);
        row.push(pair(our_peak.map(megabytes), sharp_peak.map(megabytes)));
        let scores = task.scores();
        row.push(pair(
            scores.map(|(ours, _)| format!("{ours:.1}")),
            scores.and_then(|(_, sharp)| sharp).map(|sharp| format!("{sharp:.1}")),
        ));
        row.push(task.bytes().map_or_else(String::new, |bytes| format!("{bytes:.3}")));
        row.push(goals(&known, task));
        rows.push(row);
    }
    let mut text = aligned(&rows);
    two_cores(results, &mut text);
    text.push('\n');
    text.push_str(&files(results));
    for sentence in &results.left_out {
        let _ = writeln!(text, "{sentence}");
    }
    text
}

/// What is aimed at and whether it was reached.
fn goals(task: &Task, result: &TaskResult) -> String {
    let of = |name, way| result.lane(name, way).map(|lane| lane.ratio.median);
    let peak = peaks(result).0.map(|bytes| bytes as f64 / 1e6);
    [
        ("sharp", task.goal.each, of(Name::Sharp, Way::Each), 2),
        ("once", task.goal.once, of(Name::Sharp, Way::Once), 2),
        ("untagged", task.goal.twin, result.twin().map(|lane| lane.ratio.median), 2),
        ("MB", task.goal.peak, peak, 0),
    ]
    .into_iter()
    .filter_map(|(what, goal, found, digits)| Some(judged(what, goal?, found, digits)))
    .collect::<Vec<_>>()
    .join(", ")
}

fn judged(what: &str, goal: f64, found: Option<f64>, digits: usize) -> String {
    match found {
        None => format!("{what} ≤ {goal:.digits$}"),
        Some(found) if found <= goal => format!("{what} ≤ {goal:.digits$} ✓"),
        Some(found) => format!("{what} ≤ {goal:.digits$} ✗ {found:.digits$}"),
    }
}

fn two_cores(results: &Results, text: &mut String) {
    if let Some(two) = &results.two_cores {
        let goal = judged("", TWO_CORES_GOAL, Some(two.wall.median), 2);
        let _ = writeln!(
            text,
            "\n24 MP JPEG → five widths on two cores: time on the wall ÷ CPU time {:.2} (goal{goal})",
            two.wall.median
        );
        for (name, pictures) in &two.throughput {
            let _ = writeln!(text, "  two processes of {}: {pictures:.2} pictures a second", name.title());
        }
    }
}

fn files(results: &Results) -> String {
    let mut rows = vec![
        ["file", "SSIMULACRA2, sharp's", "bytes, sharp's", "bytes at sharp's SSIMULACRA2"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for task in &results.tasks {
        for output in &task.outputs {
            rows.push(vec![
                format!("{} {} {}", task.id, output.width, output.format),
                pair(
                    Some(format!("{:.2}", output.ours.score)),
                    output.sharp.map(|sharp| format!("{:.2}", sharp.score)),
                ),
                pair(Some(output.ours.bytes.to_string()), output.sharp.map(|sharp| sharp.bytes.to_string())),
                output.equal.map_or_else(String::new, |equal| format!("× {equal:.3}")),
            ]);
        }
    }
    aligned(&rows)
}

/// Columns as wide as their widest cell; the first to the left, the others too, for some hold words.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|row| row.get(c)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::results;

    #[test]
    fn a_goal_that_was_missed_is_shown_with_what_was_found() {
        assert_eq!(judged("sharp", 0.5, Some(0.5), 2), "sharp ≤ 0.50 ✓");
        assert_eq!(judged("sharp", 0.5, Some(0.61), 2), "sharp ≤ 0.50 ✗ 0.61");
        assert_eq!(judged("MB", 24.0, None, 0), "MB ≤ 24");
    }

    #[test]
    fn the_table_holds_every_figure() {
        let text = text(&results());
        for part in [
            "24 MP Display P3",
            "150",
            "0.30",
            "0.50",
            "16 / 16",
            "75.2 / 74.8",
            "0.931",
            "untagged ≤ 1.25 ✓",
            "0.60",
            "12.00 pictures",
            "Pillow was left out",
            "20000 / 21000",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}
