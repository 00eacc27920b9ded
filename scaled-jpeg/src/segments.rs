//! A scan from restart marker to restart marker, and what becomes of damage in between.

use std::ops::Range;

use crate::bits::Bits;
use crate::decoder::{Job, OnDamage};
use crate::error::Error;
use crate::idct::Kernels;
use crate::plane::Band;
use crate::window::Window;

/// What a kind of scan does with its MCUs.
pub(crate) trait Segment {
    /// Decodes `mcus`, none of which depends on those before.
    fn decode<K: Kernels>(
        &mut self,
        kernels: K,
        job: &Job<'_>,
        window: &mut Window<'_>,
        bits: Bits,
        bands: &mut [Band<'_>],
        mcus: Range<u32>,
    ) -> Result<Bits, Trouble>;

    /// Takes back what was made of `mcus`.
    fn blank(&mut self, bands: &mut [Band<'_>], mcus: Range<u32>);
}

/// Why a piece ended early.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    /// There was too little data for this MCU.
    Starved {
        mcu: u32,
    },
    /// This MCU has bits that mean nothing.
    BadCode {
        mcu: u32,
    },
    /// None: the place was come to that the window watches for.
    Watched,
    Cancelled,
}

/// How a scan went.
pub(crate) struct Outcome {
    /// MCUs decoded.
    pub(crate) decoded: u32,
    /// What was wrong first.
    pub(crate) damage: Option<&'static str>,
    /// Where in the file the marker lies that ends the scan.
    pub(crate) end: usize,
}

/// A part of a scan that begins where a restart marker does, or the scan.
pub(crate) struct Part {
    /// Where in the file its data begins.
    pub(crate) at: usize,
    pub(crate) mcus: Range<u32>,
    /// MCUs between restart markers; 0 for none.
    pub(crate) interval: u32,
}

/// Decodes `part` of a scan.
pub(crate) fn run<K: Kernels, S: Segment>(
    kernels: K,
    segment: &mut S,
    job: &Job<'_>,
    part: Part,
    bands: &mut [Band<'_>],
) -> Result<Outcome, Error> {
    let Part { at, mcus: Range { mut start, end: total }, interval } = part;
    let interval = if interval == 0 { total } else { interval };
    let (mut window, mut bits) = Window::new(job.file, at);
    let mut outcome = Outcome { decoded: 0, damage: None, end: at };
    let mut number = (start / interval.max(1)) as u8 & 7;
    while start < total {
        let end = total.min(start.saturating_add(interval));
        let decoded = segment
            .decode(kernels, job, &mut window, bits, bands, start..end)
            .and_then(|bits| window.look_after(bits).map_err(|_| Trouble::Starved { mcu: end - 1 }));
        let (from, what) = match decoded {
            Ok(_) => (end, None),
            Err(Trouble::Cancelled) => return Err(Error::Cancelled),
            Err(Trouble::Starved { mcu }) => (mcu, Some("its data ends too early")),
            Err(Trouble::Watched) => (start, Some("its data could not be followed")),
            Err(Trouble::BadCode { mcu }) => (mcu, Some("its data has a code that does not exist")),
        };
        segment.blank(bands, from..end);
        outcome.decoded += from - start;
        outcome.damage = outcome.damage.or(what);
        start = end;
        if start < total {
            match next_piece(&mut window, number) {
                None => {
                    outcome.damage = outcome.damage.or(Some("its data ends too early"));
                    break;
                }
                Some((next, 0)) => bits = next,
                Some((next, lost)) => {
                    bits = next;
                    outcome.damage = outcome.damage.or(Some("restart markers are missing"));
                    start = start.saturating_add(interval.saturating_mul(u32::from(lost)));
                    number = (number + lost) & 7;
                }
            }
            number = (number + 1) & 7;
        }
        if let (Some(what), OnDamage::Fail) = (outcome.damage, job.options.damage) {
            return Err(Error::damaged(what));
        }
    }
    outcome.end = window.end();
    Ok(outcome)
}

/// Goes on behind the next restart marker, number `expected`, and says how many were lost before it.
fn next_piece(window: &mut Window<'_>, expected: u8) -> Option<(Bits, u8)> {
    loop {
        let (bits, number) = window.restart()?;
        match number.wrapping_sub(expected) & 7 {
            lost @ 1..=2 => return Some((bits, lost)),
            // One of those that should have come before (libjpeg's `jpeg_resync_to_restart` draws the lines so).
            6..=7 => {}
            _ => return Some((bits, 0)),
        }
    }
}
