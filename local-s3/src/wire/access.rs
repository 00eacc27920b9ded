use percent_encoding::percent_decode_str;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};

use crate::requests::Counter;

/// One key pair.
pub(super) struct OnePair {
    pub(super) access_key: String,
    pub(super) secret_key: SecretKey,
}

#[async_trait::async_trait]
impl S3Auth for OnePair {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key {
            return Ok(self.secret_key.clone());
        }
        Err(s3_error!(
            InvalidAccessKeyId,
            "The access key {:?} is not known here; use {:?}.",
            access_key,
            self.access_key
        ))
    }
}

/// A mark of requests whose signature was verified before they were changed.
#[derive(Debug, Clone)]
pub(super) struct Admitted {
    pub(super) access_key: String,
}

/// Lets signed requests in, and readers of public buckets, and counts both.
pub(super) struct Gate {
    pub(super) counter: Counter,
    /// Buckets whose objects anyone may read.
    pub(super) public: Vec<String>,
}

impl Gate {
    fn is_public_read(&self, context: &S3AccessContext<'_>) -> bool {
        let reads = matches!(context.s3_op().name(), "GetObject" | "HeadObject");
        let object = context.s3_path().as_object();
        reads
            && !asks_for_more(context.uri().query())
            && object.is_some_and(|(bucket, _)| self.public.iter().any(|public| public == bucket))
    }
}

/// Whether a query asks for an older version or for headers of the asker's choice: S3 grants neither to the public.
fn asks_for_more(query: Option<&str>) -> bool {
    query.unwrap_or_default().split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = percent_decode_str(name).decode_utf8_lossy();
        name == "versionId" || name.starts_with("response-")
    })
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let signed = context.credentials().is_some() || context.extensions_mut().get::<Admitted>().is_some();
        if !signed && !self.is_public_read(context) {
            return Err(s3_error!(AccessDenied, "Requests must be signed."));
        }
        self.counter.count(context.s3_op().name());
        Ok(())
    }
}
