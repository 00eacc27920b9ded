//! `cargo xtask bench`.

use std::process::ExitCode;

use anyhow::Result;

use crate::{child, workspace::Workspace};

/// Runs the criterion benches with `arguments`; their reports lie under `target/criterion`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let mut cargo = workspace.cargo(&["bench", "--package", "benches", "--benches", "--"]);
    let status = child::run(cargo.args(arguments))?;
    println!("reports: {}", workspace.target("criterion").display());
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
