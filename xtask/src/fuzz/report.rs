//! What libFuzzer says of a run.

use std::{fmt, path::Path};

/// One target's run.
#[derive(Debug)]
pub(crate) struct Run {
    target: String,
    executions: u64,
    a_second: u64,
    /// Inputs that reach what no other reaches.
    corpus: usize,
    pub(crate) crash: Option<Crash>,
}

/// What ended a run too early.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Crash {
    /// The assertion's or libFuzzer's words.
    words: String,
    /// A command that shows it again.
    replay: String,
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CRASH: {}\n  to see it again: {}", self.words, self.replay)
    }
}

impl Run {
    /// Reads what `program`, the fuzz target `target`, `said` on stderr.
    pub(crate) fn read(target: &str, said: &str, corpus: usize, success: bool, program: &Path) -> Self {
        let statistic = |name: &str| {
            let value = said.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
            value.and_then(|value| value.trim_start_matches(':').trim().parse().ok()).unwrap_or(0)
        };
        let crash = (!success).then(|| Crash::read(said, program));
        Self {
            target: target.to_owned(),
            executions: statistic("number_of_executed_units"),
            a_second: statistic("average_exec_per_sec"),
            corpus,
            crash,
        }
    }
}

impl Crash {
    fn read(said: &str, program: &Path) -> Self {
        // A panic's message is on the line after the one that says where.
        let mut lines = said.lines();
        let panic = lines.find(|line| line.starts_with("thread '") && line.contains("panicked at"));
        let words = match panic {
            Some(place) => format!("{} ({place})", lines.next().unwrap_or_default().trim()),
            None => {
                let error = said.lines().find(|line| line.contains("ERROR: libFuzzer:"));
                error.or(said.lines().last()).unwrap_or("it ended without a word").trim().to_owned()
            }
        };
        let input =
            said.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path));
        let replay = match input {
            Some(input) => format!("{} {}", program.display(), input.trim()),
            None => program.display().to_string(),
        };
        Self { words, replay }
    }
}

/// A line a run, with a heading.
pub(crate) fn table(runs: &[Run]) -> String {
    let mut table =
        format!("{:12} {:>12} {:>12} {:>8} {:>8}", "target", "executions", "a second", "corpus", "crashes");
    for Run { target, executions, a_second, corpus, crash } in runs {
        let crashes = u8::from(crash.is_some());
        table.push_str(&format!("\n{target:12} {executions:>12} {a_second:>12} {corpus:>8} {crashes:>8}"));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read() {
        let said = "#12\tDONE cov: 1 ft: 2\nstat::number_of_executed_units: 54321\nstat::average_exec_per_sec:     905\n";
        let run = Run::read("probe", said, 17, true, Path::new("probe"));
        assert_eq!((run.executions, run.a_second, run.corpus, run.crash), (54_321, 905, 17, None));
    }

    #[test]
    fn a_crash_is_told_by_its_panic_and_its_input() {
        let said = "thread '<unnamed>' (7) panicked at imaging/src/lib.rs:3:1:\nindex out of bounds\nnote: backtrace\n\
                    artifact_prefix='a/'; Test unit written to a/crash-1f\n";
        let crash = Run::read("probe", said, 0, false, Path::new("bin/probe")).crash.unwrap().to_string();
        assert!(crash.contains("index out of bounds"), "{crash}");
        assert!(crash.contains("imaging/src/lib.rs:3:1"), "{crash}");
        assert!(crash.ends_with("bin/probe a/crash-1f"), "{crash}");
    }

    #[test]
    fn a_hang_is_told_in_libfuzzers_words() {
        let said = "==7== ERROR: libFuzzer: timeout after 10 seconds\nTest unit written to a/timeout-1f\n";
        let crash = Run::read("probe", said, 0, false, Path::new("bin/probe")).crash.unwrap().to_string();
        assert!(crash.contains("timeout after 10 seconds") && crash.ends_with("a/timeout-1f"), "{crash}");
    }
}
