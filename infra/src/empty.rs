//! Deletes a bucket with all that is in it: objects, versions, marks of deletion, and uploads that never ended.

use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use indicatif::ProgressBar;

use crate::account::Account;
use crate::code_bucket::is_missing;
use crate::console::Console;
use crate::failure::Failure;
use crate::versions::{self, Version};

/// How often it is tried again when something arrived meanwhile.
const ROUNDS: usize = 3;

/// Deletes the bucket `name`; the answer is how many objects, versions and marks were in it.
///
/// # Errors
///
/// A [`Failure`] when S3 refuses; what is gone by then stays gone.
pub(crate) async fn delete(account: &Account, console: &Console, name: &str) -> Result<u64, Failure> {
    let bar = console.things(format_args!("emptying {name}"), 0);
    let mut removed = 0;
    for round in 1.. {
        abort_uploads(account, name).await?;
        removed += empty(account, name, &bar).await?;
        let Err(error) = account.s3.delete_bucket().bucket(name).send().await else { break };
        let refilled = error.as_service_error().is_some_and(|error| error.code() == Some("BucketNotEmpty"));
        if is_missing(&error) {
            break;
        }
        if !refilled || round == ROUNDS {
            return Err(Failure::of_request("S3", &format!("delete the bucket '{name}'"), &error));
        }
    }
    bar.finish_and_clear();
    Ok(removed)
}

/// Deletes every version, as many at a time as S3 lists and takes (1,000).
async fn empty(account: &Account, name: &str, bar: &ProgressBar) -> Result<u64, Failure> {
    let mut removed = 0;
    loop {
        // Always the first page: what was on it is gone the next time.
        let doomed = versions::page(account, name, None).await?.versions;
        if doomed.is_empty() {
            return Ok(removed);
        }
        let count = doomed.len() as u64;
        bar.inc_length(count);
        // XML, in which a batch is written, has no control characters.
        let (odd, plain): (Vec<_>, Vec<_>) =
            doomed.into_iter().partition(|version| version.key.chars().any(char::is_control));
        if !plain.is_empty() {
            delete_all(account, name, plain).await?;
        }
        for version in odd {
            let delete = account.s3.delete_object().bucket(name).key(version.key).set_version_id(version.id);
            let gone = delete.send().await;
            gone.map_err(|error| Failure::of_request("S3", &format!("empty the bucket '{name}'"), &error))?;
        }
        bar.inc(count);
        removed += count;
    }
}

async fn delete_all(account: &Account, name: &str, doomed: Vec<Version>) -> Result<(), Failure> {
    let unready = |error: BuildError| Failure::new(error.to_string(), "Run the command again.");
    let mut delete = Delete::builder().quiet(true);
    for version in doomed {
        let one = ObjectIdentifier::builder().key(version.key).set_version_id(version.id);
        delete = delete.objects(one.build().map_err(unready)?);
    }
    let delete = delete.build().map_err(unready)?;
    let done = account.s3.delete_objects().bucket(name).delete(delete).send().await;
    let done =
        done.map_err(|error| Failure::of_request("S3", &format!("empty the bucket '{name}'"), &error))?;
    let Some(first) = done.errors().first() else { return Ok(()) };
    let (code, said) = (first.code().unwrap_or("no code"), first.message().unwrap_or("no words"));
    let message = format!(
        "S3 kept {} of the objects of '{name}'; of {} it says {code}: {said}",
        done.errors().len(),
        first.key().unwrap_or("one")
    );
    Err(Failure::new(message, crate::failure::remedy(code, said)))
}

async fn abort_uploads(account: &Account, name: &str) -> Result<(), Failure> {
    let mut pages = account.s3.list_multipart_uploads().bucket(name);
    loop {
        let page = pages.send().await;
        let page = page
            .map_err(|error| Failure::of_request("S3", &format!("list the uploads to '{name}'"), &error))?;
        for upload in page.uploads() {
            let abort = account.s3.abort_multipart_upload().bucket(name);
            let abort =
                abort.set_key(upload.key.clone()).set_upload_id(upload.upload_id.clone()).send().await;
            if let Err(error) = abort
                && !is_missing(&error)
            {
                return Err(Failure::of_request("S3", &format!("end an upload to '{name}'"), &error));
            }
        }
        if page.is_truncated() != Some(true) {
            return Ok(());
        }
        pages = account.s3.list_multipart_uploads().bucket(name);
        pages = pages.set_key_marker(page.next_key_marker).set_upload_id_marker(page.next_upload_id_marker);
    }
}
