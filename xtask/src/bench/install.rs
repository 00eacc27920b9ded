//! What we are measured beside, at the versions that `benches/` names, under `target/`.
//!
//! What cannot be installed is no error: the inner `Err` is why, in a clause.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::child;

/// How `bench-peers` starts one.
#[derive(Serialize)]
pub(super) struct Contender {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
}

/// Installed, or why not.
type Installed = Result<Contender, String>;

/// sharp by `npm ci`, with all that it needs, as `package-lock.json` says.
pub(super) fn sharp(scripts: &Path, home: &Path) -> Result<Installed> {
    let home = home.join("node");
    if let Err(why) = npm("sharp", scripts, &home)? {
        return Ok(Err(why));
    }
    // Beside `node_modules`, where Node.js looks for them.
    let script = home.join("sharp.mjs");
    fs::copy(scripts.join("sharp.mjs"), &script).context("cannot copy sharp.mjs")?;
    Ok(started(Contender { name: "sharp", program: "node".into(), arguments: vec![text(&script)] }))
}

/// What the `package-lock.json` in `scripts` names, by `npm ci`, as `node_modules` in `home`. `name` is what a person
/// calls it.
pub(super) fn npm(name: &str, scripts: &Path, home: &Path) -> Result<Result<(), String>> {
    let said = match output(Command::new("node").arg("--version")) {
        Some(said) => said,
        None => return Ok(Err("there is no `node` (Debian: `apt-get install nodejs npm`)".into())),
    };
    let lock = read(&scripts.join("package-lock.json"))?;
    if !is_stamped(home, &lock) {
        println!("{name}: installing into {} by npm", home.display());
        fresh(home)?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(scripts.join(file), home.join(file)).with_context(|| format!("cannot copy {file}"))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"])
            .current_dir(home);
        if !succeeds(&mut npm)? {
            return Ok(Err(format!("`npm ci` could not install it (Node.js {})", said.trim())));
        }
        stamp(home, &lock)?;
    }
    Ok(Ok(()))
}

/// A package of Python in an environment of its own.
pub(super) fn python(scripts: &Path, home: &Path, name: &'static str, script: &str) -> Result<Installed> {
    let home = home.join(name);
    let requirements = scripts.join(format!("requirements-{name}.txt"));
    let wanted = read(&requirements)?;
    let program = home.join("bin/python");
    if !is_stamped(&home, &wanted) {
        if output(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_none() {
            let remedy = "Debian: `apt-get install python3 python3-venv`";
            return Ok(Err(format!("there is no `python3` with venv ({remedy})")));
        }
        println!("{name}: installing into {} by pip", home.display());
        fresh(&home)?;
        if !succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))? {
            return Ok(Err("`python3 -m venv` failed".into()));
        }
        let mut pip = Command::new(&program);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--requirement",
        ]);
        if !succeeds(pip.arg(&requirements))? {
            return Ok(Err("pip could not install it".into()));
        }
        stamp(&home, &wanted)?;
    }
    Ok(started(Contender { name, program, arguments: vec![text(&scripts.join(script))] }))
}

/// ImageMagick only if it is there already.
pub(super) fn imagemagick(scripts: &Path) -> Result<Installed> {
    let python = output(Command::new("python3").arg("--version"));
    for program in ["magick", "convert"] {
        // Others have programs of these names too.
        let said = output(Command::new(program).arg("-version")).unwrap_or_default();
        if let (Some(version), Some(_)) = (version_of_imagemagick(&said), &python) {
            let script = text(&scripts.join("imagemagick.py"));
            let arguments = vec![script, program.to_owned(), version.to_owned()];
            return Ok(Ok(Contender { name: "imagemagick", program: "python3".into(), arguments }));
        }
    }
    Ok(Err("it takes part only where it is installed (Debian: `apt-get install imagemagick`)".into()))
}

fn version_of_imagemagick(said: &str) -> Option<&str> {
    said.lines().next()?.strip_prefix("Version: ImageMagick ")?.split(' ').next()
}

/// What is installed may still not start: a library of the system missing, another processor.
fn started(contender: Contender) -> Installed {
    let check = match contender.name {
        "sharp" => {
            let folder = Path::new(&contender.arguments[0]).parent().unwrap_or(Path::new("."));
            output(Command::new(&contender.program).args(["-e", "require('sharp')"]).current_dir(folder))
        }
        "libvips" => {
            output(Command::new(&contender.program).args(["-c", "import pyvips; pyvips.version(0)"]))
        }
        _ => output(Command::new(&contender.program).args(["-c", "from PIL import Image, ImageCms"])),
    };
    check.map(|_| contender).ok_or_else(|| "it is installed but does not start".into())
}

/// Whether `home` was made to the end from `wanted`.
fn is_stamped(home: &Path, wanted: &str) -> bool {
    fs::read_to_string(home.join("installed.txt")).is_ok_and(|installed| installed == wanted)
}

/// Written last, so that what was left half-made is not taken for whole.
fn stamp(home: &Path, wanted: &str) -> Result<()> {
    fs::write(home.join("installed.txt"), wanted)
        .with_context(|| format!("cannot write to {}", home.display()))
}

fn fresh(home: &Path) -> Result<()> {
    if home.exists() {
        fs::remove_dir_all(home).with_context(|| format!("cannot empty {}", home.display()))?;
    }
    fs::create_dir_all(home).with_context(|| format!("cannot make {}", home.display()))
}

/// Runs an installer, its words being shown. A program that is missing has not succeeded; Ctrl-C is an error.
fn succeeds(command: &mut Command) -> Result<bool> {
    match child::run(command) {
        Ok(status) => Ok(status.success()),
        Err(error) if error.is::<child::Interrupt>() => Err(error),
        Err(error) => {
            eprintln!("{error:#}");
            Ok(false)
        }
    }
}

/// What a short command prints; `None` if it is missing or fails.
pub(super) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_every_convert_is_imagemagick() {
        let said = "Version: ImageMagick 6.9.11-60 Q16 x86_64 2021-01-25\nCopyright: …\n";
        assert_eq!(version_of_imagemagick(said), Some("6.9.11-60"));
        assert_eq!(version_of_imagemagick("Version: GraphicsMagick 1.3\n"), None);
        assert_eq!(version_of_imagemagick("convert: ImageMagick is not installed\n"), None);
        assert_eq!(version_of_imagemagick(""), None);
    }
}
