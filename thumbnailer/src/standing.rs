//! Renditions that stand: those of the same bytes by the same settings, which the manifest to be replaced names.
//!
//! A change of the texts beside a picture comes as a new upload of it. Its renditions need not be made anew, if they
//! are shown to be there. To name them again without having put them is safe only in the manifest that follows at once
//! on one that names them: then there is no time in between at which none does, and so neither the sweep nor the loser
//! of a race takes them away.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::ChecksumMode;
use futures::{StreamExt, stream};
use manifest::{DerivedPlace, Manifest, RenditionInfo, State, rendition_key};

/// Renditions that are looked at at once.
const AT_ONCE: usize = 8;

/// Whether `present` names what would be derived of the source of `draft` by the settings of `fingerprint`.
pub(crate) fn covers(present: &Manifest, draft: &Manifest, fingerprint: &str) -> bool {
    let same_settings = present.preset.as_ref().is_some_and(|made| made.fingerprint == fingerprint);
    let same_source = present.source.bucket == draft.source.bucket
        && present.source.sha256.is_some()
        && present.source.sha256 == draft.source.sha256;
    // Nothing tells the metadata's warnings from the picture's, which would have to stay.
    let whole = present.warnings.is_empty() && !present.renditions.is_empty();
    present.state == State::Derived && same_settings && same_source && whole
}

/// Whether all renditions that `present` names lie there with the bytes that were put, by S3's own checksum. What S3
/// does not say so of is not there: the worst that follows is that it is made anew.
pub(crate) async fn is_whole(s3: &Client, derived: &DerivedPlace, present: &Manifest) -> bool {
    let key = &present.source.key;
    let looks = stream::iter(present.renditions.clone()).map(|named| is_there(s3, derived, key, named));
    let whole = looks.buffer_unordered(AT_ONCE).all(std::future::ready).await;
    if !whole {
        tracing::info!(key, "made anew, as not every rendition that is named is shown to be there");
    }
    whole
}

async fn is_there(s3: &Client, derived: &DerivedPlace, key: &str, rendition: RenditionInfo) -> bool {
    let head = s3.head_object();
    let head = head.bucket(derived.bucket()).key(derived.key(&rendition_key(key, &rendition.path)));
    let Ok(head) = head.checksum_mode(ChecksumMode::Enabled).send().await else { return false };
    let Ok(sha256) = hex::decode(&rendition.sha256) else { return false };
    let same_length =
        head.content_length().and_then(|length| u64::try_from(length).ok()) == Some(rendition.bytes);
    same_length && head.checksum_sha256() == Some(aws_smithy_types::base64::encode(sha256).as_str())
}
