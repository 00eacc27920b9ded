//! The only places where a program writes text to its standard streams.

use std::fmt::Display;
use std::io::{self, Write};

use crate::escape::{escape, escape_lines};

/// Writes `text` as one line to standard error. Line breaks within it are escaped, like every other control character.
///
/// A standard error that is closed is no reason to stop, so the line is lost then.
pub fn tell(text: impl Display) {
    let line = text.to_string();
    let _ = writeln!(io::stderr().lock(), "{}", escape(&line));
}

/// Writes `text` to standard error and keeps its line breaks. The caller must escape every part from outside before,
/// because only the caller knows which line breaks are its own.
pub fn tell_lines(text: impl Display) {
    let lines = text.to_string();
    let _ = writeln!(io::stderr().lock(), "{}", escape_lines(&lines));
}

/// Writes a question of one or more lines to standard error and leaves the cursor behind it. As with [`tell_lines`],
/// the caller must escape parts from outside.
///
/// # Errors
///
/// Fails when standard error is closed.
pub fn ask(question: impl Display) -> io::Result<()> {
    let question = question.to_string();
    let mut terminal = io::stderr().lock();
    write!(terminal, "{} ", escape_lines(&question))?;
    terminal.flush()
}

/// Writes `text` as one line to standard output, escaped.
///
/// # Errors
///
/// Fails when standard output is closed.
pub fn print(text: impl Display) -> io::Result<()> {
    print_raw(&escape(&text.to_string()))
}

/// Writes `text` to standard output and keeps its line breaks. As with [`tell_lines`], the caller must escape parts from
/// outside.
///
/// # Errors
///
/// Fails when standard output is closed.
pub fn print_lines(text: impl Display) -> io::Result<()> {
    print_raw(&escape_lines(&text.to_string()))
}

/// Writes `text` and a line break to standard output as they are. For documents that have their own way of escaping, such
/// as JSON, markup and shell scripts.
///
/// # Errors
///
/// Fails when standard output is closed.
pub fn print_raw(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// A standard error that escapes whatever is written to it: each `write` is one record, and ends with its own line break.
/// For loggers, which write a record at once.
#[derive(Debug, Default, Clone, Copy)]
pub struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        tell(text.strip_suffix('\n').unwrap_or(&text));
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
