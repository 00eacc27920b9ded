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

/// Lets signed requests in, and counts them.
pub(super) struct Gate {
    pub(super) counter: Counter,
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Requests must be signed."));
        }
        self.counter.count(context.s3_op().name());
        Ok(())
    }
}
