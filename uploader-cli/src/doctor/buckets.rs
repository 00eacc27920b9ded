//! Whether both buckets are there and let us do what uploads need.

use aws_sdk_s3::error::SdkError;
use manifest::manifest_key;

use super::check::Check;
use super::clock::Watch;
use crate::accelerate;
use crate::failure::Failure;
use crate::manifests;
use crate::store::Store;

/// A key that no author chooses, under which nothing is ever left.
const PROBE: &str = ".uploader-doctor/probe";

/// Makes the checks of the buckets and tells each.
///
/// # Errors
///
/// Those of `tell`.
pub(super) async fn check(
    store: &Store,
    tell: &mut impl FnMut(&Check) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let watch = Watch::default();
    let listed = list(store, &watch).await;
    tell(&originals(store, &listed))?;
    if let Err(Trouble { failure, .. }) = &listed
        && is_unreachable(failure)
    {
        return tell(&Check::skipped("buckets", "the rest is not checked: the server cannot be reached"));
    }
    tell(&watch.check().unwrap_or_else(|| Check::skipped("clock", "the server doesn't say its time")))?;
    if matches!(&listed, Err(trouble) if trouble.failure.is_final()) {
        tell(&Check::skipped("upload", "not checked: nothing can be asked of the originals' bucket"))?;
    } else {
        tell(&upload(store).await)?;
        tell(&acceleration(store).await)?;
    }
    tell(&derived(store, listed.ok().flatten().as_deref()).await)
}

/// What kept us from listing the originals.
struct Trouble {
    failure: Failure,
    /// Where the bucket is, if S3 says so.
    region: Option<String>,
}

/// Some key of the originals bucket, if there is one.
async fn list(store: &Store, watch: &Watch) -> Result<Option<String>, Trouble> {
    let request = store.client.list_objects_v2().bucket(&store.originals).max_keys(1);
    match request.customize().interceptor(watch.clone()).send().await {
        Ok(page) => Ok(page.contents().iter().find_map(|object| object.key().map(str::to_owned))),
        Err(error) => {
            let headers = error.raw_response().map(|response| response.headers());
            let region = headers.and_then(|headers| headers.get("x-amz-bucket-region")).map(str::to_owned);
            Err(Trouble { failure: Failure::of_request(&error, &store.originals, store), region })
        }
    }
}

fn originals(store: &Store, listed: &Result<Option<String>, Trouble>) -> Check {
    let name = "originals";
    let bucket = &store.originals;
    let region = store.client.config().region().map(ToString::to_string).unwrap_or_default();
    match listed {
        Ok(_) => Check::ok(name, format!("bucket '{bucket}' in {region} is there and may be listed")),
        Err(Trouble { region: Some(theirs), .. }) if *theirs != region && store.endpoint.is_none() => {
            Check::error(
                name,
                format!("bucket '{bucket}' is in {theirs}, not in {region}"),
                format!("Give --region {theirs}, or write it down with `uploader init`."),
            )
        }
        Err(Trouble { failure, .. }) if is_denied(failure) => Check::warning(
            name,
            format!("bucket '{bucket}' may not be listed: {}", failure.code),
            format!(
                "Without s3:ListBucket on '{bucket}', `uploader ls` and `rm` do not work; ask the operator."
            ),
        ),
        Err(Trouble { failure, .. }) => Check::failed(name, failure.clone()),
    }
}

/// Begins an upload and gives it up: S3 asks for the same permission as for a whole one.
async fn upload(store: &Store) -> Check {
    let name = "upload";
    let bucket = &store.originals;
    let begun = store.client.create_multipart_upload().bucket(bucket).key(PROBE).send().await;
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => {
            let failure = Failure::of_request(&error, bucket, store).needing("s3:PutObject", bucket);
            return Check::failed(name, failure);
        }
    };
    let given_up = store.client.abort_multipart_upload().bucket(bucket).key(PROBE);
    match given_up.set_upload_id(begun.upload_id().map(str::to_owned)).send().await {
        Ok(_) => Check::ok(name, format!("bucket '{bucket}' takes uploads")),
        Err(error) => {
            let failure =
                Failure::of_request(&error, bucket, store).needing("s3:AbortMultipartUpload", bucket);
            Check::warning(
                name,
                format!(
                    "uploads may be begun, but not given up; one is left under {PROBE}: {}",
                    failure.message
                ),
                failure.remedy,
            )
        }
    }
}

/// Whether uploads can go by Transfer Acceleration.
async fn acceleration(store: &Store) -> Check {
    let name = "acceleration";
    let wanted = store.settings.accelerate == Some(true);
    let impossible = |why: &str| {
        if wanted {
            Check::error(name, why, "Take `accelerate = true` out of the profile.")
        } else {
            Check::skipped(name, why)
        }
    };
    if let Some(why) = accelerate::obstacle(store) {
        return impossible(&format!("not possible: {why}"));
    }
    match accelerate::ask(store).await {
        Ok(true) => {
            let unused =
                if store.settings.accelerate == Some(false) { ", but the profile says no" } else { "" };
            Check::ok(name, format!("the bucket has it{unused}"))
        }
        Ok(false) if wanted => Check::error(
            name,
            "the profile says yes, but the bucket hasn't got it",
            "Ask the operator to turn Transfer Acceleration on, or set `accelerate = false`.",
        ),
        Ok(false) => Check::skipped(name, "the bucket hasn't got it"),
        Err(failure) => {
            let failure = failure.needing("s3:GetAccelerateConfiguration", &store.originals);
            Check::warning(name, format!("it cannot be told: {}", failure.message), failure.remedy)
        }
    }
}

/// Whether manifests may be read; `known` is the key of some original.
async fn derived(store: &Store, known: Option<&str>) -> Check {
    let name = "renditions";
    let (bucket, key) = (store.derived.bucket(), store.derived.key(&manifest_key(PROBE)));
    let absent = store.client.get_object().bucket(bucket).key(key).send().await;
    let failure = match absent {
        Ok(_) => return Check::ok(name, format!("bucket '{bucket}' may be read")),
        Err(SdkError::ServiceError(context)) if context.err().is_no_such_key() => {
            return Check::ok(name, format!("bucket '{bucket}' is there and may be read"));
        }
        Err(error) => Failure::of_request(&error, bucket, store),
    };
    if !is_denied(&failure) {
        return Check::failed(name, failure);
    }
    let remedy = format!(
        "Ask the operator for s3:ListBucket on '{bucket}': without it, S3 says {} of what isn't there yet.",
        failure.code
    );
    match known {
        // Uploads work; what is waited for looks forbidden until it is there.
        Some(key) if matches!(manifests::read(store, key).await, Ok(Some(_))) => {
            Check::warning(name, format!("bucket '{bucket}' may be read, but not listed"), remedy)
        }
        _ => Check::error(name, format!("bucket '{bucket}' may not be read: {}", failure.code), remedy),
    }
}

fn is_denied(failure: &Failure) -> bool {
    matches!(failure.code.as_str(), "AccessDenied" | "HTTP 403")
}

fn is_unreachable(failure: &Failure) -> bool {
    matches!(failure.code.as_str(), "connection" | "connection-refused" | "timeout" | "request")
}
