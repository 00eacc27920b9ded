//! Some hundred histories at once, in a world of their own, and what came of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use local_s3::{EventFaults, Faults, Queue, QueueSettings};
use manifest::{DerivedPlace, Manifest};
use thumbnailer::{Sweep, Thumbnailer};
use tokio::sync::oneshot;

use crate::author;
use crate::crew::{Crew, Frailty};
use crate::faults::{ROUGH, for_the_function};
use crate::history::{History, mix};
use crate::pictures::Pictures;
use crate::replay;
use crate::sqs;
use crate::tidy::Lying;
use crate::totals::{Requests, Totals};
use crate::verdict::{self, Difference, Found, Kind};
use crate::world::{self, ARCHIVE, DERIVED, Setup, World};

/// Authors at once.
const AUTHORS: usize = 40;
/// Batches in flight at once, those of workers that died included.
const WORKERS: usize = 32;
/// A third of the workers comes to harm.
const FRAILTY: Frailty = Frailty { die: 100, doze: 250 };
/// Within which a worker has answered, or its messages come again.
const VISIBILITY: Duration = Duration::from_millis(700);
/// Receives are without bound: nothing may end in the dead letters.
const MAX_RECEIVES: u32 = 100_000;
/// Of so many histories one's events are replayed.
const REPLAYED: u64 = 10;
/// In which a round's queue has to be empty once all operations are done.
const PATIENCE: Duration = Duration::from_secs(120);
/// Keys that are looked at at once.
const LOOKS: usize = 8;
/// Each picture of 16 pixels is made as wide as this.
const WIDTHS: [u32; 2] = [8, 16];

/// Runs `histories` to their ends and judges them. What happens to requests follows from `seed`, what happens to events
/// and workers from `fortune` too.
pub(crate) async fn run(
    seed: u64,
    fortune: u64,
    pictures: &Pictures,
    histories: &[History],
) -> anyhow::Result<Totals> {
    let fortune = mix(seed ^ fortune);
    let faults = for_the_function(seed, ROUGH);
    let world = World::start(setup(fortune, faults.clone())).await?;
    let config = world::config(&WIDTHS, MAX_RECEIVES)?;
    let crew = Crew::hire(&world, &config, WORKERS, VISIBILITY).frail(FRAILTY, fortune);
    let queue = world.server.queue();
    let mut totals = Totals { histories: histories.len() as u64, ..Totals::default() };
    totals.operations = histories.iter().map(|history| history.operations.len() as u64).sum();

    live(&world, &crew, &queue, pictures, histories).await?;
    faults.pause();
    totals.faults = Requests::of(&faults);
    let ledger = crew.ledger();
    totals.note(&ledger);
    let event_faults = queue.event_faults();
    (totals.duplicated_events, totals.delayed_events) = (event_faults.duplicated, event_faults.delayed);
    ensure!(
        queue.depth().dead == 0,
        "messages went to the dead letters, which nothing here ought to lead to"
    );
    let bodies: BTreeSet<&str> = ledger.bodies.values().map(String::as_str).collect();
    totals.events = bodies.len() as u64;

    let mut manifests = judge(&world, pictures, histories, &mut totals).await?;
    let calm = Thumbnailer::new(world.client(), config.clone());
    replay_some(&world, &calm, histories, &manifests, &bodies, &mut totals).await?;

    // A lifecycle rule takes away what is noncurrent, which must change nothing.
    if world.server.expire_noncurrent(ARCHIVE).await? > 0 {
        settle(&crew, &queue).await?;
        totals.note(&crew.ledger());
        manifests = judge(&world, pictures, histories, &mut totals).await?;
    }
    sweep(&world, histories, &manifests, &mut totals).await?;
    judge(&world, pictures, histories, &mut totals).await?;
    world.server.stop().await;
    Ok(totals)
}

fn setup(seed: u64, faults: Faults) -> Setup {
    Setup {
        faults: Some(faults),
        events: Some(EventFaults {
            seed,
            duplicate: 0.15,
            delay: 0.15,
            longest_delay: Duration::from_millis(300),
            shuffle: true,
        }),
        queue: QueueSettings {
            visibility_timeout: VISIBILITY,
            max_receives: MAX_RECEIVES,
            batch_size: 2,
            concurrency: WORKERS,
            backoff: Duration::from_millis(20),
            longest_backoff: Duration::from_millis(200),
        },
        hide_missing_keys: false,
    }
}

