//! The buckets that a stack made, and how much is in them.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_cloudformation::types::{ResourceStatus, StackStatus};
use serde::Serialize;

use crate::account::Account;
use crate::code_bucket::is_missing;
use crate::events;
use crate::failure::Failure;
use crate::stack::Stack;
use crate::versions;

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
        let (objects, earlier) = (counted(*objects, "object"), counted(*earlier, "earlier version"));
        write!(f, "{name} with {at_least}{objects} and {earlier}")
    }
}

/// A number of things, as people say it.
pub(super) fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
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
        let mut place = None;
        loop {
            let page = versions::page(account, name, place).await?;
            let objects = page.versions.iter().filter(|version| version.is_object).count();
            bucket.objects += objects;
            bucket.earlier += page.versions.len() - objects;
            bucket.more = page.next.is_some();
            if !bucket.more || bucket.objects + bucket.earlier >= COUNTED {
                return Ok(Some(bucket));
            }
            place = page.next;
        }
    }
}

/// The buckets that `stack` made and that are there: buckets that were there before are no part of it.
pub(super) async fn of(account: &Account, stack: &Stack) -> Result<Vec<Bucket>, Failure> {
    let mut buckets = Vec::new();
    for name in names(account, stack).await? {
        let Some(bucket) = Bucket::find(account, &name).await? else { continue };
        if made_by(account, &name).await?.is_none_or(|id| id == stack.id) {
            buckets.push(bucket);
        }
    }
    Ok(buckets)
}

/// The names of the buckets that are parts of `stack`; of a deleted one, of those that its deletion left.
async fn names(account: &Account, stack: &Stack) -> Result<BTreeSet<String>, Failure> {
    if stack.status == StackStatus::DeleteComplete {
        let events = events::of_last_operation(account, &stack.id).await?.into_iter();
        let left = events.filter(|event| event.resource_type == BUCKET && event.status == "DELETE_SKIPPED");
        return Ok(left.map(|event| event.name).filter(|name| !name.is_empty()).collect());
    }
    let resources = stack.resources(account).await?.into_iter();
    let buckets = resources.filter(|resource| {
        resource.resource_type() == Some(BUCKET)
            && resource.resource_status() != Some(&ResourceStatus::DeleteComplete)
    });
    Ok(buckets.filter_map(|bucket| bucket.physical_resource_id).filter(|name| !name.is_empty()).collect())
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
        let one = Bucket { objects: 1, earlier: 0, ..bucket.clone() };
        assert_eq!(one.to_string(), "b with 1 object and 0 earlier versions");
        let more = Bucket { more: true, ..bucket };
        assert_eq!(more.to_string(), "b with at least 12 objects and 3 earlier versions");
    }
}
