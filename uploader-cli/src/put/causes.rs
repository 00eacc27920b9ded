//! Failures of many files that have one cause, which is told once.

use super::outcome::{Action, Outcome};
use crate::failure::Failure;

/// The causes of failures in one run, and counts of what happened.
#[derive(Debug, Default)]
pub(super) struct Causes {
    /// Causes that concern all files, with the first file's words and how many files failed for it.
    of_all: Vec<(Failure, String, usize)>,
    /// Causes that were told in full, with a file's name.
    told: Vec<Failure>,
    tally: Tally,
}

/// Counts of what happened to the files of one run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) files: usize,
    pub(super) sent: usize,
    pub(super) unchanged: usize,
    pub(super) described: usize,
    pub(super) failed: usize,
    /// Bytes of the files that were sent.
    pub(super) bytes: u64,
}

/// How much is told of one file's failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// The cause and the remedy.
    All,
    /// A reference to the same cause above.
    Reference,
    /// Nothing: the cause is told at the end, for all files.
    Later,
}

impl Causes {
    /// Counts `outcome` and returns how much to tell of it.
    pub(super) fn add(&mut self, outcome: &Outcome) -> Words {
        self.tally.add(outcome);
        let Some(failure) = outcome.failure() else { return Words::All };
        if failure.concerns_all {
            match self.of_all.iter_mut().find(|(known, ..)| is_same(known, failure)) {
                Some((.., files)) => *files += 1,
                None => self.of_all.push((failure.clone(), outcome.place_words(), 1)),
            }
            return Words::Later;
        }
        if self.told.iter().any(|known| is_same(known, failure)) {
            return Words::Reference;
        }
        self.told.push(failure.clone());
        Words::All
    }

    /// Returns one line for each cause that concerns all files.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.of_all.iter().map(|(failure, words, files)| match files {
            1 => format!("{words}: {failure}"),
            files => format!("{files} files: {failure}"),
        })
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
    }
}

/// Returns `true` if `a` and `b` have the same cause. Two keys of one bucket may get different words from S3.
fn is_same(a: &Failure, b: &Failure) -> bool {
    a.code == b.code && a.remedy == b.remedy && (a.concerns_all || a.message == b.message)
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        self.files += 1;
        if !outcome.is_well() {
            self.failed += 1;
            return;
        }
        match outcome.action() {
            Some(Action::Unchanged) => self.unchanged += 1,
            Some(Action::Described) => self.described += 1,
            _ => {
                self.sent += 1;
                self.bytes += outcome.bytes();
            }
        }
    }

    /// Returns the last line of a run, such as "4 of 13 files sent, 9 failed".
    pub(super) fn text(&self, sent: &str, failed: &str) -> String {
        let plural = if self.files == 1 { "" } else { "s" };
        let mut text = format!("{} of {} file{plural} {sent}", self.sent, self.files);
        for (count, what) in
            [(self.unchanged, "unchanged"), (self.described, "described again"), (self.failed, failed)]
        {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_names_what_happened_and_nothing_else() {
        let tally = Tally { files: 13, sent: 4, failed: 9, ..Tally::default() };
        assert_eq!(tally.text("sent", "failed"), "4 of 13 files sent, 9 failed");
        let tally = Tally { files: 3, sent: 1, unchanged: 1, described: 1, ..Tally::default() };
        assert_eq!(
            tally.text("would be sent", "cannot be sent"),
            "1 of 3 files would be sent, 1 unchanged, 1 described again"
        );
        assert_eq!(
            Tally { files: 1, sent: 1, ..Tally::default() }.text("sent", "failed"),
            "1 of 1 file sent"
        );
    }

    #[test]
    fn words_of_s3_about_other_keys_are_the_same_cause() {
        let denied = |message: &str, concerns_all| Failure {
            concerns_all,
            ..Failure::new("AccessDenied", message, "Ask the operator.")
        };
        assert!(is_same(&denied("no access to a", true), &denied("no access to b", true)));
        assert!(!is_same(&denied("no access to a", false), &denied("no access to b", false)));
        let other = Failure { code: "NoSuchBucket".to_owned(), ..denied("no access to a", true) };
        assert!(!is_same(&denied("no access to a", true), &other));
    }
}