/// Authors and workers side by side, until all is done and settled.
async fn live(
    world: &World,
    crew: &Crew,
    queue: &Queue,
    pictures: &Pictures,
    histories: &[History],
) -> anyhow::Result<()> {
    let (say, said) = oneshot::channel::<()>();
    let authors = async {
        let done = stream::iter(histories)
            .map(|history| author::live(&world.s3, queue, pictures, history))
            .buffer_unordered(AUTHORS)
            .try_collect::<()>()
            .await;
        let _ = say.send(());
        done
    };
    let settled = async {
        let _ = said.await;
        // What does not settle is told after the crew has ended.
        let _ = tokio::time::timeout(PATIENCE, queue.settled()).await;
    };
    let (done, ()) = tokio::join!(authors, crew.work(queue, settled));
    done?;
    empty(queue)
}

/// Lets the crew work until the queue is empty.
async fn settle(crew: &Crew, queue: &Queue) -> anyhow::Result<()> {
    let settled = async {
        let _ = tokio::time::timeout(PATIENCE, queue.settled()).await;
    };
    crew.work(queue, settled).await;
    empty(queue)
}

fn empty(queue: &Queue) -> anyhow::Result<()> {
    let depth = queue.depth();
    ensure!(
        depth.visible == 0 && depth.in_flight == 0,
        "the queue is not empty {} s after the last operation: {depth:?}",
        PATIENCE.as_secs()
    );
    Ok(())
}

/// Compares every history's end with the model, and answers the manifests by key. What differs is told once.
async fn judge(
    world: &World,
    pictures: &Pictures,
    histories: &[History],
    totals: &mut Totals,
) -> anyhow::Result<BTreeMap<String, Manifest>> {
    let look = |history| async move {
        Ok::<_, anyhow::Error>((history, verdict::look(world, pictures, history).await?))
    };
    let looks: Vec<(&History, Found)> =
        stream::iter(histories).map(look).buffer_unordered(LOOKS).try_collect().await?;
    let mut manifests = BTreeMap::new();
    for (history, found) in looks {
        if let Some(difference) = verdict::judge(history, &found) {
            tell(totals, difference);
        }
        if let Some(manifest) = found.manifest {
            manifests.insert(history.key.clone(), manifest);
        }
    }
    Ok(manifests)
}

fn tell(totals: &mut Totals, difference: Difference) {
    let known =
        |told: &Difference| told.history.index == difference.history.index && told.kind == difference.kind;
    if !totals.differences.iter().any(known) {
        totals.differences.push(difference);
    }
}

/// Hands the events of some histories over once more, which must write nothing.
async fn replay_some(
    world: &World,
    thumbnailer: &Thumbnailer,
    histories: &[History],
    manifests: &BTreeMap<String, Manifest>,
    bodies: &BTreeSet<&str>,
    totals: &mut Totals,
) -> anyhow::Result<()> {
    let chosen = histories.iter().filter(|history| histories.len() == 1 || history.index % REPLAYED == 0);
    let chosen: BTreeMap<&str, &History> = chosen.map(|history| (history.key.as_str(), history)).collect();
    for body in bodies {
        let told = sqs::told(body).context("an event of S3's cannot be read")?;
        let Some(history) = chosen.get(told.key.as_str()) else { continue };
        let asked = replay::one(world, thumbnailer, body).await?;
        totals.replayed += 1;
        let manifest = manifests.get(&told.key);
        if let Some(objection) = replay::objection(&told, manifest, &asked) {
            let (state, retired) = manifest.map(|manifest| (manifest.state, manifest.retired.len())).unzip();
            let found = format!("{objection}, where the manifest was {state:?} and had retired {retired:?}");
            tell(totals, Difference { kind: Kind::Duplicated, history: (*history).clone(), found });
        }
    }
    Ok(())
}

/// Sweeps without grace, after which only what manifests name may be left.
async fn sweep(
    world: &World,
    histories: &[History],
    manifests: &BTreeMap<String, Manifest>,
    totals: &mut Totals,
) -> anyhow::Result<()> {
    let swept =
        thumbnailer::sweep(&world.s3, &DerivedPlace::of_bucket(DERIVED), &Sweep::new(Duration::ZERO), |_| {})
            .await?;
    ensure!(swept.troubles.is_empty(), "what the sweep could not do: {:?}", swept.troubles);
    totals.swept = swept.deleted;
    let lying = Lying::list(world).await?;
    ensure!(lying.strangers().is_empty(), "the derived bucket holds {:?}", lying.strangers());
    for history in histories {
        let unnamed = lying.unnamed(&history.key, manifests.get(&history.key));
        if !unnamed.is_empty() {
            let found = format!("after the sweep, {} named by no manifest", unnamed.join(", "));
            tell(totals, Difference { kind: Kind::Duplicated, history: history.clone(), found });
        }
    }
    Ok(())
}
