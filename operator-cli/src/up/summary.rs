//! What became of a source, read back from its manifest.

use aws_sdk_s3::Client;
use manifest::{Manifest, Reason, rendition_key};
use thumbnailer::{Fate, Outcome};

use super::surroundings::derived;
use super::uploads::Upload;
use crate::manifests;
use crate::report::{RenditionReport, SourceReport, State, millis};

/// What became of a file that was brought in. `latest` is what this run saw of its key.
pub(crate) async fn of_upload(s3: &Client, upload: &Upload, latest: Option<&Outcome>) -> SourceReport {
    let failed = |reason| SourceReport::failed(upload.source.clone(), upload.key.clone(), reason);
    let etag = match &upload.object {
        Ok(etag) => etag,
        Err(reason) => return failed(reason.clone()),
    };
    match manifests::read(s3, &derived(), &upload.key).await {
        Ok(Some(manifest)) if manifest.source.etag == *etag => {
            let worked = |outcome: &&Outcome| matches!(outcome.fate, Fate::Derived | Fate::Rejected);
            let ms = latest.filter(worked).map(|outcome| millis(outcome.elapsed));
            of_manifest(upload.source.clone(), &manifest, ms)
        }
        Ok(_) => failed(match latest.map(|outcome| &outcome.fate) {
            Some(Fate::Retryable(cause)) => cause.to_string(),
            Some(Fate::Superseded) => "was replaced while it was worked on; start again".to_owned(),
            _ => "its event was not delivered; start again".to_owned(),
        }),
        Err(error) => failed(error.to_string()),
    }
}

/// What became of a key that someone else wrote.
pub(crate) async fn of_outcome(s3: &Client, outcome: &Outcome) -> SourceReport {
    let key = outcome.key.clone();
    let ms = Some(millis(outcome.elapsed));
    if !matches!(outcome.fate, Fate::Retryable(_))
        && let Ok(Some(manifest)) = manifests::read(s3, &derived(), &key).await
    {
        return of_manifest(key, &manifest, ms);
    }
    let reason = match (&outcome.fate, &outcome.report.reason) {
        (Fate::Retryable(cause), _) => cause.to_string(),
        (_, Some(reason)) => words(reason),
        (fate, None) => fate.word().to_owned(),
    };
    let mut report = SourceReport::failed(key.clone(), key, reason);
    report.ms = ms;
    if outcome.fate == Fate::Rejected {
        report.state = State::Rejected;
    }
    report
}

fn of_manifest(source: String, manifest: &Manifest, ms: Option<u64>) -> SourceReport {
    let key = &manifest.source.key;
    let renditions = manifest.renditions.iter().map(|rendition| RenditionReport {
        path: rendition_key(key, &rendition.path),
        media_type: rendition.media_type.clone(),
        width: rendition.width,
        height: rendition.height,
        bytes: rendition.bytes,
    });
    SourceReport {
        source,
        key: key.clone(),
        state: match manifest.state {
            manifest::State::Derived => State::Derived,
            manifest::State::Rejected => State::Rejected,
            manifest::State::Failed => State::Failed,
            manifest::State::Removed => State::Removed,
        },
        width: manifest.source.width,
        height: manifest.source.height,
        bytes: Some(manifest.source.bytes),
        renditions: renditions.collect(),
        reason: manifest.reason.as_ref().map(words),
        warnings: manifest.warnings.clone(),
        ms,
    }
}

fn words(reason: &Reason) -> String {
    format!("{}. {}", reason.message, reason.remedy)
}
