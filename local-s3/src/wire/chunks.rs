//! Bodies in AWS's chunks. `s3s` verifies and decodes them, but takes a body that ends between two chunks for a whole
//! one; [`Chunked`] does not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::Request;
use hyper::body::{Frame, SizeHint};
use s3s::{Body, StdError};

/// Guards the body of a request that is sent in chunks.
pub(super) fn guard(request: Request<Body>) -> Request<Body> {
    let hash = request.headers().get("x-amz-content-sha256");
    if hash.is_some_and(|hash| hash.as_bytes().starts_with(b"STREAMING-")) {
        return request.map(|body| Body::http_body(Chunked { body, framing: Framing::default() }));
    }
    request
}

/// A body that fails if it ends before its last chunk.
struct Chunked {
    body: Body,
    framing: Framing,
}

impl hyper::body::Body for Chunked {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    self.framing.follow(bytes);
                }
            }
            None if !self.framing.may_end() => {
                self.framing = Framing::Foreign; // fail once
                let error = io::Error::new(io::ErrorKind::UnexpectedEof, "the last chunk is missing");
                return Poll::Ready(Some(Err(error.into())));
            }
            _ => {}
        }
        Poll::Ready(frame)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The place in a chunked body.
#[derive(Debug, PartialEq, Eq)]
enum Framing {
    /// In the hexadecimal size that a chunk begins with.
    Size(u64),
    /// In the rest of a chunk's first line.
    Extension(u64),
    /// In a chunk's data and the line break after it, of which so many bytes are missing.
    Data(u64),
    /// After the last chunk, which is empty.
    Last,
    /// In something that is not a chunk: `s3s` refuses it.
    Foreign,
}

impl Default for Framing {
    fn default() -> Self {
        Framing::Size(0)
    }
}

impl Framing {
    fn may_end(&self) -> bool {
        matches!(self, Framing::Last | Framing::Foreign)
    }

    fn follow(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            *self = match *self {
                Framing::Data(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = &bytes[taken..];
                    let left = left - taken as u64;
                    if left > 0 { Framing::Data(left) } else { Framing::default() }
                }
                Framing::Size(size) => {
                    bytes = rest;
                    match (char::from(*first).to_digit(16), first) {
                        (Some(digit), _) if size < 1 << 56 => Framing::Size(size << 4 | u64::from(digit)),
                        (None, b';' | b'\r') => Framing::Extension(size),
                        _ => Framing::Foreign,
                    }
                }
                Framing::Extension(size) => {
                    bytes = rest;
                    match (first, size) {
                        (b'\n', 0) => Framing::Last,
                        (b'\n', size) => Framing::Data(size + 2),
                        _ => Framing::Extension(size),
                    }
                }
                Framing::Last => return,
                Framing::Foreign => return,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WHOLE: &[u8] =
        b"5;chunk-signature=ab\r\nhe\r\no\r\n1\r\nx\r\n0;chunk-signature=cd\r\nx-amz-a:b\r\n\r\n";

    fn may_end(body: &[u8], pieces: usize) -> bool {
        let mut framing = Framing::default();
        body.chunks(pieces.max(1)).for_each(|piece| framing.follow(piece));
        framing.may_end()
    }

    #[test]
    fn a_body_ends_after_its_empty_chunk_only() {
        let end = WHOLE.windows(4).position(|bytes| bytes == b"cd\r\n").unwrap_or_default() + 4;
        for length in 0..=WHOLE.len() {
            for pieces in [1, 2, 3, 7, 100] {
                assert_eq!(may_end(&WHOLE[..length], pieces), length >= end, "{length} bytes");
            }
        }
    }

    proptest! {
        #[test]
        fn the_pieces_that_a_body_comes_in_do_not_matter(body in prop::collection::vec(
            prop_oneof![Just(b'0'), Just(b'3'), Just(b';'), Just(b'\r'), Just(b'\n'), Just(b'x')], 0..60),
            pieces in 1..9_usize) {
            prop_assert_eq!(may_end(&body, pieces), may_end(&body, body.len()));
        }
    }
}
