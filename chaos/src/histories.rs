//! `chaos histories`: round after round, until all are done or Ctrl-C.

use std::pin::pin;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::Ending;
use crate::history::History;
use crate::pictures::Pictures;
use crate::round;
use crate::totals::Totals;

/// Histories in a round: as many as keep workers busy, and as few as leave the disk's memory small.
const ROUND: u64 = 1000;
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
}

pub(crate) async fn run(options: Options) -> anyhow::Result<Ending> {
    let pictures = Pictures::make()?;
    let (from, to) = match options.only {
        Some(index) => (index, index + 1),
        None => (0, options.histories),
    };
    println!("histories {from} to {} of seed {}", to.saturating_sub(1), options.seed);
    let started = Instant::now();
    let progress = progress(to - from)?;
    let mut totals = Totals::default();
    let mut interrupted = false;
    let mut ctrl_c = pin!(tokio::signal::ctrl_c());
    let mut next = from;
    while next < to {
        let end = to.min(next + ROUND);
        let histories: Vec<History> = (next..end).map(|index| History::new(options.seed, index)).collect();
        let round = tokio::select! {
            biased;
            pressed = &mut ctrl_c => {
                pressed?;
                interrupted = true;
                break;
            }
            round = round::run(options.seed, &pictures, &histories) => round?,
        };
        totals.add(round);
        next = end;
        progress.set_position(next - from);
        progress.set_message(totals.brief());
        if progress.is_hidden() {
            eprintln!("{:.0} s: {}", started.elapsed().as_secs_f64(), totals.brief());
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
        println!("interrupted: {} of {} histories were done", next - from, to - from);
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
