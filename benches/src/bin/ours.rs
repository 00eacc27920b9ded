//! `bench-ours JOB.json`: us as a contender, by the same rules as the scripts in `peers/`.

use std::io::{BufRead, Write};
use std::time::Instant;
use std::{env, fs, hint, io, path::Path, process::ExitCode};

use anyhow::{Context, Result};
use benches::job::{Job, Once, Ready, Round, file_name};
use benches::ours::{Output, renditions};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

fn main() -> ExitCode {
    // As the programs do that derive one picture after the other.
    imaging::keep_memory();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let path = env::args_os().nth(1).context("usage: bench-ours JOB.json")?;
    let job: Job = serde_json::from_slice(&fs::read(&path)?).context("the job cannot be read")?;
    let input = fs::read(&job.input).with_context(|| format!("cannot read {}", job.input.display()))?;
    let outputs = renditions(&input, &job)?;
    if job.once {
        say(&Once { peak: peak() })?;
        return job.out.as_deref().map_or(Ok(()), |out| write(out, &outputs));
    }
    drop(outputs);
    say(&Ready { version: format!("thumbnailer {}", env!("CARGO_PKG_VERSION")) })?;
    for line in io::stdin().lock().lines() {
        let times: u32 = line?.trim().parse().context("a number of times was expected")?;
        say(&round(&input, &job, times)?)?;
    }
    Ok(())
}

fn round(input: &[u8], job: &Job, times: u32) -> Result<Round> {
    let (cpu, wall) = (cpu_ms(), Instant::now());
    for _ in 0..times {
        hint::black_box(renditions(input, job)?);
    }
    Ok(Round { cpu: cpu_ms() - cpu, wall: wall.elapsed().as_secs_f64() * 1_000.0 })
}

/// User and system time of this process so far.
fn cpu_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1_000.0 + time.tv_nsec as f64 / 1e6
}

/// The most memory that was ever resident. Not `ru_maxrss`, which begins with the parent's.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
}

fn say(what: &impl Serialize) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", serde_json::to_string(what)?)?;
    Ok(stdout.flush()?)
}

fn write(out: &Path, outputs: &[Output]) -> Result<()> {
    for output in outputs {
        let path = out.join(file_name(output.width, output.format));
        fs::write(&path, &output.bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
