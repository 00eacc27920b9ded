//! `cargo xtask test`: Rust's tests, then pytest's against the release binaries and real parts.

use std::{
    env,
    ffi::OsString,
    fs, iter,
    path::PathBuf,
    process::{ExitCode, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::Deserialize;

use crate::{
    child, fixtures,
    summary::{self, Count},
    venv::Venv,
    workspace::Workspace,
};

/// Those of [`Workspace::build_programs`] that the tests run.
const PROGRAMS: [&str; 4] = ["thumbnailer", "uploader", "bootstrap", "infra"];

#[derive(Args)]
pub(crate) struct Options {
    /// Only Rust's tests, which need nothing but Rust
    #[arg(long, conflicts_with_all = ["real_only", "only"])]
    rust_only: bool,
    /// Only the tests against real parts
    #[arg(long)]
    real_only: bool,
    /// Of the tests against real parts those that EXPR chooses, as with `pytest -k`
    #[arg(short = 'k', value_name = "EXPR")]
    only: Option<String>,
}

/// What came of one runner.
struct Outcome {
    count: Count,
    success: bool,
}

/// Runs what `options` choose, every runner even if an earlier one failed, and prints the counts.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    // First, as it is quick and fails in words where something is missing.
    let venv = if options.rust_only { None } else { Some(Venv::ready(workspace)?) };
    if venv.is_some() {
        Venv::checkov(workspace)?;
    }
    let rust = if options.real_only { None } else { Some(rust(workspace)?) };
    let real = venv.map(|venv| real(workspace, &venv, options.only.as_deref())).transpose()?;

    let told = [("Rust", &rust), ("pytest", &real)].into_iter().filter_map(|(name, outcome)| {
        let Count { passed, failed, skipped } = outcome.as_ref()?.count;
        Some(format!("{name}: {passed} passed, {failed} failed, {skipped} skipped"))
    });
    println!("\n{}", told.collect::<Vec<_>>().join("; "));
    let success = rust.iter().chain(&real).all(|outcome| outcome.success);
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rust(workspace: &Workspace) -> Result<Outcome> {
    println!("Rust's tests: cargo test --workspace");
    let mut count = Count::default();
    let mut cargo = workspace.cargo(&["test", "--workspace", "--no-fail-fast"]);
    let status = child::run_reading(&mut cargo, |line| {
        println!("{line}");
        if let Some(more) = summary::libtest(line) {
            count += more;
        }
    })?;
    Ok(Outcome { count, success: status.success() && count.failed == 0 })
}

fn real(workspace: &Workspace, venv: &Venv, only: Option<&str>) -> Result<Outcome> {
    println!("Release binaries: thumbnailer, uploader, bootstrap, infra");
    let programs = release_binaries(workspace)?;
    println!("Generated inputs: every kind, and the broken ones");
    let inputs = inputs(workspace)?;
    println!("Tests against real parts: pytest tests/");

    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(iter::once(venv.bin().to_owned()).chain(env::split_paths(&path)))?;
    let mut pytest = venv.python(&["-m", "pytest", "--color=no", "tests"]);
    pytest
        .current_dir(workspace.root())
        .env("PATH", path)
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONUTF8", "1")
        .env("TEST_INPUTS", inputs);
    for (variable, program) in &programs {
        pytest.env(variable, program);
    }
    if let Some(only) = only {
        pytest.args(["-k", only]);
    }
    let mut count = Count::default();
    let status = child::run_reading(&mut pytest, |line| {
        println!("{line}");
        // The last such line is the summary.
        if let Some(last) = summary::pytest(line) {
            count = last;
        }
    })?;
    Ok(Outcome { count, success: status.success() && count.failed == 0 })
}

/// Builds the programs and says where each lies, by the environment variable that the tests read
/// (`THUMBNAILER`, `UPLOADER`, `BOOTSTRAP`, `INFRA`).
fn release_binaries(workspace: &Workspace) -> Result<Vec<(String, PathBuf)>> {
    /// One of cargo's messages, of those that name a program.
    #[derive(Deserialize)]
    struct Message {
        target: Target,
        executable: PathBuf,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }

    let mut cargo = workspace.build_programs();
    cargo.arg("--message-format=json-render-diagnostics");
    let mut built = Vec::new();
    let status = child::run_reading(cargo.stderr(Stdio::inherit()), |line| {
        if let Ok(message) = serde_json::from_str::<Message>(line) {
            built.push((message.target.name.to_uppercase(), message.executable));
        }
    })?;
    ensure!(status.success(), "the release binaries could not be built");
    for program in PROGRAMS {
        if !built.iter().any(|(name, _)| *name == program.to_uppercase()) {
            bail!("no program called {program} was built");
        }
    }
    Ok(built)
}

/// Writes the generated inputs anew, with what is known of each in `inputs.json` beside them.
fn inputs(workspace: &Workspace) -> Result<OsString> {
    let inputs = workspace.target("test-inputs");
    if inputs.exists() {
        fs::remove_dir_all(&inputs).with_context(|| format!("cannot remove {}", inputs.display()))?;
    }
    let written = fixtures::write(&inputs.join("files"))?;
    let list = inputs.join("inputs.json");
    fs::write(&list, serde_json::to_vec_pretty(&written)?)
        .with_context(|| format!("cannot write {}", list.display()))?;
    Ok(inputs.into())
}
