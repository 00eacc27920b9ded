//! One data set's way: prepared, begun, killed somewhere, delivered again, and looked at.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, ensure};
use local_s3::{Faults, Message, QueueSettings};
use manifest::State;

use super::point::{Point, Watch};
use super::process::Process;
use super::runtime_api::{PATIENCE, RuntimeApi, Said};
use super::snapshot::Snapshot;
use super::way::{KEY, Way};
use crate::sqs;
use crate::verdict;
use crate::world::{Setup, World};

/// When the process is killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Moment {
    /// As soon as it was given the invocation.
    Start,
    /// When it has asked S3 for something that was not done.
    Before(usize, Point),
    /// When S3 has done what it asked for and not said so.
    After(usize, Point),
    /// When it has posted its answer, which nobody took.
    Answer,
}

impl Moment {
    /// Every moment of an invocation that made the requests `points`.
    pub(super) fn all(points: &[Point]) -> Vec<Self> {
        let numbered = || points.iter().cloned().enumerate().map(|(index, point)| (index + 1, point));
        let around =
            numbered().flat_map(|(n, point)| [Self::Before(n, point.clone()), Self::After(n, point)]);
        [Self::Start].into_iter().chain(around).chain([Self::Answer]).collect()
    }

    /// What has to be held for it, and whether it is done first.
    fn held(&self) -> Option<(Point, bool)> {
        match self {
            Self::Start | Self::Answer => None,
            Self::Before(_, point) => Some((point.clone(), false)),
            Self::After(_, point) => Some((point.clone(), true)),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("at the invocation's start"),
            Self::Before(n, point) => write!(f, "{n:2} before {point}"),
            Self::After(n, point) => write!(f, "{n:2} after  {point}"),
            Self::Answer => f.write_str("before the answer was taken"),
        }
    }
}

/// What came of a data set.
#[derive(Debug)]
pub(super) struct Attempt {
    /// The requests of the undisturbed invocation, those at the same time in the order of their names.
    pub(super) points: Vec<Point>,
    /// What was torn right after the kill.
    torn: Vec<String>,
    /// What the manifest says in the end.
    state: Option<State>,
    snapshot: Snapshot,
}

/// An attempt beside the undisturbed one.
#[derive(Debug)]
pub(super) struct Result {
    pub(super) word: &'static str,
    pub(super) differences: Vec<String>,
}

impl Attempt {
    /// The invocation without a kill.
    pub(super) async fn undisturbed(bootstrap: &Path, way: Way) -> anyhow::Result<Self> {
        let mut set = DataSet::prepare(bootstrap, way, false).await?;
        let message = way.go(&set.world).await?;
        set.watch.begin(None);
        set.deliver(&message, 1).await?;
        let mut points = set.watch.end();
        in_order_of_names(&mut points);
        ensure!(!points.is_empty(), "it made no request");
        set.look(&message, points, Vec::new()).await
    }

    /// The invocation killed at `moment`, and delivered again.
    pub(super) async fn killed(bootstrap: &Path, way: Way, moment: &Moment) -> anyhow::Result<Self> {
        let mut set = DataSet::prepare(bootstrap, way, *moment == Moment::Answer).await?;
        let message = way.go(&set.world).await?;
        set.watch.begin(moment.held());
        set.api.invoke(sqs::event(&[received(&message, 1)]))?;
        set.until(moment).await.with_context(|| set.process.log())?;
        set.process.kill().await?;
        set.watch.end();
        let torn = match set.world.manifest(KEY).await? {
            Some(manifest) => verdict::torn(&set.world, &manifest).await?,
            None => Vec::new(),
        };
        set.restart(bootstrap).await?;
        set.deliver(&message, 2).await?;
        set.look(&message, Vec::new(), torn).await
    }

