//! `cargo xtask cli-docs`: shell completions and manual pages of `uploader`, as the program itself writes them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{child, workspace::Workspace};

/// Shells, and what each wants its file to be called.
const COMPLETIONS: [(&str, &str); 5] = [
    ("bash", "uploader.bash"),
    ("elvish", "uploader.elv"),
    ("fish", "uploader.fish"),
    ("powershell", "_uploader.ps1"),
    ("zsh", "_uploader"),
];

#[derive(Args)]
pub(crate) struct Options {
    /// The folder to write to; made if absent
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A built `uploader` to ask, rather than building the release one
    #[arg(long, value_name = "FILE")]
    uploader: Option<PathBuf>,
}

/// Writes `completions/` and `man/` below the folder.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let uploader = match &options.uploader {
        Some(uploader) => uploader.clone(),
        None => build(workspace)?,
    };
    let (completions, man) = (options.out.join("completions"), options.out.join("man"));
    for (shell, name) in COMPLETIONS {
        write_completions(&uploader, shell, &completions.join(name))?;
    }
    let status = child::run(Command::new(&uploader).args(["man", "--out"]).arg(&man))?;
    ensure!(status.success(), "`uploader man` failed; its words are above");
    let pages = fs::read_dir(&man).with_context(|| format!("cannot read {}", man.display()))?.count();
    println!(
        "completions for {} shells and {pages} manual pages in {}",
        COMPLETIONS.len(),
        options.out.display()
    );
    println!("try: man -l {}", man.join("uploader-put.1").display());
    Ok(ExitCode::SUCCESS)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = workspace.cargo(&["build", "--release", "--package", "uploader-cli"]);
    ensure!(child::run(&mut cargo)?.success(), "`uploader` could not be built");
    Ok(workspace.target("release/uploader"))
}

fn write_completions(uploader: &Path, shell: &str, path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let status = child::run(Command::new(uploader).args(["completions", shell]).stdout(file))?;
    ensure!(status.success(), "`uploader completions {shell}` failed; its words are above");
    Ok(())
}
