//! From a file to planes.

use std::fmt;
use std::sync::Arc;

use crate::ahead;
use crate::error::{Damage, Error};
use crate::halves;
use crate::header::{self, Header, Process, Start};
use crate::idct::{Kernels, Portable};
use crate::layout::Layout;
use crate::marker::{self, Marker};
use crate::plane::{Band, Plane};
use crate::progressive;
use crate::scale::Scale;
use crate::scan::Scan;
use crate::segments::{self, Outcome, Part};
use crate::sequential::Sequential;
use crate::tables::Tables;

/// What becomes of a damaged file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDamage {
    /// What can be decoded is, and [`Decoded::damage`] says so; the rest is mid grey.
    #[default]
    Keep,
    /// [`Error::Damaged`].
    Fail,
}

/// Limits, and what else a caller decides.
#[derive(Clone)]
pub struct Options {
    /// What becomes of a damaged file.
    pub damage: OnDamage,
    /// Most scans that are decoded. A hostile progressive file of many takes long.
    pub max_scans: u32,
    /// Most bytes that planes, and coefficients of progressive files, may take.
    pub memory: u64,
    /// Threads that may work at once; 1 works on the caller's alone. The samples do not depend on it.
    pub threads: usize,
    /// Asked now and then whether to end with [`Error::Cancelled`].
    pub cancel: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { damage: OnDamage::Keep, max_scans: 100, memory: 1 << 30, threads: 1, cancel: None }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("damage", &self.damage)
            .field("max_scans", &self.max_scans)
            .field("memory", &self.memory)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// What [`Decoder::decode_planes`] yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// A plane for each component of the header, in their order.
    pub planes: Vec<Plane>,
    /// What the file lacks, if it is damaged.
    pub damage: Option<Damage>,
}

/// A file whose header was read.
pub struct Decoder<'a> {
    file: &'a [u8],
    start: Start<'a>,
    options: Options,
}

impl fmt::Debug for Decoder<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Decoder")
            .field("header", &self.start.header)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<'a> Decoder<'a> {
    /// Reads the headers up to the first scan.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] where that is not possible, [`Error::Unsupported`] for what is not decoded: 12-bit,
    /// arithmetic-coded, lossless and hierarchical files, those of two or more than four components, and those
    /// whose height follows the first scan.
    pub fn new(file: &'a [u8]) -> Result<Self, Error> {
        Ok(Self { file, start: header::read(file)?, options: Options::default() })
    }

    /// The same file, decoded in another way.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// What the file says before its first scan.
    pub fn header(&self) -> &Header<'a> {
        &self.start.header
    }

    /// Bytes that [`Self::decode_planes`] holds at most at these scales, besides the file, on one thread: planes,
    /// coefficients of progressive files, and what it takes whatever the size.
    pub fn memory(&self, scales: [Scale; 4]) -> u64 {
        /// Windows, tables of codes, and lists of scans.
        const WORKING: u64 = 1 << 18;
        let layout = Layout::new(&self.start.header, scales);
        let planes: u64 = layout.channels.iter().map(|channel| channel.bytes()).sum();
        let coefficients = match self.start.header.process {
            Process::Progressive => progressive::memory(&layout),
            Process::Baseline | Process::Extended => 0,
        };
        planes + coefficients + WORKING
    }

    /// Bytes that a second thread takes besides [`Self::memory`]. Where [`Options::memory`] leaves no room for that,
    /// there is none.
    pub fn memory_ahead(&self, scales: [Scale; 4]) -> u64 {
        match self.start.header.process {
            Process::Progressive => 0,
            Process::Baseline | Process::Extended => {
                ahead::memory(Layout::new(&self.start.header, scales).channels.iter())
            }
        }
    }

    /// Decodes each component at its scale; scales of components that there are not are not looked at.
    ///
    /// # Errors
    ///
    /// Every kind of [`Error`]. Under [`OnDamage::Keep`], [`Error::Damaged`] only where nothing can be decoded.
    pub fn decode_planes(&self, scales: [Scale; 4]) -> Result<Decoded, Error> {
        let (needed, allowed) = (self.memory(scales), self.options.memory);
        if needed > allowed {
            return Err(Error::TooLarge { needed, allowed });
        }
        let job = Job {
            file: self.file,
            header: &self.start.header,
            options: &self.options,
            spare: allowed - needed,
        };
        let layout = Layout::new(job.header, scales);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = crate::idct::Avx2::detect() {
            return decode(avx2, &job, &layout, &self.start);
        }
        decode(Portable, &job, &layout, &self.start)
    }
}

/// What is the same for all scans.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) file: &'a [u8],
    pub(crate) header: &'a Header<'a>,
    pub(crate) options: &'a Options,
    /// Bytes that threads may take to go ahead.
    pub(crate) spare: u64,
}

impl Job<'_> {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.options.cancel.as_ref().is_some_and(|cancel| cancel())
    }
}

