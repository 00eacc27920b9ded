//! Memory that is kept for the next picture. A test binary of one test: it looks at all that the process has.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;

/// Bytes that are resident (proc(5)).
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix("kB").unwrap().trim().parse::<usize>().unwrap() << 10
}

#[test]
fn what_is_freed_is_kept() {
    const MEGABYTE: usize = 1 << 20;
    let before = resident();
    imaging::keep_memory();
    assert!(resident() - before < MEGABYTE, "the block itself was touched");
    let planes: Vec<Vec<u8>> = (1..=24).map(|value| vec![value; MEGABYTE]).collect();
    assert!(resident() - before > 23 * MEGABYTE);
    drop(planes);
    assert!(resident() - before > 23 * MEGABYTE, "{} of 24 MB were kept", (resident() - before) / MEGABYTE);
}
