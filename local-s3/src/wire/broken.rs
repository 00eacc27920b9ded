//! Bodies that don't arrive as they should.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use s3s::{Body, StdError};
use tokio::time::{Sleep, sleep};

use crate::line::End;

/// In how many pieces a slow body comes.
const PIECES: u32 = 8;

type Polled = Poll<Option<Result<Frame<Bytes>, StdError>>>;

/// A body of which half comes.
pub(super) struct Cut {
    body: Body,
    /// Bytes that still come.
    left: u64,
    then: Then,
}

/// What happens after the first half.
#[derive(Debug, Clone)]
pub(super) enum Then {
    /// Nothing more is sent: the line ends as it has been told, once this half has gone out.
    Silence(End, Ending),
    /// Whoever reads it finds it broken.
    Broken,
}

/// See [`End`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Close,
    Reset,
}

impl Ending {
    pub(super) fn tell(self, end: &End) {
        match self {
            Ending::Close => end.close(),
            Ending::Reset => end.reset(),
        }
    }
}

impl Cut {
    /// The first half of `body`, of which `length` bytes are promised; nothing of it, if no length is.
    pub(super) fn half(body: Body, length: Option<u64>, then: Then) -> Body {
        Body::http_body(Self { body, left: length.unwrap_or(0) / 2, then })
    }

    fn finish(&self) -> Polled {
        match &self.then {
            Then::Silence(end, ending) => {
                ending.tell(end);
                Poll::Pending // hyper flushes now, which ends the line
            }
            Then::Broken => Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionReset).into()))),
        }
    }
}

impl hyper::body::Body for Cut {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        if self.left == 0 {
            return self.finish();
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => return self.finish(),
        };
        Poll::Ready(Some(Ok(match frame.into_data() {
            Ok(mut bytes) => {
                bytes.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= bytes.len() as u64;
                Frame::data(bytes)
            }
            Err(frame) => frame,
        })))
    }

    fn is_end_stream(&self) -> bool {
        false
    }

    /// That of the whole, which is what the other side is promised.
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body that comes whole, but little by little.
pub(super) struct Dribble {
    body: Body,
    /// Bytes, if that was promised.
    length: Option<u64>,
    time: Duration,
    /// What has come and not been passed on.
    rest: Bytes,
    wait: Option<Pin<Box<Sleep>>>,
}

impl Dribble {
    /// `body`, of which `length` bytes are promised, over about `time`.
    pub(super) fn over(time: Duration, body: Body, length: Option<u64>) -> Body {
        Body::http_body(Self { body, length, time, rest: Bytes::new(), wait: None })
    }

    /// The next piece's bytes, and how long they take.
    fn piece(&self) -> (usize, Duration) {
        let Some(length) = self.length else {
            return (self.rest.len(), self.time / PIECES);
        };
        let piece = usize::try_from(length.div_ceil(u64::from(PIECES))).unwrap_or(usize::MAX);
        let piece = piece.min(self.rest.len());
        (piece, self.time.mul_f64(piece as f64 / length.max(1) as f64))
    }
}

impl hyper::body::Body for Dribble {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => self.rest = bytes,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                other => return Poll::Ready(other),
            }
        }
        let (piece, time) = self.piece();
        let wait = self.wait.get_or_insert_with(|| Box::pin(sleep(time)));
        ready!(wait.as_mut().poll(context));
        self.wait = None;
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let waiting = self.rest.len() as u64;
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + waiting);
        }
        hint.set_lower(hint.lower() + waiting);
        hint
    }
}
