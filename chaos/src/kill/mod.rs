//! `chaos kill`: the real `bootstrap`, killed at every boundary of one invocation's way, and its message delivered
//! again to a new one. What is derived in the end has to be what an undisturbed run derives.
//!
//! `way` is what is worked on, `runtime_api` what hands it to `process`, `point` where a request is held so that the
//! process dies there, `attempt` one such death, `snapshot` what is compared.

mod attempt;
mod point;
mod process;
mod runtime_api;
mod snapshot;
mod way;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::Ending;
use attempt::{Attempt, Moment};
use way::Way;

#[derive(Args)]
pub(crate) struct Options {
    /// The Lambda function's program
    #[arg(long, value_name = "PATH")]
    bootstrap: PathBuf,
    /// Only the ways whose name has this in it
    #[arg(long, value_name = "WORD")]
    way: Option<String>,
}

/// What came of all kill points.
#[derive(Debug, Default)]
struct Tally {
    points: usize,
    lost: usize,
    torn: usize,
    different: usize,
    identical: usize,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<Ending> {
    let bootstrap = std::path::absolute(&options.bootstrap)?;
    ensure!(bootstrap.is_file(), "there is no program at {}", bootstrap.display());
    let started = Instant::now();
    let mut tally = Tally::default();
    let interrupted = tokio::select! {
        biased;
        pressed = tokio::signal::ctrl_c() => {
            pressed?;
            true
        }
        done = every_way(&bootstrap, options.way.as_deref(), &mut tally) => {
            done?;
            false
        }
    };
    let Tally { points, lost, torn, different, identical } = tally;
    println!(
        "\nCompared: keys, bytes, media types and cache lifetimes of all current objects. Left out of manifests: the \
         times `written` and `since`,\nand originals' version ids; sequencers are compared by which event they are of.\n\n\
         kill points  {points}\nlost         {lost}\ntorn         {torn}\ndifferent    {different}\n\
         identical    {identical}\nelapsed      {:.1} s",
        started.elapsed().as_secs_f64()
    );
    Ok(match (identical == points, interrupted) {
        (false, _) => Ending::Differences,
        (true, true) => Ending::Interrupted,
        (true, false) => Ending::AllWell,
    })
}

async fn every_way(bootstrap: &std::path::Path, word: Option<&str>, tally: &mut Tally) -> anyhow::Result<()> {
    for way in Way::ALL {
        if word.is_some_and(|word| !way.name().contains(word)) {
            continue;
        }
        let reference = Attempt::undisturbed(bootstrap, way)
            .await
            .with_context(|| format!("the undisturbed {}", way.name()))?;
        println!("{}: {} requests", way.name(), reference.points.len());
        for moment in Moment::all(&reference.points) {
            let attempt = Attempt::killed(bootstrap, way, &moment)
                .await
                .with_context(|| format!("{}, killed {moment}", way.name()))?;
            tally.points += 1;
            let result = attempt.result(&reference);
            match result.word {
                "identical" => tally.identical += 1,
                "torn" => tally.torn += 1,
                "lost" => tally.lost += 1,
                _ => tally.different += 1,
            }
            println!("  {:9} {moment}", result.word);
            for difference in result.differences {
                println!("            {difference}");
            }
        }
    }
    Ok(())
}
