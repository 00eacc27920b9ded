//! The function's process, with all that it starts.

use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use local_s3::Server;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::NamedTempFile;
use tokio::process::{Child, Command};

use super::runtime_api::RuntimeApi;
use crate::world::{ACCESS_KEY, DERIVED, ORIGINALS, REGION, SECRET_KEY};

/// Small, so that a run is quick: two widths in two formats.
const PRESET: &str = "widths = [32, 64]";
/// How much of a log is shown.
const TAIL: usize = 2000;

/// A running `bootstrap`. It is killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Its id is the group's, of which its own children are.
    group: Option<Pid>,
    log: NamedTempFile,
}

impl Process {
    /// Starts it between a Runtime API and S3, in an environment that has nothing of ours.
    pub(super) fn start(bootstrap: &Path, api: &RuntimeApi, s3: &Server) -> anyhow::Result<Self> {
        let log = NamedTempFile::new().context("no file for the function's log")?;
        let mut command = Command::new(bootstrap);
        command
            .env_clear()
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", api.address.as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", "thumbnailer"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"),
                ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
                ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
                ("AWS_REGION", REGION),
                ("AWS_ENDPOINT_URL", s3.endpoint_url().as_str()),
                ("AWS_CONFIG_FILE", "/dev/null"),
                ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("ORIGINALS_BUCKET", ORIGINALS),
                ("DERIVED_BUCKET", DERIVED),
                ("PRESET", PRESET),
            ])
            .stdin(Stdio::null())
            .stdout(log.reopen()?)
            .stderr(log.reopen()?)
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("cannot start {}", bootstrap.display()))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { child, group, log })
    }

    /// `kill -9`, with all that it started; returns once it is gone.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        self.kill_group();
        self.child.wait().await.context("waiting for the killed process")?;
        Ok(())
    }

    /// The end of what it has logged.
    pub(super) fn log(&self) -> String {
        let log = std::fs::read(self.log.path()).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(TAIL)..]).into_owned()
    }

    fn kill_group(&mut self) {
        if let Some(group) = self.group.take() {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}
