//! What people and programs are told: results on standard output, all else on standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::OutputArgs;

/// Where words go. Lines and the progress bar don't run into each other.
pub(crate) struct Console {
    quiet: bool,
    progress: Option<ProgressBar>,
}

impl Console {
    /// Shows progress over `files` files if somebody looks.
    pub(crate) fn new(args: &OutputArgs, files: usize) -> Self {
        let watched = !args.quiet && io::stderr().is_terminal();
        Self { quiet: args.quiet, progress: watched.then(|| bar(files)) }
    }

    /// For commands that are done at once: nothing but lines.
    pub(crate) fn lines() -> Self {
        Self { quiet: false, progress: None }
    }

    /// A line of result.
    ///
    /// # Errors
    ///
    /// When standard output takes no more, such as a closed pipe.
    pub(crate) fn result(&self, text: &str) -> io::Result<()> {
        self.undisturbed(|| {
            let mut out = io::stdout().lock();
            writeln!(out, "{text}")?;
            out.flush()
        })
    }

    /// Something good to know.
    pub(crate) fn info(&self, text: impl Display) {
        if !self.quiet {
            self.undisturbed(|| eprintln!("{text}"));
        }
    }

    /// Something that may have to be mended.
    pub(crate) fn warning(&self, text: impl Display) {
        if !self.quiet {
            self.undisturbed(|| eprintln!("warning: {text}"));
        }
    }

    /// Something that failed.
    pub(crate) fn error(&self, text: impl Display) {
        self.undisturbed(|| eprintln!("error: {text}"));
    }

    /// What is being done just now.
    pub(crate) fn doing(&self, what: impl Display) {
        if let Some(bar) = &self.progress {
            bar.set_message(what.to_string());
        }
    }

    /// One file more is settled.
    pub(crate) fn advance(&self) {
        if let Some(bar) = &self.progress {
            bar.inc(1);
        }
    }

    /// No more is to come.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.progress {
            bar.finish_and_clear();
        }
    }

    fn undisturbed<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.progress {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

fn bar(files: usize) -> ProgressBar {
    let bar = ProgressBar::new(files as u64);
    // The template is constant; should it ever be wrong, indicatif's own is shown.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}
