//! `cargo xtask fixtures`: the generated inputs as files.

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context, Result};
use serde::Serialize;

use ::fixtures::Expectation;

/// What is known of a written file. `path` is relative to the folder, with `/`.
#[derive(Serialize)]
pub(crate) struct Written {
    path: String,
    expect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    displayed: Option<Displayed>,
}

/// Pixels after orientation, and whether some are transparent.
#[derive(Serialize)]
struct Displayed {
    width: u32,
    height: u32,
    alpha: bool,
}

/// Writes all inputs to `out` and says what to do with them.
pub(crate) fn run(out: &Path) -> Result<ExitCode> {
    let written = write(out)?;
    let broken = written.iter().filter(|file| file.displayed.is_none()).count();
    let kinds = written.len() - broken;
    let out = out.display();
    println!("{kinds} kinds of input in {out}/kinds, {broken} broken files in {out}/broken");
    println!("try: cargo run --release -- render {out} --out renditions");
    Ok(ExitCode::SUCCESS)
}

/// Writes one file of every kind to `out`/kinds and the broken ones to `out`/broken.
pub(crate) fn write(out: &Path) -> Result<Vec<Written>> {
    let mut written = Vec::new();
    for kind in ::fixtures::every_kind() {
        let displayed = Displayed { width: kind.width, height: kind.height, alpha: kind.alpha };
        let path = format!("kinds/{}", kind.name);
        put(&out.join(&path), &kind.bytes)?;
        written.push(Written { path, expect: "derived", displayed: Some(displayed) });
    }
    for file in ::fixtures::broken() {
        let expect = match file.expectation {
            Expectation::Rejected => "rejected",
            Expectation::DerivedWithWarning => "warning",
            Expectation::Either => "either",
        };
        let path = format!("broken/{}", file.name);
        put(&out.join(&path), &file.bytes)?;
        written.push(Written { path, expect, displayed: None });
    }
    Ok(written)
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