    pub(super) fn result(&self, reference: &Self) -> Result {
        let mut differences: Vec<String> =
            self.torn.iter().map(|torn| format!("right after the kill, {torn}")).collect();
        differences.extend(self.snapshot.differences(&reference.snapshot));
        let word = match (self.torn.is_empty(), self.state == reference.state, differences.is_empty()) {
            (false, ..) => "torn",
            (true, false, _) => "lost",
            (true, true, false) => "different",
            (true, true, true) => "identical",
        };
        Result { word, differences }
    }
}

/// Renditions are put at the same time, in an order that is never the same.
fn in_order_of_names(points: &mut [Point]) {
    for together in points.chunk_by_mut(|one, other| one.method == "PUT" && other.method == "PUT") {
        // The manifest comes after them, always.
        let last = together.len() - 1;
        together[..last].sort();
    }
}

/// `message` as the queue hands it over for the `count`-th time.
fn received(message: &Message, count: u32) -> Message {
    Message { receive_count: count, ..message.clone() }
}

/// S3 and the function, with their past.
struct DataSet {
    world: World,
    watch: Watch,
    faults: Faults,
    api: RuntimeApi,
    process: Process,
    /// Of all events so far.
    sequencers: Vec<String>,
}

impl DataSet {
    /// A fresh one, with what comes before `way` settled. With `deaf`, the process's answers are not taken from then
    /// on.
    async fn prepare(bootstrap: &Path, way: Way, deaf: bool) -> anyhow::Result<Self> {
        let watch = Watch::default();
        let faults = watch.faults();
        let setup = Setup {
            faults: Some(faults.clone()),
            events: None,
            queue: QueueSettings::default(),
            hide_missing_keys: false,
        };
        let world = World::start(setup).await?;
        let api = RuntimeApi::start(false).await?;
        let process = Process::start(bootstrap, &api, &world.server)?;
        let mut set = Self { world, watch, faults, api, process, sequencers: Vec::new() };
        if let Some(message) = way.prepare(&set.world).await? {
            set.deliver(&message, 1).await?;
            set.sequencers.extend(sqs::told(&message.body).map(|told| told.sequencer));
        }
        if deaf {
            set.process.kill().await?;
            set.api = RuntimeApi::start(true).await?;
            set.process = Process::start(bootstrap, &set.api, &set.world.server)?;
        }
        Ok(set)
    }

    /// A new process after the old one was killed.
    async fn restart(&mut self, bootstrap: &Path) -> anyhow::Result<()> {
        self.api = RuntimeApi::start(false).await?;
        self.process = Process::start(bootstrap, &self.api, &self.world.server)?;
        Ok(())
    }

    /// Delivers `message` and waits for the answer, which has to be that nothing failed.
    async fn deliver(&mut self, message: &Message, count: u32) -> anyhow::Result<()> {
        self.api.invoke(sqs::event(&[received(message, count)]))?;
        let answer = self.api.answer().await.with_context(|| self.process.log())?;
        let failed = sqs::failed_ids(&answer);
        ensure!(failed.is_empty(), "the message failed: {}", self.process.log());
        Ok(())
    }

    /// Waits until it is time to kill.
    async fn until(&mut self, moment: &Moment) -> anyhow::Result<()> {
        match moment {
            Moment::Start => while self.api.hear().await? != Said::Taken {},
            Moment::Answer => {
                self.api.answer().await?;
            }
            Moment::Before(..) | Moment::After(..) => tokio::time::timeout(PATIENCE, self.faults.stalled())
                .await
                .context("the request was not made in half a minute")?,
        }
        Ok(())
    }

    async fn look(
        mut self,
        message: &Message,
        points: Vec<Point>,
        torn: Vec<String>,
    ) -> anyhow::Result<Attempt> {
        self.process.kill().await?;
        self.sequencers.extend(sqs::told(&message.body).map(|told| told.sequencer));
        let state = self.world.manifest(KEY).await?.map(|manifest| manifest.state);
        let snapshot = Snapshot::take(&self.world, &self.sequencers).await?;
        Ok(Attempt { points, torn, state, snapshot })
    }
}
