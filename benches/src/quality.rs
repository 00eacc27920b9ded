//! How good the files of a task are, ours and sharp's.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::contender::Name;
use crate::equal::{Tried, search};
use crate::job::{Format, Job, file_name};
use crate::measure::Folders;
use crate::ours::{Output, renditions};
use crate::picture::{self, Picture};
use crate::reference::{Rgb, reference};
use crate::results::{OutputResult, Scored};
use crate::score::score;
use crate::tasks::Task;

/// Scores every file that `task` left in `folders`; `job` is ours.
///
/// # Errors
///
/// If a file is missing or damaged.
pub fn judge(task: &Task, job: &Job, folders: &Folders) -> Result<Vec<OutputResult>> {
    let source = fs::read(&job.input).with_context(|| format!("cannot read {}", job.input.display()))?;
    let picture =
        picture::decode(&source).with_context(|| format!("{} as a reference", job.input.display()))?;
    let mut at_quality = AtQuality { source: &source, job, made: HashMap::new() };
    let mut outputs = Vec::new();
    for &width in task.widths {
        let reference = at_width(&picture, width)?;
        for &format in task.formats {
            let read = |name| read(&folders.of(task, name), width, format, &reference);
            let ours = read(Name::Ours)?.context("a file of ours is missing")?;
            let sharp = read(Name::Sharp)?;
            let equal = match sharp {
                None => None,
                Some(sharp) if format == Format::Png => Some(ours.bytes as f64 / sharp.bytes as f64),
                Some(sharp) => search(sharp.score, nominal(job, format), |quality| {
                    let file = at_quality.file(width, format, quality)?;
                    Ok::<_, anyhow::Error>(Tried {
                        score: score(&file.bytes, &reference)?,
                        bytes: file.bytes.len() as f64,
                    })
                })?
                .map(|bytes| bytes / sharp.bytes as f64),
            };
            outputs.push(OutputResult { width, format, ours, sharp, equal });
        }
    }
    Ok(outputs)
}

/// The height follows, rounded.
fn at_width(picture: &Picture, width: u32) -> Result<Rgb> {
    let (w, h) =
        if picture.turned { (picture.height, picture.width) } else { (picture.width, picture.height) };
    let height = (h as f64 * f64::from(width) / w as f64).round() as usize;
    reference(picture, width as usize, height)
}

fn read(folder: &Path, width: u32, format: Format, reference: &Rgb) -> Result<Option<Scored>> {
    let path = folder.join(file_name(width, format));
    if !path.is_file() {
        return Ok(None);
    }
    let file = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let score = score(&file, reference).with_context(|| path.display().to_string())?;
    Ok(Some(Scored { bytes: file.len() as u64, score }))
}

fn nominal(job: &Job, format: Format) -> u8 {
    if format == Format::Webp { job.webp_quality } else { job.jpeg_quality }
}

/// Our files at other qualities; all widths and formats come at once.
struct AtQuality<'a> {
    source: &'a [u8],
    job: &'a Job,
    made: HashMap<u8, Vec<Output>>,
}

impl AtQuality<'_> {
    fn file(&mut self, width: u32, format: Format, quality: u8) -> Result<&Output> {
        if !self.made.contains_key(&quality) {
            let job = Job { jpeg_quality: quality, webp_quality: quality, ..self.job.clone() };
            self.made.insert(quality, renditions(self.source, &job)?);
        }
        let made = self.made.get(&quality).context("nothing was made")?;
        made.iter().find(|o| o.width == width && o.format == format).context("a rendition is missing")
    }
}
