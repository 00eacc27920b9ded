//! Where connections meet the S3 service: the outermost layer, through which every request and response passes.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::service::Service;
use hyper::{Method, Request, StatusCode};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, HttpResponse};
use tokio::sync::watch;

use super::access::{Gate, OnePair};
use super::guard::{self, Guard, Halt, Passport};
use super::host::Hosts;
use super::inflict::Scene;
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
    requests: Arc<AtomicU64>,
    guard: Guard,
    faults: Option<Faults>,
}

impl Wire {
    /// Creates the service of a server that listens on `address`.
    pub(crate) fn new(store: Arc<Store>, builder: &Builder, address: SocketAddr, counter: &Counter) -> Self {
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
        let requests = Arc::new(AtomicU64::new(clock::unix_ms() << 20));
        let origins = (!builder.any_origin).then(|| builder.allowed_origins.clone());
        let guard = Guard::new(Hosts::new(address, &builder.allowed_hosts), origins, public.clone());
        Self { service, requests, guard, faults: builder.faults.clone() }
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
        let passport = match self.wire.guard.check(&request) {
            Ok(passport) => passport,
            Err(halt) => {
                return Box::pin(std::future::ready(Ok(halted(
                    halt,
                    &request_id,
                    *request.method() == Method::HEAD,
                ))));
            }
        };
        let mut request = request.map(Body::from);
        request
            .extensions_mut()
            .insert(Call { request_id: request_id.clone(), source_ip: self.peer.to_string() });
        let head = request.method() == Method::HEAD;
        let exchange = Exchange { service: self.wire.service.clone(), request_id, head, passport };
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
    request_id: String,
    /// Whether the request is a HEAD, whose answer has no body.
    head: bool,
    passport: Passport,
}

impl Exchange {
    /// Does what is asked.
    pub(super) async fn serve(&self, request: Request<Body>) -> Result<HttpResponse, HttpError> {
        Ok(self.finish(self.service.call(request).await?))
    }

    /// Makes an answer what S3's would be.
    pub(super) fn finish(&self, mut answer: HttpResponse) -> HttpResponse {
        self.passport.stamp(answer.headers_mut());
        complete(&mut answer, &self.request_id, self.head);
        answer
    }
}

/// Returns the answer to a request that the guard stopped.
fn halted(halt: Halt, request_id: &str, head: bool) -> HttpResponse {
    let mut answer = match halt {
        Halt::Preflight(answer) => *answer,
        Halt::Refused(reason) => guard::refusal(&reason, request_id),
    };
    guard::seal(answer.headers_mut());
    complete(&mut answer, request_id, head);
    answer
}

fn complete(answer: &mut HttpResponse, request_id: &str, head: bool) {
    tidy(answer, head);
    if let Ok(value) = HeaderValue::from_str(request_id) {
        answer.headers_mut().insert("x-amz-request-id", value);
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
