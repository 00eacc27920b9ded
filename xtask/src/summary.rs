//! How many tests ran, from the runners' own summary lines.

use std::ops::AddAssign;

/// Counts of tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// The count in one line of libtest's (`test result: ok. 12 passed; 0 failed; 1 ignored; …`), if it is one.
pub(crate) fn libtest(line: &str) -> Option<Count> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    Some(count(counts, ';'))
}

/// The count in pytest's last line (`=== 1 failed, 12 passed, 2 skipped in 3.21s ===`), if it is one.
pub(crate) fn pytest(line: &str) -> Option<Count> {
    let (counts, _) = line.trim_matches(['=', ' ']).rsplit_once(" in ")?;
    let counted = count(counts, ',');
    (counted != Count::default()).then_some(counted)
}

fn count(text: &str, separator: char) -> Count {
    let mut count = Count::default();
    for part in text.split(separator) {
        let Some((number, what)) = part.trim().split_once(' ') else {
            continue;
        };
        let Ok(number) = number.parse::<u64>() else {
            continue;
        };
        match what {
            "passed" => count.passed += number,
            // A fixture of pytest's that fails is an error, not a failure: it is one to us.
            "failed" | "error" | "errors" => count.failed += number,
            "ignored" | "skipped" | "deselected" | "filtered out" => count.skipped += number,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libtests_summary_is_read() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s";
        assert_eq!(libtest(line), Some(Count { passed: 12, failed: 2, skipped: 4 }));
        assert_eq!(libtest("test decode::tests::ok ... ok"), None);
    }

    #[test]
    fn pytests_summary_is_read() {
        let line = "====== 1 failed, 12 passed, 2 skipped, 1 error in 63.21s (0:01:03) ======";
        assert_eq!(pytest(line), Some(Count { passed: 12, failed: 2, skipped: 2 }));
        assert_eq!(pytest("40 passed in 1.00s"), Some(Count { passed: 40, failed: 0, skipped: 0 }));
        assert_eq!(pytest("tests/test_crash.py::test_twenty PASSED in words"), None);
    }
}
