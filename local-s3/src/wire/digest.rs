//! Checksums of request bodies: what the client promised, in headers or trailers, against what arrived.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::header::{HeaderMap, HeaderValue};
use s3s::dto::StreamingBlob;
use s3s::{S3Result, TrailingHeaders, s3_error};

use crate::checksum::{Algorithm, Checksums, Hasher};
use crate::storage::{Fault, Incoming, Layout};

/// The largest body of one request: 5 GiB.
pub(super) const BODY_LIMIT: u64 = 5 << 30;

/// What a request says its body's checksums are.
#[derive(Debug, Default)]
pub(super) struct Promise {
    pub(super) checksums: Checksums,
    /// Checksums that follow the body.
    trailing: Vec<Algorithm>,
    md5: Option<[u8; 16]>,
    /// Bytes.
    length: Option<u64>,
}

impl Promise {
    /// Reads headers; `length` is the body's, without what frames its chunks.
    pub(super) fn read(headers: &HeaderMap, length: Option<i64>) -> S3Result<Self> {
        let mut promise =
            Promise { length: length.and_then(|length| u64::try_from(length).ok()), ..Self::default() };
        for algorithm in Algorithm::ALL {
            if let Some(value) = headers.get(algorithm.header()) {
                promise.checksums.insert(algorithm, checked(algorithm, value.to_str().unwrap_or_default())?);
            }
        }
        for names in headers.get_all("x-amz-trailer") {
            let names = names.to_str().unwrap_or_default().split(',').map(str::trim);
            promise.trailing.extend(names.filter_map(Algorithm::from_header));
        }
        if promise.checksums.len() + promise.trailing.len() > 1 {
            return Err(s3_error!(
                InvalidRequest,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
            ));
        }
        promise.md5 = Self::read_md5(headers)?.md5;
        if promise.length.is_some_and(|length| length > BODY_LIMIT) {
            return Err(s3_error!(
                EntityTooLarge,
                "Your proposed upload exceeds the maximum allowed size of 5 GiB; use a multipart upload."
            ));
        }
        Ok(promise)
    }

    /// Reads `Content-MD5` alone.
    pub(super) fn read_md5(headers: &HeaderMap) -> S3Result<Self> {
        let decode = |value: &HeaderValue| BASE64.decode(value.as_bytes()).ok()?.try_into().ok();
        let md5 = headers.get("content-md5").map(|value| {
            decode(value)
                .ok_or_else(|| s3_error!(InvalidDigest, "The Content-MD5 you specified is not valid."))
        });
        Ok(Self { md5: md5.transpose()?, ..Self::default() })
    }

    /// Returns whether the body comes with a checksum of any kind.
    pub(super) fn has_checksum(&self) -> bool {
        self.md5.is_some() || self.algorithm().is_some()
    }

    /// The algorithm promised, if any.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.checksums.keys().copied().chain(self.trailing.iter().copied()).next()
    }

    /// Compares a body that is on disk, and that has no trailers, with the promise.
    pub(super) fn verify(self, incoming: Incoming) -> S3Result<Incoming> {
        if self.md5.is_some_and(|md5| md5 != incoming.md5) {
            return Err(Fault::BadDigest("Content-MD5").into());
        }
        for (algorithm, promised) in &self.checksums {
            if incoming.checksums.get(algorithm) != Some(promised) {
                return Err(Fault::BadDigest(algorithm.name()).into());
            }
        }
        Ok(incoming)
    }

    /// Takes the body to disk and holds it against the promise. What comes back is right; what is wrong leaves nothing.
    pub(super) async fn receive(
        self,
        layout: &Layout,
        body: Option<StreamingBlob>,
        trailers: Option<TrailingHeaders>,
        also: impl IntoIterator<Item = Algorithm>,
    ) -> S3Result<Incoming> {
        let algorithms: Vec<Algorithm> = self.algorithm().into_iter().chain(also).collect();
        let incoming = match body {
            Some(body) => Incoming::receive(layout, body, algorithms, BODY_LIMIT).await?,
            None => {
                let nothing = futures::stream::empty::<Result<bytes::Bytes, std::io::Error>>();
                Incoming::receive(layout, nothing, algorithms, BODY_LIMIT).await?
            }
        };
        if self.length.is_some_and(|length| length != incoming.size) {
            return Err(Fault::IncompleteBody.into());
        }
        if self.md5.is_some_and(|md5| md5 != incoming.md5) {
            return Err(Fault::BadDigest("Content-MD5").into());
        }
        self.compare(&incoming.checksums, trailers)?;
        Ok(incoming)
    }

    /// Compares a body in memory with the promise.
    pub(super) fn check(self, body: &[u8], trailers: Option<TrailingHeaders>) -> S3Result<()> {
        let mut hasher = Hasher::new(self.algorithm());
        hasher.update(body);
        let (md5, checksums) = hasher.finish();
        if self.md5.is_some_and(|promised| promised != md5) {
            return Err(Fault::BadDigest("Content-MD5").into());
        }
        self.compare(&checksums, trailers)
    }

    fn compare(self, actual: &Checksums, trailers: Option<TrailingHeaders>) -> S3Result<()> {
        let mut promised = self.checksums;
        if !self.trailing.is_empty() {
            let trailers = trailers.and_then(|trailers| trailers.take()).unwrap_or_default();
            for algorithm in self.trailing {
                let value = trailers.get(algorithm.header()).and_then(|value| value.to_str().ok());
                let value = value.ok_or_else(|| {
                    s3_error!(
                        InvalidRequest,
                        "The trailer {} was announced but not sent.",
                        algorithm.header()
                    )
                })?;
                promised.insert(algorithm, checked(algorithm, value)?);
            }
        }
        for (algorithm, promised) in &promised {
            if actual.get(algorithm) != Some(promised) {
                return Err(Fault::BadDigest(algorithm.name()).into());
            }
        }
        Ok(())
    }
}

fn checked(algorithm: Algorithm, value: &str) -> S3Result<String> {
    if algorithm.is_digest(value) {
        return Ok(value.to_owned());
    }
    Err(s3_error!(InvalidRequest, "Value for {} header is invalid.", algorithm.header()))
}

/// Fills the `checksum_*` fields of any output or result.
macro_rules! set_checksums {
    ($output:expr, $checksums:expr) => {{
        use $crate::checksum::Algorithm;
        let checksums: &$crate::checksum::Checksums = $checksums;
        $output.checksum_crc32 = checksums.get(&Algorithm::Crc32).cloned();
        $output.checksum_crc32c = checksums.get(&Algorithm::Crc32c).cloned();
        $output.checksum_crc64nvme = checksums.get(&Algorithm::Crc64Nvme).cloned();
        $output.checksum_sha1 = checksums.get(&Algorithm::Sha1).cloned();
        $output.checksum_sha256 = checksums.get(&Algorithm::Sha256).cloned();
    }};
}
pub(super) use set_checksums;

/// Collects the `checksum_*` fields of any input.
macro_rules! checksums_of {
    ($input:expr) => {{
        use $crate::checksum::Algorithm;
        let fields = [
            (Algorithm::Crc32, $input.checksum_crc32.take()),
            (Algorithm::Crc32c, $input.checksum_crc32c.take()),
            (Algorithm::Crc64Nvme, $input.checksum_crc64nvme.take()),
            (Algorithm::Sha1, $input.checksum_sha1.take()),
            (Algorithm::Sha256, $input.checksum_sha256.take()),
        ];
        fields
            .into_iter()
            .filter_map(|(algorithm, value)| Some((algorithm, value?)))
            .collect::<$crate::checksum::Checksums>()
    }};
}
pub(super) use checksums_of;
