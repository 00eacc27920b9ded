//! What the targets of decoders and of `derive` share: deriving any bytes within small limits, what must hold of it,
//! and the memory that it takes.
//!
//! A panic is a finding even where [`imaging::derive`] would catch it: libFuzzer's hook ends the process first.

use std::convert::Infallible;

use imaging::{DeriveError, FormatChoice, Limits, Preset, Rejection, Rendition, SourceInfo, Stop};
use peak_alloc::PeakAlloc;

pub use image_header::Format;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Small enough that the slowest picture takes milliseconds.
pub const LIMITS: Limits = Limits {
    source_bytes: 1 << 20,
    pixels: 1 << 16,
    side: 2_048,
    decoded_bytes: 64 << 20,
    frames: 64,
    jpeg_scans: 16,
    // As in operation, so that profiles which inflate to the most that is allowed are tried.
    metadata_bytes: 16 << 20,
    output_bytes: 4 << 20,
};

/// Decodes a file of `format` and makes one small rendition of it; files of other formats are left to other targets.
pub fn decode(format: Format, file: &[u8]) -> libfuzzer_sys::Corpus {
    let preset = Preset { widths: vec![16], formats: vec![FormatChoice::Jpeg], ..Preset::default() };
    match imaging::probe(file, &LIMITS) {
        Ok(source) if source.format == format => {
            derive(file, &source, &preset);
            libfuzzer_sys::Corpus::Keep
        }
        // Rejected files lead to others that are not.
        Err(Rejection::Damaged { .. } | Rejection::Unsupported { .. }) => libfuzzer_sys::Corpus::Keep,
        _ => libfuzzer_sys::Corpus::Reject,
    }
}

/// What `work` returns, and the bytes that it took up at its peak.
pub fn in_memory<T>(work: impl FnOnce() -> T) -> (T, u64) {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let done = work();
    (done, (ALLOCATOR.peak_usage() - before) as u64)
}

/// Derives `file`. Whatever it holds: what is made is what was planned, what is taken up no more than was predicted.
pub fn derive(file: &[u8], source: &SourceInfo, preset: &Preset) {
    let Ok(plan) = imaging::plan(source, preset, &LIMITS) else { return };
    let mut planned = plan.renditions.iter();
    let (derived, peak) = in_memory(|| {
        imaging::derive(file, &plan, &Stop::new(), |rendition| {
            // One may have been left out for its size, never made out of turn.
            assert!(planned.any(|spec| *spec == rendition.spec), "{:?} was not planned", rendition.spec);
            check(&rendition);
            Ok::<(), Infallible>(())
        })
    });
    assert!(
        peak <= plan.predicted_peak,
        "{peak} bytes were taken up, {} were predicted",
        plan.predicted_peak
    );
    match derived {
        Ok(derived) => {
            assert_eq!((derived.width, derived.height), source.displayed());
            assert!(derived.thumbhash.len() >= 5);
        }
        Err(DeriveError::Rejected(Rejection::Panicked { what })) => panic!("{what}"),
        Err(DeriveError::Rejected(rejection)) => {
            assert!(!rejection.to_string().is_empty() && !rejection.remedy().is_empty());
        }
        Err(DeriveError::Stopped | DeriveError::Sink(_)) => unreachable!("nobody stopped it"),
        Err(DeriveError::Fault(what)) => panic!("a fault of our own: {what}"),
    }
}

/// A rendition is a file of its format and size, without metadata.
fn check(rendition: &Rendition) {
    let spec = &rendition.spec;
    let limits = Limits { side: u32::MAX, pixels: u64::MAX, ..Limits::default() };
    let info = imaging::probe(&rendition.bytes, &limits)
        .unwrap_or_else(|rejection| panic!("{spec:?} was written as no picture: {rejection}"));
    assert_eq!(info.format.media_type(), spec.format.media_type());
    assert_eq!((info.width, info.height), (spec.width, spec.height));
    assert_eq!(info.displayed(), (spec.width, spec.height));
    assert!(info.complete && !info.gps && info.profile == image_header::Profile::None);
}
