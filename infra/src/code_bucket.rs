//! The bucket from which Lambda takes the package.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    PublicAccessBlockConfiguration, VersioningConfiguration,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use indicatif::{HumanBytes, ProgressBar};
use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::console::Console;
use crate::failure::Failure;

/// The one region that is not named when a bucket is made there.
const UNNAMED_REGION: &str = "us-east-1";

/// Bytes given to the connection at once.
const PIECE: usize = 128 << 10;

/// A bucket for packages.
#[derive(Debug, Clone)]
pub(crate) struct CodeBucket<'a> {
    account: &'a Account,
    pub(crate) name: String,
}

/// The name of the bucket that is made where none is named.
pub(crate) fn default_name(account: &Account) -> String {
    format!("thumbnailer-code-{}-{}", account.id, account.region)
}

impl<'a> CodeBucket<'a> {
    pub(crate) fn new(account: &'a Account, name: String) -> Self {
        Self { account, name }
    }

    /// Sees to it that `bytes` lie under `key`; the answer says whether they had to be sent.
    ///
    /// The owner is checked with each request: the default name can be guessed, and a stranger's bucket of that name
    /// must not be where code is run from.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when the bucket isn't there and isn't ours to make, or S3 refuses.
    pub(crate) async fn hold(&self, console: &Console, key: &str, bytes: &Bytes) -> Result<bool, Failure> {
        self.be_there(console).await?;
        let s3 = &self.account.s3;
        let lies_there = s3.head_object().bucket(&self.name).key(key).expected_bucket_owner(&self.account.id);
        match lies_there.send().await {
            Ok(there) if there.content_length() == i64::try_from(bytes.len()).ok() => return Ok(false),
            Ok(_) => {}
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(Failure::of_request("S3", "look for the package", &error)),
        }
        let bar = console.bytes(format_args!("{}/{key}", self.name), bytes.len() as u64);
        let put = s3
            .put_object()
            .bucket(&self.name)
            .key(key)
            .expected_bucket_owner(&self.account.id)
            .content_length(i64::try_from(bytes.len()).unwrap_or(i64::MAX))
            .checksum_sha256(BASE64_STANDARD.encode(Sha256::digest(bytes)))
            .body(body(bytes.clone(), bar.clone()));
        let sent = put.send().await;
        bar.finish_and_clear();
        sent.map_err(|error| {
            Failure::of_request("S3", &format!("put the package into '{}'", self.name), &error)
        })?;
        Ok(true)
    }

    /// Whether it is there, and ours.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when S3 refuses to say.
    pub(crate) async fn is_there(&self) -> Result<bool, Failure> {
        let request =
            self.account.s3.head_bucket().bucket(&self.name).expected_bucket_owner(&self.account.id);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(Failure::of_request("S3", &format!("find the bucket '{}'", self.name), &error)),
        }
    }

    /// Sees to it that the bucket is there. The default one is made.
    async fn be_there(&self, console: &Console) -> Result<(), Failure> {
        if self.is_there().await? {
            return Ok(());
        }
        if self.name != default_name(self.account) {
            return Err(Failure::usage(
                format!("there is no bucket '{}'", self.name),
                "Check --code-bucket, or leave it out: a bucket of the account's own is made then.",
            ));
        }
        self.make().await?;
        let said = console.say(format_args!("Made the bucket {} for packages.", self.name));
        said.map_err(|error| Failure::new(error.to_string(), "Run the command again."))
    }

    /// A private bucket that keeps versions and is reached by TLS only.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when S3 refuses.
    pub(crate) async fn make(&self) -> Result<(), Failure> {
        let s3 = &self.account.s3;
        let elsewhere = (self.account.region != UNNAMED_REGION).then(|| {
            let region = BucketLocationConstraint::from(self.account.region.as_str());
            CreateBucketConfiguration::builder().location_constraint(region).build()
        });
        let refused = |purpose: &str| format!("{purpose} the code bucket '{}'", self.name);
        let made =
            s3.create_bucket().bucket(&self.name).set_create_bucket_configuration(elsewhere).send().await;
        made.map_err(|error| Failure::of_request("S3", &refused("make"), &error))?;

        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let closed = s3.put_public_access_block().bucket(&self.name);
        let closed = closed.public_access_block_configuration(block).send().await;
        closed.map_err(|error| Failure::of_request("S3", &refused("close"), &error))?;

        let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let kept =
            s3.put_bucket_versioning().bucket(&self.name).versioning_configuration(versions).send().await;
        kept.map_err(|error| Failure::of_request("S3", &refused("keep versions in"), &error))?;

        let policy =
            s3.put_bucket_policy().bucket(&self.name).policy(tls_only(&self.name, &self.account.region));
        let policy = policy.send().await;
        policy.map_err(|error| Failure::of_request("S3", &refused("put a policy on"), &error))?;
        Ok(())
    }
}

/// A bucket's policy that refuses what doesn't come by TLS.
fn tls_only(bucket: &str, region: &str) -> String {
    let partition = match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let arn = format!("arn:{partition}:s3:::{bucket}");
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        }],
    })
    .to_string()
}

/// Whether S3 says that there is no such thing. An answer to HEAD has no words.
pub(crate) fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|response| response.status().as_u16() == 404)
}

/// `bytes` as a request's body that moves `bar`, anew with every attempt.
fn body(bytes: Bytes, bar: ProgressBar) -> ByteStream {
    ByteStream::new(SdkBody::retryable(move || {
        bar.set_position(0);
        SdkBody::from_body_1_x(Pieces { rest: bytes.clone(), bar: bar.clone() })
    }))
}

/// How many bytes a package weighs, for people.
pub(crate) fn weight(bytes: &Bytes) -> HumanBytes {
    HumanBytes(bytes.len() as u64)
}

struct Pieces {
    rest: Bytes,
    bar: ProgressBar,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = this.rest.split_to(PIECE.min(this.rest.len()));
        this.bar.inc(piece.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_bucket_in_its_partition() {
        let policy: serde_json::Value = serde_json::from_str(&tls_only("b", "eu-west-1")).unwrap();
        let statement = &policy["Statement"][0];
        assert_eq!(statement["Resource"], serde_json::json!(["arn:aws:s3:::b", "arn:aws:s3:::b/*"]));
        assert_eq!(statement["Effect"], "Deny");
        assert!(tls_only("b", "cn-north-1").contains("arn:aws-cn:s3:::b"));
        assert!(tls_only("b", "us-gov-west-1").contains("arn:aws-us-gov:s3:::b"));
        assert!(tls_only("b", "us-west-2").contains("arn:aws:s3:::b"));
    }
}
