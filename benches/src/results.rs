//! All figures of a run, as `target/peers/results.json` holds them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::contender::Name;
use crate::job::{Format, Round, Way};
use crate::machine::Machine;
use crate::stats::{Ratio, geometric_mean, mean};

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Results {
    /// What it ran on.
    pub machine: Machine,
    /// What each contender said of itself.
    pub versions: BTreeMap<Name, String>,
    /// Peers that did not take part, in a sentence each.
    pub left_out: Vec<String>,
    /// A task each.
    pub tasks: Vec<TaskResult>,
    /// T2 on two cores.
    pub two_cores: Option<TwoCores>,
}

/// A task's figures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskResult {
    /// The task's.
    pub id: String,
    /// The input's bytes.
    pub input_bytes: u64,
    /// Us first.
    pub lanes: Vec<LaneResult>,
    /// Every file that came out of us and of sharp.
    pub outputs: Vec<OutputResult>,
}

/// A contender's figures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LaneResult {
    /// Who.
    pub name: Name,
    /// How.
    pub way: Way,
    /// Whether it is us on the task's twin.
    pub twin: bool,
    /// Median CPU time in milliseconds.
    pub cpu: f64,
    /// Our CPU time ÷ this one's, pair by pair.
    pub ratio: Ratio,
    /// The most memory that was resident in a process that did it once, in bytes.
    pub peak: Option<u64>,
    /// Every round, in milliseconds for one time.
    pub rounds: Vec<Round>,
}

/// A file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Scored {
    /// Its size.
    pub bytes: u64,
    /// SSIMULACRA2 against the reference.
    pub score: f64,
}

/// A rendition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OutputResult {
    /// Pixels a row.
    pub width: u32,
    /// Its format.
    pub format: Format,
    /// Our file.
    pub ours: Scored,
    /// sharp's.
    pub sharp: Option<Scored>,
    /// Bytes of ours ÷ bytes of sharp's, ours at sharp's score; of lossless files, as they are.
    pub equal: Option<f64>,
}

/// Two cores at work on T2.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TwoCores {
    /// Time on the wall of one picture with two workers ÷ its CPU time.
    pub wall: Ratio,
    /// Pictures a second of two processes side by side.
    pub throughput: BTreeMap<Name, f64>,
}

impl TaskResult {
    /// The lane of `name` going about it in `way`.
    pub fn lane(&self, name: Name, way: Way) -> Option<&LaneResult> {
        self.lanes.iter().find(|lane| lane.name == name && lane.way == way && !lane.twin)
    }

    /// Us on the twin.
    pub fn twin(&self) -> Option<&LaneResult> {
        self.lanes.iter().find(|lane| lane.twin)
    }

    /// Means over all files of our score and of sharp's.
    pub fn scores(&self) -> Option<(f64, Option<f64>)> {
        let ours = mean(self.outputs.iter().map(|output| output.ours.score))?;
        Some((ours, mean(self.outputs.iter().filter_map(|output| output.sharp).map(|sharp| sharp.score))))
    }

    /// Geometric mean of the files' bytes ÷ sharp's at equal score.
    pub fn bytes(&self) -> Option<f64> {
        geometric_mean(self.outputs.iter().filter_map(|output| output.equal))
    }
}
