//! The table that comes of the starts.

use std::{fmt::Write, time::Duration};

use super::{size::Size, start::Start};

/// One of those that were started.
pub(super) struct Measured {
    /// What a person calls it.
    pub(super) name: String,
    pub(super) starts: Vec<Start>,
    pub(super) size: Size,
}

/// As Markdown: a row each, and ours ÷ theirs turn by turn, `ours` being the first.
pub(super) fn table(ours: &Measured, theirs: &Measured, machine: &str) -> String {
    let mut table = String::from(
        "| process | to its first request, ms: median | least | CPU ms | peak MB | on disk, MB | zipped, MB |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    for measured in [ours, theirs] {
        let walls = || measured.starts.iter().map(|start| milliseconds(start.wall));
        let cpu = measured.starts.iter().map(|start| start.cpu.map(milliseconds)).collect::<Option<Vec<_>>>();
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {} |",
            measured.name,
            short(median(walls())),
            short(walls().fold(f64::INFINITY, f64::min)),
            cpu.map_or("–".into(), |cpu| short(median(cpu))),
            short(median(measured.starts.iter().map(|start| start.peak as f64 / 1e6))),
            short(measured.size.bytes as f64 / 1e6),
            measured.size.zipped.map_or("–".into(), |bytes| short(bytes as f64 / 1e6)),
        );
    }
    let ratios =
        ours.starts.iter().zip(&theirs.starts).map(|(a, b)| a.wall.as_secs_f64() / b.wall.as_secs_f64());
    let _ = writeln!(
        table,
        "\nOurs takes × {:.3} the time of the other: the median of {} turns. {machine}",
        median(ratios),
        ours.starts.len(),
    );
    table
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Three digits where there are as many.
fn short(value: f64) -> String {
    let decimals = if value < 10.0 { 1 } else { 0 };
    format!("{value:.decimals$}")
}

/// The median; the mean of the middle two of an even number. Of nothing, no number.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[half],
        _ => (values[half - 1] + values[half]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &str, walls: &[u64], zipped: Option<u64>) -> Measured {
        let start = |wall: &u64| Start {
            wall: Duration::from_millis(*wall),
            cpu: Some(Duration::from_micros(wall * 500)),
            peak: 12_000_000,
        };
        let size = Size { bytes: 20_400_000, zipped };
        Measured { name: name.into(), starts: walls.iter().map(start).collect(), size }
    }

    #[test]
    fn rows_hold_medians_and_the_ratio_is_of_turns() {
        let table = table(
            &measured("ours", &[8, 9, 20, 7], Some(9_000_000)),
            &measured("theirs", &[80, 300, 400, 100], None),
            "Here.",
        );
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines[2], "| ours | 8.5 | 7.0 | 4.2 | 12 | 20 | 9.0 |");
        assert_eq!(lines[3], "| theirs | 200 | 80 | 100 | 12 | 20 | – |");
        // 0.1, 0.03, 0.05, 0.07
        assert_eq!(lines[5], "Ours takes × 0.060 the time of the other: the median of 4 turns. Here.");
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
