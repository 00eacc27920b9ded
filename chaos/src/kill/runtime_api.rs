//! The Lambda Runtime API, as much of it as a function's process needs ("Using the Lambda runtime API for custom
//! runtimes", AWS Lambda Developer Guide).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// The longest that is waited for a process.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// What an invocation may take.
const TIME_OUT: Duration = Duration::from_secs(120);
const VERSION: &str = "/2018-06-01/runtime";

/// What a process has said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// It has asked for an invocation, and was given one.
    Taken,
    /// Its answer to the invocation.
    Answer(Value),
    /// It could not start, or the invocation failed.
    Error(String),
}

/// One process's Runtime API.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    pub(super) address: String,
    invocations: mpsc::UnboundedSender<Value>,
    said: mpsc::UnboundedReceiver<Said>,
    accepting: JoinHandle<()>,
}

/// What the connections share.
struct Shared {
    invocations: Mutex<mpsc::UnboundedReceiver<Value>>,
    said: mpsc::UnboundedSender<Said>,
    /// Whether answers are heard and never acknowledged.
    deaf: bool,
}

impl RuntimeApi {
    /// Listens on a free port. A `deaf` one never acknowledges an answer.
    pub(super) async fn start(deaf: bool) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for the Runtime API")?;
        let address = listener.local_addr()?.to_string();
        let (invocations, waiting) = mpsc::unbounded_channel();
        let (say, said) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { invocations: Mutex::new(waiting), said: say, deaf });
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let shared = Arc::clone(&shared);
                        async move { Ok::<_, Infallible>(shared.answer(request).await) }
                    });
                    // A process that is killed breaks its connections off.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { address, invocations, said, accepting })
    }

    /// Hands `payload` to whoever asks for an invocation next.
    pub(super) fn invoke(&self, payload: Value) -> anyhow::Result<()> {
        self.invocations.send(payload).context("the Runtime API has ended")
    }

    /// What the process says next.
    pub(super) async fn hear(&mut self) -> anyhow::Result<Said> {
        let said = tokio::time::timeout(PATIENCE, self.said.recv()).await;
        said.context("the process said nothing for half a minute")?.context("the Runtime API has ended")
    }

    /// The process's answer, whatever it says before.
    pub(super) async fn answer(&mut self) -> anyhow::Result<Value> {
        loop {
            match self.hear().await? {
                Said::Taken => {}
                Said::Answer(answer) => return Ok(answer),
                Said::Error(error) => bail!("the function failed: {error}"),
            }
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().strip_prefix(VERSION).unwrap_or_default().to_owned();
        if request.method() == Method::GET && path == "/invocation/next" {
            return self.next().await;
        }
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let said = if path.ends_with("/response") {
            Said::Answer(serde_json::from_slice(&body).unwrap_or(Value::Null))
        } else if path.ends_with("/error") {
            Said::Error(String::from_utf8_lossy(&body).into_owned())
        } else {
            return plain(StatusCode::NOT_FOUND);
        };
        // Nobody listens any more once the process has been killed.
        let _ = self.said.send(said);
        if self.deaf {
            std::future::pending::<()>().await;
        }
        plain(StatusCode::ACCEPTED)
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        let Some(payload) = self.invocations.lock().await.recv().await else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let deadline = SystemTime::now() + TIME_OUT;
        let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", "00000000-0000-4000-8000-000000000001")
            .header("lambda-runtime-deadline-ms", deadline.to_string())
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:000000000000:function:thumbnailer",
            )
            .body(Full::from(payload.to_string()));
        let _ = self.said.send(Said::Taken);
        response.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
