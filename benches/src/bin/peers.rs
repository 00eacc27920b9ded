//! `bench-peers`: runs every task in turns against the peers that `cargo xtask bench --peers` has installed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, ensure};
use benches::contender::{Contender, Name};
use benches::job::Way;
use benches::machine::Machine;
use benches::measure::{Effort, Folders, measure, two_cores};
use benches::results::{Results, TaskResult};
use benches::tasks::{Lane, Task, tasks};
use benches::{inputs, quality, report};
use clap::Parser;
use serde::Deserialize;

/// Runs the tasks and writes `results.json` and `table.md`.
#[derive(Parser)]
struct Arguments {
    /// The folder that holds `peers.json`, and gets everything else
    home: PathBuf,
    /// Only tasks whose id begins with one of these
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// As many rounds of each task, rather than about 8 seconds
    #[arg(long)]
    rounds: Option<usize>,
    /// About 2 seconds a task
    #[arg(long)]
    quick: bool,
}

/// What was installed.
#[derive(Deserialize)]
struct Peers {
    contenders: Vec<Contender>,
    left_out: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let chosen = chosen(&arguments.only)?;
    let peers: Peers = serde_json::from_slice(&fs::read(arguments.home.join("peers.json"))?)
        .context("peers.json cannot be read")?;
    let mut contenders = vec![Contender::ours()?];
    contenders.extend(peers.contenders);

    let wanted: Vec<&str> = chosen
        .iter()
        .flat_map(|task| [Some(task.input), task.twin.map(|(input, _)| input)])
        .flatten()
        .collect();
    let folders = Folders::below(&arguments.home, inputs::ready(&arguments.home, &wanted)?)?;
    let effort = Effort {
        rounds: arguments.rounds,
        seconds: if arguments.quick { 2.0 } else { 8.0 },
        at_least: if arguments.quick { 2 } else { 5 },
    };

    let mut results = Results {
        machine: Machine::here(),
        versions: BTreeMap::new(),
        left_out: peers.left_out,
        tasks: Vec::new(),
        two_cores: None,
    };
    let begun = Instant::now();
    for (done, task) in chosen.iter().enumerate() {
        eprintln!("[{}/{}] {}: {}", done + 1, chosen.len(), task.id, task.title);
        let result = one(task, &contenders, &folders, &effort, &mut results)?;
        eprintln!("    {}", summary(&result));
        results.tasks.push(result);
        if task.id == "T2" {
            eprintln!("    on two cores");
            results.two_cores = two_cores(task, &contenders, &folders, &effort)?;
        }
        let left = begun.elapsed().div_f64((done + 1) as f64) * (chosen.len() - done - 1) as u32;
        if !left.is_zero() {
            eprintln!("    about {} left", minutes(left));
        }
    }

    let write = |name: &str, text: String| {
        let path = arguments.home.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write("results.json", serde_json::to_string_pretty(&results)?)?;
    write("table.md", report::markdown(&results))?;
    println!("{}", report::text(&results));
    eprintln!("{} tasks in {}", results.tasks.len(), minutes(begun.elapsed()));
    Ok(())
}

fn chosen(only: &[String]) -> Result<Vec<Task>> {
    let all = tasks();
    let known = all.iter().map(|task| task.id).collect::<Vec<_>>().join(", ");
    for id in only {
        ensure!(all.iter().any(|task| task.id.starts_with(id.as_str())), "no task `{id}`; known are {known}");
    }
    let wanted = |task: &Task| only.is_empty() || only.iter().any(|id| task.id.starts_with(id.as_str()));
    Ok(all.into_iter().filter(wanted).collect())
}

fn one(
    task: &Task,
    contenders: &[Contender],
    folders: &Folders,
    effort: &Effort,
    results: &mut Results,
) -> Result<TaskResult> {
    let measured = measure(task, contenders, folders, effort)?;
    for sentence in &measured.failures {
        eprintln!("    {sentence}");
    }
    results.versions.extend(measured.versions);
    results.left_out.extend(measured.failures);
    let job =
        task.job(&Lane { contender: &contenders[0], way: Way::Each, input: task.input }, &folders.inputs);
    Ok(TaskResult {
        id: task.id.to_owned(),
        input_bytes: fs::metadata(&job.input)?.len(),
        lanes: measured.lanes,
        outputs: quality::judge(task, &job, folders)?,
    })
}

fn summary(result: &TaskResult) -> String {
    let lanes = result.lanes.iter().map(|lane| {
        let how = match (lane.name, lane.way, lane.twin) {
            (Name::Ours, _, true) => " on the twin".to_owned(),
            (name, Way::Once, _) => format!(" of {} decoding once", name.title()),
            (name, Way::Each, _) => format!(" of {}", name.title()),
        };
        format!("{:.1} ms{how} ({:.2})", lane.cpu, lane.ratio.median)
    });
    lanes.collect::<Vec<_>>().join(", ")
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}
