//! What people and programs are told.
//!
//! Without `--json` the report goes to standard output; with it that is left to the objects, and the report goes
//! to standard error. Questions and progress are always on standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

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

    /// A line, or more, of the report.
    ///
    /// # Errors
    ///
    /// When the stream takes no more, such as a closed pipe.
    pub(crate) fn say(&self, text: impl Display) -> io::Result<()> {
        if self.json {
            writeln!(io::stderr().lock(), "{text}")
        } else {
            let mut out = io::stdout().lock();
            writeln!(out, "{text}")?;
            out.flush()
        }
    }

    /// The same for a program, where one reads.
    ///
    /// # Errors
    ///
    /// As [`Console::say`].
    pub(crate) fn object(&self, object: &impl Serialize) -> io::Result<()> {
        if self.json {
            let mut out = io::stdout().lock();
            serde_json::to_writer(&mut out, object)?;
            writeln!(out)?;
            out.flush()?;
        }
        Ok(())
    }

    pub(crate) fn warning(&self, text: impl Display) {
        eprintln!("{} {text}", Paint(self.paint.0 && io::stderr().is_terminal()).yellow("warning:"));
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
        eprint!("{question} ");
        io::stderr().flush()?;
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
        bar.set_message(what.to_string());
        bar
    }

    /// `bytes` that are on their way.
    pub(crate) fn bytes(&self, what: impl Display, bytes: u64) -> ProgressBar {
        let bar = bar(ProgressBar::new(bytes), "{spinner} {msg}  {bytes}/{total_bytes}  {bytes_per_sec}");
        bar.set_message(what.to_string());
        bar
    }

    /// `things` that go one after the other.
    pub(crate) fn things(&self, what: impl Display, things: u64) -> ProgressBar {
        let bar = bar(ProgressBar::new(things), "{spinner} {msg}  {human_pos}/{human_len}  {eta} left");
        bar.set_message(what.to_string());
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
}
