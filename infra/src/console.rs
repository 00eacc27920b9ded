//! What people and programs are told.
//!
//! Without `--json` the report goes to standard output; with it that is left to the objects, and the report goes
//! to standard error. Questions and progress are always on standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use cli_support::{escape, escape_lines};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

const TICK: Duration = Duration::from_millis(120);

/// Where words go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    json: bool,
    /// How the report is coloured.
    pub(crate) paint: Paint,
}

/// Colours, where there is a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    pub(crate) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Returns `text` with everything escaped except line breaks and, if colors are on, the codes above.
    fn escape(self, text: &str) -> String {
        const CODES: [&str; 6] = ["\x1b[32m", "\x1b[33m", "\x1b[1;31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"];
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\x1b').filter(|_| self.0) {
            shown.push_str(&escape_lines(&rest[..at]));
            let code = CODES.into_iter().find(|code| rest[at..].starts_with(code));
            shown.push_str(code.unwrap_or("\\x1b"));
            rest = &rest[at + code.map_or(1, str::len)..];
        }
        shown.push_str(&escape_lines(rest));
        shown
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Console {
    pub(crate) fn new(json: bool) -> Self {
        let terminal = if json { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
        // https://no-color.org
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, paint: Paint(terminal && !unwanted) }
    }

    /// Writes a line, or more, of the report. The caller must escape parts from outside, so that they cannot begin another
    /// line.
    ///
    /// # Errors
    ///
    /// When the stream takes no more, such as a closed pipe.
    pub(crate) fn say(&self, text: impl Display) -> io::Result<()> {
        if self.json {
            writeln!(io::stderr().lock(), "{}", self.paint.escape(&text.to_string()))
        } else {
            cli_support::print_raw(&self.paint.escape(&text.to_string()))
        }
    }

    /// The same for a program, where one reads.
    ///
    /// # Errors
    ///
    /// As [`Console::say`].
    pub(crate) fn object(&self, object: &impl Serialize) -> io::Result<()> {
        if self.json {
            cli_support::print_raw(&serde_json::to_string(object)?)?;
        }
        Ok(())
    }

    pub(crate) fn warning(&self, text: impl Display) {
        let warning = Paint(self.paint.0 && io::stderr().is_terminal()).yellow("warning:");
        let _ = writeln!(io::stderr().lock(), "{warning} {}", escape(&text.to_string()));
    }

    /// Whether somebody sits there who can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// What a person answers; empty at the end of their input.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to or read.
    pub(crate) async fn ask(&self, question: &str) -> io::Result<String> {
        cli_support::ask(question)?;
        // Apart, so that Ctrl-C is heard meanwhile.
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        });
        Ok(line.await.map_err(io::Error::other)??.trim().to_owned())
    }

    /// Something that takes a while; seen where there is a terminal.
    pub(crate) fn spinner(&self, what: impl Display) -> ProgressBar {
        let bar = bar(ProgressBar::new_spinner(), "{spinner} {msg}  {elapsed}");
        bar.set_message(escape(&what.to_string()).into_owned());
        bar
    }

    /// `bytes` that are on their way.
    pub(crate) fn bytes(&self, what: impl Display, bytes: u64) -> ProgressBar {
        let bar = bar(ProgressBar::new(bytes), "{spinner} {msg}  {bytes}/{total_bytes}  {bytes_per_sec}");
        bar.set_message(escape(&what.to_string()).into_owned());
        bar
    }

    /// `things` that go one after the other.
    pub(crate) fn things(&self, what: impl Display, things: u64) -> ProgressBar {
        let bar = bar(ProgressBar::new(things), "{spinner} {msg}  {human_pos}/{human_len}  {eta} left");
        bar.set_message(escape(&what.to_string()).into_owned());
        bar
    }
}

/// The template is constant; should it ever be wrong, indicatif's own is shown.
fn bar(bar: ProgressBar, template: &str) -> ProgressBar {
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(TICK);
    bar
}

/// Whether an answer agrees.
pub(crate) fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" YES "));
        assert!(!is_yes("") && !is_yes("n") && !is_yes("yep"));
    }

    #[test]
    fn colours_are_for_terminals() {
        assert_eq!(Paint(false).red("gone"), "gone");
        assert_eq!(Paint(true).green("new"), "\x1b[32mnew\x1b[0m");
    }

    #[test]
    fn only_colours_reach_the_terminal() {
        let text = format!("{}\n\x1b[2J\x1b]0;owned\x07", Paint(true).red("gone"));
        assert_eq!(Paint(true).escape(&text), "\x1b[1;31mgone\x1b[0m\n\\x1b[2J\\x1b]0;owned\\x07");
        assert_eq!(Paint(false).escape("\x1b[0m"), "\\x1b[0m");
    }
}
