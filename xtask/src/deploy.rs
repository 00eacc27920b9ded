//! `cargo xtask deploy` and `cargo xtask destroy`: the package is made first, then `infra` does the rest.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, ValueEnum};

use crate::{
    child,
    package::{self, Arch},
    workspace::Workspace,
};

const FLAGS: &str = "\
Flags of its own:
  --zip FILE            a package that is made already
  --arch ARCH           package for x86_64 or arm64; with it goes --param Architecture
  --cargo-profile NAME  package with another profile than lambda, such as release

All others are `infra deploy`'s: --stack NAME, --param K=V, --tag K=V, --code-bucket NAME, --dry-run, --yes,
--watch-minutes N, --region NAME, --profile NAME (of AWS), --endpoint-url URL, --template FILE, --json.";

const DESTROY_FLAGS: &str = "\
The flags are `infra destroy`'s: --stack NAME, --yes, --keep-buckets, --keep-code, --region NAME, --profile NAME
(of AWS), --endpoint-url URL, --json.";

#[derive(Args)]
#[command(after_help = FLAGS)]
pub(crate) struct Options {
    /// Such as --stack NAME
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "FLAGS")]
    flags: Vec<OsString>,
}

#[derive(Args)]
#[command(after_help = DESTROY_FLAGS)]
pub(crate) struct DestroyOptions {
    /// Such as --stack NAME
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "FLAGS")]
    flags: Vec<OsString>,
}

/// Packages, unless that is done, and deploys.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let mut flags = options.flags.clone();
    let zip = take(&mut flags, "--zip")?;
    let arch = take(&mut flags, "--arch")?.map(|name| arch(&name)).transpose()?;
    let profile = take(&mut flags, "--cargo-profile")?.map(|name| name.to_string_lossy().into_owned());
    ensure!(
        zip.is_none() || arch.is_none(),
        "--arch is for packaging: a package given by --zip has one already"
    );

    // First, so that what is wrong with it is seen before minutes of building.
    let infra = build(workspace)?;
    let zip = match zip {
        Some(zip) => PathBuf::from(zip),
        None => {
            let profile = profile.unwrap_or_else(|| "lambda".to_owned());
            package::make(workspace, &package::Options { arch, profile })?
        }
    };
    let mut deploy = Command::new(infra);
    deploy.arg("deploy").arg("--zip").arg(zip);
    if !flags.iter().any(|flag| flag.to_string_lossy().starts_with("--template")) {
        deploy.arg("--template").arg(workspace.root().join("infra/template.yaml"));
    }
    if let Some(arch) = arch {
        deploy.arg("--param").arg(format!("Architecture={}", arch.name()));
    }
    become_it(deploy.args(&flags))
}

/// Takes the stack down.
pub(crate) fn destroy(workspace: &Workspace, options: &DestroyOptions) -> Result<ExitCode> {
    let infra = build(workspace)?;
    become_it(Command::new(infra).arg("destroy").args(&options.flags))
}

fn arch(name: &OsStr) -> Result<Arch> {
    let name = name.to_string_lossy();
    Arch::from_str(&name, false).map_err(|_| anyhow!("--arch is x86_64 or arm64, not '{name}'"))
}

/// Takes the flag `name` with its value out of `flags`, wherever it is.
fn take(flags: &mut Vec<OsString>, name: &str) -> Result<Option<OsString>> {
    let with = format!("{name}=");
    let found = flags.iter().position(|flag| flag == name || flag.to_string_lossy().starts_with(&with));
    let Some(at) = found else { return Ok(None) };
    let flag = flags.remove(at);
    if let Some(value) = flag.to_string_lossy().strip_prefix(&with) {
        return Ok(Some(value.into()));
    }
    ensure!(at < flags.len(), "{name} needs a value");
    Ok(Some(flags.remove(at)))
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = workspace.cargo(&["build", "--release", "--package", "infra"]);
    ensure!(child::run(&mut cargo)?.success(), "`infra` could not be built");
    Ok(workspace.target(&format!("release/infra{}", env::consts::EXE_SUFFIX)))
}

/// Gives way to `command`: it asks questions and hears Ctrl-C, which only the terminal's own process group can.
fn become_it(command: &mut Command) -> Result<ExitCode> {
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", Path::new(command.get_program()).display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_flags_are_taken_out_wherever_they_are() {
        let mut flags: Vec<OsString> =
            ["--stack", "blog", "--zip", "a.zip", "--arch=arm64", "--yes"].map(OsString::from).into();
        assert_eq!(take(&mut flags, "--zip").unwrap().unwrap(), "a.zip");
        assert_eq!(take(&mut flags, "--arch").unwrap().unwrap(), "arm64");
        assert!(take(&mut flags, "--cargo-profile").unwrap().is_none());
        assert_eq!(flags, ["--stack", "blog", "--yes"]);
        flags.push("--zip".into());
        assert!(take(&mut flags, "--zip").is_err());
    }

    #[test]
    fn processors_are_named_as_in_the_template() {
        assert!(matches!(arch(OsStr::new("arm64")).unwrap(), Arch::Arm64));
        assert!(matches!(arch(OsStr::new("x86_64")).unwrap(), Arch::X86_64));
        assert!(arch(OsStr::new("riscv")).is_err());
    }
}
