//! `cargo xtask package`: the Lambda's executable, `bootstrap`, in a zip as Lambda wants it.

mod build;
mod glibc;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::workspace::Workspace;

/// zlib's best: it is sent once, and unpacked at every cold start.
const LEVEL: i64 = 9;

/// What Lambda runs on, as the template's parameter `Architecture` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arch {
    /// Intel's and AMD's
    #[value(name = "x86_64")]
    X86_64,
    /// AWS Graviton
    Arm64,
}

impl Arch {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// As rustc calls it.
    fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    fn of_triple(triple: &str) -> Option<Self> {
        [Self::X86_64, Self::Arm64].into_iter().find(|arch| arch.triple() == triple)
    }
}

#[derive(Args)]
pub(crate) struct Options {
    /// The processors to build for; this machine's unless given
    #[arg(long, value_enum)]
    pub(crate) arch: Option<Arch>,
    /// `lambda` is small and quick to start; `release` is quicker to build
    #[arg(long, value_name = "NAME", default_value = "lambda")]
    pub(crate) profile: String,
}

/// Makes the package, and says where it is and what it weighs.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    make(workspace, options)?;
    Ok(ExitCode::SUCCESS)
}

/// Makes the package; the answer is where it is.
pub(crate) fn make(workspace: &Workspace, options: &Options) -> Result<PathBuf> {
    let host = workspace.host()?;
    let arch = options.arch.or(Arch::of_triple(&host)).unwrap_or(Arch::X86_64);
    println!("bootstrap for {}, profile {}", arch.name(), options.profile);
    let executable = build::bootstrap(workspace, arch, &host, &options.profile)?;
    let content = fs::read(&executable).with_context(|| format!("cannot read {}", executable.display()))?;
    let needed = glibc::check(&content, arch.triple())?;

    let package = workspace.target(&format!("package/thumbnailer-{}.zip", arch.name()));
    write(&package, &content)?;
    let packed = fs::metadata(&package)?.len();
    println!(
        "{}: {:.2} MB, of an executable of {:.2} MB that asks for glibc {needed}",
        package.display(),
        megabytes(packed),
        megabytes(content.len() as u64)
    );
    Ok(package)
}

/// A zip with the executable alone. Of the same executable it is the same, bit for bit, so that deploying it again
/// changes nothing.
fn write(path: &Path, executable: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        // Zip knows no earlier time than this, the first of 1980.
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(file);
    let written = zip
        .start_file("bootstrap", options)
        .and_then(|()| Ok(io::copy(&mut &*executable, &mut zip)?))
        .and_then(|_| zip.finish());
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use std::{env, io::Read, process};

    use super::*;

    #[test]
    fn a_package_holds_an_executable_file_and_is_the_same_again() {
        let folder = env::temp_dir().join(format!("package-test-{}", process::id()));
        let paths = ["a", "b"].map(|name| folder.join(name).join("p.zip"));
        for path in &paths {
            write(path, b"\x7fELF and so on").unwrap();
        }
        let [first, second] = paths.map(|path| fs::read(path).unwrap());
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(first, second);

        let mut archive = zip::ZipArchive::new(io::Cursor::new(first)).unwrap();
        assert_eq!(archive.len(), 1);
        let mut file = archive.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().unwrap() & 0o777, 0o755);
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        assert_eq!(content, b"\x7fELF and so on");
    }
}
