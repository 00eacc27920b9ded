//! Where the workspace, its target folder and its cargo are.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The workspace that this program was built in.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Workspace {
    /// Asks cargo: the target folder can be set in more than one place.
    pub(crate) fn find() -> Result<Workspace> {
        let output = cargo()
            .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
            .output()
            .context("cannot start cargo")?;
        ensure!(
            output.status.success(),
            "`cargo metadata` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).context("cannot read `cargo metadata`")?;
        Ok(Workspace { root: metadata.workspace_root, target: metadata.target_directory })
    }

    /// The repository's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `path` in the target folder.
    pub(crate) fn target(&self, path: &str) -> PathBuf {
        self.target.join(path)
    }

    /// The triple of the machine that cargo builds for unless told otherwise, such as `x86_64-unknown-linux-gnu`.
    pub(crate) fn host(&self) -> Result<String> {
        let output = cargo().args(["--version", "--verbose"]).output().context("cannot start cargo")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let host = said.lines().find_map(|line| line.strip_prefix("host: "));
        Ok(host.context("`cargo --version --verbose` does not name the host")?.trim().to_owned())
    }

    /// A build of the release programs that tests and chaos run. All at once: what each alone asks of the SDK differs, and
    /// it would be built anew for every choice of them.
    pub(crate) fn build_programs(&self) -> Command {
        let mut cargo = self.cargo(&["build", "--release", "--bins"]);
        for package in ["operator-cli", "uploader-cli", "thumbnailer", "infra", "chaos"] {
            cargo.args(["--package", package]);
        }
        cargo
    }

    /// A cargo command at the repository's root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = cargo();
        cargo.args(arguments).current_dir(&self.root);
        cargo
    }
}

/// The cargo that runs us, so that no other toolchain gets into the way.
///
/// `cargo run` tells us of our own package by variables, which build scripts of others watch: they would be built anew
/// whenever `cargo` and `cargo xtask` take turns.
fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(ours)) {
        cargo.env_remove(name);
    }
    cargo
}
