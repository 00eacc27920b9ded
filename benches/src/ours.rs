//! Us as a contender.

use std::convert::Infallible;

use anyhow::{Context, Result, bail};
use imaging::{FormatChoice, Limits, Plan, Preset, Quality, Stop};

use crate::job::{Format, Job};

/// A file that was made.
#[derive(Debug, Clone)]
pub struct Output {
    /// Pixels a row.
    pub width: u32,
    /// Its format.
    pub format: Format,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Everything that `job` asks for from the file `source`, from its header to the last byte: nothing is kept from
/// one call to the next.
///
/// # Errors
///
/// If the file is refused, or fewer files come out than were asked for.
pub fn renditions(source: &[u8], job: &Job) -> Result<Vec<Output>> {
    let limits = limits();
    let info = imaging::probe(source, &limits).context("the input is refused")?;
    let plan =
        planned(imaging::plan(&info, &preset(job), &limits).context("the input is refused")?, job.workers);
    let mut outputs = Vec::new();
    imaging::derive(source, &plan, &Stop::new(), |rendition| {
        outputs.push((rendition.spec.width, rendition.spec.format, rendition.bytes));
        Ok::<(), Infallible>(())
    })
    .context("the input cannot be derived")?;
    let wanted = job.widths.len() * job.formats.len();
    if outputs.len() != wanted {
        bail!("{} files came out, not {wanted}", outputs.len());
    }
    outputs
        .into_iter()
        .map(|(width, format, bytes)| Ok(Output { width, format: plain(format)?, bytes }))
        .collect()
}

/// The plan with as many threads as the job allows.
fn planned(plan: Plan, workers: usize) -> Plan {
    plan.with_workers(workers)
}

fn preset(job: &Job) -> Preset {
    let choice = |format: &Format| match format {
        Format::Jpeg => FormatChoice::Jpeg,
        Format::Webp => FormatChoice::Webp,
        Format::Png => FormatChoice::Png,
    };
    Preset {
        widths: job.widths.clone(),
        formats: job.formats.iter().map(choice).collect(),
        quality: Quality { jpeg: job.jpeg_quality, webp: job.webp_quality },
        ..Preset::default()
    }
}

/// Wide enough for the 100 MP inputs whatever the defaults are.
fn limits() -> Limits {
    Limits {
        source_bytes: 1 << 30,
        pixels: 200_000_000,
        side: 20_000,
        decoded_bytes: 4 << 30,
        ..Limits::default()
    }
}

fn plain(format: imaging::OutputFormat) -> Result<Format> {
    Ok(match format.extension() {
        "jpg" | "jpeg" => Format::Jpeg,
        "webp" => Format::Webp,
        "png" => Format::Png,
        other => bail!("a file of a format that was not asked for came out: {other}"),
    })
}
