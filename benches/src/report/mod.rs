//! Tables for people.

mod markdown;
mod text;

pub use markdown::markdown;
pub use text::text;

use crate::contender::Name;
use crate::job::Way;
use crate::results::{LaneResult, TaskResult};

/// What we are compared with, in the order of the columns.
const COLUMNS: [(Name, Way, &str); 5] = [
    (Name::Sharp, Way::Each, "sharp"),
    (Name::Sharp, Way::Once, "sharp, decoding once"),
    (Name::Libvips, Way::Each, "libvips"),
    (Name::Pillow, Way::Each, "Pillow"),
    (Name::ImageMagick, Way::Each, "ImageMagick"),
];

/// The columns of peers that took part.
fn columns(tasks: &[TaskResult]) -> Vec<(Name, Way, &'static str)> {
    COLUMNS
        .into_iter()
        .filter(|&(name, way, _)| tasks.iter().any(|task| task.lane(name, way).is_some()))
        .collect()
}

/// A ratio for a cell.
fn ratio(lane: Option<&LaneResult>) -> String {
    lane.map_or_else(String::new, |lane| format!("{:.2}", lane.ratio.median))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0}", bytes as f64 / 1e6)
}

/// Milliseconds with two or three digits that mean something.
fn milliseconds(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

/// Peaks of ours and of sharp's with a call a rendition.
fn peaks(task: &TaskResult) -> (Option<u64>, Option<u64>) {
    let of = |name| task.lane(name, Way::Each).and_then(|lane| lane.peak);
    (of(Name::Ours), of(Name::Sharp))
}

/// `ours / theirs`, or ours alone.
fn pair(ours: Option<String>, theirs: Option<String>) -> String {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => format!("{ours} / {theirs}"),
        (Some(ours), None) => ours,
        _ => String::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::job::{Format, Round};
    use crate::machine::Machine;
    use crate::results::{OutputResult, Results, Scored, TwoCores};
    use crate::stats::Ratio;

    pub(crate) fn results() -> Results {
        let ratio = |median| Ratio { median, low: median * 0.9, high: median * 1.1 };
        let lane = |name, way, cpu, median, twin| LaneResult {
            name,
            way,
            twin,
            cpu,
            ratio: ratio(median),
            peak: Some(16_400_000),
            rounds: vec![Round { cpu, wall: cpu }],
        };
        let task = TaskResult {
            id: "T2-p3".into(),
            input_bytes: 6_000_000,
            lanes: vec![
                lane(Name::Ours, Way::Each, 150.0, 1.0, false),
                lane(Name::Sharp, Way::Each, 500.0, 0.3, false),
                lane(Name::Sharp, Way::Once, 300.0, 0.5, false),
                lane(Name::Ours, Way::Each, 125.0, 1.2, true),
            ],
            outputs: vec![OutputResult {
                width: 320,
                format: Format::Jpeg,
                ours: Scored { bytes: 20_000, score: 75.25 },
                sharp: Some(Scored { bytes: 21_000, score: 74.75 }),
                equal: Some(0.931),
            }],
        };
        Results {
            machine: Machine { cpu: "A Processor".into(), cores: 2 },
            versions: BTreeMap::from([(Name::Sharp, "sharp 1.2.3".into())]),
            left_out: vec!["Pillow was left out: no python3.".into()],
            tasks: vec![task],
            two_cores: Some(TwoCores {
                wall: ratio(0.6),
                throughput: BTreeMap::from([(Name::Ours, 12.0), (Name::Sharp, 4.0)]),
            }),
        }
    }

    #[test]
    fn only_who_took_part_has_a_column() {
        let titles: Vec<&str> = columns(&results().tasks).into_iter().map(|(.., title)| title).collect();
        assert_eq!(titles, ["sharp", "sharp, decoding once"]);
    }
}
