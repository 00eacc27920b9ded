//! A contender's process: told what to do in a file, told to begin by a number of times on a line, ended by the end
//! of its input.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::job::{Job, Once, Ready, Round};

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Name {
    /// This project.
    Ours,
    /// sharp, on libvips.
    Sharp,
    /// libvips by pyvips.
    Libvips,
    /// Pillow.
    Pillow,
    /// ImageMagick, a process a rendition.
    ImageMagick,
}

impl Name {
    /// As it is written in tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ours => "thumbnailer",
            Self::Sharp => "sharp",
            Self::Libvips => "libvips",
            Self::Pillow => "Pillow",
            Self::ImageMagick => "ImageMagick",
        }
    }
}

/// How to start a contender: the job's file comes after `arguments`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Contender {
    /// Who.
    pub name: Name,
    /// Its program.
    pub program: PathBuf,
    /// What comes before the job's file.
    pub arguments: Vec<String>,
}

/// A contender that has warmed up and waits.
#[derive(Debug)]
pub struct Running {
    who: Name,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// What it said of itself.
    pub version: String,
}

impl Contender {
    /// Us, beside the program that runs.
    ///
    /// # Errors
    ///
    /// If it isn't there.
    pub fn ours() -> Result<Self> {
        let program = env::current_exe()?.with_file_name("bench-ours");
        ensure!(program.is_file(), "{} is missing: `cargo build --release -p benches`", program.display());
        Ok(Self { name: Name::Ours, program, arguments: Vec::new() })
    }

    /// Starts it in a loop and waits until it has done `job` once. `file`: where to write the job.
    ///
    /// # Errors
    ///
    /// If it cannot be started or fails.
    pub fn start(&self, job: &Job, file: &Path) -> Result<Running> {
        let mut child = self.spawn(job, file)?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().context("its output cannot be read")?);
        let mut running = Running { who: self.name, child, stdin, stdout, version: String::new() };
        running.version = running.hear::<Ready>()?.version;
        Ok(running)
    }

    /// Does `job` once in a process of its own.
    ///
    /// # Errors
    ///
    /// If it cannot be started or fails.
    pub fn once(&self, job: &Job, file: &Path) -> Result<Once> {
        let mut child = self.spawn(job, file)?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().context("its output cannot be read")?);
        let mut running = Running { who: self.name, child, stdin, stdout, version: String::new() };
        let once = running.hear()?;
        running.end()?;
        Ok(once)
    }

    fn spawn(&self, job: &Job, file: &Path) -> Result<Child> {
        fs::write(file, serde_json::to_vec_pretty(job)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        Command::new(&self.program)
            .args(&self.arguments)
            .arg(file)
            .env("VIPS_CONCURRENCY", job.workers.to_string())
            .env("MAGICK_THREAD_LIMIT", job.workers.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))
    }
}

impl Running {
    /// Does it `times` times.
    ///
    /// # Errors
    ///
    /// If it has failed.
    pub fn round(&mut self, times: u32) -> Result<Round> {
        self.begin(times)?;
        self.finish(times)
    }

    /// Begins a round without waiting for its end.
    ///
    /// # Errors
    ///
    /// If it has failed.
    pub fn begin(&mut self, times: u32) -> Result<()> {
        let stdin = self.stdin.as_mut().context("it has ended")?;
        writeln!(stdin, "{times}")
            .and_then(|()| stdin.flush())
            .with_context(|| format!("{} has ended", self.who.title()))
    }

    /// The round that was begun, each figure for one time of the `times`.
    ///
    /// # Errors
    ///
    /// If it has failed.
    pub fn finish(&mut self, times: u32) -> Result<Round> {
        let total: Round = self.hear()?;
        let times = f64::from(times);
        Ok(Round { cpu: total.cpu / times, wall: total.wall / times })
    }

    /// Ends it, and sees that it ended well.
    ///
    /// # Errors
    ///
    /// If it didn't.
    pub fn end(mut self) -> Result<()> {
        self.stdin = None;
        let status = self.child.wait()?;
        ensure!(status.success(), "{} failed ({status})", self.who.title());
        Ok(())
    }

    fn hear<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            bail!("{} ended early; its words are above", self.who.title());
        }
        serde_json::from_str(&line).with_context(|| format!("{} said `{}`", self.who.title(), line.trim()))
    }
}

impl Drop for Running {
    /// Whatever went wrong, no process is left.
    fn drop(&mut self) {
        self.stdin = None;
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            // It may just be about to end by itself; either way it is gone afterwards.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
