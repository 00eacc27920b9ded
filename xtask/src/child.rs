//! Commands that end, with all that they started, when we are told to end.
//!
//! Each runs in a process group of its own. The first Ctrl-C (or SIGTERM) asks the group to stop, so that pytest
//! can put its servers away; the second kills it.

use std::{
    fmt,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{ChildStdout, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicI32, AtomicU32, Ordering},
    thread,
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

/// The process group that runs at the moment; 0 when none does.
static GROUP: AtomicI32 = AtomicI32::new(0);
/// How often we were told to stop.
static STOPS: AtomicU32 = AtomicU32::new(0);

/// We were told to stop.
#[derive(Debug)]
pub(crate) struct Interrupt;

impl fmt::Display for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupt {}

/// From now on Ctrl-C and SIGTERM end the running command first, then us.
pub(crate) fn heed_signals() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("cannot listen for Ctrl-C")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            let again = STOPS.fetch_add(1, Ordering::SeqCst) > 0;
            match Pid::from_raw(GROUP.load(Ordering::SeqCst)) {
                // A group that is gone already is what we wanted.
                Some(group) => {
                    let _ = kill_process_group(group, if again { Signal::KILL } else { Signal::INT });
                }
                None => std::process::exit(130),
            }
        }
    });
    Ok(())
}

/// Runs `command` to its end with our standard streams.
pub(crate) fn run(command: &mut Command) -> Result<ExitStatus> {
    wait(command, |_| Ok(()))
}

/// Runs `command` to its end, handing over each line that it prints on stdout.
pub(crate) fn run_reading(command: &mut Command, mut line: impl FnMut(&str)) -> Result<ExitStatus> {
    wait(command.stdout(Stdio::piped()), |stdout| {
        let mut stdout = BufReader::new(stdout.context("its output cannot be read")?);
        let mut bytes = Vec::new();
        // Not `lines()`: a test may print what is no UTF-8.
        while stdout.read_until(b'\n', &mut bytes)? > 0 {
            line(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']));
            bytes.clear();
        }
        Ok(())
    })
}

fn wait(command: &mut Command, read: impl FnOnce(Option<ChildStdout>) -> Result<()>) -> Result<ExitStatus> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.process_group(0).spawn().with_context(|| format!("cannot start `{name}`"))?;
    GROUP.store(i32::try_from(child.id())?, Ordering::SeqCst);
    let read = read(child.stdout.take());
    let status = child.wait();
    GROUP.store(0, Ordering::SeqCst);
    if STOPS.load(Ordering::SeqCst) > 0 {
        return Err(Interrupt.into());
    }
    read.with_context(|| format!("while `{name}` ran"))?;
    status.with_context(|| format!("while `{name}` ran"))
}
