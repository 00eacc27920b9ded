//! What people and programs are told: results on standard output, all else on standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cli_support::escape;
use indicatif::{HumanBytes, HumanDuration, MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::OutputArgs;
use crate::transfer::Meter;

/// Redraws of what turns, and looks at how far it has come.
const TICK: Duration = Duration::from_millis(120);

/// Where nobody looks, a long upload says so often how far it has come.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Files that have a line of their own at once.
const LINES: usize = 8;

/// The line at the bottom, and what it is when all is sent.
const SENDING: &str = "{spinner} {msg}  {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
const ALL_SENT: &str = "{spinner} {msg}  {total_bytes} sent, waiting for renditions";

/// Where words go. Lines and the progress bars don't run into each other.
#[derive(Clone)]
pub(crate) struct Console {
    quiet: bool,
    bars: Option<MultiProgress>,
    totals: Arc<Totals>,
}

/// All files of a run together.
#[derive(Default)]
struct Totals {
    /// At the bottom, once it is known how much there is to send.
    bar: Mutex<Option<ProgressBar>>,
    files: AtomicU64,
    settled: AtomicU64,
    lines: AtomicU64,
    bytes: AtomicU64,
    gone: AtomicU64,
    begun: Mutex<Option<(Instant, Instant)>>,
}

/// One file's line.
pub(crate) struct FileLine {
    console: Console,
    name: String,
    bar: Option<ProgressBar>,
}

impl Console {
    /// Shows progress if somebody looks.
    pub(crate) fn new(args: &OutputArgs) -> Self {
        let watched = !args.quiet && io::stderr().is_terminal();
        Self { quiet: args.quiet, bars: watched.then(MultiProgress::new), totals: Arc::default() }
    }

    /// For commands that are done at once: nothing but lines.
    pub(crate) fn lines() -> Self {
        Self { quiet: false, bars: None, totals: Arc::default() }
    }

    /// Writes a document to standard output as it is: JSON or markup, which escape in their own way.
    ///
    /// # Errors
    ///
    /// Fails when standard output is closed.
    pub(crate) fn document(&self, text: &str) -> io::Result<()> {
        self.undisturbed(|| cli_support::print_raw(text))
    }

    /// Writes one line of a result to standard output, escaped.
    ///
    /// # Errors
    ///
    /// Fails when standard output is closed.
    pub(crate) fn result(&self, line: impl Display) -> io::Result<()> {
        self.undisturbed(|| cli_support::print(line))
    }

    /// Writes a result of several lines to standard output. The caller must escape its parts, so that they cannot begin
    /// another line.
    ///
    /// # Errors
    ///
    /// Fails when standard output is closed.
    pub(crate) fn paragraph(&self, lines: &str) -> io::Result<()> {
        self.undisturbed(|| cli_support::print_lines(lines))
    }

    /// Tells one line that is good to know.
    pub(crate) fn info(&self, line: impl Display) {
        if !self.quiet {
            self.undisturbed(|| cli_support::tell(line));
        }
    }

    /// Tells of something that may need a fix.
    pub(crate) fn warning(&self, line: impl Display) {
        if !self.quiet {
            self.undisturbed(|| cli_support::tell(format_args!("warning: {line}")));
        }
    }

    /// Tells of something that failed.
    pub(crate) fn error(&self, line: impl Display) {
        self.undisturbed(|| cli_support::tell(format_args!("error: {line}")));
    }

    /// Whether there is somebody who can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        self.bars.is_some() && io::stdin().is_terminal()
    }

    /// Returns what a person answers; `None` at the end of their input. The caller must escape the question's parts.
    ///
    /// # Errors
    ///
    /// Fails when standard input cannot be read.
    pub(crate) async fn ask(&self, question: impl Display) -> io::Result<Option<String>> {
        self.undisturbed(|| cli_support::ask(question))?;
        // Ctrl-C must end the program meanwhile.
        let read = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            let read = io::stdin().read_line(&mut line)?;
            Ok((read > 0).then(|| line.trim().to_owned()))
        });
        read.await.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
    }

    /// `files` more files with `bytes` in all are to be sent.
    pub(crate) fn begin(&self, files: usize, bytes: u64) {
        let totals = &self.totals;
        totals.files.fetch_add(files as u64, Ordering::Relaxed);
        totals.bytes.fetch_add(bytes, Ordering::Relaxed);
        let now = Instant::now();
        lock(&totals.begun).get_or_insert((now, now));
        if let Some(bars) = &self.bars {
            let mut bar = lock(&totals.bar);
            let bar = bar.get_or_insert_with(|| {
                let bar = bars.add(styled(ProgressBar::new(0), SENDING));
                bar.enable_steady_tick(TICK);
                bar
            });
            bar.set_style(style(SENDING));
            bar.set_length(totals.bytes.load(Ordering::Relaxed));
        }
        self.count();
    }

    /// A line for a file of `bytes` that is being sent.
    pub(crate) fn file(&self, name: &str, bytes: u64) -> FileLine {
        let lines = &self.totals.lines;
        let room = lines.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |lines| {
            (lines < LINES as u64).then_some(lines + 1)
        });
        let bar = self.bars.as_ref().filter(|_| room.is_ok()).map(|bars| {
            let style = "  {wide_msg}  {bar:20.cyan/dim}  {bytes:>10}/{total_bytes}";
            let bar = styled(ProgressBar::new(bytes), style);
            let bar = match &*lock(&self.totals.bar) {
                Some(total) => bars.insert_before(total, bar),
                None => bars.add(bar),
            };
            bar.set_message(escape(name).into_owned());
            bar
        });
        if bar.is_none() && room.is_ok() {
            lines.fetch_sub(1, Ordering::Relaxed);
        }
        FileLine { console: self.clone(), name: name.to_owned(), bar }
    }

    /// One file more is settled.
    pub(crate) fn advance(&self) {
        self.totals.settled.fetch_add(1, Ordering::Relaxed);
        self.count();
    }

    /// No more is to come.
    pub(crate) fn finish(&self) {
        if let Some(bar) = lock(&self.totals.bar).take() {
            bar.finish_and_clear();
        }
    }

    /// Bytes sent, bytes to send, files settled, files.
    pub(crate) fn standing(&self) -> [u64; 4] {
        let totals = &self.totals;
        [&totals.gone, &totals.bytes, &totals.settled, &totals.files]
            .map(|count| count.load(Ordering::Relaxed))
    }

    fn count(&self) {
        if let Some(bar) = &*lock(&self.totals.bar) {
            let [_, _, settled, files] = self.standing();
            bar.set_message(format!("{settled}/{files} files"));
        }
    }

    fn undisturbed<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// A line now and then, where there are no bars.
    fn line_if_due(&self) {
        if self.quiet || self.bars.is_some() {
            return;
        }
        let Some(begun) = lock(&self.totals.begun).as_mut().and_then(|(begun, told)| {
            let due = told.elapsed() >= LINE_EVERY;
            due.then(|| {
                *told = Instant::now();
                *begun
            })
        }) else {
            return;
        };
        let [gone, bytes, settled, files] = self.standing();
        let rate = gone as f64 / begun.elapsed().as_secs_f64();
        let left = Duration::from_secs_f64((bytes.saturating_sub(gone) as f64 / rate.max(1.0)).min(1e9));
        cli_support::tell(format_args!(
            "{settled} of {files} files, {} of {}, {}/s, {} left",
            HumanBytes(gone),
            HumanBytes(bytes),
            HumanBytes(rate as u64),
            HumanDuration(left)
        ));
    }
}

