//! Where connections meet the S3 service: the outermost layer, through which every request and response passes.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::service::Service;
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, HttpResponse, S3Error, s3_error};
use tokio::sync::watch;

use super::access::{Gate, OnePair};
use super::cors::Crossing;
use super::guard::{Guard, Halt, Passport};
use super::host::Hosts;
use super::inflict::Scene;
use super::patience::{self, Stalled};
use super::post::{self, Post};
use super::relay::Relay;
use super::{Api, Call, chunks, explain, signature, summary, unsupported};
use crate::clock;
use crate::line::End;
use crate::requests::Counter;
use crate::storage::Store;
use crate::{Builder, Faults};

/// The S3 service of one server.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    service: S3Service,
    store: Arc<Store>,
    /// Names this run of the server in errors.
    host_id: Arc<str>,
    post: Post,
    stall_timeout: Duration,
    requests: Arc<AtomicU64>,
    guard: Guard,
    faults: Option<Faults>,
}

impl Wire {
    /// Creates the service of a server that listens on `address`.
    pub(crate) fn new(store: Arc<Store>, builder: &Builder, address: SocketAddr, counter: &Counter) -> Self {
        let api = Api { store: Arc::clone(&store), hide_missing_keys: builder.hide_missing_keys };
        let public = builder.buckets.iter().filter(|bucket| bucket.public_read);
        let public: Vec<String> = public.map(|bucket| bucket.name.clone()).collect();
        let service = |route: Option<Relay>| {
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
        let service = service(Some(Relay { service: service(None) }));
        let post = Post {
            api,
            access_key: builder.access_key.clone(),
            secret_key: builder.secret_key.clone().into(),
            counter: counter.clone(),
        };
        let started = clock::unix_ms();
        let requests = Arc::new(AtomicU64::new(started << 20));
        let host_id = crate::key::digest(&started.to_string()).into();
        let origins = (!builder.any_origin).then(|| builder.allowed_origins.clone());
        let guard = Guard::new(Hosts::new(address, &builder.allowed_hosts), origins, public.clone());
        let (stall_timeout, faults) = (builder.stall_timeout, builder.faults.clone());
        Self { service, store, host_id, post, stall_timeout, requests, guard, faults }
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
        let (passport, halt) = match self.wire.guard.check(&request) {
            Ok(passport) => (passport, None),
            Err(halt) => (Passport::default(), Some(halt)),
        };
        let (mut request, stalled) = patience::watch(request.map(Body::from), self.wire.stall_timeout);
        request
            .extensions_mut()
            .insert(Call { request_id: request_id.clone(), source_ip: self.peer.to_string() });
        let exchange = Exchange {
            service: self.wire.service.clone(),
            crossing: halt.is_none().then(|| Crossing::of(&self.wire.store, &request)).flatten(),
            method: request.method().clone(),
            resource: percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned(),
            asks_for_attributes: request.method() == Method::GET
                && request.uri().query().is_some_and(|query| {
                    query.split('&').any(|pair| pair.split('=').next() == Some("attributes"))
                }),
            host_id: Arc::clone(&self.wire.host_id),
            request_id,
            passport,
            post: self.wire.post.clone(),
            last: patience::is_last(&request),
            stalled,
        };
        if let Some(halt) = halt {
            return Box::pin(std::future::ready(exchange.halt(halt)));
        }
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
    crossing: Option<Crossing>,
    method: Method,
    /// The decoded path.
    resource: String,
    asks_for_attributes: bool,
    host_id: Arc<str>,
    request_id: String,
    passport: Passport,
    post: Post,
    /// The connection must end after the answer.
    last: bool,
    stalled: Stalled,
}

impl Exchange {
    /// Does what is asked.
    pub(super) async fn serve(&self, mut request: Request<Body>) -> Result<HttpResponse, HttpError> {
        if let (&Method::OPTIONS, Some(crossing)) = (&self.method, &self.crossing) {
            return crossing.preflight().or_else(answer).map(|answer| self.finish(answer));
        }
        if post::is_form(&request) {
            return Ok(self.finish(self.post.serve(request).await?));
        }
        let checked = signature::check(&mut request).and_then(|()| unsupported::check(&request));
        match checked {
            Ok(()) => Ok(self.finish(self.service.call(chunks::guard(request)).await?)),
            Err(error) => answer(error).map(|answer| self.finish(answer)),
        }
    }

    /// Answers a request that the guard stopped.
    fn halt(&self, halt: Halt) -> Result<HttpResponse, HttpError> {
        match halt {
            Halt::Preflight(answer) => Ok(self.finish(*answer)),
            Halt::Refused(reason) => {
                answer(s3_error!(AccessDenied, "{reason}")).map(|answer| self.finish(answer))
            }
        }
    }

    /// Makes an answer what S3's would be.
    pub(super) fn finish(&self, mut answer: HttpResponse) -> HttpResponse {
        let late = self.stalled.error().and_then(|error| error.to_http_response().ok());
        if self.last || late.is_some() {
            answer = late.unwrap_or(answer);
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.asks_for_attributes {
            summary::unquote(&mut answer);
        }
        explain::complete(&mut answer, &self.resource, &self.request_id, &self.host_id);
        tidy(&mut answer, self.method == Method::HEAD);
        for (name, value) in [("x-amz-request-id", &*self.request_id), ("x-amz-id-2", &*self.host_id)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                answer.headers_mut().insert(name, value);
            }
        }
        self.passport.stamp(answer.headers_mut());
        if let (Some(crossing), true) = (&self.crossing, self.method != Method::OPTIONS) {
            crossing.allow(&mut answer);
        }
        answer
    }
}

fn answer(error: S3Error) -> Result<HttpResponse, HttpError> {
    error.to_http_response().map_err(|error| HttpError::new(Box::new(error)))
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
