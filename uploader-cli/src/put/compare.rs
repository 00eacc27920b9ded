//! What lies in the bucket already, so that nothing is sent twice and nothing is replaced unasked.

use std::collections::HashMap;

use futures::StreamExt;

use crate::failure::Failure;
use crate::store::Store;
use crate::transfer::Present;

/// Questions about single keys at once.
const ASKING: usize = 16;

/// What lies under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Existing {
    Nothing,
    /// The same bytes.
    Same(Present),
    /// Other bytes.
    Other(Present),
}

/// One page of what the bucket lists.
struct Listing {
    /// Bytes and etag by key.
    objects: HashMap<String, (u64, String)>,
    /// Keys up to this one are known; `None` if all of the prefix are.
    up_to: Option<String>,
}

impl Listing {
    /// Whether `key` is known not to be there.
    fn lacks(&self, key: &str) -> bool {
        let covered = self.up_to.as_ref().is_none_or(|last| key <= last.as_str());
        covered && !self.objects.contains_key(key)
    }
}

/// What lies under the keys of `files` (key, path, bytes), which would go in parts of `part_bytes`; in that order.
///
/// One listing tells which keys are there at all; only those are asked about one by one.
pub(super) async fn compare(
    store: &Store,
    files: &[(String, std::path::PathBuf, u64)],
    part_bytes: u64,
) -> Vec<Result<Existing, Failure>> {
    let listing = match list(store, files.iter().map(|(key, ..)| key.as_str())).await {
        Ok(listing) => listing,
        Err(failure) => return vec![Err(failure); files.len()],
    };
    let listing = &listing;
    futures::stream::iter(files)
        .map(|(key, path, bytes)| async move {
            if let Some(listing) = listing {
                if listing.lacks(key) {
                    return Ok(Existing::Nothing);
                }
                if let Some((length, etag)) = listing.objects.get(key).filter(|(length, _)| length != bytes) {
                    return Ok(Existing::Other(Present::listed(*length, etag)));
                }
            }
            let Some(present) = Present::find(store, key).await? else {
                return Ok(Existing::Nothing);
            };
            let (path, bytes, found) = (path.clone(), *bytes, present.clone());
            let same = tokio::task::spawn_blocking(move || found.holds(&path, bytes, part_bytes)).await;
            match same.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked))) {
                Ok(true) => Ok(Existing::Same(present)),
                Ok(false) => Ok(Existing::Other(present)),
                Err(error) => Err(super::inspect::unreadable(&error)),
            }
        })
        .buffered(ASKING)
        .collect()
        .await
}

/// Returns the first page of the keys that begin as all of `keys` do; `None` if they may not be listed, or for a failure
/// that may pass.
///
/// # Errors
///
/// A [`Failure`] that every question about these keys would meet. A listing says it in words, which HEAD cannot.
async fn list(store: &Store, keys: impl Iterator<Item = &str>) -> Result<Option<Listing>, Failure> {
    let prefix = keys.map(str::to_owned).reduce(|common, key| {
        let same = common.char_indices().zip(key.chars()).find(|((_, a), b)| a != b);
        let length = same.map_or(common.len().min(key.len()), |((at, _), _)| at);
        common[..length].to_owned()
    });
    let Some(prefix) = prefix else { return Ok(None) };
    let request = store.client.list_objects_v2().bucket(&store.originals).prefix(prefix);
    let page = match request.send().await {
        Ok(page) => page,
        Err(error) => {
            let failure = Failure::of_request(&error, &store.originals, store);
            // Uploads need no permission to list.
            let passes = !failure.concerns_all || failure.code == "AccessDenied";
            return if passes { Ok(None) } else { Err(failure) };
        }
    };
    let object = |object: &aws_sdk_s3::types::Object| {
        let bytes = u64::try_from(object.size()?).ok()?;
        Some((object.key()?.to_owned(), (bytes, object.e_tag()?.trim_matches('"').to_owned())))
    };
    let up_to = match page.is_truncated() {
        Some(true) => {
            page.contents().last().and_then(|last| last.key().map(str::to_owned)).or(Some(String::new()))
        }
        _ => None,
    };
    Ok(Some(Listing { objects: page.contents().iter().filter_map(object).collect(), up_to }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_of_keys_up_to_its_last() {
        let objects = HashMap::from([("b".to_owned(), (1, "e".to_owned()))]);
        let listing = Listing { objects, up_to: Some("b".into()) };
        assert!(listing.lacks("a") && !listing.lacks("b") && !listing.lacks("c"));
        let whole = Listing { up_to: None, ..listing };
        assert!(whole.lacks("c"));
    }
}
