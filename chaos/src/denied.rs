//! `chaos denied`: a function without `s3:ListBucket`, to which S3 says 403 where a key is missing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use clap::Args;
use local_s3::{Message, QueueSettings};
use thumbnailer::{Fate, Outcome, Thumbnailer};

use crate::Ending;
use crate::pictures::photograph;
use crate::sqs;
use crate::world::{self, ORIGINALS, Setup, World};

const MAX_RECEIVES: u32 = 2;
/// What the cause has to say.
const WORDS: &str = "needs s3:ListBucket";

#[derive(Args)]
pub(crate) struct Options {
    /// How many first uploads
    #[arg(long, default_value_t = 10, value_name = "N")]
    uploads: u64,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<Ending> {
    let setup = Setup {
        faults: None,
        events: None,
        queue: QueueSettings {
            max_receives: MAX_RECEIVES,
            backoff: Duration::from_millis(10),
            ..QueueSettings::default()
        },
        hide_missing_keys: true,
    };
    let world = World::start(setup).await?;
    let causes = Arc::new(Mutex::new(Vec::new()));
    let thumbnailer = {
        let causes = Arc::clone(&causes);
        let config = world::config(&[32], MAX_RECEIVES)?;
        Thumbnailer::new(world.client(), config).on_outcome(move |outcome: &Outcome| {
            causes.lock().unwrap_or_else(PoisonError::into_inner).push(match &outcome.fate {
                Fate::Retryable(cause) => cause.to_string(),
                settled => settled.word().to_owned(),
            });
        })
    };
    for n in 0..options.uploads {
        let body = ByteStream::from(photograph(64, 48, n).bytes);
        world.s3.put_object().bucket(ORIGINALS).key(format!("upload {n}.jpg")).body(body).send().await?;
    }
    let queue = world.server.queue();
    let deliver = move |batch: Vec<Message>| {
        let thumbnailer = thumbnailer.clone();
        async move {
            match thumbnailer.handle(sqs::event(&batch), None).await {
                Ok(answer) => sqs::failed_ids(&answer),
                Err(_) => batch.into_iter().map(|message| message.id).collect(),
            }
        }
    };
    queue.run(deliver, queue.settled()).await;

    let dead = queue.dead_letters().len() as u64;
    let causes = std::mem::take(&mut *causes.lock().unwrap_or_else(PoisonError::into_inner));
    let derived = causes.iter().filter(|cause| *cause == Fate::Derived.word()).count() as u64;
    let told = causes.iter().filter(|cause| cause.contains(WORDS)).count();
    let failed = causes.len() as u64 - derived;
    println!(
        "uploads      {}\nderived      {derived}\ndead letters {dead}\nof {failed} failures, {told} say {WORDS:?}",
        options.uploads
    );
    if let Some(cause) = causes.first() {
        println!("the first:   {cause}");
    }
    let well = derived + dead == options.uploads && told as u64 == failed;
    Ok(if well { Ending::AllWell } else { Ending::Differences })
}
