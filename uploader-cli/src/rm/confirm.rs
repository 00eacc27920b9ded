//! Asks before something is deleted.

use std::io::{self, IsTerminal};

use cli_support::escape;

use crate::console::Console;
use crate::place::Place;

/// Keys that a question names.
const NAMED: usize = 10;

/// Whether somebody sits there who can be asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether somebody agrees to delete the originals at `places`.
///
/// # Errors
///
/// When the terminal cannot be written to or read.
pub(super) async fn agrees(console: &Console, places: &[&Place]) -> io::Result<bool> {
    let answer = console.ask(format_args!("{} [y/N]", question(places))).await?;
    Ok(answer.is_some_and(|answer| is_yes(&answer)))
}

fn question(places: &[&Place]) -> String {
    let mut question = String::new();
    for place in places.iter().take(NAMED) {
        question.push_str(&format!("  {}/{}\n", place.bucket, escape(&place.key)));
    }
    if let Some(others) = places.len().checked_sub(NAMED).filter(|others| *others > 0) {
        question.push_str(&format!("  and {others} more\n"));
    }
    let what = match places.len() {
        1 => "this original and its renditions".to_owned(),
        many => format!("these {many} originals and their renditions"),
    };
    format!("{question}Delete {what}?")
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" YES \r\n"));
        assert!(!is_yes("") && !is_yes("\n") && !is_yes("n\n") && !is_yes("yep\n"));
    }

    #[test]
    fn a_question_names_what_is_deleted() {
        let places: Vec<Place> =
            (0..12).map(|i| Place { bucket: "b".into(), key: format!("{i}.jpg") }).collect();
        let all: Vec<&Place> = places.iter().collect();
        assert_eq!(question(&all[..1]), "  b/0.jpg\nDelete this original and its renditions?");
        let many = question(&all);
        assert!(many.contains("  b/9.jpg\n  and 2 more\nDelete these 12 originals"), "{many}");
        assert!(!question(&all[..10]).contains("more"));
    }
}
