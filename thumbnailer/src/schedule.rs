//! The sweep on a schedule, which may take longer than one invocation: each begins where the last one ended.

use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use manifest::DerivedPlace;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Retryable;
use crate::storage::{Refusal, persist};
use crate::sweep::{Sweep, sweep};

/// Where the last sweep ended is kept here, in the derived place; no manifest and no rendition has such a key.
const BOOKMARK: &str = "sweep.json";
const NEEDS: &str = "s3:GetObject and s3:PutObject on the derived bucket's objects, and s3:ListBucket on it";

#[derive(Serialize, Deserialize)]
struct Bookmark {
    /// The last key that was looked at; absent when all were.
    after: Option<String>,
}

/// Sweeps what `until` leaves time for, and answers what came of it.
pub(crate) async fn run(
    s3: &Client,
    derived: &DerivedPlace,
    grace: Duration,
    until: Option<Instant>,
) -> Result<Value, Retryable> {
    let after = read(s3, derived).await?;
    let order = Sweep { after: after.clone(), until, ..Sweep::new(grace) };
    let mut reached = after.clone();
    let swept = sweep(s3, derived, &order, |swept| reached.clone_from(&swept.next)).await;
    // Also where it broke off, so that what stopped it is not met first again and again.
    if reached != after {
        write(s3, derived, &Bookmark { after: reached }).await?;
    }
    let swept = swept?;
    tracing::info!(
        seen = swept.seen,
        deleted = swept.deleted,
        bytes = swept.bytes,
        troubles = swept.troubles.len(),
        next = swept.next,
        "swept"
    );
    Ok(json!({
        "seen": swept.seen,
        "deleted": swept.deleted,
        "bytes": swept.bytes,
        "troubles": swept.troubles,
        "next": swept.next,
    }))
}

async fn read(s3: &Client, derived: &DerivedPlace) -> Result<Option<String>, Retryable> {
    let doing = || format!("reading s3://{derived}/{BOOKMARK}");
    let read = || async {
        let object = match s3.get_object().bucket(derived.bucket()).key(derived.key(BOOKMARK)).send().await {
            Ok(object) => object,
            Err(error) => {
                return match Refusal::of(&error) {
                    Refusal::NoSuchKey => Ok(None),
                    refusal => Err(refusal.retryable(doing(), NEEDS)),
                };
            }
        };
        let body = object.body.collect().await;
        let body = body.map_err(|error| Retryable::Storage { doing: doing(), cause: error.to_string() })?;
        // One that cannot be read costs no more than beginning anew.
        Ok(serde_json::from_slice::<Bookmark>(&body.into_bytes()).ok().and_then(|bookmark| bookmark.after))
    };
    persist(read).await
}

async fn write(s3: &Client, derived: &DerivedPlace, bookmark: &Bookmark) -> Result<(), Retryable> {
    let doing = format!("writing s3://{derived}/{BOOKMARK}");
    let json = serde_json::to_vec(bookmark).map_err(|error| Retryable::Fault { what: error.to_string() })?;
    let put =
        s3.put_object().bucket(derived.bucket()).key(derived.key(BOOKMARK)).body(ByteStream::from(json));
    match put.content_type("application/json").send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(Refusal::of(&error).retryable(doing, NEEDS)),
    }
}
