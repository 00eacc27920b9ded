//! `cargo xtask bench --cold-start`: how long `bootstrap` takes from the start of its process to its first request for an
//! event, beside Node.js that loads sharp and an S3 client.
//!
//! What Lambda adds, it adds to both: a machine to run on, and the code's way there.

mod report;
mod runtime_api;
mod size;
mod start;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    thread,
};

use anyhow::{Context, Result, ensure};

use self::{report::Measured, runtime_api::RuntimeApi, start::Function};
use super::{Options, install, readme};
use crate::{child, workspace::Workspace};

/// Starts that are not counted: files get into the page cache.
const WARM_UPS: usize = 2;
const STARTS: usize = 20;
const QUICK_STARTS: usize = 5;

pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let home = workspace.target("cold-start");
    let Some((node, versions)) = node(workspace, &home.join("node"))? else {
        return Ok(ExitCode::FAILURE);
    };
    let (bootstrap, built) = bootstrap(workspace, options)?;
    let ours = ours(&bootstrap, &home.join("bootstrap"))?;

    let count = if options.quick { QUICK_STARTS } else { STARTS };
    println!("{count} starts each, in turns");
    let (our_starts, node_starts) = turns(&ours, &node, count)?;

    let zip = |name| home.join(name);
    let ours = Measured {
        name: format!("`bootstrap`{built}"),
        starts: our_starts,
        size: size::measure(&ours.folder, &["bootstrap"], &zip("bootstrap.zip"))?,
    };
    let theirs = Measured {
        name: versions,
        starts: node_starts,
        size: size::measure(&node.folder, &["index.js", "node_modules"], &zip("node.zip"))?,
    };
    let table = report::table(&ours, &theirs, &machine());
    println!("\n{table}");

    if options.quick || options.bootstrap.is_some() {
        println!("benches/README.md: left as it is");
    } else {
        readme::rewrite(&workspace.root().join("benches/README.md"), "cold-start", &table)?;
        println!("benches/README.md: the table is rewritten");
    }
    Ok(ExitCode::SUCCESS)
}

/// Both, one after the other and again, so that what else the machine does falls on both.
fn turns(ours: &Function, theirs: &Function, count: usize) -> Result<(Vec<start::Start>, Vec<start::Start>)> {
    let api = RuntimeApi::open()?;
    for _ in 0..WARM_UPS {
        ours.start(&api)?;
        theirs.start(&api)?;
    }
    let mut starts = (Vec::new(), Vec::new());
    for _ in 0..count {
        starts.0.push(ours.start(&api)?);
        starts.1.push(theirs.start(&api)?);
    }
    Ok(starts)
}

/// Node.js with what it loads, and all their versions; `None`, with the reason printed, where that is not to be had.
fn node(workspace: &Workspace, home: &Path) -> Result<Option<(Function, String)>> {
    let scripts = workspace.root().join("benches/cold_start");
    if let Err(why) = install::npm("Node.js's packages", &scripts, home)? {
        eprintln!("there is nothing to compare with: {why}");
        return Ok(None);
    }
    // Beside `node_modules`, where Node.js looks for them.
    let script = home.join("index.js");
    fs::copy(scripts.join("index.js"), &script).context("cannot copy index.js")?;
    let Some(versions) = install::output(Command::new("node").arg(&script).arg("--versions")) else {
        eprintln!("there is nothing to compare with: it is installed but does not start");
        return Ok(None);
    };
    let function =
        Function { program: "node".into(), arguments: vec!["index.js".into()], folder: home.to_owned() };
    Ok(Some((function, versions.trim().to_owned())))
}

/// The program, and in brackets how it was built.
fn bootstrap(workspace: &Workspace, options: &Options) -> Result<(PathBuf, &'static str)> {
    if let Some(file) = &options.bootstrap {
        return Ok((file.clone(), ""));
    }
    let (profile, built) = if options.quick { ("release", " (release)") } else { ("lambda", "") };
    let mut cargo = workspace.cargo(&["build", "--locked", "--profile", profile, "--bins"]);
    cargo.args(["--package", "thumbnailer"]);
    if options.quick {
        // With the packages that the tests are run against, so that what is built already is not built in another way.
        cargo.args(["--package", "operator-cli", "--package", "uploader-cli"]);
    }
    ensure!(child::run(&mut cargo)?.success(), "we could not be built; cargo's words are above");
    Ok((workspace.target(profile).join("bootstrap"), built))
}

/// `bootstrap` in a folder of its own, as in Lambda.
fn ours(bootstrap: &Path, folder: &Path) -> Result<Function> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let program = folder.join("bootstrap");
    fs::copy(bootstrap, &program).with_context(|| format!("cannot copy {}", bootstrap.display()))?;
    Ok(Function { program, arguments: Vec::new(), folder: folder.to_owned() })
}

/// In a sentence.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    format!("Made by `cargo xtask bench --cold-start` on {model}, {cores} cores.")
}
