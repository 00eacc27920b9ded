//! What a [`Fault`] does to a request and its answer, outside of everything that knows S3.

use std::io;

use futures::StreamExt;
use hyper::body::Body as _;
use hyper::header::{CONTENT_LENGTH, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use hyper::{Method, Request};
use s3s::{Body, HttpError, HttpResponse, S3Error, S3ErrorCode, s3_error};
use tokio::sync::watch;
use tokio::time::sleep;

use super::broken::{Cut, Dribble, Ending, Then};
use super::front::Exchange;
use crate::faults::{Fault, Faults};
use crate::line::End;

/// The line that a request came by, and who may end it.
pub(super) struct Scene {
    pub(super) end: End,
    pub(super) faults: Faults,
    pub(super) stopped: watch::Receiver<bool>,
}

impl Exchange {
    /// Answers `request` as `fault` has it.
    pub(super) async fn suffer(
        self,
        request: Request<Body>,
        fault: Fault,
        scene: Scene,
    ) -> Result<HttpResponse, HttpError> {
        let at_length = is_answered_at_length(&request);
        match fault {
            Fault::SlowDown => {
                self.refuse(request, s3_error!(SlowDown, "Please reduce your request rate.")).await
            }
            Fault::InternalError => {
                let error = s3_error!(InternalError, "We encountered an internal error. Please try again.");
                self.refuse(request, error).await
            }
            Fault::Conflict => {
                let error = conflict(&request);
                self.refuse(request, error).await
            }
            Fault::Reset if at_length => self.cut_answer(request, scene.end, Ending::Reset).await,
            Fault::Truncated if at_length => self.cut_answer(request, scene.end, Ending::Close).await,
            Fault::Reset => self.cut_request(request, &scene.end).await,
            Fault::Truncated => {
                drain(request).await;
                hang_up(&scene.end, Ending::Close)
            }
            Fault::Slow(time) if !request.body().is_end_stream() => {
                let length = promised(request.headers(), request.body());
                self.serve(request.map(|body| Dribble::over(time, body, length))).await
            }
            Fault::Slow(time) => {
                let answer = self.serve(request).await?;
                if is_empty(&answer) {
                    sleep(time).await;
                    return Ok(answer);
                }
                let length = promised(answer.headers(), answer.body());
                Ok(answer.map(|body| Dribble::over(time, body, length)))
            }
            Fault::Lost => {
                self.serve(request).await?;
                hang_up(&scene.end, Ending::Close)
            }
            Fault::Stall { done } => {
                if done {
                    self.serve(request).await?;
                } else {
                    drain(request).await;
                }
                scene.hold().await
            }
        }
    }

    /// The whole request is taken before it is refused, so that the client reads the answer and not a broken pipe.
    async fn refuse(self, request: Request<Body>, error: S3Error) -> Result<HttpResponse, HttpError> {
        drain(request).await;
        let answer = error.to_http_response().map_err(|error| HttpError::new(Box::new(error)))?;
        Ok(self.finish(answer))
    }

    async fn cut_answer(
        self,
        request: Request<Body>,
        end: End,
        ending: Ending,
    ) -> Result<HttpResponse, HttpError> {
        let answer = self.serve(request).await?;
        if is_empty(&answer) {
            return hang_up(&end, ending);
        }
        let length = promised(answer.headers(), answer.body());
        Ok(answer.map(|body| Cut::half(body, length, Then::Silence(end, ending))))
    }

    /// The storage sees a broken body, as it would if the client had gone; the client sees a reset.
    async fn cut_request(self, request: Request<Body>, end: &End) -> Result<HttpResponse, HttpError> {
        if !request.body().is_end_stream() {
            let length = promised(request.headers(), request.body());
            let answer = self.serve(request.map(|body| Cut::half(body, length, Then::Broken))).await?;
            tracing::debug!(status = %answer.status(), "what is answered to a broken body is not sent");
        }
        hang_up(end, Ending::Reset)
    }
}

impl Scene {
    async fn hold(mut self) -> Result<HttpResponse, HttpError> {
        let held = self.faults.hold();
        // An error means that the server is gone.
        let _ = self.stopped.wait_for(|stopped| *stopped).await;
        drop(held);
        hang_up(&self.end, Ending::Close)
    }
}

/// Ends the connection without a word: hyper drops it when the service fails.
fn hang_up(end: &End, ending: Ending) -> Result<HttpResponse, HttpError> {
    ending.tell(end);
    Err(HttpError::new(Box::new(io::Error::new(io::ErrorKind::ConnectionAborted, "a fault on purpose"))))
}

/// Reads what the client still sends. Unread bytes would turn the end of a connection into a reset.
async fn drain(request: Request<Body>) {
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.next().await {}
}

/// How many bytes of a body the other side expects, if that is known.
fn promised(headers: &HeaderMap, body: &Body) -> Option<u64> {
    let said = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    said.or_else(|| body.size_hint().exact())
}

/// Whether there is no body to break. HEAD's answers have none whatever length they name.
fn is_empty(answer: &HttpResponse) -> bool {
    answer.body().is_end_stream() || promised(answer.headers(), answer.body()) == Some(0)
}

/// Whether the answer is where a broken body belongs: reads, listings, documents.
fn is_answered_at_length(request: &Request<Body>) -> bool {
    matches!(*request.method(), Method::GET | Method::POST)
        || request.headers().contains_key("x-amz-copy-source")
}

/// Source: "Error responses" in Amazon S3's API reference.
fn conflict(request: &Request<Body>) -> S3Error {
    let headers = request.headers();
    if headers.contains_key(IF_MATCH) || headers.contains_key(IF_NONE_MATCH) {
        let message =
            "The conditional request cannot succeed due to a conflicting operation against this resource.";
        return S3Error::with_message(S3ErrorCode::ConditionalRequestConflict, message);
    }
    s3_error!(
        OperationAborted,
        "A conflicting conditional operation is currently in progress against this resource. Please try again."
    )
}
