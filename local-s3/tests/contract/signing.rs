//! Requests signed by hand, so that tests can sign what no SDK would.

use std::time::{Duration, SystemTime};

use local_s3::Server;
use s3s::crypto::{Checksum, Sha256};

use crate::support::raw;

/// A request and how it is signed.
pub(crate) struct Hand<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: Vec<(&'a str, String)>,
    /// Headers that are sent and not signed.
    pub(crate) unsigned: Vec<(&'a str, String)>,
    pub(crate) signs_host: bool,
    pub(crate) time: SystemTime,
    /// The date goes into `Date`.
    pub(crate) plain_date: bool,
    pub(crate) payload: Option<&'a str>,
    pub(crate) body: Vec<u8>,
}

impl<'a> Hand<'a> {
    pub(crate) fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            query: "",
            headers: Vec::new(),
            unsigned: Vec::new(),
            signs_host: true,
            time: SystemTime::now(),
            plain_date: false,
            payload: None,
            body: Vec::new(),
        }
    }

    pub(crate) fn query(mut self, query: &'a str) -> Self {
        self.query = query;
        self
    }

    pub(crate) fn header(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Signs and sends the request, and returns the whole answer.
    pub(crate) async fn send(mut self, server: &Server) -> String {
        let (signature, scope, names) = self.sign(server);
        let credential = format!("local/{scope}");
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
        let mut headers = std::mem::take(&mut self.headers);
        headers.append(&mut self.unsigned);
        headers.push(("authorization", authorization));
        let text: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let target = if self.query.is_empty() {
            self.path.to_owned()
        } else {
            format!("{}?{}", self.path, self.query)
        };
        raw(server, self.method, &target, &text, &self.body).await
    }

    /// Adds the headers of a signature, and returns it with its scope and the signed names.
    pub(crate) fn sign(&mut self, server: &Server) -> (String, String, String) {
        let (date, named) = dates(self.time);
        let hash = self.payload.map_or_else(|| hex(&Sha256::checksum(&self.body)), str::to_owned);
        self.headers.push(("x-amz-content-sha256", hash.clone()));
        self.headers.push(if self.plain_date { ("date", named) } else { ("x-amz-date", date.clone()) });
        let mut signed = self.headers.clone();
        if self.signs_host {
            signed.push(("host", server.address().to_string()));
        }
        signed.sort();
        let canonical: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let mut query: Vec<String> = self
            .query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
            .collect();
        query.sort();
        let request =
            format!("{}\n{}\n{}\n{canonical}\n{names}\n{hash}", self.method, self.path, query.join("&"));
        let scope = format!("{}/us-east-1/s3/aws4_request", &date[..8]);
        let text =
            format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::checksum(request.as_bytes())));
        (hex(&hmac(&key(&date), text.as_bytes())), scope, names)
    }
}

/// A body in signed chunks, after a request with this signature. `last` is the empty chunk that ends it.
pub(crate) fn chunked(seed: &str, scope: &str, time: SystemTime, chunks: &[&[u8]], last: bool) -> Vec<u8> {
    let date = dates(time).0;
    let (mut previous, mut body) = (seed.to_owned(), Vec::new());
    let end: &[&[u8]] = if last { &[b""] } else { &[] };
    for chunk in chunks.iter().chain(end) {
        let empty = hex(&Sha256::checksum(b""));
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{scope}\n{previous}\n{empty}\n{}",
            hex(&Sha256::checksum(chunk))
        );
        previous = hex(&hmac(&key(&date), text.as_bytes()));
        body.extend(format!("{:x};chunk-signature={previous}\r\n", chunk.len()).bytes());
        body.extend(*chunk);
        body.extend(b"\r\n");
    }
    body
}

fn key(date: &str) -> Vec<u8> {
    [&date[..8], "us-east-1", "s3", "aws4_request"]
        .iter()
        .fold(b"AWS4locallocal".to_vec(), |key, part| hmac(&key, part.as_bytes()))
}

/// RFC 2104 with SHA-256, for keys of at most one block.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = [&block.map(|byte| byte ^ 0x36)[..], text].concat();
    let outer = [&block.map(|byte| byte ^ 0x5c)[..], &Sha256::checksum(&inner)[..]].concat();
    Sha256::checksum(&outer).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// `20261201T020304Z` and `Tue, 01 Dec 2026 02:03:04 +0000`.
fn dates(time: SystemTime) -> (String, String) {
    let time = time::OffsetDateTime::from(time);
    let (hour, minute, second) = time.to_hms();
    let month = u8::from(time.month());
    let amz = format!("{:04}{month:02}{:02}T{hour:02}{minute:02}{second:02}Z", time.year(), time.day());
    (amz, time.format(&time::format_description::well_known::Rfc2822).unwrap().replace("+0000", "GMT"))
}

pub(crate) fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}
