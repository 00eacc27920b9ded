//! One record in a process of its own.
//!
//! A message that comes again may have ended the process that worked on it the first time: an allocation that
//! failed, a stack that ran over, the kernel's want of memory. None of these can be caught, so from its second
//! receive on it is worked on in a child process, whose end harms neither its neighbours nor the warm environment.
//!
//! The child is the same executable, told by [`RECORD_VARIABLE`] to settle the one record that stands on the first
//! line of its standard input. It writes what became of it to its standard output and its log to its standard
//! error, which the parent passes on to its own log. Its standard input stays open as long as the parent lives.

use std::io::Write;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::error::Retryable;
use crate::event::ObjectEvent;
use crate::handler::Thumbnailer;
use crate::outcome::{Fate, Report};

/// Set in the child's environment; whoever finds it set is to call [`settle_record`].
pub const RECORD_VARIABLE: &str = "THUMBNAILER_RECORD";

/// Bytes of a process's last words that are kept.
const LAST_WORDS: usize = 1024;
/// How Rust's run-time system says why it ends a process. A backtrace may follow.
const CRIES: [&str; 3] = ["memory allocation of ", "has overflowed its stack", "panicked at "];
/// More than any verdict has; a child that says more is not one of ours.
const LONGEST_VERDICT: u64 = 1 << 20;

const NO_MEMORY: &str = "most likely the picture needs more memory than there is. Raise the function's memory, or \
                         lower MAX_DECODED_BYTES or MAX_PIXELS so that such a picture is rejected with a reason";
const OUR_FAULT: &str = "this is a fault of the thumbnailer. Keep the picture and report it";

/// How to work on a record in a process of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Isolation {
    command: PathBuf,
}

/// What the child is told.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    event: ObjectEvent,
    receive_count: u32,
    /// How long it may take, where that is bounded.
    left_ms: Option<u64>,
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
struct Verdict {
    /// [`Fate::word`].
    fate: String,
    /// Why, if it is to be delivered again.
    cause: Option<String>,
    report: Report,
}

impl Isolation {
    /// `command` is an executable that calls [`settle_record`] when [`RECORD_VARIABLE`] is set: the running one.
    pub fn new(command: impl Into<PathBuf>) -> Self {
        Self { command: command.into() }
    }

