use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A client's connection, which the service of its requests may end in ways that HTTP has no words for.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    end: End,
}

/// How a [`Line`] shall end; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct End(Arc<AtomicU8>);

const CLOSE: u8 = 1;
const RESET: u8 = 2;

impl End {
    /// The connection ends (FIN) once what was written before has gone out.
    pub(crate) fn close(&self) {
        self.0.store(CLOSE, Ordering::Release);
    }

    /// As [`End::close`], but it is reset (RST).
    pub(crate) fn reset(&self) {
        self.0.store(RESET, Ordering::Release);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

impl Line {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, end: End::default() }
    }

    pub(crate) fn end(&self) -> End {
        self.end.clone()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.end.get() == RESET {
            // Fails only if the client has ended the connection already.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Flushed when all that was to be written has been: the moment to end. The error makes hyper drop the line.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.end.get() {
            0 => Pin::new(&mut self.stream).poll_flush(context),
            _ => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
