//! `cargo xtask bench --peers`: installs them, builds us, lets `bench-peers` run, puts its table into README.md.

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::{
    Options,
    install::{self, Contender},
    readme,
};
use crate::{child, workspace::Workspace};

/// What `bench-peers` reads.
#[derive(Serialize)]
struct Peers {
    contenders: Vec<Contender>,
    left_out: Vec<String>,
}

pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let home = workspace.target("peers");
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    prepare(workspace, &home)?;

    let build = ["build", "--release", "--locked", "--package", "benches", "--bins"];
    let status = child::run(&mut workspace.cargo(&build))?;
    ensure!(status.success(), "we could not be built; cargo's words are above");

    let mut bench = std::process::Command::new(workspace.target("release/bench-peers"));
    bench.arg(&home);
    if !options.only.is_empty() {
        bench.arg("--only").arg(options.only.join(","));
    }
    if let Some(rounds) = options.rounds {
        bench.arg("--rounds").arg(rounds.to_string());
    }
    if options.quick {
        bench.arg("--quick");
    }
    if !child::run(&mut bench)?.success() {
        return Ok(ExitCode::FAILURE);
    }
    println!("all figures: {}", home.join("results.json").display());

    if !options.only.is_empty() || options.quick || options.no_readme {
        println!("README.md: left as it is");
        return Ok(ExitCode::SUCCESS);
    }
    let table = fs::read_to_string(home.join("table.md")).context("cannot read the table")?;
    readme::rewrite(&workspace.root().join("README.md"), "peers", &table)?;
    println!("README.md: the table is rewritten");
    Ok(ExitCode::SUCCESS)
}

/// Installs every peer that can be, and says which cannot.
fn prepare(workspace: &Workspace, home: &Path) -> Result<()> {
    let scripts = workspace.root().join("benches/peers");
    let mut peers = Peers { contenders: Vec::new(), left_out: Vec::new() };
    for (name, installed) in [
        ("sharp", install::sharp(&scripts, home)?),
        ("libvips", install::python(&scripts, home, "libvips", "vips.py")?),
        ("Pillow", install::python(&scripts, home, "pillow", "pillow.py")?),
        ("ImageMagick", install::imagemagick(&scripts)?),
    ] {
        match installed {
            Ok(contender) => peers.contenders.push(contender),
            Err(why) => {
                println!("{name} is left out: {why}");
                peers.left_out.push(format!("{name} was left out: {why}."));
            }
        }
    }
    let path = home.join("peers.json");
    fs::write(&path, serde_json::to_vec_pretty(&peers)?)
        .with_context(|| format!("cannot write {}", path.display()))
}