    /// Settles `event` in a child process, which is killed and waited for at `deadline`.
    ///
    /// # Errors
    ///
    /// [`Retryable::Died`] when the process ends without a verdict, [`Retryable::Deadline`] when it has to be killed.
    /// What the child itself could not settle is a [`Fate::Retryable`] with its report.
    pub async fn run(
        &self,
        event: &ObjectEvent,
        receive_count: u32,
        deadline: Option<Instant>,
    ) -> Result<(Fate, Report), Retryable> {
        let died = |how: String| Retryable::Died { key: event.key.clone(), how };
        let unusable = |error: std::io::Error| {
            died(format!(
                "could not be started ({}: {error}). Deploy the function anew",
                self.command.display()
            ))
        };
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left_ms = left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        let order = Order { event: event.clone(), receive_count, left_ms };
        let order =
            serde_json::to_string(&order).map_err(|error| Retryable::Fault { what: error.to_string() })?;

        let mut child = self.spawn().map_err(unusable)?;
        let talk = talk(&mut child, &order);
        let ended = match deadline {
            None => talk.await,
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), talk).await {
                Ok(ended) => ended,
                Err(_) => {
                    // Waits for its end too, so that nothing of it is left when Lambda freezes this process.
                    child.kill().await.map_err(|error| died(format!("could not be ended ({error})")))?;
                    return Err(Retryable::Deadline { doing: format!("working on {}", event.key) });
                }
            },
        }
        .map_err(|error| died(format!("could not be followed ({error})")))?;

        match ended.verdict() {
            Some(verdict) => Ok(verdict),
            None => {
                let how = how_it_ended(ended.status, &ended.last_words);
                let (key, stderr) = (&event.key, &ended.last_words.end);
                tracing::error!(key, how, stderr, "the process of a record died");
                Err(died(how))
            }
        }
    }

    fn spawn(&self) -> std::io::Result<Child> {
        Command::new(&self.command)
            .env(RECORD_VARIABLE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

/// A child's end.
struct Ended {
    status: ExitStatus,
    said: Vec<u8>,
    last_words: LastWords,
}

/// Of what a child wrote to its standard error.
#[derive(Debug, Default)]
struct LastWords {
    /// The first line that is one of [`CRIES`], or else the last that is not of the log.
    cry: Option<String>,
    end: String,
}

impl Ended {
    fn verdict(&self) -> Option<(Fate, Report)> {
        let Verdict { fate, cause, report } = serde_json::from_slice(&self.said).ok()?;
        let fate = match cause {
            Some(cause) => Fate::Retryable(Retryable::Isolated { cause }),
            None => Fate::SETTLED.into_iter().find(|settled| settled.word() == fate)?,
        };
        Some((fate, report))
    }
}

/// Gives the child its order and takes what it says until it ends.
async fn talk(child: &mut Child, order: &str) -> std::io::Result<Ended> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (_open, said, last_words) = tokio::join!(tell(stdin, order), hear(stdout), pass_on(stderr));
    Ok(Ended { status: child.wait().await?, said: said?, last_words: last_words? })
}

/// Answers what has to be kept, since its being dropped tells the child that this process has ended.
async fn tell(mut stdin: Option<ChildStdin>, order: &str) -> Option<ChildStdin> {
    if let Some(stdin) = &mut stdin {
        // A child that doesn't listen any more has ended, and its end says why.
        let _ = stdin.write_all(format!("{order}\n").as_bytes()).await;
    }
    stdin
}

async fn hear(stdout: Option<ChildStdout>) -> std::io::Result<Vec<u8>> {
    let mut said = Vec::new();
    if let Some(stdout) = stdout {
        stdout.take(LONGEST_VERDICT).read_to_end(&mut said).await?;
    }
    Ok(said)
}

/// Writes the child's log to this process's, line by line, and keeps its end.
async fn pass_on(stderr: Option<ChildStderr>) -> std::io::Result<LastWords> {
    let Some(stderr) = stderr else { return Ok(LastWords::default()) };
    forward(stderr, &mut std::io::stdout()).await
}

async fn forward(from: impl AsyncRead + Unpin, to: &mut impl Write) -> std::io::Result<LastWords> {
    let mut lines = BufReader::new(from);
    let (mut line, mut end) = (Vec::new(), Vec::new());
    let (mut cried, mut cry) = (false, None);
    while lines.read_until(b'\n', &mut line).await? > 0 {
        if line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
        // A log that nobody takes is no reason to fail the work that it tells of.
        let _ = to.write_all(&line);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        // The log's own lines are objects.
        if !cried && !text.is_empty() && !text.starts_with('{') {
            cried = CRIES.iter().any(|cry| text.contains(cry));
            cry = Some(text.to_owned());
        }
        end.append(&mut line);
        let excess = end.len().saturating_sub(LAST_WORDS);
        end.drain(..excess);
    }
    Ok(LastWords { cry, end: String::from_utf8_lossy(&end).trim().to_owned() })
}

/// The end in words: what it was, what it means, what to do.
fn how_it_ended(status: ExitStatus, last_words: &LastWords) -> String {
    let cry = last_words.cry.as_deref().unwrap_or_default();
    let after = if cry.is_empty() { String::new() } else { format!(" after {cry:?}") };
    let meaning = match signal(status) {
        // Rust aborts on an overflow once it has said so; the others are SIGILL, SIGBUS, SIGFPE, SIGSEGV.
        Some(6) if cry.contains("has overflowed its stack") => OUR_FAULT,
        Some(4 | 7 | 8 | 11) => OUR_FAULT,
        Some(6 | 9) => NO_MEMORY,
        Some(_) => "somebody ended it. Nothing is known against the picture",
        None => "it gave no verdict. Its log has more",
    };
    match (signal(status), status.code()) {
        (Some(number), _) => format!("ended by {}{after}: {meaning}", signal_name(number)),
        (None, Some(code)) => format!("ended with exit code {code}{after}: {meaning}"),
        (None, None) => format!("ended{after}: {meaning}"),
    }
}

fn signal_name(number: i32) -> String {
    // The same on every Linux (signal(7)).
    let name = match number {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        _ => return format!("signal {number}"),
    };
    format!("signal {number} ({name})")
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// The child's side: settles the record that `order`, the first line of its input, tells of, and answers what the
/// parent reads, one line of JSON.
///
/// # Errors
///
/// When `order` is not what [`Isolation::run`] writes.
pub async fn settle_record(thumbnailer: &Thumbnailer, order: &str) -> Result<Vec<u8>, serde_json::Error> {
    let Order { event, receive_count, left_ms } = serde_json::from_str(order)?;
    let deadline = left_ms.and_then(|left| Instant::now().checked_add(Duration::from_millis(left)));
    let mut report = Report::default();
    let fate = thumbnailer
        .settle_here(&event, receive_count, deadline, &mut report)
        .await
        .unwrap_or_else(Fate::Retryable);
    let cause = match &fate {
        Fate::Retryable(cause) => Some(cause.to_string()),
        _ => None,
    };
    let mut line = serde_json::to_vec(&Verdict { fate: fate.word().to_owned(), cause, report })?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[cfg(unix)]
    #[test]
    fn an_end_is_told_with_its_cause_and_a_remedy() {
        let ended = |raw, cry: &str| {
            let last_words = LastWords { cry: Some(cry.to_owned()), end: String::new() };
            how_it_ended(std::os::unix::process::ExitStatusExt::from_raw(raw), &last_words)
        };
        let memory = ended(6, "memory allocation of 1200 bytes failed");
        assert!(memory.starts_with(
            "ended by signal 6 (SIGABRT) after \"memory allocation of 1200 bytes failed\": most likely the picture \
             needs more memory than there is."
        ));
        assert!(memory.contains("MAX_DECODED_BYTES"));
        assert!(ended(9, "").starts_with("ended by signal 9 (SIGKILL): most likely"));
        assert!(ended(6, "thread 'x' has overflowed its stack").contains("report it"));
        assert!(ended(11, "").contains("(SIGSEGV): this is a fault"));
        assert!(ended(15, "").contains("somebody ended it"));
        assert!(ended(64, "").contains("signal 64:"));
        assert_eq!(ended(127 << 8, ""), "ended with exit code 127: it gave no verdict. Its log has more");
    }

    #[tokio::test]
    async fn a_log_is_passed_on_by_lines_and_its_end_kept() {
        let log: String = (0..200).map(|n| format!("{{\"line\":{n}}}\n")).collect::<String>() + "the last";
        let mut passed = Vec::new();
        let LastWords { cry, end } = forward(log.as_bytes(), &mut passed).await.unwrap();
        assert_eq!(String::from_utf8(passed).unwrap(), log.clone() + "\n");
        assert!(end.len() <= LAST_WORDS && log.ends_with(&end) && end.len() > 1000);
        assert_eq!(cry.as_deref(), Some("the last"));
    }

    #[tokio::test]
    async fn a_cry_is_found_before_its_backtrace() {
        let log = "warning\n{\"message\":\"x panicked at y\"}\nmemory allocation of 9 bytes failed\nstack backtrace:\n";
        let last_words = forward(log.as_bytes(), &mut std::io::sink()).await.unwrap();
        assert_eq!(last_words.cry.as_deref(), Some("memory allocation of 9 bytes failed"));
    }

    #[test]
    fn every_fate_travels() {
        let ended = |fate: Fate| {
            let cause = (!fate.is_success()).then(|| "a cause".to_owned());
            let verdict = Verdict { fate: fate.word().to_owned(), cause, report: Report::default() };
            let said = serde_json::to_vec(&verdict).unwrap();
            Ended { status: ExitStatus::default(), said, last_words: LastWords::default() }
                .verdict()
                .unwrap()
                .0
        };
        for fate in Fate::SETTLED {
            assert_eq!(ended(fate.clone()), fate);
        }
        let fault = Fate::Retryable(Retryable::Fault { what: "x".into() });
        assert_eq!(ended(fault), Fate::Retryable(Retryable::Isolated { cause: "a cause".into() }));
    }
}
