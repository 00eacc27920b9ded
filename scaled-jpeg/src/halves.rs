//! A scan with restart markers, by two threads: nothing behind a marker depends on what is before it.

use std::thread;

use memchr::memchr;

use crate::decoder::Job;
use crate::error::Error;
use crate::idct::Kernels;
use crate::marker::is_restart;
use crate::plane::Band;
use crate::segments::{self, Outcome, Part};
use crate::sequential::Sequential;

/// Less is decoded faster by one.
const WORTH_BYTES: usize = 1 << 18;

/// Decodes the scan whose data begins at `at`; `None` where one thread has to do it, for the bands are as they
/// were then: because of the options, because no restart marker near the middle begins a row of MCUs, or because
/// the file is damaged.
pub(crate) fn run<K: Kernels>(
    kernels: K,
    scan: &Sequential,
    job: &Job<'_>,
    at: usize,
    interval: u32,
    bands: &mut [Band<'_>],
) -> Result<Option<Outcome>, Error> {
    if interval == 0 || job.options.threads < 2 || job.file.len().saturating_sub(at) < WORTH_BYTES {
        return Ok(None);
    }
    let Some(middle) = middle(job.file, at, interval, scan.mcus) else { return Ok(None) };
    let total = scan.mcus.0 * scan.mcus.1;
    let (mut upper, mut lower): (Vec<_>, Vec<_>) = bands
        .iter_mut()
        .enumerate()
        .map(|(component, band)| band.split(scan.rows(component, middle.mcu / scan.mcus.0)))
        .unzip();
    let part = |at, mcus, bands| segments::run(kernels, &mut &*scan, job, Part { at, mcus, interval }, bands);
    let (first, second) = thread::scope(|scope| {
        let second = scope.spawn(|| part(middle.at, middle.mcu..total, &mut lower[..]));
        let first = part(at, 0..middle.mcu, &mut upper[..]);
        (first, second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    match (first, second) {
        (Err(Error::Cancelled), _) | (_, Err(Error::Cancelled)) => Err(Error::Cancelled),
        (Ok(Outcome { damage: None, decoded, .. }), Ok(second @ Outcome { damage: None, .. })) => {
            Ok(Some(Outcome { decoded: decoded + second.decoded, ..second }))
        }
        _ => {
            bands.iter_mut().for_each(Band::blank_all);
            Ok(None)
        }
    }
}

/// Where the second thread begins.
struct Middle {
    mcu: u32,
    /// Behind the restart marker.
    at: usize,
}

/// The restart marker nearest to the middle that begins a row of MCUs, if all before it are there.
fn middle(file: &[u8], from: usize, interval: u32, (across, down): (u32, u32)) -> Option<Middle> {
    let total = across * down;
    let step = interval.checked_div(gcd(interval, across))?.checked_mul(across)?;
    let mcu = (total / 2 + step / 2) / step * step;
    if mcu == 0 || mcu >= total {
        return None;
    }
    let mut at = from;
    for number in 0..mcu / interval {
        loop {
            at += memchr(0xFF, file.get(at..)?)?;
            match *file.get(at + 1)? {
                0 => at += 2,
                0xFF => at += 1,
                code if is_restart(code) && u32::from(code & 7) == number & 7 => break,
                _ => return None,
            }
        }
        at += 2;
    }
    Some(Middle { mcu, at })
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_begins_a_row() {
        // Markers every two MCUs, rows of three: each sixth MCU begins a row behind a marker.
        let file: Vec<u8> =
            (0..20_u8).flat_map(|number| [0x12, 0xFF, 0x00, 0xFF, 0xD0 | (number & 7)]).collect();
        let found = middle(&file, 0, 2, (3, 10)).unwrap();
        assert_eq!((found.mcu, found.at), (18, 9 * 5));
        // None but the first and the last would do.
        assert!(middle(&file, 0, 7, (4, 7)).is_none());
        // The fourth is missing.
        let lost = [&file[..15], &file[20..]].concat();
        assert!(middle(&lost, 0, 2, (3, 10)).is_none());
    }
}
