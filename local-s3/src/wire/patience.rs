//! Clients that stop sending, and clients that wait for the connection's end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::body::{Body as _, Frame, SizeHint};
use hyper::header::{CONTENT_LENGTH, EXPECT};
use s3s::{Body, S3Error, StdError, s3_error};
use tokio::time::{Instant, Sleep, sleep};

/// A mark that is set if the body of a request stalled. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Stalled(Arc<AtomicBool>);

impl Stalled {
    /// Returns the error to answer with, if the body stalled.
    pub(super) fn error(&self) -> Option<S3Error> {
        self.0.load(Ordering::Acquire).then(|| {
            s3_error!(
                RequestTimeout,
                "Your socket connection to the server was not read from or written to within the timeout period. Idle \
                 connections will be closed."
            )
        })
    }
}

/// Gives a request a body that fails once nothing has arrived for `limit`.
pub(super) fn watch(request: Request<Body>, limit: Duration) -> (Request<Body>, Stalled) {
    let stalled = Stalled::default();
    if request.body().is_end_stream() {
        return (request, stalled);
    }
    let mark = stalled.clone();
    let request = request.map(|body| Body::http_body_unsync(Watched { body, limit, waiting: None, mark }));
    (request, stalled)
}

/// Returns whether the connection has to end after the answer: the client waits to be told to send a body that is
/// empty. AWS CLI 2.9 leaves such a connection unread for 30 seconds unless it is closed.
pub(super) fn is_last(request: &Request<Body>) -> bool {
    let expects = request.headers().get(EXPECT);
    let length = request.headers().get(CONTENT_LENGTH);
    expects.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
        && length.is_none_or(|length| length.as_bytes() == b"0")
        && request.body().is_end_stream()
}

/// See [`watch`].
struct Watched {
    body: Body,
    limit: Duration,
    /// Ends when the limit does; `None` if the last read was answered.
    waiting: Option<Pin<Box<Sleep>>>,
    mark: Stalled,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.waiting = None;
            return Poll::Ready(frame);
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        if waiting.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        // A second read fails at once.
        waiting.as_mut().reset(Instant::now());
        self.mark.0.store(true, Ordering::Release);
        let error = std::io::Error::new(std::io::ErrorKind::TimedOut, "the client stopped sending");
        Poll::Ready(Some(Err(error.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
