//! Turns: every contender once, and again, so that what the machine does besides falls on all of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::contender::{Contender, Name, Running};
use crate::job::{Job, Round, Way};
use crate::results::{LaneResult, TwoCores};
use crate::stats::{median, paired};
use crate::tasks::{Lane, Task};

/// A round is made so long that a clock's grain doesn't matter, in milliseconds of ours.
const ROUND_MS: f64 = 40.0;

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// As many rounds of each task; else as many as fit into `seconds`.
    pub rounds: Option<usize>,
    /// About so long a task, but never fewer rounds than `at_least`.
    pub seconds: f64,
    /// See `seconds`.
    pub at_least: usize,
}

impl Effort {
    fn rounds(&self, one_ms: f64) -> usize {
        self.rounds.unwrap_or_else(|| ((self.seconds * 1_000.0 / one_ms) as usize).clamp(self.at_least, 21))
    }
}

/// Where things lie.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The inputs.
    pub inputs: PathBuf,
    /// Files that came out, a folder a task in it.
    pub outputs: PathBuf,
    /// What contenders are told.
    pub jobs: PathBuf,
}

impl Folders {
    /// Below `home`, made if they are absent; what came out of an earlier run goes.
    ///
    /// # Errors
    ///
    /// If the disk doesn't let us.
    pub fn below(home: &Path, inputs: PathBuf) -> Result<Self> {
        let folders = Self { inputs, outputs: home.join("outputs"), jobs: home.join("jobs") };
        for folder in [&folders.outputs, &folders.jobs] {
            if folder.exists() {
                fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
            }
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(folders)
    }

    /// Where `name`'s files of `task` go.
    pub fn of(&self, task: &Task, name: Name) -> PathBuf {
        self.outputs.join(task.id).join(name.title())
    }

    fn job(&self, task: &Task, number: usize) -> PathBuf {
        self.jobs.join(format!("{}-{number}.json", task.id))
    }
}

/// What came of a task.
#[derive(Debug)]
pub struct Measured {
    /// Us first; lanes that failed are absent.
    pub lanes: Vec<LaneResult>,
    /// Why those are, in a sentence each.
    pub failures: Vec<String>,
    /// What the contenders said of themselves.
    pub versions: BTreeMap<Name, String>,
}

/// Lets all `contenders` do `task` in turns, and once more each in a process of its own for its memory and its
/// files.
///
/// # Errors
///
/// If we fail ourselves. A peer that cannot do it is left out.
pub fn measure(
    task: &Task,
    contenders: &[Contender],
    folders: &Folders,
    effort: &Effort,
) -> Result<Measured> {
    let mut measured = Measured { lanes: Vec::new(), failures: Vec::new(), versions: BTreeMap::new() };
    let mut taking_part = Vec::new();
    for (number, lane) in task.lanes(contenders).into_iter().enumerate() {
        let job = task.job(&lane, &folders.inputs);
        let file = folders.job(task, number);
        let begun = peak(task, &lane, &job, folders, &file)
            .and_then(|peak| Ok((peak, lane.contender.start(&job, &file)?)));
        match begun {
            Ok((peak, running)) => {
                measured.versions.insert(lane.contender.name, running.version.clone());
                taking_part.push((lane, peak, running));
            }
            Err(error) if lane.contender.name == Name::Ours => return Err(error),
            Err(error) => {
                let name = lane.contender.name.title();
                measured.failures.push(format!("{name} cannot do “{}”: {error:#}", task.title));
            }
        }
    }
    let mut running: Vec<&mut Running> = taking_part.iter_mut().map(|(_, _, running)| running).collect();
    let rounds = turns(&mut running, effort)?;
    let ours: Vec<f64> = rounds[0].iter().map(|round| round.cpu).collect();
    for ((lane, peak, running), rounds) in taking_part.into_iter().zip(rounds) {
        running.end()?;
        let cpu: Vec<f64> = rounds.iter().map(|round| round.cpu).collect();
        measured.lanes.push(LaneResult {
            name: lane.contender.name,
            way: lane.way,
            twin: lane.is_twin(task),
            cpu: median(cpu.iter().copied()).context("no round")?,
            ratio: paired(&ours, &cpu).context("no round")?,
            peak,
            rounds,
        });
    }
    Ok(measured)
}

/// The memory of doing it once. Files are kept of lanes that are alike but for who does it.
fn peak(task: &Task, lane: &Lane<'_>, job: &Job, folders: &Folders, file: &Path) -> Result<Option<u64>> {
    let mut job = Job { once: true, ..job.clone() };
    if lane.way == Way::Each && !lane.is_twin(task) {
        let out = folders.of(task, lane.contender.name);
        fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
        job.out = Some(out);
    }
    Ok(lane.contender.once(&job, file)?.peak)
}

/// A B C A B C…: for each contender its rounds.
fn turns(running: &mut [&mut Running], effort: &Effort) -> Result<Vec<Vec<Round>>> {
    let mut one_ms = 0.0;
    let mut times = 1;
    for (i, contender) in running.iter_mut().enumerate() {
        let wall = contender.round(1)?.wall;
        if i == 0 {
            times = (ROUND_MS / wall).ceil().clamp(1.0, 20.0) as u32;
        }
        one_ms += wall * f64::from(times);
    }
    let mut rounds = vec![Vec::new(); running.len()];
    for _ in 0..effort.rounds(one_ms) {
        for (contender, rounds) in running.iter_mut().zip(&mut rounds) {
            rounds.push(contender.round(times)?);
        }
    }
    Ok(rounds)
}

/// What two cores make of `task`: one process of ours with two workers; then of us and of sharp two processes each,
/// side by side.
///
/// # Errors
///
/// If a contender fails.
pub fn two_cores(
    task: &Task,
    contenders: &[Contender],
    folders: &Folders,
    effort: &Effort,
) -> Result<Option<TwoCores>> {
    let mut throughput = BTreeMap::new();
    let mut wall = None;
    for lane in task.lanes(contenders).into_iter().filter(|lane| !lane.is_twin(task)) {
        let name = lane.contender.name;
        // sharp at its best: what it decoded once serves all widths.
        if !matches!((name, lane.way), (Name::Ours, _) | (Name::Sharp, Way::Once)) {
            continue;
        }
        let job = task.job(&lane, &folders.inputs);
        let file = folders.job(task, 90);
        if name == Name::Ours {
            let mut two = lane.contender.start(&Job { workers: 2, ..job.clone() }, &file)?;
            let rounds = turns(&mut [&mut two], effort)?.remove(0);
            two.end()?;
            let (walls, cpus): (Vec<f64>, Vec<f64>) = rounds.iter().map(|r| (r.wall, r.cpu)).unzip();
            wall = paired(&walls, &cpus);
        }
        throughput.insert(name, side_by_side(lane.contender, &job, &file, effort)?);
    }
    Ok(wall.map(|wall| TwoCores { wall, throughput }))
}

/// Pictures a second of two processes.
fn side_by_side(contender: &Contender, job: &Job, file: &Path, effort: &Effort) -> Result<f64> {
    let mut both = [contender.start(job, file)?, contender.start(job, file)?];
    let one = both[0].round(1)?.wall;
    let times = effort.rounds(one).min(20) as u32;
    let begun = Instant::now();
    for running in &mut both {
        running.begin(times)?;
    }
    for running in &mut both {
        running.finish(times)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    for running in both {
        running.end()?;
    }
    Ok(2.0 * f64::from(times) / seconds)
}
