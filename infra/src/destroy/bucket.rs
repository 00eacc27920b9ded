//! The buckets that a stack made, and how much is in them.

use std::fmt;

use aws_sdk_cloudformation::types::ResourceStatus;
use serde::Serialize;

use crate::account::Account;
use crate::code_bucket::is_missing;
use crate::failure::Failure;
use crate::stack::Stack;

const BUCKET: &str = "AWS::S3::Bucket";

/// What S3 knows a bucket's stack by. No person can set such a tag.
const OF_STACK: &str = "aws:cloudformation:stack-id";

/// Versions that are counted: a thousand take a request.
const COUNTED: usize = 100_000;

/// A bucket that is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    /// What one sees in it.
    pub(crate) objects: usize,
    /// Earlier versions, and marks of deletion.
    pub(crate) earlier: usize,
    /// Whether there is more than was counted.
    pub(crate) more: bool,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, objects, earlier, more } = self;
        let at_least = if *more { "at least " } else { "" };
        write!(f, "{name} with {at_least}{objects} objects and {earlier} earlier versions")
    }
}

impl Bucket {
    /// Counts what lies in the bucket `name`; `None` if there is no such bucket, or it belongs to another account.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when S3 refuses.
    pub(super) async fn find(account: &Account, name: &str) -> Result<Option<Self>, Failure> {
        let there = account.s3.head_bucket().bucket(name).expected_bucket_owner(&account.id).send().await;
        match there {
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => {
                return Err(Failure::of_request("S3", &format!("find the bucket '{name}'"), &error));
            }
            Ok(_) => {}
        }
        let mut bucket = Self { name: name.to_owned(), objects: 0, earlier: 0, more: false };
        let mut place = (None, None);
        loop {
            let request = account.s3.list_object_versions().bucket(name);
            let page = request.set_key_marker(place.0).set_version_id_marker(place.1).send().await;
            let page = page
                .map_err(|error| Failure::of_request("S3", &format!("list what is in '{name}'"), &error))?;
            let latest = page.versions().iter().filter(|version| version.is_latest() == Some(true)).count();
            bucket.objects += latest;
            bucket.earlier += page.versions().len() - latest + page.delete_markers().len();
            bucket.more = page.is_truncated() == Some(true);
            if !bucket.more || bucket.objects + bucket.earlier >= COUNTED {
                return Ok(Some(bucket));
            }
            place = (page.next_key_marker, page.next_version_id_marker);
        }
    }
}

/// The buckets that `stack` made and that are there: buckets that were there before are no part of it.
pub(super) async fn of(account: &Account, stack: &Stack) -> Result<Vec<Bucket>, Failure> {
    let mut buckets = Vec::new();
    for resource in stack.resources(account).await? {
        let (Some(BUCKET), Some(name)) = (resource.resource_type(), resource.physical_resource_id()) else {
            continue;
        };
        if name.is_empty() || resource.resource_status() == Some(&ResourceStatus::DeleteComplete) {
            continue;
        }
        let Some(bucket) = Bucket::find(account, name).await? else { continue };
        if made_by(account, name).await?.is_none_or(|id| id == stack.id) {
            buckets.push(bucket);
        }
    }
    Ok(buckets)
}

/// The id of the stack that a bucket says it was made by: under the name there may be another one by now.
async fn made_by(account: &Account, name: &str) -> Result<Option<String>, Failure> {
    let tags = account.s3.get_bucket_tagging().bucket(name).send().await;
    match tags {
        Ok(tags) => {
            let tag = tags.tag_set.into_iter().find(|tag| tag.key() == OF_STACK);
            Ok(tag.map(|tag| tag.value))
        }
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(Failure::of_request("S3", &format!("read the tags of '{name}'"), &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_says_how_much_goes_with_it() {
        let bucket = Bucket { name: "b".to_owned(), objects: 12, earlier: 3, more: false };
        assert_eq!(bucket.to_string(), "b with 12 objects and 3 earlier versions");
        let more = Bucket { more: true, ..bucket };
        assert_eq!(more.to_string(), "b with at least 12 objects and 3 earlier versions");
    }
}
