//! `chaos uploads`: every upload under faults has to be derived, and settled events cost one GET.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use clap::Args;
use futures::{StreamExt, stream};
use local_s3::{Faults, QueueSettings};
use manifest::{Manifest, State};
use thumbnailer::Thumbnailer;
use tokio::sync::oneshot;

use crate::Ending;
use crate::crew::Crew;
use crate::faults::TROUBLED;
use crate::pictures::{File, photograph};
use crate::totals::Requests;
use crate::world::{self, ORIGINALS, Setup, World};
use crate::{replay, verdict};

/// Uploads on their way at once.
const UPLOADERS: usize = 4;
const WORKERS: usize = 8;
/// What SQS is set up with: a message that failed so often is a dead letter.
const MAX_RECEIVES: u32 = 5;
const VISIBILITY: Duration = Duration::from_secs(60);
/// How often an author tries an upload, each time with the SDK's retries.
const PERSISTENCE: u32 = 20;
const WIDTHS: [u32; 2] = [32, 64];

#[derive(Args)]
pub(crate) struct Options {
    /// The same seed makes the same pictures and the same faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many uploads, each of another picture
    #[arg(long, default_value_t = 500, value_name = "N")]
    uploads: u64,
    /// How many events are handed over again once all is settled
    #[arg(long, default_value_t = 1000, value_name = "N")]
    replays: usize,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<Ending> {
    tokio::select! {
        biased;
        pressed = tokio::signal::ctrl_c() => {
            pressed?;
            println!("interrupted; nothing can be said of uploads that are under way");
            Ok(Ending::Interrupted)
        }
        ending = upload_and_check(&options) => ending,
    }
}

async fn upload_and_check(options: &Options) -> anyhow::Result<Ending> {
    let started = Instant::now();
    let faults = Faults::seeded(options.seed, TROUBLED);
    let world = World::start(setup(faults.clone())).await?;
    let config = world::config(&WIDTHS, MAX_RECEIVES)?;
    let crew = Crew::hire(&world, &config, WORKERS, VISIBILITY);
    let queue = world.server.queue();

    eprintln!("{} uploads of seed {}", options.uploads, options.seed);
    let files: Vec<(String, File)> = (0..options.uploads)
        .map(|n| (format!("upload {n}.jpg"), photograph(96, 72, options.seed.wrapping_mul(1 << 20) + n)))
        .collect();
    let (say, said) = oneshot::channel::<()>();
    let uploading = async {
        let all = stream::iter(&files)
            .map(|(key, file)| upload(&world.s3, key, file))
            .buffer_unordered(UPLOADERS)
            .collect::<Vec<anyhow::Result<()>>>()
            .await;
        let _ = say.send(());
        all.into_iter().collect::<anyhow::Result<()>>()
    };
    let settled = async {
        let _ = said.await;
        queue.settled().await;
    };
    let (uploaded, ()) = tokio::join!(uploading, crew.work(&queue, settled));
    uploaded?;
    faults.pause();
    let requests = Requests::of(&faults);
    let ledger = crew.ledger();
    let settled_after = started.elapsed();

    let (mut derived, mut wrong) = (0, Vec::new());
    for (key, file) in &files {
        match objection(&world, key, file).await? {
            None => derived += 1,
            Some(words) => wrong.push(format!("{key}: {words}")),
        }
    }
    let dead = queue.dead_letters().len();
    let bodies: BTreeSet<&str> = ledger.bodies.values().map(String::as_str).collect();
    let calm = Thumbnailer::new(world.client(), config);
    let again = replay_all(&world, &calm, &bodies, options.replays).await?;

    for words in wrong.iter().take(20) {
        println!("wrong: {words}");
    }
    println!(
        "uploads      {}\nderived      {derived}\nwrong        {}\ndead letters {dead}\ninvocations  {}\n\
         {requests}\nelapsed      {:.1} s\nreplayed     {} already derived events: {}",
        options.uploads,
        wrong.len(),
        ledger.deliveries,
        settled_after.as_secs_f64(),
        options.replays,
        again.words,
    );
    let well = derived == options.uploads && wrong.is_empty() && dead == 0 && again.as_it_has_to_be;
    world.server.stop().await;
    Ok(if well { Ending::AllWell } else { Ending::Differences })
}

fn setup(faults: Faults) -> Setup {
    Setup {
        faults: Some(faults),
        events: None,
        queue: QueueSettings {
            visibility_timeout: VISIBILITY,
            max_receives: MAX_RECEIVES,
            batch_size: 5,
            concurrency: WORKERS,
            backoff: Duration::from_millis(50),
            longest_backoff: Duration::from_millis(400),
        },
        hide_missing_keys: false,
    }
}

/// Puts the file until S3 has acknowledged it.
async fn upload(s3: &Client, key: &str, file: &File) -> anyhow::Result<()> {
    let mut last = String::new();
    for _ in 0..PERSISTENCE {
        let body = ByteStream::from(file.bytes.clone());
        match s3.put_object().bucket(ORIGINALS).key(key).body(body).send().await {
            Ok(_) => return Ok(()),
            Err(error) => last = DisplayErrorContext(&error).to_string(),
        }
    }
    anyhow::bail!("{key} could not be uploaded in {PERSISTENCE} attempts: {last}")
}

/// What is not as it has to be with an upload, in words.
async fn objection(world: &World, key: &str, file: &File) -> anyhow::Result<Option<String>> {
    let Some(manifest) = world.manifest(key).await? else {
        return Ok(Some("there is no manifest".to_owned()));
    };
    let Manifest { state, source, renditions, .. } = &manifest;
    if *state != State::Derived {
        return Ok(Some(format!("its state is {state:?}")));
    }
    if source.sha256.as_deref() != Some(&file.sha256) || renditions.len() != WIDTHS.len() {
        return Ok(Some(format!("it was derived into {} renditions from {source:?}", renditions.len())));
    }
    let torn = verdict::torn(world, &manifest).await?;
    Ok((!torn.is_empty()).then(|| torn.join("; ")))
}

/// What S3 was asked for events that were settled long ago.
struct Again {
    words: String,
    as_it_has_to_be: bool,
}

/// Hands `times` events over, all of them and then all again, and looks at what S3 counted.
///
/// An upload whose answer was lost was done twice, and the first of its two events is superseded, which is settled by
/// the manifest as well.
async fn replay_all(
    world: &World,
    thumbnailer: &Thumbnailer,
    bodies: &BTreeSet<&str>,
    times: usize,
) -> anyhow::Result<Again> {
    ensure!(!bodies.is_empty(), "there were no events");
    let before = world.server.requests();
    for body in bodies.iter().cycle().take(times) {
        replay::one(world, thumbnailer, body).await.context("a replay")?;
    }
    let asked = replay::since(&before, &world.server.requests());
    let words: Vec<String> = asked.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let as_it_has_to_be =
        asked.len() == 1 && asked.get("GetObject").is_some_and(|count| usize::try_from(*count) == Ok(times));
    Ok(Again { words: format!("{} and nothing else", words.join(", ")), as_it_has_to_be })
}
