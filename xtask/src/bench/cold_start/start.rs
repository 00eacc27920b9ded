//! One start of a function's process, as Lambda starts one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::runtime_api::RuntimeApi;

/// What Lambda sets, but for the API's address, and what a function needs to be told.
const ENVIRONMENT: [(&str, &str); 21] = [
    ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_EXECUTION_ENV", "AWS_Lambda_Image"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2048"),
    ("AWS_LAMBDA_FUNCTION_NAME", "thumbnailer"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/thumbnailer"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[1]0123456789abcdef0123456789abcdef"),
    ("AWS_REGION", "us-east-1"),
    // A warning of the SDK for JavaScript on Node.js's age would cost it time.
    ("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_SESSION_TOKEN", "token"),
    ("LANG", "en_US.UTF-8"),
    ("TZ", ":UTC"),
    ("_HANDLER", "bootstrap"),
    ("DERIVED_BUCKET", "photos-derived"),
    ("DISTRIBUTION_ID", "E2QWRUHAPOMQZL"),
    ("MAX_RECEIVES", "5"),
    ("ORIGINALS_BUCKET", "photos"),
    ("RUST_LOG", "info"),
];

/// What is started.
pub(super) struct Function {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    /// Where its code lies.
    pub(super) folder: PathBuf,
}

/// From before the process was made until it asked for its first event.
pub(super) struct Start {
    pub(super) wall: Duration,
    /// What its threads had run for; `None` where Linux does not count that.
    pub(super) cpu: Option<Duration>,
    /// The most that it had held, in bytes.
    pub(super) peak: u64,
}

impl Function {
    /// Starts it, waits for its first request, and ends it.
    pub(super) fn start(&self, api: &RuntimeApi) -> Result<Start> {
        api.forget();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(ENVIRONMENT)
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
            .env("LAMBDA_TASK_ROOT", &self.folder)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let began = Instant::now();
        let mut child =
            command.spawn().map(Ended).with_context(|| format!("cannot start {}", self.program.display()))?;
        // Held until all is read: without it the process would end.
        let request = api
            .first_request(&mut child.0)
            .with_context(|| format!("while {} started", self.program.display()))?;
        let process = PathBuf::from(format!("/proc/{}", child.0.id()));
        let start = Start { wall: request.at - began, cpu: cpu(&process), peak: peak(&process)? };
        // Before the request is: it would complain.
        drop(child);
        Ok(start)
    }
}

/// A process that ends with whoever holds it.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed, and need not be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `VmHWM` of `/proc/PID/status`.
fn peak(process: &Path) -> Result<u64> {
    let status = fs::read_to_string(process.join("status")).context("cannot read the process's memory")?;
    kibibytes(&status, "VmHWM:").map(|kib| kib << 10).context("`VmHWM` is missing from /proc/PID/status")
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix(" kB")?.parse().ok()
}

/// The time that the process's threads were on a processor, kernel included.
fn cpu(process: &Path) -> Option<Duration> {
    let nanoseconds = fs::read_dir(process.join("task")).ok()?.map(|task| {
        let counts = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        counts.split(' ').next()?.parse::<u64>().ok()
    });
    Some(Duration::from_nanos(nanoseconds.sum::<Option<u64>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_by_name() {
        let status = "Name:\tbootstrap\nVmPeak:\t  9000 kB\nVmHWM:\t   1234 kB\nThreads:\t3\n";
        assert_eq!(kibibytes(status, "VmHWM:"), Some(1234));
        assert_eq!(kibibytes(status, "VmSwap:"), None);
        assert_eq!(kibibytes(status, "Threads:"), None);
    }

    #[test]
    fn a_process_has_run_and_holds_something() {
        let me = Path::new("/proc/self");
        assert!(peak(me).unwrap() > 100 << 10);
        assert!(cpu(me).unwrap() > Duration::ZERO);
    }
}
