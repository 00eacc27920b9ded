//! Where connections meet the S3 service: the outermost layer, through which every request and response passes.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::service::Service;
use hyper::{Method, Request, StatusCode};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, HttpResponse};
use tokio::sync::watch;

use super::access::{Gate, OnePair};
use super::inflict::Scene;
use super::patience::{self, Stalled};
use super::post::{self, Post};
use super::range::Unranged;
use super::{Api, Call};
use crate::clock;
use crate::line::End;
use crate::requests::Counter;
use crate::storage::Store;
use crate::{Builder, Faults};

/// The S3 service of one server.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    service: S3Service,
    post: Post,
    stall_timeout: Duration,
    requests: Arc<AtomicU64>,
    faults: Option<Faults>,
}

impl Wire {
    pub(crate) fn new(store: Arc<Store>, builder: &Builder, counter: &Counter) -> Self {
        let api = Api { store, hide_missing_keys: builder.hide_missing_keys };
        let public = builder.buckets.iter().filter(|bucket| bucket.public_read);
        let public: Vec<String> = public.map(|bucket| bucket.name.clone()).collect();
        let service = |route: Option<Unranged>| {
            let mut service = S3ServiceBuilder::new(api.clone());
            service.set_auth(OnePair {
                access_key: builder.access_key.clone(),
                secret_key: builder.secret_key.clone().into(),
            });
            service.set_access(Gate { counter: counter.clone(), public: public.clone() });
            if let Some(route) = route {
                service.set_route(route);
            }
            service.build()
        };
        let service = service(Some(Unranged { service: service(None) }));
        let post = Post {
            api,
            access_key: builder.access_key.clone(),
            secret_key: builder.secret_key.clone().into(),
            counter: counter.clone(),
        };
        let requests = Arc::new(AtomicU64::new(clock::unix_ms() << 20));
        let (stall_timeout, faults) = (builder.stall_timeout, builder.faults.clone());
        Self { service, post, stall_timeout, requests, faults }
    }

    /// The service for one connection: whose it is, how it may be ended, and what says that the server stops.
    pub(crate) fn for_line(&self, peer: IpAddr, end: End, stopped: watch::Receiver<bool>) -> Front {
        Front { wire: self.clone(), peer, end, stopped }
    }
}

/// [`Wire`] as one client sees it.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    wire: Wire,
    peer: IpAddr,
    end: End,
    stopped: watch::Receiver<bool>,
}

impl Service<Request<Incoming>> for Front {
    type Response = HttpResponse;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let request_id = format!("{:016X}", self.wire.requests.fetch_add(1, Ordering::Relaxed));
        let (mut request, stalled) = patience::watch(request.map(Body::from), self.wire.stall_timeout);
        request
            .extensions_mut()
            .insert(Call { request_id: request_id.clone(), source_ip: self.peer.to_string() });
        let head = request.method() == Method::HEAD;
        let last = patience::is_last(&request);
        let (service, post) = (self.wire.service.clone(), self.wire.post.clone());
        let exchange = Exchange { service, post, request_id, head, last, stalled };
        if let Some(faults) = &self.wire.faults
            && let Some(fault) = faults.strike(&request)
        {
            let (end, stopped) = (self.end.clone(), self.stopped.clone());
            let scene = Scene { end, faults: faults.clone(), stopped };
            return Box::pin(exchange.suffer(request, fault, scene));
        }
        Box::pin(async move { exchange.serve(request).await })
    }
}

/// One request and its answer.
pub(super) struct Exchange {
    service: S3Service,
    post: Post,
    request_id: String,
    /// Whether the request is a HEAD, whose answer has no body.
    head: bool,
    /// Whether the connection has to end after the answer.
    last: bool,
    stalled: Stalled,
}

impl Exchange {
    /// Does what is asked.
    pub(super) async fn serve(&self, request: Request<Body>) -> Result<HttpResponse, HttpError> {
        let answer = if post::is_form(&request) {
            self.post.serve(request).await?
        } else {
            self.service.call(request).await?
        };
        Ok(self.finish(answer))
    }

    /// Makes an answer what S3's would be.
    pub(super) fn finish(&self, mut answer: HttpResponse) -> HttpResponse {
        let late = self.stalled.error().and_then(|error| error.to_http_response().ok());
        if self.last || late.is_some() {
            answer = late.unwrap_or(answer);
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        tidy(&mut answer, self.head);
        if let Ok(value) = HeaderValue::from_str(&self.request_id) {
            answer.headers_mut().insert("x-amz-request-id", value);
        }
        answer
    }
}

/// `s3s` gives every error an XML body, also those that by HTTP's rules have none.
fn tidy(response: &mut HttpResponse, head: bool) {
    let status = response.status();
    let error = status.is_client_error() || status.is_server_error();
    if status == StatusCode::NOT_MODIFIED || (head && error) {
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(CONTENT_LENGTH);
        response.headers_mut().remove(CONTENT_TYPE);
    }
}
