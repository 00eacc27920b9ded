//! Which scans matter.

use crate::decoder::{Job, next_scan};
use crate::error::Error;
use crate::header::Start;
use crate::layout::Layout;
use crate::scan::Scan;
use crate::tables::Tables;

/// A scan that has to be decoded.
pub(super) struct Planned<'a> {
    pub(super) scan: Scan,
    /// Where its data begins.
    pub(super) at: usize,
    /// As they are defined by then.
    pub(super) tables: Tables<'a>,
}

/// The scans to decode, and why there are no more of them if the file does not end as it should.
pub(super) struct Schedule<'a> {
    pub(super) scans: Vec<Planned<'a>>,
    pub(super) damage: Option<String>,
}

/// Walks over the file from scan to scan, then leaves out those that nothing comes of.
pub(super) fn schedule<'a>(job: &Job<'a>, layout: &Layout, start: &Start<'a>) -> Result<Schedule<'a>, Error> {
    let mut scans: Vec<Planned<'a>> = Vec::new();
    let mut tables = start.tables.clone();
    let mut marker = start.scan;
    let damage = loop {
        match Scan::read(marker.segment, job.header, &[]) {
            Ok(scan) => scans.push(Planned { scan, at: marker.end, tables: tables.clone() }),
            Err(error) if scans.is_empty() => return Err(error),
            Err(error) => break Some(error),
        }
        if scans.len() as u32 > job.options.max_scans {
            return Err(Error::damaged(format!("it has more than {} scans", job.options.max_scans)));
        }
        match next_scan(job.file, marker.end, &mut tables) {
            Ok(Some(next)) => marker = next,
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
        if job.is_cancelled() {
            return Err(Error::Cancelled);
        }
    };
    keep_needed(&mut scans, layout);
    Ok(Schedule { scans, damage: damage.map(Error::what) })
}

/// Backwards, so that what a refinement builds on is known to be needed.
fn keep_needed(scans: &mut Vec<Planned<'_>>, layout: &Layout) {
    let mut needed: Vec<u64> = layout.channels.iter().map(|channel| channel.order.wanted()).collect();
    let mut keep: Vec<bool> = scans
        .iter()
        .rev()
        .map(|Planned { scan, .. }| {
            if scan.first == 0 {
                return true;
            }
            let needed = &mut needed[scan.parts[0].component];
            let band = band(scan);
            let keep = *needed & band != 0;
            // Its bits depend on every coefficient of the band that is not zero yet.
            if keep && scan.is_refinement() {
                *needed |= band;
            }
            keep
        })
        .collect();
    scans.retain(|_| keep.pop().unwrap_or(true));
}

/// The coefficients of `scan` as bits by their place in zigzag order.
pub(super) fn band(scan: &Scan) -> u64 {
    (u64::MAX >> (63 - scan.last)) & (u64::MAX << scan.first)
}
