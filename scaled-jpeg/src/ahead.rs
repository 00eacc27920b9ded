//! A scan without restart markers, by two threads.
//!
//! Huffman codes synchronise themselves (S. T. Klein and Y. Wiseman, "Parallel Huffman decoding with applications to JPEG
//! files", 2003; A. Weißenborn and B. Schmidt, "Accelerating JPEG decompression on GPUs", 2021): one thread decodes
//! from the scan's beginning, another from its middle, as if a block began there. It does not, but sooner or later
//! the second finds itself where an MCU does begin. Once the first has come to the middle, it goes on until it
//! stands where the second stood: what that decoded from there on is right but for the DC coefficients, to which
//! the difference is added that both had there. If it never stands there it goes on alone.

use std::thread;

use crate::decoder::Job;
use crate::idct::{Coefficients, Kernels};
use crate::layout::Channel as Frame;
use crate::plane::Band;
use crate::scale::Scale;
use crate::segments::Trouble;
use crate::sequential::{Channel, Render, Sequential, Sink, State};
use crate::window::Window;

/// Less is decoded faster by one.
const WORTH_BYTES: usize = 1 << 18;

/// MCUs from the middle on at which both may meet. Real photographs' meet after some dozens.
const MEETING: u32 = 1 << 14;

/// Places at which the second thread tries to begin.
const TRIES: u32 = 1 << 12;

/// Whether two threads should decode the scan whose data `window` holds.
pub(crate) fn is_worth_it(scan: &Sequential, job: &Job<'_>, window: &Window<'_>) -> bool {
    job.options.threads > 1
        && window.rest() > WORTH_BYTES
        && scan.mcus.1 > 1
        && job.spare >= u64::from(most(scan)) * 2 * each_mcu(scan) as u64
}

/// Bytes that a second thread holds, if every component is in one scan.
pub(crate) fn memory<'f>(frames: impl Iterator<Item = &'f Frame>) -> u64 {
    let each = frames.map(|frame| {
        let (across, down) = frame.blocks();
        u64::from(across) * u64::from(down) * places(frame.scale) as u64 * 2
    });
    each.sum::<u64>() / 8 * 5 + u64::from(MEETING) * 24
}

/// Most MCUs that the second thread may keep.
fn most(scan: &Sequential) -> u32 {
    scan.mcus.0 * scan.mcus.1 / 8 * 5
}

/// Coefficients that are kept of an MCU.
fn each_mcu(scan: &Sequential) -> usize {
    scan.units.iter().map(|unit| places(scan.channels[unit.part].scale)).sum()
}

/// Coefficients that are kept of a block.
fn places(scale: Scale) -> usize {
    match scale {
        Scale::Eighth => 1,
        Scale::Quarter => 4,
        Scale::ThreeEighths | Scale::Half => 16,
        Scale::ThreeQuarters | Scale::Full => 64,
    }
}

