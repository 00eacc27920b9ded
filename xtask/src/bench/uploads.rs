//! `cargo xtask bench --uploads`: the uploader beside other programs that upload.

use std::process::ExitCode;

use anyhow::{Result, ensure};

use crate::{child, venv::Venv, workspace::Workspace};

pub(super) fn run(workspace: &Workspace, quick: bool) -> Result<ExitCode> {
    let venv = Venv::ready(workspace)?;
    // With the packages that the tests are run against, so that what is built already is not built in another way.
    let packages =
        ["thumbnailer", "operator-cli", "uploader-cli", "local-s3"].map(|name| ["--package", name]);
    let build = [["build", "--release", "--locked", "--bins"].as_slice(), packages.as_flattened()].concat();
    let status = child::run(&mut workspace.cargo(&build))?;
    ensure!(status.success(), "we could not be built; cargo's words are above");
    let script = workspace.root().join("benches/uploads/run.py");
    let mut python = venv.python(&[]);
    python.arg(script).arg("--uploader").arg(workspace.target("release/uploader"));
    python.arg("--serve").arg(workspace.target("release/local-s3"));
    python.arg("--home").arg(workspace.target("uploads-bench"));
    if quick {
        python.arg("--quick");
    }
    let status = child::run(&mut python)?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
