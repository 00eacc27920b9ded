//! A scan from restart marker to restart marker, and what becomes of damage in between.

use std::ops::Range;

use crate::bits::Bits;
use crate::decoder::{Job, OnDamage};
use crate::error::Error;
use crate::idct::Kernels;
use crate::plane::Band;
use crate::window::{Restart, Window};

/// The decoder of one kind of scan.
pub(crate) trait Segment {
    /// Decodes a piece of a scan, which does not depend on those before it.
    fn decode<K: Kernels>(
        &mut self,
        kernels: K,
        job: &Job<'_>,
        window: &mut Window<'_>,
        piece: &mut Piece,
        bands: &mut [Band<'_>],
    ) -> Result<(), Trouble>;
}

/// The MCUs from one restart marker to the next.
pub(crate) struct Piece {
    pub(crate) mcus: Range<u32>,
    /// The data that come next.
    pub(crate) bits: Bits,
    /// MCUs in rows, as far as they belong to the piece, in which some data were no code.
    pub(crate) damaged: u32,
}

/// Why a piece ended early.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    /// The data ended within this MCU. It was decoded as if zeros followed.
    Starved {
        mcu: u32,
    },
    /// None: the decoder reached the watched place.
    Watched,
    Cancelled,
}

/// How a scan went.
pub(crate) struct Outcome {
    /// MCUs decoded, except for those in rows that have bad codes.
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

const BAD_CODE: &str = "its data has a code that does not exist";
const TOO_SHORT: &str = "its data ends too early";
const MISSING: &str = "restart markers are missing";

/// Decodes `part` of a scan, damaged data as libjpeg does.
///
/// An MCU whose data end early is decoded as if zeros followed; the rest of its piece is not decoded. A piece whose
/// restart marker is missing has no data at all. After a bad code, decoding continues, because codes often fall into
/// step again within a few blocks.
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
    // libjpeg's `insufficient_data`: set until another restart marker is found.
    let mut starved = false;
    while start < total {
        let end = total.min(start.saturating_add(interval));
        if !starved {
            let mut piece = Piece { mcus: start..end, bits, damaged: 0 };
            let mut decoded = segment.decode(kernels, job, &mut window, &mut piece, bands);
            if decoded.is_ok() && window.look_after(piece.bits).is_err() {
                decoded = Err(Trouble::Starved { mcu: end - 1 });
            }
            let (until, what) = match decoded {
                Ok(()) => (end, None),
                Err(Trouble::Cancelled) => return Err(Error::Cancelled),
                Err(Trouble::Starved { mcu }) => (mcu, Some(TOO_SHORT)),
                Err(Trouble::Watched) => (start, Some("its data could not be followed")),
            };
            starved = until < end;
            outcome.decoded += (until - start).saturating_sub(piece.damaged);
            outcome.damage = outcome.damage.or((piece.damaged > 0).then_some(BAD_CODE)).or(what);
        }
        start = end;
        if start < total {
            match window.restart(number) {
                Restart::Found { bits: next, is_orderly } => {
                    bits = next;
                    starved = false;
                    outcome.damage = outcome.damage.or((!is_orderly).then_some(MISSING));
                }
                Restart::Lost { is_over } => {
                    bits = Bits::default();
                    outcome.damage = outcome.damage.or(Some(if is_over { TOO_SHORT } else { MISSING }));
                    if is_over && starved {
                        break;
                    }
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