/// The quantisation tables as they were at each component's first scan: later definitions are for others.
#[derive(Default)]
pub(crate) struct Quantizers([Option<[u16; 64]>; 4]);

impl Quantizers {
    pub(crate) fn latch(
        &mut self,
        component: usize,
        header: &Header<'_>,
        tables: &Tables<'_>,
    ) -> Result<[u16; 64], Error> {
        let slot = &mut self.0[component];
        if slot.is_none() {
            *slot = tables.quantization[usize::from(header.components[component].quantization & 3)];
        }
        slot.ok_or_else(|| Error::damaged("a quantisation table is missing"))
    }

    pub(crate) fn get(&self, component: usize) -> Option<[u16; 64]> {
        self.0[component]
    }
}

fn decode<K: Kernels>(
    kernels: K,
    job: &Job<'_>,
    layout: &Layout,
    start: &Start<'_>,
) -> Result<Decoded, Error> {
    let mut planes: Vec<Plane> = layout.channels.iter().map(|channel| channel.plane()).collect();
    let mut bands: Vec<Band<'_>> = planes.iter_mut().map(Plane::band).collect();
    let damage = match job.header.process {
        Process::Progressive => progressive::decode(kernels, job, layout, start, &mut bands)?,
        Process::Baseline | Process::Extended => sequential(kernels, job, layout, start, &mut bands)?,
    };
    match (damage, job.options.damage) {
        (Some(damage), OnDamage::Fail) => Err(Error::Damaged(damage.what)),
        (damage, _) => Ok(Decoded { planes, damage }),
    }
}

/// Scan after scan, until every component was there.
fn sequential<K: Kernels>(
    kernels: K,
    job: &Job<'_>,
    layout: &Layout,
    start: &Start<'_>,
    bands: &mut [Band<'_>],
) -> Result<Option<Damage>, Error> {
    let mut tables = start.tables.clone();
    let mut quantizers = Quantizers::default();
    let mut tally = Tally::new(layout);
    let mut there = vec![false; layout.channels.len()];
    let mut next = Ok(start.scan);
    for number in 0.. {
        let scan = next.and_then(|marker| {
            let scan = Scan::read(marker.segment, job.header, &there)?;
            Ok((Sequential::new(&scan, layout, job, &mut quantizers, &tables)?, scan, marker.end))
        });
        let (sequential, scan, at) = match scan {
            Ok(scan) => scan,
            // What was never decoded is nothing to keep.
            Err(error) if number == 0 => return Err(error),
            Err(error) => {
                tally.damage(error.what());
                break;
            }
        };
        let interval = tables.restart_interval;
        let outcome = match halves::run(kernels, &sequential, job, at, interval, bands)? {
            Some(outcome) => outcome,
            None => {
                let part = Part { at, mcus: 0..sequential.mcus.0 * sequential.mcus.1, interval };
                segments::run(kernels, &mut &sequential, job, part, bands)?
            }
        };
        tally.scan(layout, &scan, &outcome);
        scan.parts.iter().for_each(|part| there[part.component] = true);
        if there.iter().all(|&there| there) {
            break;
        }
        next = next_scan(job.file, outcome.end, &mut tables)
            .and_then(|scan| scan.ok_or_else(|| Error::damaged("scans are missing at its end")));
    }
    Ok(tally.finish())
}

/// Reads tables up to the next SOS; `None` where the picture ends first, as it should after the last scan.
pub(crate) fn next_scan<'a>(
    file: &'a [u8],
    from: usize,
    tables: &mut Tables<'a>,
) -> Result<Option<Marker<'a>>, Error> {
    let mut at = from;
    loop {
        let found = marker::next(file, at, true).ok_or_else(|| Error::damaged("its end is missing"))?;
        at = found.end;
        match found.code {
            marker::SOS => return Ok(Some(found)),
            marker::EOI => return Ok(None),
            _ => tables.read(found)?,
        }
    }
}

/// What was decoded of all there is.
pub(crate) struct Tally {
    blocks: f64,
    decoded: f64,
    what: Option<String>,
}

impl Tally {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self { blocks: layout.blocks() as f64, decoded: 0.0, what: None }
    }

    pub(crate) fn damage(&mut self, what: impl Into<String>) {
        self.what.get_or_insert_with(|| what.into());
    }

    /// Counts the blocks that `scan` showed for the first time.
    pub(crate) fn scan(&mut self, layout: &Layout, scan: &Scan, outcome: &Outcome) {
        let (across, down) = layout.mcus(scan);
        let share = f64::from(outcome.decoded) / (f64::from(across) * f64::from(down));
        let blocks = scan.parts.iter().map(|part| layout.channels[part.component].blocks());
        self.decoded += share * blocks.map(|(across, down)| f64::from(across) * f64::from(down)).sum::<f64>();
        if let Some(what) = outcome.damage {
            self.damage(what);
        }
    }

    pub(crate) fn finish(self) -> Option<Damage> {
        Some(Damage { decoded: (self.decoded / self.blocks).min(1.0), what: self.what? })
    }
}
