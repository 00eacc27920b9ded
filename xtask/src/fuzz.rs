//! `cargo xtask fuzz`: every fuzz target on stable Rust, for a bounded time.
//!
//! `cargo fuzz` asks for a nightly compiler because of the address sanitizer, which safe code can do without. The
//! counters that libFuzzer is led by are LLVM's, and stable rustc lets LLVM add them. Everything lies under
//! `target/fuzz`: what a target has learnt (`corpus`) leads its next run, what ended it lies in `artifacts`.

mod report;
mod seeds;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::{child, workspace::Workspace};
use report::Run;

/// The targets, in the order of `fuzz/Cargo.toml`; each file says what must hold.
const TARGETS: [&str; 18] = [
    "probe",
    "decode_jpeg",
    "decode_png",
    "decode_webp",
    "decode_gif",
    "decode_bmp",
    "decode_tiff",
    "derive",
    "event",
    "sequencer",
    "manifest",
    "key",
    "escape",
    "form",
    "scaled_jpeg",
    "scaled_jpeg_header",
    "scaled_jpeg_differential",
    "xml",
];

/// LLVM's counters at edges and traces of comparisons, as libFuzzer reads them.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 --cfg fuzzing";

/// Bytes of the longest input, of a seed too: short ones are run more often.
const LONGEST: u64 = 64 << 10;

#[derive(Args)]
pub(crate) struct Options {
    /// Seconds for each target
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Only these
    #[arg(value_name = "TARGET", value_parser = clap::builder::PossibleValuesParser::new(TARGETS))]
    targets: Vec<String>,
}

/// Builds the targets, runs one after the other, and prints what came of each.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let targets: Vec<&str> = match options.targets.as_slice() {
        [] => TARGETS.to_vec(),
        chosen => chosen.iter().map(String::as_str).collect(),
    };
    let home = workspace.target("fuzz");
    println!("Fuzz targets: {}", targets.join(", "));
    let programs = build(workspace, &home, &targets)?;
    seeds::write(workspace, &home.join("seeds"), LONGEST)?;

    let mut runs = Vec::new();
    for target in targets {
        println!("{target}: {} s", options.seconds);
        let run = fuzz(&programs, &home, target, options.seconds)?;
        if let Some(crash) = &run.crash {
            println!("{crash}");
        }
        runs.push(run);
    }
    println!("\n{}", report::table(&runs));
    let crashes = runs.iter().filter(|run| run.crash.is_some()).count();
    println!("{} targets, {crashes} with a crash", runs.len());
    Ok(if crashes == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the targets into `home` and says in which folder the programs lie.
fn build(workspace: &Workspace, home: &Path, targets: &[&str]) -> Result<PathBuf> {
    check_compiler()?;
    // Named, so that build scripts and macros, which are for the host, are built without counters.
    let triple = workspace.host()?;
    let mut cargo =
        workspace.cargo(&["build", "--release", "--locked", "--manifest-path", "fuzz/Cargo.toml"]);
    cargo.args(["--target", &triple, "--target-dir"]).arg(home).env("RUSTFLAGS", COVERAGE);
    // They would go before RUSTFLAGS.
    cargo.env_remove("CARGO_ENCODED_RUSTFLAGS");
    for target in targets {
        cargo.args(["--bin", target]);
    }
    let status = child::run(&mut cargo)?;
    ensure!(status.success(), "the fuzz targets could not be built");
    Ok(home.join(triple).join("release"))
}

/// libFuzzer itself is C++.
fn check_compiler() -> Result<()> {
    let name = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let started = Command::new(&name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if started.is_err() {
        bail!(
            "cannot start `{name}`: libFuzzer is built by a C++ compiler. On Debian: `apt-get install g++`; or name \
             one by CXX"
        );
    }
    Ok(())
}

/// Runs `target` for `seconds`, its words into a file.
fn fuzz(programs: &Path, home: &Path, target: &str, seconds: u32) -> Result<Run> {
    let [corpus, artifacts, logs] = ["corpus", "artifacts", "logs"].map(|name| home.join(name));
    let (corpus, artifacts) = (corpus.join(target), artifacts.join(target));
    for folder in [&corpus, &artifacts, &logs] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let log = logs.join(format!("{target}.log"));
    let words = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let program = programs.join(target);
    let mut command = Command::new(&program);
    command
        .arg(&corpus)
        .arg(home.join("seeds").join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-reload=0"])
        .stderr(words);
    let status = child::run(&mut command)?;
    let said = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let inputs = fs::read_dir(&corpus).map(Iterator::count).unwrap_or(0);
    Ok(Run::read(target, &String::from_utf8_lossy(&said), inputs, status.success(), &program))
}
