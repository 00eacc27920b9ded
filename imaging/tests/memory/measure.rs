//! Peaks of memory, counted by the allocator and as the system sees them.

use std::convert::Infallible;
use std::process::Command;
use std::{env, fs};

use imaging::{Limits, Preset, Stop};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Bytes above what was held before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peak {
    /// By Rust code. While a buffer grows, the old one counts too.
    pub(crate) counted: u64,
    /// By the whole process, where the system tells.
    pub(crate) resident: Option<u64>,
}

/// Counts what deriving `file` takes up in this process.
pub(crate) fn peak_here(file: &[u8], preset: &Preset, workers: usize) -> u64 {
    let limits = Limits::default();
    let source = imaging::probe(file, &limits).unwrap();
    let plan = imaging::plan(&source, preset, &limits).unwrap().with_workers(workers);
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    imaging::derive(file, &plan, &Stop::new(), |rendition| {
        drop(rendition);
        Ok::<(), Infallible>(())
    })
    // Broken files may be rejected on the way.
    .ok();
    (ALLOCATOR.peak_usage() - before) as u64
}

const FILE: &str = "MEMORY_TEST_FILE";
const PRESET: &str = "MEMORY_TEST_PRESET";
const WORKERS: &str = "MEMORY_TEST_WORKERS";

/// Runs this program once more for nothing but `file`, so that the highest its memory ever was is this file's.
pub(crate) fn peak_elsewhere(file: &[u8], preset: &Preset, workers: usize) -> Peak {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("source");
    fs::write(&path, file).unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--nocapture", "--test-threads=1"])
        .env(FILE, &path)
        .env(PRESET, toml::to_string(preset).unwrap())
        .env(WORKERS, workers.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let number = |name: &str| {
        let (_, rest) = said.split_once(name)?;
        rest.split_whitespace().next()?.parse().ok()
    };
    Peak { counted: number("counted=").unwrap(), resident: number("resident=") }
}

/// Whether this process was started by [`peak_elsewhere`].
pub(crate) fn is_child() -> bool {
    env::var_os(FILE).is_some()
}

/// What [`peak_elsewhere`] waits for.
pub(crate) fn answer() {
    let file = fs::read(env::var_os(FILE).unwrap()).unwrap();
    let preset = Preset::from_toml(&env::var(PRESET).unwrap()).unwrap();
    let workers = env::var(WORKERS).unwrap().parse().unwrap();
    let before = status("VmRSS");
    println!("counted={}", peak_here(&file, &preset, workers));
    if let Some((before, peak)) = before.zip(status("VmHWM")) {
        println!("resident={}", peak - before);
    }
}

/// A line of `/proc/self/status` (proc(5)) in bytes; none but on Linux.
fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}
