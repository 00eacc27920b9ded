//! Ctrl-C and SIGTERM. The first one ends the program, even if a thread is blocked in the kernel.

use std::future::Future;
use std::io::{self, IsTerminal};
use std::task::Poll;
use std::time::Duration;

use crate::INTERRUPTED;

/// Time for a command to say how far it has come.
const GRACE: Duration = Duration::from_millis(500);

/// Waits until the program is asked to end.
pub(crate) async fn requested() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_ok() {
        return;
    }
    // Without a handler, the signal ends the program by itself.
    std::future::pending::<()>().await;
}

/// Ends the program shortly after it was asked to end. A command that ends by itself is faster; one whose thread is
/// blocked, by a hung network share for example, never gets a turn.
pub(crate) async fn end_soon() {
    requested().await;
    tokio::time::sleep(GRACE).await;
    std::process::exit(INTERRUPTED.into());
}

/// Says that the program was interrupted, on a line of its own even behind an open question.
pub(crate) fn say(words: &str) {
    if io::stderr().is_terminal() {
        cli_support::tell("");
    }
    cli_support::tell(format_args!("error: {words}"));
}

/// Runs `command` until it ends, or the program is asked to end.
///
/// # Errors
///
/// Fails as `command` does.
pub(crate) async fn or(command: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    let mut command = std::pin::pin!(command);
    tokio::select! {
        biased;
        status = &mut command => return status,
        () = requested() => {}
    }
    // The command was polled before the request came. A command that counts what it did sees the request now.
    tokio::task::yield_now().await;
    if let Poll::Ready(status) = futures::poll!(&mut command) {
        return status;
    }
    say("interrupted");
    Ok(INTERRUPTED)
}
