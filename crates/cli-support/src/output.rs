//! The only places where a program writes text to its standard streams.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::escape::{escape, escape_lines};

/// Writes `text` as one line to standard error. Line breaks within it are escaped, like every other control character. A
/// terminal that is too narrow for the line gets it wrapped between words.
///
/// A standard error that is closed is no reason to stop, so the line is lost then.
pub fn tell(text: impl Display) {
    let line = text.to_string();
    let _ = writeln!(io::stderr().lock(), "{}", wrap(&escape(&line), width()));
}

/// Returns the columns of the terminal that shows standard error, if one does.
fn width() -> Option<usize> {
    let error = io::stderr();
    let (width, _) = error.is_terminal().then(|| terminal_size::terminal_size_of(&error)).flatten()?;
    Some(width.0.into())
}

/// Breaks `line` between words so that it fits `width` columns. Words stay whole: a key, a URL or a flag can be copied.
fn wrap(line: &str, width: Option<usize>) -> Cow<'_, str> {
    let Some(width) = width else { return Cow::Borrowed(line) };
    let options =
        textwrap::Options::new(width).break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
    Cow::Owned(textwrap::fill(line, options))
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

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "error: 12 files: the bucket 'originals' is in eu-central-1, not in us-east-1 \
                        (PermanentRedirect). Set `--region eu-central-1` (or AWS_REGION=eu-central-1).";

    #[test]
    fn lines_are_wrapped_between_words() {
        assert_eq!(wrap(LINE, None), LINE);
        assert_eq!(wrap(LINE, Some(500)), LINE);
        let wrapped = wrap(LINE, Some(40));
        assert!(
            wrapped.lines().count() > 3 && wrapped.lines().all(|line| line.chars().count() <= 40),
            "{wrapped}"
        );
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&wrapped), words(LINE));
    }

    #[test]
    fn a_long_word_stays_whole() {
        let url = format!("http://127.0.0.1:9000/{}", "a".repeat(100));
        assert_eq!(wrap(&format!("see {url} there"), Some(40)), format!("see\n{url}\nthere"));
    }

    #[test]
    fn wide_characters_count_as_two_columns() {
        assert_eq!(wrap("写真 写真 写真", Some(10)), "写真 写真\n写真");
    }
}
