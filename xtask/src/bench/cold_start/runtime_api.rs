//! As much of the Lambda Runtime API as tells when a function has started: it hears requests and answers none.

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::Child,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

/// What a function asks for once it has started.
const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1";
/// No start takes as long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A listener on loopback.
pub(super) struct RuntimeApi {
    address: SocketAddr,
    requests: Receiver<Request>,
}

/// A request that is not answered: who made it waits as long as this is held, and may end when it is not.
pub(super) struct Request {
    /// When its first line had arrived.
    pub(super) at: Instant,
    line: String,
    _connection: TcpStream,
}

impl RuntimeApi {
    /// Listens from now on, at a port that is free.
    pub(super) fn open() -> Result<RuntimeApi> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on loopback")?;
        let address = listener.local_addr()?;
        let (sender, requests) = channel();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let sender = sender.clone();
                thread::spawn(move || hear(connection, &sender));
            }
        });
        Ok(RuntimeApi { address, requests })
    }

    /// For `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forgets what was heard before, of processes that have ended.
    pub(super) fn forget(&self) {
        while self.requests.try_recv().is_ok() {}
    }

    /// `child`'s first request, which has to be the one for an event.
    pub(super) fn first_request(&self, child: &mut Child) -> Result<Request> {
        let began = Instant::now();
        loop {
            match self.requests.recv_timeout(Duration::from_millis(50)) {
                Ok(request) => {
                    ensure!(request.line == NEXT, "its first request was `{}`, not `{NEXT}`", request.line);
                    return Ok(request);
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the Runtime API has ended"),
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(status) = child.try_wait()? {
                        bail!("it ended ({status}) before it asked for an event");
                    }
                    ensure!(began.elapsed() < PATIENCE, "it asked for nothing within {PATIENCE:?}");
                }
            }
        }
    }
}

/// Hands over the connection's first request. One that is no HTTP is none.
fn hear(connection: TcpStream, sender: &Sender<Request>) {
    let mut line = String::new();
    if BufReader::new(&connection).read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        let at = Instant::now();
        // Nobody hears it once the bench has ended.
        let _ = sender.send(Request { at, line: line.trim_end().to_owned(), _connection: connection });
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    use super::*;

    /// Waits for its input to end.
    fn waiting() -> Child {
        Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
    }

    fn ask(api: &RuntimeApi, request: &str) -> TcpStream {
        let mut connection = TcpStream::connect(api.address()).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        connection
    }

    #[test]
    fn asking_for_an_event_is_the_start() {
        let api = RuntimeApi::open().unwrap();
        let mut child = waiting();
        let before = Instant::now();
        let _connection = ask(&api, &format!("{NEXT}\r\nhost: x\r\n\r\n"));
        assert!(api.first_request(&mut child).unwrap().at >= before);
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn any_other_request_is_an_error() {
        let api = RuntimeApi::open().unwrap();
        let mut child = waiting();
        let _connection = ask(&api, "GET /derived?list-type=2 HTTP/1.1\r\n\r\n");
        assert!(api.first_request(&mut child).err().unwrap().to_string().contains("/derived"));
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_ends_has_not_started() {
        let api = RuntimeApi::open().unwrap();
        let mut child = Command::new("false").spawn().unwrap();
        assert!(api.first_request(&mut child).err().unwrap().to_string().contains("ended"));
    }
}
