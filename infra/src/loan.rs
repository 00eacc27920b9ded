//! A place for the template while CloudFormation reads it: one that is too long for a request has to lie in a bucket.
//!
//! It lies in the code bucket, if that is there, else in a bucket of its own, and is taken back as soon as the change
//! set is made, so that who only looks, or doesn't agree, has changed nothing.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_s3::primitives::ByteStream;
use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::code_bucket::CodeBucket;
use crate::console::Console;
use crate::empty;
use crate::failure::Failure;
use crate::template::{INLINE_BYTES, Source};

/// A template that lies somewhere, for now.
#[derive(Debug)]
pub(crate) struct Loan {
    pub(crate) source: Source,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// It goes with the request.
    Nowhere,
    /// In a bucket that is there anyway.
    Object { bucket: String, key: String, version: Option<String> },
    /// In one that was made for it.
    Bucket(String),
}

impl Loan {
    /// Puts `template` where CloudFormation can read it.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when S3 refuses.
    pub(crate) async fn lend(
        account: &Account,
        code: &CodeBucket<'_>,
        template: &str,
    ) -> Result<Self, Failure> {
        if template.len() <= INLINE_BYTES {
            return Ok(Self { source: Source::Body(template.to_owned()), place: Place::Nowhere });
        }
        let there = code.is_there().await?;
        let bucket = if there { code.name.clone() } else { make_bucket(account).await? };
        let key = format!("template/{}.yaml", hex::encode(Sha256::digest(template)));
        let put = account.s3.put_object().bucket(&bucket).key(&key).expected_bucket_owner(&account.id);
        let put = put.body(ByteStream::from(template.as_bytes().to_vec())).send().await;
        let put = put.map_err(|error| {
            Failure::of_request("S3", &format!("put the template into '{bucket}'"), &error)
        })?;
        let source = Source::Url(url(account, &bucket, &key));
        let version = put.version_id;
        let place = if there { Place::Object { bucket, key, version } } else { Place::Bucket(bucket) };
        Ok(Self { source, place })
    }

    /// Takes it back, with the bucket if one was made for it.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when S3 refuses.
    pub(crate) async fn take_back(self, account: &Account, console: &Console) -> Result<(), Failure> {
        match self.place {
            Place::Nowhere => Ok(()),
            Place::Object { bucket, key, version } => {
                let delete = account.s3.delete_object().bucket(bucket).key(key).set_version_id(version);
                let deleted = delete.send().await;
                deleted.map_err(|error| Failure::of_request("S3", "take the template back", &error))?;
                Ok(())
            }
            Place::Bucket(bucket) => empty::delete(account, console, &bucket).await.map(drop),
        }
    }
}

/// A bucket whose name is not used again: S3 takes its time to forget one.
async fn make_bucket(account: &Account) -> Result<String, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("thumbnailer-template-{}-{}", account.id, now.as_millis());
    CodeBucket::new(account, name.clone()).make().await?;
    Ok(name)
}

/// Where CloudFormation finds an object.
fn url(account: &Account, bucket: &str, key: &str) -> String {
    let region = &account.region;
    match &account.endpoint {
        Some(endpoint) => format!("{endpoint}/{bucket}/{key}"),
        None if region.starts_with("cn-") => format!("https://{bucket}.s3.{region}.amazonaws.com.cn/{key}"),
        None => format!("https://{bucket}.s3.{region}.amazonaws.com/{key}"),
    }
}
