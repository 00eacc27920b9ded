//! Somebody who does a history's operations, one after the other.

use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use local_s3::Queue;

use crate::history::{History, Operation};
use crate::pictures::Pictures;

/// As many messages may wait before authors do: were there more, each picture would have been replaced long
/// before a worker came to it.
const BACKLOG: usize = 30;

/// The versions that are there, the newest last.
struct Version {
    id: String,
    delete_marker: bool,
}

/// Does all of `history`.
pub(crate) async fn live(
    s3: &Client,
    queue: &Queue,
    pictures: &Pictures,
    history: &History,
) -> anyhow::Result<()> {
    let mut versions = Vec::new();
    for (operation, pause) in history.operations.iter().zip(&history.pauses) {
        tokio::time::sleep(*pause).await;
        while queue.depth().visible > BACKLOG {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        perform(s3, pictures, history, *operation, &mut versions)
            .await
            .with_context(|| format!("history {}: {operation}", history.index))?;
    }
    Ok(())
}

async fn perform(
    s3: &Client,
    pictures: &Pictures,
    history: &History,
    operation: Operation,
    versions: &mut Vec<Version>,
) -> anyhow::Result<()> {
    let (bucket, key) = (history.bucket(), &history.key);
    match operation {
        Operation::Put(content) => {
            let body = ByteStream::from(pictures.file(content)?.bytes.clone());
            let put = s3.put_object().bucket(bucket).key(key).body(body).send().await?;
            if let Some(id) = put.version_id() {
                versions.push(Version { id: id.to_owned(), delete_marker: false });
            }
        }
        Operation::Delete => {
            let deleted = s3.delete_object().bucket(bucket).key(key).send().await?;
            if let Some(id) = deleted.version_id() {
                versions.push(Version { id: id.to_owned(), delete_marker: true });
            }
        }
        Operation::Lift | Operation::DeleteNewest => {
            let newest =
                versions.pop_if(|newest| operation == Operation::DeleteNewest || newest.delete_marker);
            if let Some(newest) = newest {
                s3.delete_object().bucket(bucket).key(key).version_id(newest.id).send().await?;
            }
        }
        Operation::Expire(n) => {
            if versions.len() > 1 {
                let old = versions.remove(usize::from(n) % (versions.len() - 1));
                s3.delete_object().bucket(bucket).key(key).version_id(old.id).send().await?;
            }
        }
    }
    Ok(())
}
