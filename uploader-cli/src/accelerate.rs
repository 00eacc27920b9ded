//! Transfer Acceleration: whether this bucket has it, and whether we use it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::types::BucketAccelerateStatus;
use serde::{Deserialize, Serialize};

use crate::config::edit;
use crate::failure::Failure;
use crate::store::Store;

/// A bucket is asked again after so long.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);

/// What buckets have answered, by name.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    #[serde(default)]
    buckets: BTreeMap<String, Answer>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Answer {
    accelerated: bool,
    /// Seconds since 1970.
    asked: u64,
}

/// Makes uploads of `store` go by Transfer Acceleration if `wished`, or, where nobody has said, if the bucket has it.
/// What the bucket says is remembered below `folder`.
///
/// # Errors
///
/// A [`Failure`] when it is wished and cannot be.
pub(crate) async fn choose(
    store: Store,
    wished: Option<bool>,
    folder: Option<&Path>,
) -> Result<Store, Failure> {
    let obstacle = obstacle(&store);
    match (wished, obstacle) {
        (Some(true), Some(why)) => Err(Failure::new(
            "acceleration",
            format!("Transfer Acceleration cannot be used: {why}"),
            "Leave --accelerate out, or give --no-accelerate.",
        )),
        (Some(true), None) => Ok(store.accelerated()),
        (Some(false), _) | (None, Some(_)) => Ok(store),
        (None, None) => {
            let enabled = is_enabled(&store, folder).await;
            Ok(if enabled { store.accelerated() } else { store })
        }
    }
}

/// Why the bucket of originals cannot have it, if so.
///
/// Source: Amazon S3 User Guide, "Configuring fast, secure file transfers using Amazon S3 Transfer Acceleration".
pub(crate) fn obstacle(store: &Store) -> Option<String> {
    if let Some(endpoint) = &store.endpoint {
        return Some(format!("it is Amazon's own, and the server is {endpoint}"));
    }
    let bucket = &store.originals;
    bucket.contains('.').then(|| format!("the bucket's name, '{bucket}', has dots in it"))
}

/// Whether the bucket says that it is turned on.
///
/// # Errors
///
/// A [`Failure`] of S3, such as of one who may not ask.
pub(crate) async fn ask(store: &Store) -> Result<bool, Failure> {
    let request = store.client.get_bucket_accelerate_configuration().bucket(&store.originals);
    let answer =
        request.send().await.map_err(|error| Failure::of_request(&error, &store.originals, store))?;
    Ok(answer.status() == Some(&BucketAccelerateStatus::Enabled))
}

/// What the bucket answered lately, else what it answers now. Who may not ask uploads the regular way.
async fn is_enabled(store: &Store, folder: Option<&Path>) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let path = folder.map(|folder| folder.join("acceleration.toml"));
    let text = path.as_ref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let mut memory: Memory = toml::from_str(&text).unwrap_or_default();
    if let Some(answer) = memory.buckets.get(&store.originals)
        && now.saturating_sub(answer.asked) < REMEMBERED.as_secs()
    {
        return answer.accelerated;
    }
    let accelerated = match ask(store).await {
        Ok(accelerated) => accelerated,
        // A network that is down says nothing about the bucket.
        Err(failure) if failure.code != "AccessDenied" => return false,
        Err(_) => false,
    };
    memory.buckets.insert(store.originals.clone(), Answer { accelerated, asked: now });
    if let (Some(path), Ok(text)) = (path, toml::to_string(&memory)) {
        // Not remembering costs one question more.
        edit::replace(&path, &text).ok();
    }
    accelerated
}
