//! The table for README.

use std::fmt::Write;

use super::{columns, megabytes, milliseconds, pair, peaks, ratio};
use crate::contender::Name;
use crate::job::Way;
use crate::results::Results;
use crate::tasks::tasks;

/// The tables and what they were made on, without a date, so that only what changed differs.
pub fn markdown(results: &Results) -> String {
    let mut text = table(results);
    text.push_str(&besides(results));
    text.push_str(&provenance(results));
    text.push_str(&files(results));
    text
}

fn table(results: &Results) -> String {
    let columns = columns(&results.tasks);
    let mut text = String::from("| picture in → out | CPU ms |");
    for (.., title) in &columns {
        let _ = write!(text, " ÷ {title} |");
    }
    text.push_str(" peak MB, sharp's | SSIMULACRA2, sharp's | bytes at equal SSIMULACRA2 |\n|---|--:|");
    text.push_str(&"--:|".repeat(columns.len() + 3));
    text.push('\n');
    for task in &results.tasks {
        let Some(known) = tasks().into_iter().find(|known| known.id == task.id) else { continue };
        let Some(ours) = task.lane(Name::Ours, Way::Each) else { continue };
        let _ = write!(text, "| {} | {} |", known.title, milliseconds(ours.cpu));
        for &(name, way, _) in &columns {
            let _ = write!(text, " {} |", ratio(task.lane(name, way)));
        }
        let (our_peak, sharp_peak) = peaks(task);
        let peaks = pair(our_peak.map(megabytes), sharp_peak.map(megabytes));
        let scores = task.scores();
        let scores = pair(
            scores.map(|(ours, _)| format!("{ours:.1}")),
            scores.and_then(|(_, sharp)| sharp).map(|sharp| format!("{sharp:.1}")),
        );
        let bytes = task.bytes().map_or_else(String::new, |bytes| format!("× {bytes:.2}"));
        let _ = writeln!(text, " {peaks} | {scores} | {bytes} |");
    }
    text
}

/// What fits into no column.
fn besides(results: &Results) -> String {
    let mut text = String::from("\n");
    for task in &results.tasks {
        let known = tasks().into_iter().find(|known| known.id == task.id);
        if let (Some(twin), Some((title, (_, what)))) =
            (task.twin(), known.and_then(|known| Some((known.title, known.twin?))))
        {
            let _ = writeln!(text, "- {title}: × {:.2} the CPU time of {what}.", twin.ratio.median);
        }
    }
    if let Some(two) = &results.two_cores {
        let _ = write!(
            text,
            "- 24 MP JPEG → five widths with two workers: time on the wall × {:.2} the CPU time.",
            two.wall.median
        );
        let each: Vec<String> = two
            .throughput
            .iter()
            .map(|(name, pictures)| format!("{pictures:.1} by {}", name.title()))
            .collect();
        let _ = writeln!(text, " Pictures a second of two processes side by side: {}.", each.join(", "));
    }
    text
}

fn provenance(results: &Results) -> String {
    let peers: Vec<&str> = results
        .versions
        .iter()
        .filter(|(name, _)| **name != Name::Ours)
        .map(|(_, version)| version.as_str())
        .collect();
    let mut text = format!(
        "\nMade by `cargo xtask bench --peers` on {}, {} cores, with {}.\n",
        results.machine.cpu,
        results.machine.cores,
        if peers.is_empty() { "no peer".into() } else { peers.join("; ") }
    );
    for sentence in &results.left_out {
        let _ = writeln!(text, "{sentence}");
    }
    text
}

fn files(results: &Results) -> String {
    let mut text = String::from(
        "\n<details><summary>Every file: SSIMULACRA2 and bytes</summary>\n\n\
         | picture in | out | SSIMULACRA2 | sharp's | bytes | sharp's | at equal SSIMULACRA2 |\n\
         |---|---|--:|--:|--:|--:|--:|\n",
    );
    for task in &results.tasks {
        let title = tasks().into_iter().find(|known| known.id == task.id).map_or("", |known| known.title);
        let source = title.split(" → ").next().unwrap_or(title);
        for output in &task.outputs {
            let sharp = output.sharp.map_or([String::new(), String::new()], |sharp| {
                [format!("{:.1}", sharp.score), sharp.bytes.to_string()]
            });
            let _ = writeln!(
                text,
                "| {source} | {} px {} | {:.1} | {} | {} | {} | {} |",
                output.width,
                output.format,
                output.ours.score,
                sharp[0],
                output.ours.bytes,
                sharp[1],
                output.equal.map_or_else(String::new, |equal| format!("× {equal:.3}")),
            );
        }
    }
    text.push_str("\n</details>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::results;

    #[test]
    fn every_row_has_as_many_cells_as_the_head() {
        let text = markdown(&results());
        let mut tables = 0;
        for block in text.split("\n\n") {
            let rows: Vec<&str> = block.lines().filter(|line| line.starts_with('|')).collect();
            let Some(head) = rows.first() else { continue };
            tables += 1;
            for row in &rows {
                assert_eq!(row.matches('|').count(), head.matches('|').count(), "{row}");
            }
        }
        assert_eq!(tables, 2);
    }

    #[test]
    fn it_says_what_it_was_made_on_and_who_is_missing() {
        let text = markdown(&results());
        assert!(text.contains("on A Processor, 2 cores, with sharp 1.2.3."), "{text}");
        assert!(text.contains("Pillow was left out: no python3."), "{text}");
        assert!(text.contains("× 1.20 the CPU time of the same untagged"), "{text}");
    }
}
