use std::sync::Arc;

use s3s::dto::{
    ChecksumAlgorithm, ChecksumType, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource,
    MetadataDirective, TaggingDirective,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::attributes::{attributes_of, etag};
use super::condition::{ReadCondition, Verdict};
use super::digest::{BODY_LIMIT, set_checksums};
use super::put::{check_key, version_header};
use super::{Api, origin, timestamp};
use crate::checksum::Algorithm;
use crate::event::Happening;
use crate::storage::{Attributes, Bucket, Fault, Incoming, NewObject, Opened, WriteCondition};

/// The source of a copy, opened.
pub(super) struct Source {
    pub(super) bucket: Arc<Bucket>,
    pub(super) opened: Opened,
}

impl Source {
    /// Opens the source that `x-amz-copy-source` names, if the condition lets it be copied.
    pub(super) async fn open(api: &Api, source: &CopySource, condition: &ReadCondition) -> S3Result<Self> {
        let CopySource::Bucket { bucket, key, version_id } = source else {
            return Err(s3_error!(NotImplemented, "Only buckets can be copied from."));
        };
        let bucket = api.store.bucket(bucket)?;
        let opened = api.store.open_object(&bucket, key, version_id.as_deref()).await;
        let opened = opened.map_err(|fault| match fault {
            Fault::DeleteMarker { asked_for: true, .. } => Fault::InvalidRequest(
                "The source of a copy request may not specifically refer to a delete marker by version id."
                    .into(),
            )
            .into(),
            other => api.missing(other),
        })?;
        match condition.check(&opened.object) {
            Verdict::Proceed => Ok(Self { bucket, opened }),
            Verdict::NotModified | Verdict::Failed => Err(Fault::PreconditionFailed.into()),
        }
    }

    /// `x-amz-copy-source-version-id`.
    pub(super) fn version(&self) -> Option<String> {
        version_header(&self.bucket, &self.opened.object)
    }
}

pub(super) async fn copy_object(
    api: &Api,
    mut request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let origin = origin(&request);
    // s3s does not read these two of the headers that S3 has for the target.
    let asked = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok());
    let condition = WriteCondition::of_etags(asked("if-match"), asked("if-none-match"));
    let input = &mut request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    check_key(&input.key)?;
    let source_condition = ReadCondition {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    let source = Source::open(api, &input.copy_source, &source_condition).await?;
    refuse_idle_copy(input)?;
    let attributes = copied_attributes(input, &source.opened.object.attributes)?;
    let asked = input.checksum_algorithm.as_ref().map(ChecksumAlgorithm::as_str);
    let algorithm = match asked {
        Some(name) => Algorithm::from_name(name)
            .ok_or_else(|| s3_error!(InvalidRequest, "Unknown checksum algorithm"))?,
        None => source.opened.object.checksums.keys().next().copied().unwrap_or(Algorithm::Crc64Nvme),
    };
    let size = source.opened.object.size;
    if size > BODY_LIMIT {
        return Err(s3_error!(InvalidRequest, "The source is larger than 5 GiB; copy it in parts."));
    }
    let copied_version = source.version();
    let stream = source.opened.stream(0..size).await?;
    let body = Incoming::receive(api.store.layout(), stream, [algorithm], size).await?;
    if body.size != size {
        return Err(
            Fault::Internal(format!("the source {:?} is not whole on disk", input.copy_source)).into()
        );
    }
    let new = NewObject::whole(body, attributes);
    let object = api.store.put(&bucket, &input.key, new, condition, Happening::Copy, origin).await?;
    let mut result = CopyObjectResult {
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(timestamp(object.last_modified_ms)),
        checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        ..CopyObjectResult::default()
    };
    set_checksums!(result, &object.checksums);
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id: copied_version,
        version_id: version_header(&bucket, &object),
        ..CopyObjectOutput::default()
    }))
}

fn replaces_metadata(input: &CopyObjectInput) -> bool {
    input
        .metadata_directive
        .as_ref()
        .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE)
}

fn replaces_tags(input: &CopyObjectInput) -> bool {
    input.tagging_directive.as_ref().is_some_and(|directive| directive.as_str() == TaggingDirective::REPLACE)
}

/// S3 refuses a copy that would change nothing: onto itself, keeping everything.
fn refuse_idle_copy(input: &CopyObjectInput) -> S3Result<()> {
    let CopySource::Bucket { bucket, key, version_id: None } = &input.copy_source else {
        return Ok(());
    };
    let onto_itself = **bucket == *input.bucket && **key == *input.key;
    let changes = replaces_metadata(input)
        || input.checksum_algorithm.is_some()
        || input.storage_class.is_some()
        || input.website_redirect_location.is_some();
    if onto_itself && !changes {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata, storage class, website redirect location or encryption attributes."
        ));
    }
    Ok(())
}

fn copied_attributes(input: &mut CopyObjectInput, source: &Attributes) -> S3Result<Attributes> {
    let (metadata, tags) = (replaces_metadata(input), replaces_tags(input));
    let asked = attributes_of!(input)?;
    let mut attributes = if metadata { asked.clone() } else { source.clone() };
    attributes.tags = if tags { asked.tags } else { source.tags.clone() };
    attributes.headers.website_redirect_location = asked.headers.website_redirect_location;
    Ok(attributes)
}