/// Decodes the whole scan from `state`, its beginning, on.
pub(crate) fn decode<K: Kernels>(
    kernels: K,
    scan: &Sequential,
    job: &Job<'_>,
    window: &mut Window<'_>,
    state: &mut State,
    bands: &mut [Band<'_>],
) -> Result<(), Trouble> {
    let middle = window.middle();
    window.watch(middle);
    let total = scan.mcus.0 * scan.mcus.1;
    let mut render = |window: &mut Window<'_>, state: &mut State, end: u32| {
        kernels.run(
            #[inline(always)]
            || scan.piece(job, window, state, end, &mut Render { kernels, bands: &mut *bands }),
        )
    };
    let (first, second) = thread::scope(|scope| {
        let second = scope.spawn(|| Second::decode(kernels, scan, job, middle));
        let first = render(window, state, total);
        (first, second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    match first {
        Err(Trouble::Watched) => window.unwatch(),
        ended => return ended,
    }
    if let Some(second) = second {
        let mut starts = (0..).zip(&second.starts).peekable();
        while state.mcu < total {
            let at = window.behind_watched(state.bits).unwrap_or(i64::MIN);
            while starts.next_if(|(_, start)| (start.at as i64) < at).is_some() {}
            match starts.peek() {
                None => break,
                Some(&(index, start)) if start.at as i64 == at => {
                    // Where both stand, the rest is as long for either.
                    if second.mcus.checked_sub(index) == Some(total - state.mcu) {
                        let meeting = Meeting {
                            index,
                            mcu: state.mcu,
                            ours: state.predictions,
                            theirs: start.predictions,
                        };
                        second.render(kernels, scan, meeting, bands);
                        state.damaged += second.damaged;
                        return Ok(());
                    }
                }
                Some(_) => {}
            }
            let next = state.mcu + 1;
            render(window, state, next)?;
        }
    }
    render(window, state, total)
}

/// Where the second thread took an MCU to begin.
struct Start {
    /// Bits from the middle on.
    at: u64,
    predictions: [i32; 4],
}

/// What the second thread decoded.
struct Second {
    starts: Vec<Start>,
    kept: Kept,
    mcus: u32,
    /// MCUs behind all of `starts`, in rows in which some data were no code.
    damaged: u32,
}

/// Where both met.
struct Meeting {
    /// The MCU's number from the middle on, and in the scan.
    index: u32,
    mcu: u32,
    ours: [i32; 4],
    theirs: [i32; 4],
}

/// Blocks one after the other, of each as many coefficients as its scale has places for.
struct Kept(Vec<i16>);

impl Sink for Kept {
    #[inline(always)]
    fn block(&mut self, channel: &Channel, _: (u32, u32), coefficients: &Coefficients, _: bool) {
        match places(channel.scale) {
            1 => self.0.push(coefficients[0]),
            4 => self.0.extend_from_slice(&coefficients[..4]),
            16 => self.0.extend_from_slice(&coefficients[..16]),
            _ => self.0.extend_from_slice(&coefficients[..64]),
        }
    }
}

impl Second {
    /// Decodes from `middle` to the end; `None` if that cannot be of use.
    fn decode<K: Kernels>(kernels: K, scan: &Sequential, job: &Job<'_>, middle: usize) -> Option<Self> {
        let (mut window, bits) = Window::new(job.file, middle);
        let (most, each) = (most(scan), each_mcu(scan));
        let mut second = Self {
            starts: Vec::with_capacity(MEETING as usize),
            kept: Kept(Vec::with_capacity(most as usize * each)),
            mcus: 0,
            damaged: 0,
        };
        let mut state = State { mcu: 0, bits, predictions: [0; 4], damaged: 0 };
        let mut tries = TRIES;
        while state.mcu < MEETING.min(most) {
            second.starts.push(Start { at: window.taken(state.bits), predictions: state.predictions });
            let before = state;
            let next = state.mcu + 1;
            let piece = kernels.run(
                #[inline(always)]
                || scan.piece(job, &mut window, &mut state, next, &mut second.kept),
            );
            if let Err(trouble) = piece {
                return second.ended(trouble);
            }
            if state.damaged > 0 && window.is_overrun(state.bits) {
                return second.ended(Trouble::Starved { mcu: next - 1 });
            }
            // No MCU begins here, nor did one before.
            if state.damaged > 0 {
                tries = tries.checked_sub(1)?;
                second.starts.clear();
                second.kept.0.clear();
                let mut bits = window.look_after(before.bits).ok()?;
                bits.refill(window.buffer());
                bits.skip(1);
                state = State { mcu: 0, bits, predictions: [0; 4], damaged: 0 };
            }
        }
        let rest = kernels.run(
            #[inline(always)]
            || scan.piece(job, &mut window, &mut state, most, &mut second.kept),
        );
        second.damaged = state.damaged;
        rest.err().and_then(|trouble| second.ended(trouble))
    }

    /// Counts the MCUs that had data. The bits behind the last one fill its byte.
    fn ended(mut self, trouble: Trouble) -> Option<Self> {
        self.mcus = match trouble {
            Trouble::Starved { mcu } => mcu,
            Trouble::Watched | Trouble::Cancelled => return None,
        };
        Some(self)
    }

    /// Writes what was decoded from the meeting on.
    fn render<K: Kernels>(&self, kernels: K, scan: &Sequential, meeting: Meeting, bands: &mut [Band<'_>]) {
        let across = scan.mcus.0;
        // Each thread the half of the rows; the first begins within one.
        let rows = scan.mcus.1 - meeting.mcu / across;
        let split = (meeting.mcu / across + rows.div_ceil(2)) * across;
        let split_row = split / across;
        let (mut upper, mut lower): (Vec<_>, Vec<_>) = bands
            .iter_mut()
            .enumerate()
            .map(|(component, band)| band.split(scan.rows(component, split_row)))
            .unzip();
        let end = across * scan.mcus.1;
        thread::scope(|scope| {
            let below =
                scope.spawn(|| self.render_some(kernels, scan, &meeting, split.min(end), end, &mut lower));
            self.render_some(kernels, scan, &meeting, meeting.mcu, split.min(end), &mut upper);
            below.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
    }

    fn render_some<K: Kernels>(
        &self,
        kernels: K,
        scan: &Sequential,
        meeting: &Meeting,
        from: u32,
        to: u32,
        bands: &mut [Band<'_>],
    ) {
        let each = each_mcu(scan);
        let first = (meeting.index + (from - meeting.mcu)) as usize * each;
        let kept = self.kept.0.get(first..).unwrap_or_default().chunks_exact(each);
        let mut difference = [0_i16; 4];
        for (part, channel) in scan.channels.iter().enumerate() {
            let dc = meeting.ours[part].wrapping_sub(meeting.theirs[part]);
            difference[part] = dc.wrapping_mul((channel.steps[0] >> 8) as i32) as i16;
        }
        kernels.run(
            #[inline(always)]
            || {
                let mut render = Render { kernels, bands };
                let mut coefficients: Coefficients = [0; 128];
                for (mcu, mut kept) in (from..to).zip(kept) {
                    for unit in &scan.units {
                        let channel = &scan.channels[unit.part];
                        let (block, rest) = kept.split_at(places(channel.scale));
                        kept = rest;
                        coefficients[..block.len()].copy_from_slice(block);
                        coefficients[0] = coefficients[0].wrapping_add(difference[unit.part]);
                        let flat = block[1..].iter().fold(0, |all, &coefficient| all | coefficient) == 0;
                        let place = unit.block(mcu % scan.mcus.0, mcu / scan.mcus.0);
                        render.block(channel, place, &coefficients, flat);
                    }
                }
            },
        );
    }
}
