//! What CloudFront is asked when an original is removed, over HTTP.

#![allow(clippy::unwrap_used)]

mod world;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use thumbnailer::{Cdn, Fate, Retryable};
use tokio::net::TcpListener;
use world::{World, picture};

/// A request as it arrived.
#[derive(Debug, Clone)]
struct Asked {
    method: String,
    path: String,
    authorization: String,
    token: Option<String>,
    body: String,
}

/// What answers in CloudFront's place: each of `answers` in turn, then 201.
struct Recorder {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Recorder {
    async fn start(answers: impl IntoIterator<Item = (u16, &'static str)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let answers: Arc<Mutex<VecDeque<(u16, &'static str)>>> =
            Arc::new(Mutex::new(answers.into_iter().collect()));
        tokio::spawn({
            let asked = asked.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (asked, answers) = (asked.clone(), answers.clone());
                    let service = service_fn(move |request| record(request, asked.clone(), answers.clone()));
                    let connection = hyper::server::conn::http1::Builder::new();
                    tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
                }
            }
        });
        Self { address, asked }
    }

    fn cdn(&self) -> Cdn {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("a-token".into()), None, "test");
        let endpoint = format!("http://{}/", self.address);
        Cdn::new("E2QWRUHAPOMQZL", Some(&endpoint), SharedCredentialsProvider::new(credentials))
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn record(
    request: Request<Incoming>,
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let header = |name| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let body = body.collect().await.unwrap().to_bytes();
    asked.lock().unwrap().push(Asked {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        authorization: header("authorization").unwrap_or_default(),
        token: header("x-amz-security-token"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let (status, text) = answers.lock().unwrap().pop_front().unwrap_or((201, "<Invalidation/>"));
    Ok(Response::builder().status(status).body(Full::from(text)).unwrap())
}

const THROTTLED: (u16, &str) = (
    503,
    "<ErrorResponse><Error><Code>ServiceUnavailable</Code><Message>Slow.</Message></Error></ErrorResponse>",
);

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_forgotten_by_a_signed_request() {
    let recorder = Recorder::start([]).await;
    recorder.cdn().forget("2026/a b.jpg", "0055AED6DCD90281E5").await.unwrap();
    let [asked] = &recorder.asked()[..] else { panic!("{:?}", recorder.asked()) };
    assert_eq!(
        (&*asked.method, &*asked.path),
        ("POST", "/2020-05-31/distribution/E2QWRUHAPOMQZL/invalidation")
    );
    assert!(asked.body.contains("<Quantity>1</Quantity><Items><Path>/2026/a%20b.jpg/*</Path></Items>"));
    let signed = &asked.authorization;
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signed}");
    assert!(signed.contains("/us-east-1/cloudfront/aws4_request"), "{signed}");
    assert!(signed.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token"), "{signed}");
    assert_eq!(asked.token.as_deref(), Some("a-token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_the_same_request_and_a_throttle_is_outlasted() {
    let recorder = Recorder::start([THROTTLED, THROTTLED]).await;
    let cdn = recorder.cdn();
    cdn.forget("a.jpg", "01").await.unwrap();
    cdn.forget("a.jpg", "01").await.unwrap();
    cdn.forget("a.jpg", "02").await.unwrap();
    let bodies: Vec<String> = recorder.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(bodies.len(), 5);
    assert!(bodies[..4].iter().all(|body| *body == bodies[0]));
    assert_ne!(bodies[4], bodies[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lasts_is_told_at_once_and_what_passes_after_some_attempts() {
    let denied =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>No.</Message></Error></ErrorResponse>";
    let recorder = Recorder::start([(403, denied)]).await;
    let told = recorder.cdn().forget("a.jpg", "01").await.unwrap_err();
    assert!(matches!(told, Retryable::Cdn { .. }));
    let words = told.to_string();
    for part in ["E2QWRUHAPOMQZL", "a.jpg", "403 AccessDenied: No.", "cloudfront:CreateInvalidation"] {
        assert!(words.contains(part), "{words}");
    }
    assert_eq!(recorder.asked().len(), 1);

    let recorder = Recorder::start([THROTTLED; 9]).await;
    let words = recorder.cdn().forget("a.jpg", "01").await.unwrap_err().to_string();
    assert!(words.contains("503 ServiceUnavailable"), "{words}");
    assert_eq!(recorder.asked().len(), 4);

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let credentials = SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test"));
    let endpoint = format!("http://{nobody}");
    let unreachable = Cdn::new("E1", Some(&endpoint), credentials).forget("a.jpg", "01").await.unwrap_err();
    assert!(unreachable.to_string().contains("did not answer"), "{unreachable}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_is_told_to_the_cdn_and_nothing_else_is() {
    let recorder = Recorder::start([]).await;
    let mut world = World::start().await;
    world.thumbnailer = world.thumbnailer.invalidating(recorder.cdn());
    world.put("a.jpg", picture(1)).await;
    assert_eq!(world.settle().await, [Fate::Derived]);
    assert!(recorder.asked().is_empty());
    world.delete("a.jpg").await;
    assert_eq!(world.settle().await, [Fate::Removed]);
    let asked = recorder.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].body.contains("<Path>/a.jpg/*</Path>"), "{}", asked[0].body);
}
