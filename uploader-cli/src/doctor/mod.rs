//! `uploader doctor`: whether everything is there that uploads need, and what to do where it isn't.

mod buckets;
mod cdn;
mod check;
mod clock;
mod local;

use std::env;

use clap::Args;

use crate::cli::StoreArgs;
use crate::console::Console;
use crate::settings::Settings;
use crate::store::Store;
use crate::{FAILED, WELL, aws};
use check::{Check, Verdict};

const EXAMPLES: &str = "\
Examples:
  uploader doctor
  uploader doctor --profile blog --json

Nothing is left behind and nothing is derived: an upload is begun and given up.
Exit status: 0 all well, 1 something is wrong, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// Print one JSON object a check and line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArgs,
}

/// Tells each check as it is made.
struct Report {
    console: Console,
    json: bool,
    status: u8,
}

impl Report {
    fn add(&mut self, check: &Check) -> anyhow::Result<()> {
        if check.verdict == Verdict::Error {
            self.status = FAILED;
        }
        if self.json {
            self.console.document(&serde_json::to_string(check)?)?;
        } else {
            self.console.paragraph(&check.text())?;
        }
        Ok(())
    }
}

/// Makes all checks; the answer is the exit status.
///
/// # Errors
///
/// When standard output takes no more.
pub(crate) async fn run(args: DoctorArgs) -> anyhow::Result<u8> {
    let mut report = Report { console: Console::lines(), json: args.json, status: WELL };
    let settings = match Settings::resolve(&args.store, |name| env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => {
            report.add(&Check::error("configuration", error.message(), error.remedy()))?;
            return Ok(report.status);
        }
    };
    report.add(&local::configuration(&settings))?;

    let shared = aws::configured(&settings).await;
    let store = Store::with(&shared, &settings);
    let credentials = local::credentials(&shared, &store).await;
    report.add(&credentials)?;
    if credentials.verdict == Verdict::Error {
        report.add(&Check::skipped("buckets", "not checked: there are no credentials to ask with"))?;
    } else {
        buckets::check(&store, &mut |check| report.add(check)).await?;
    }
    report.add(&cdn::check(&store).await)?;
    report.add(&local::state_folder())?;
    Ok(report.status)
}