impl FileLine {
    /// All is sent; the renditions aren't there yet.
    pub(crate) fn waiting(&self) {
        if let Some(bar) = &self.bar {
            bar.set_style(style("  {wide_msg}  {spinner} renditions"));
            bar.enable_steady_tick(TICK);
        }
    }
}

impl Meter for FileLine {
    fn gone(&self, bytes: u64) {
        self.console.totals.gone.fetch_add(bytes, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
        if let Some(bar) = &*lock(&self.console.totals.bar) {
            bar.inc(bytes);
            let [gone, bytes, ..] = self.console.standing();
            if gone >= bytes {
                bar.set_style(style(ALL_SENT));
            }
        }
        self.console.line_if_due();
    }

    fn lost(&self, bytes: u64) {
        self.console.totals.gone.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.dec(bytes);
        }
        if let Some(bar) = &*lock(&self.console.totals.bar) {
            bar.dec(bytes);
            bar.set_style(style(SENDING));
        }
    }

    fn resuming(&self, bytes: u64) {
        self.console.info(format_args!("{}: going on; {} are there already", self.name, HumanBytes(bytes)));
    }
}

impl Drop for FileLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            self.console.totals.lines.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    bar.with_style(style(template))
}

/// The template is constant; should it ever be wrong, indicatif's own is shown.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
