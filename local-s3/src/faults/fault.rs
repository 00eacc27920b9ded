use std::time::Duration;

/// What may happen to a request instead of a plain answer.
///
/// Where a fault strikes a body, it is the answer's for requests that are answered at length (GET, POST and copies)
/// and the request's own for the others. None leaves anything half done.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// 503 `SlowDown`. Nothing was done.
    SlowDown,
    /// 500 `InternalError`. Nothing was done.
    InternalError,
    /// 409: `ConditionalRequestConflict` for conditional writes, `OperationAborted` for others; PUT, POST and DELETE
    /// only. Nothing was done.
    Conflict,
    /// The connection is reset in the middle of a body. If it is the request's, or if neither has one, nothing was
    /// done.
    Reset,
    /// The answer ends, and with it the connection, before its `Content-Length`. Requests that are not answered at
    /// length get no answer at all, and nothing was done.
    Truncated,
    /// A body dribbles, so that it takes about that long; without one the answer waits that long.
    Slow(Duration),
    /// It was done, but the connection ends before any byte of the answer.
    Lost,
    /// The request is held until the client goes away or the server stops.
    Stall {
        /// Whether it was done before it is held.
        done: bool,
    },
}

impl Fault {
    /// Whether S3 does this to a request of that method.
    pub(super) fn befits(&self, method: &str) -> bool {
        *self != Fault::Conflict || matches!(method, "PUT" | "POST" | "DELETE")
    }
}

/// A request as a script sees it.
#[derive(Debug, Clone, Copy)]
pub struct FaultRequest<'a> {
    /// `GET`, `PUT`, …
    pub method: &'a str,
    /// The bucket; empty for requests about none.
    pub bucket: &'a str,
    /// The decoded key; empty for requests about a bucket.
    pub key: &'a str,
    /// What follows the `?`, as it was sent.
    pub query: &'a str,
    /// How often this method, bucket, key and query was asked for before.
    pub occurrence: u64,
    /// Which attempt the SDK says it is, from 1 on; 1 if the client does not say.
    pub attempt: u32,
    /// How many requests reached the fault layer before.
    pub number: u64,
}
