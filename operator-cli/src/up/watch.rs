//! Following what becomes of events: a bar on a terminal, a line each elsewhere.

use std::collections::HashMap;
use std::io::{self, IsTerminal};

use aws_sdk_s3::Client;
use cli_support::escape;
use indicatif::{ProgressBar, ProgressStyle};
use thumbnailer::{Fate, Outcome};
use tokio::sync::mpsc::UnboundedReceiver;

use super::summary;
use crate::report::millis;

pub(crate) struct Watch {
    outcomes: UnboundedReceiver<Outcome>,
    /// The last outcome of each key that did or failed to do something.
    latest: HashMap<String, Outcome>,
    bar: Option<ProgressBar>,
    json: bool,
}

impl Watch {
    /// Expects `expected` files at first.
    pub(crate) fn new(outcomes: UnboundedReceiver<Outcome>, expected: usize, json: bool) -> Self {
        let bar = (io::stderr().is_terminal() && expected > 0).then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {wide_msg}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(expected as u64).with_style(style)
        });
        Self { outcomes, latest: HashMap::new(), bar, json }
    }

    /// Notes and shows outcomes as they come.
    pub(crate) async fn follow<T>(&mut self) -> T {
        while let Some(outcome) = self.outcomes.recv().await {
            self.note(outcome);
        }
        std::future::pending().await
    }

    /// Notes what has come in the meantime, and takes the bar away.
    pub(crate) fn catch_up(&mut self) {
        while let Ok(outcome) = self.outcomes.try_recv() {
            self.note(outcome);
        }
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    pub(crate) fn latest(&self, key: &str) -> Option<&Outcome> {
        self.latest.get(key)
    }

    /// Reports what others upload, for good.
    pub(crate) async fn stay(&mut self, s3: &Client) {
        while let Some(outcome) = self.outcomes.recv().await {
            if matches!(outcome.fate, Fate::AlreadyDerived | Fate::Superseded) {
                continue;
            }
            let report = summary::of_outcome(s3, &outcome).await;
            report.print(self.json);
        }
    }

    fn note(&mut self, outcome: Outcome) {
        let line = line(&outcome);
        match &self.bar {
            Some(bar) => {
                if outcome.fate.is_success() {
                    bar.inc(1);
                }
                bar.set_message(escape(&line).into_owned());
            }
            None => cli_support::tell(line),
        }
        if !matches!(outcome.fate, Fate::AlreadyDerived | Fate::Superseded)
            || !self.latest.contains_key(&outcome.key)
        {
            self.latest.insert(outcome.key.clone(), outcome);
        }
    }
}

fn line(outcome: &Outcome) -> String {
    let Outcome { key, fate, report, .. } = outcome;
    let ms = millis(outcome.elapsed);
    match (fate, &report.reason) {
        (Fate::Retryable(cause), _) => format!("retry     {key}: {cause}"),
        (Fate::Rejected, Some(reason)) => format!("rejected  {key}: {}", reason.message),
        (Fate::Derived, _) => {
            let (width, height) = (report.width, report.height);
            let renditions = match report.renditions {
                0 => "renditions as they were".to_owned(),
                some => format!("{some} renditions"),
            };
            format!("derived   {key}  {width}×{height}  {renditions}, {ms} ms")
        }
        _ => format!("{:<9} {key}", fate.word()),
    }
}
