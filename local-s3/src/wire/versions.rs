use s3s::dto::{
    ChecksumType, DeleteMarkerEntry, ListObjectVersionsInput, ListObjectVersionsOutput, ObjectVersion,
    ObjectVersionStorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::attributes::etag;
use super::bucket::owner;
use super::list::{Encoder, algorithms, limit, said};
use super::{Api, signed, timestamp};
use crate::storage::{Listing, Marker};

pub(super) async fn list_object_versions(
    api: &Api,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let encoder = Encoder::new(input.encoding_type.as_ref())?;
    let after_version = input.version_id_marker.as_deref().filter(|marker| !marker.is_empty());
    if after_version.is_some() && input.key_marker.as_deref().is_none_or(str::is_empty) {
        return Err(s3_error!(
            InvalidArgument,
            "A version-id marker cannot be specified without a key marker."
        ));
    }
    let listing = Listing {
        prefix: input.prefix.unwrap_or_default(),
        delimiter: input.delimiter.clone().filter(|delimiter| !delimiter.is_empty()),
        after: input.key_marker.clone().unwrap_or_default(),
        limit: limit(input.max_keys)?,
    };
    let found = bucket.list_versions(&listing, after_version.map(Marker::read));
    let (mut versions, mut delete_markers) = (Vec::new(), Vec::new());
    for (object, newest) in &found.page.entries {
        let key = Some(encoder.text(&object.key));
        let last_modified = Some(timestamp(object.last_modified_ms));
        let version_id = Some(object.version_name().to_owned());
        if object.delete_marker {
            let owner = Some(owner());
            delete_markers.push(DeleteMarkerEntry {
                is_latest: Some(*newest),
                key,
                last_modified,
                owner,
                version_id,
            });
        } else {
            versions.push(ObjectVersion {
                checksum_algorithm: algorithms(object),
                checksum_type: object.checksum_kind.map(|kind| ChecksumType::from(kind.name().to_owned())),
                e_tag: Some(etag(&object.etag)),
                is_latest: Some(*newest),
                key,
                last_modified,
                owner: Some(owner()),
                size: Some(signed(object.size)),
                storage_class: Some(ObjectVersionStorageClass::from_static(
                    ObjectVersionStorageClass::STANDARD,
                )),
                version_id,
                ..ObjectVersion::default()
            });
        }
    }
    Ok(S3Response::new(ListObjectVersionsOutput {
        common_prefixes: encoder.prefixes(&found.page.prefixes),
        delete_markers: Some(delete_markers),
        delimiter: encoder.optional(listing.delimiter.as_deref()),
        encoding_type: input.encoding_type,
        is_truncated: Some(found.page.next.is_some()),
        key_marker: encoder.optional(input.key_marker.as_deref()),
        max_keys: said(listing.limit),
        name: Some(input.bucket),
        next_key_marker: encoder.optional(found.page.next.as_deref()),
        next_version_id_marker: found.next_version,
        prefix: Some(encoder.text(&listing.prefix)),
        version_id_marker: input.version_id_marker,
        versions: Some(versions),
        ..ListObjectVersionsOutput::default()
    }))
}
