//! Builds `bootstrap`, for other processors than this machine's too, where the tools for it are there.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use super::{Arch, glibc::NEWEST};
use crate::{child, workspace::Workspace};

const WHAT: [&str; 4] = ["--package", "thumbnailer", "--bin", "bootstrap"];

/// Ways to build for other processors, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cross {
    /// cargo-zigbuild: its linker and C compiler know every glibc.
    Zigbuild,
    /// cargo-lambda, which uses the same.
    CargoLambda,
    /// A C compiler of the system for the other processors.
    Gcc,
}

/// Builds it for `arch`; the answer is where it is.
pub(super) fn bootstrap(workspace: &Workspace, arch: Arch, host: &str, profile: &str) -> Result<PathBuf> {
    let (mut cargo, folder) = if arch.triple() == host {
        (workspace.cargo(&["build"]), PathBuf::from(folder_of(profile)))
    } else {
        check_std(arch)?;
        cross(workspace, arch, profile)?
    };
    let status = child::run(cargo.args(["--profile", profile]).args(WHAT))?;
    ensure!(status.success(), "`bootstrap` could not be built; cargo's words are above");
    Ok(workspace.target("").join(folder).join("bootstrap"))
}

/// The folder under `target/` that cargo puts a profile's programs into.
fn folder_of(profile: &str) -> &str {
    if profile == "dev" { "debug" } else { profile }
}

/// rustc needs its standard library for the other processors.
fn check_std(arch: Arch) -> Result<()> {
    let triple = arch.triple();
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", triple])
        .output()
        .context("cannot start rustc")?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    ensure!(
        output.status.success() && Path::new(&folder).is_dir(),
        "rustc has no standard library for {}: run `rustup target add {triple}`, and install cargo-zigbuild \
         (`pip install cargo-zigbuild`) or cargo-lambda (`pip install cargo-lambda`) for the linker",
        arch.name()
    );
    Ok(())
}

/// The command that builds for `arch`, and where below `target/` it puts the program.
fn cross(workspace: &Workspace, arch: Arch, profile: &str) -> Result<(Command, PathBuf)> {
    let triple = arch.triple();
    let of_target = Path::new(triple).join(folder_of(profile));
    let Some(way) = way(arch) else {
        bail!(
            "there is no linker for {}: install cargo-zigbuild (`pip install cargo-zigbuild`), cargo-lambda \
             (`pip install cargo-lambda`), or a C compiler (Debian: `apt-get install {}`)",
            arch.name(),
            match arch {
                Arch::X86_64 => "gcc-x86-64-linux-gnu",
                Arch::Arm64 => "gcc-aarch64-linux-gnu",
            }
        )
    };
    Ok(match way {
        Cross::Zigbuild => {
            let (major, minor) = NEWEST;
            let target = format!("{triple}.{major}.{minor}");
            (workspace.cargo(&["zigbuild", "--target", &target]), of_target)
        }
        Cross::CargoLambda => {
            let flag = if arch == Arch::Arm64 { "--arm64" } else { "--x86-64" };
            (workspace.cargo(&["lambda", "build", flag]), PathBuf::from("lambda/bootstrap"))
        }
        Cross::Gcc => {
            let mut cargo = workspace.cargo(&["build", "--target", triple]);
            let name = triple.replace('-', "_");
            cargo.env(format!("CC_{name}"), gcc(arch));
            cargo.env(format!("CARGO_TARGET_{}_LINKER", name.to_uppercase()), gcc(arch));
            (cargo, of_target)
        }
    })
}

fn way(arch: Arch) -> Option<Cross> {
    let answers = |command: &mut Command| {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let cargo = || Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let zig = answers(Command::new("zig").arg("version"))
        || answers(Command::new("python3").args(["-m", "ziglang", "version"]));
    if zig && answers(cargo().args(["zigbuild", "--version"])) {
        Some(Cross::Zigbuild)
    } else if zig && answers(cargo().args(["lambda", "--version"])) {
        Some(Cross::CargoLambda)
    } else if answers(Command::new(gcc(arch)).arg("--version")) {
        Some(Cross::Gcc)
    } else {
        None
    }
}

fn gcc(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "x86_64-linux-gnu-gcc",
        Arch::Arm64 => "aarch64-linux-gnu-gcc",
    }
}
