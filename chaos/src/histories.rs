//! `chaos histories`: round after round, until all are done or Ctrl-C.

use std::ops::Range;
use std::pin::pin;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::Ending;
use crate::history::{History, mix};
use crate::pictures::Pictures;
use crate::round;
use crate::totals::Totals;

/// Histories in a round: as many as keep workers busy, and as few as leave the disk's memory small.
const ROUND: usize = 1000;
/// Differences that are printed in full.
const SHOWN: usize = 20;

#[derive(Args)]
pub(crate) struct Options {
    /// The same seed makes the same histories and the same faults; how they interleave is up to the machine
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many histories
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    histories: u64,
    /// Only this one of them, with the log on stderr
    #[arg(long, value_name = "INDEX")]
    pub(crate) only: Option<u64>,
    /// With --only, up to so often, until it differs: workers die and doze at other moments each time
    #[arg(long, default_value_t = 1, value_name = "N", requires = "only")]
    times: u64,
}

/// Histories that run at once, and the fortune of those who work on them.
struct Lot {
    indices: Range<u64>,
    fortune: u64,
}

impl Options {
    /// What is run, lot after lot.
    fn lots(&self) -> Vec<Lot> {
        match self.only {
            Some(index) => {
                let again = |time| Lot { indices: index..index + 1, fortune: mix(index) ^ mix(time) };
                (0..self.times).map(again).collect()
            }
            None => {
                let firsts = (0..self.histories).step_by(ROUND);
                let lot = |first| Lot {
                    indices: first..self.histories.min(first + ROUND as u64),
                    fortune: mix(first),
                };
                firsts.map(lot).collect()
            }
        }
    }
}

pub(crate) async fn run(options: Options) -> anyhow::Result<Ending> {
    let pictures = Pictures::make()?;
    let lots = options.lots();
    let all: u64 = lots.iter().map(|lot| lot.indices.end - lot.indices.start).sum();
    match options.only {
        Some(index) => println!("history {index} of seed {}", options.seed),
        None => println!("{all} histories of seed {}", options.seed),
    }
    let started = Instant::now();
    let progress = progress(all)?;
    let mut totals = Totals::default();
    let mut interrupted = false;
    let mut ctrl_c = pin!(tokio::signal::ctrl_c());
    for Lot { indices, fortune } in lots {
        let histories: Vec<History> = indices.map(|index| History::new(options.seed, index)).collect();
        let round = tokio::select! {
            biased;
            pressed = &mut ctrl_c => {
                pressed?;
                interrupted = true;
                break;
            }
            round = round::run(options.seed, fortune, &pictures, &histories) => round?,
        };
        totals.add(round);
        progress.set_position(totals.histories);
        progress.set_message(totals.brief());
        if progress.is_hidden() {
            eprintln!("{:.0} s: {}", started.elapsed().as_secs_f64(), totals.brief());
        }
        if options.only.is_some() && !totals.differences.is_empty() {
            break;
        }
    }
    progress.finish_and_clear();

    for difference in totals.differences.iter().take(SHOWN) {
        println!("\n{difference}");
    }
    if totals.differences.len() > SHOWN {
        println!("\n… and {} more", totals.differences.len() - SHOWN);
    }
    println!("\n{}", totals.table(started.elapsed()));
    if interrupted {
        println!("interrupted: {} of {all} histories were done", totals.histories);
    }
    Ok(match (totals.differences.is_empty(), interrupted) {
        (false, _) => Ending::Differences,
        (true, true) => Ending::Interrupted,
        (true, false) => Ending::AllWell,
    })
}

/// A bar on a terminal; hidden elsewhere, where each round is a line.
fn progress(length: u64) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} {wide_msg}")?;
    Ok(ProgressBar::new(length).with_style(style))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(histories: u64, only: Option<u64>) -> Options {
        Options { seed: 1, histories, only, times: 3 }
    }

    #[test]
    fn every_history_is_in_one_lot() {
        for histories in [0, 1, 1000, 2500] {
            let lots = options(histories, None).lots();
            let indices: Vec<u64> = lots.into_iter().flat_map(|lot| lot.indices).collect();
            assert_eq!(indices, (0..histories).collect::<Vec<_>>());
        }
    }

    #[test]
    fn one_history_meets_another_fortune_each_time() {
        let lots = options(9, Some(7)).lots();
        assert!(lots.iter().all(|lot| lot.indices == (7..8)));
        assert_eq!(lots.len(), 3);
        assert!(lots[0].fortune != lots[1].fortune && lots[1].fortune != lots[2].fortune);
    }
}
