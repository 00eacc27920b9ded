//! A request's body that says how much of it has gone.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Bytes given to the connection at once: progress on a slow line is told about that often.
const PIECE: usize = 128 << 10;

/// Who wants to know of bytes that went, and of bytes that went in vain.
pub(crate) trait Meter: Send + Sync {
    /// `bytes` have been given to the network.
    fn gone(&self, bytes: u64);
    /// `bytes` that had gone have to go again.
    fn lost(&self, bytes: u64);
    /// An earlier run has brought `bytes` to the server; they are told again by [`Meter::gone`], part by part.
    fn resuming(&self, bytes: u64);
}

/// The bytes of one attempt. Unless it is [`Flow::arrived`], what has gone is told to be lost when this is dropped.
pub(super) struct Flow {
    meter: Arc<dyn Meter>,
    gone: Arc<AtomicU64>,
}

impl Flow {
    pub(super) fn new(meter: &Arc<dyn Meter>) -> Self {
        Self { meter: Arc::clone(meter), gone: Arc::default() }
    }

    /// `bytes` as a body.
    pub(super) fn body(&self, bytes: Bytes) -> Pieces {
        Pieces { rest: bytes, meter: Arc::clone(&self.meter), gone: Arc::clone(&self.gone) }
    }

    /// The server has all `bytes`, whether or not they were seen going.
    pub(super) fn arrived(self, bytes: u64) {
        let seen = self.gone.swap(0, Ordering::Relaxed);
        self.meter.gone(bytes.saturating_sub(seen));
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        let gone = self.gone.swap(0, Ordering::Relaxed);
        if gone > 0 {
            self.meter.lost(gone);
        }
    }
}

/// Bytes in memory, piece by piece.
pub(super) struct Pieces {
    rest: Bytes,
    meter: Arc<dyn Meter>,
    gone: Arc<AtomicU64>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = this.rest.split_to(PIECE.min(this.rest.len()));
        this.gone.fetch_add(piece.len() as u64, Ordering::Relaxed);
        this.meter.gone(piece.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
