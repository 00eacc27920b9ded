//! Progressive files (T.81, Annex G): only the scans, and of them only the coefficients, that the scale needs.

mod ac;
mod dc;
mod plan;
mod store;

use std::thread;

use crate::decoder::{Job, Quantizers, Tally};
use crate::error::{Damage, Error};
use crate::header::Start;
use crate::idct::Kernels;
use crate::layout::Layout;
use crate::plane::Band;
use crate::segments::{self, Outcome, Part, Segment};

use ac::Ac;
use dc::Dc;
use plan::{Planned, Schedule};
use store::Store;

/// Bytes that the coefficients take.
pub(crate) fn memory(layout: &Layout) -> u64 {
    layout.channels.iter().map(Store::bytes).sum()
}

pub(crate) fn decode<K: Kernels>(
    kernels: K,
    job: &Job<'_>,
    layout: &Layout,
    start: &Start<'_>,
    bands: &mut [Band<'_>],
) -> Result<Option<Damage>, Error> {
    let Schedule { scans, damage } = plan::schedule(job, layout, start)?;
    let mut tally = Tally::new(layout);
    let mut stores: Vec<Store> = layout.channels.iter().map(Store::new).collect();

    let mut quantizers = Quantizers::default();
    for (number, planned) in scans.iter().enumerate() {
        for part in &planned.scan.parts {
            match quantizers.latch(part.component, job.header, &planned.tables) {
                Err(error) if number == 0 => return Err(error),
                Err(error) => tally.damage(error.what()),
                Ok(_) => {}
            }
        }
    }
    // DC and AC coefficients do not depend on each other, nor those of one component on another's.
    let (dc, ac): (Vec<&Planned<'_>>, Vec<&Planned<'_>>) =
        scans.iter().partition(|planned| planned.scan.first == 0);
    let mut seen = vec![false; stores.len()];
    for planned in dc {
        let pass = Dc::new(planned, layout, &mut stores);
        let outcome = match pass.and_then(|mut pass| run(kernels, &mut pass, job, layout, planned)) {
            Ok(outcome) => outcome,
            // What was shown before is kept.
            Err(Error::Damaged(what)) if seen.contains(&true) => {
                tally.damage(what);
                continue;
            }
            Err(error) => return Err(error),
        };
        let shown = planned.scan.parts.iter().any(|part| seen[part.component]);
        planned.scan.parts.iter().for_each(|part| seen[part.component] = true);
        if !shown {
            tally.scan(layout, &planned.scan, &outcome);
        } else if let Some(what) = outcome.damage {
            tally.damage(what);
        }
    }
    let results = each_component(kernels, job, layout, &ac, &mut stores);
    for result in results {
        match result {
            Ok(what) => what.into_iter().for_each(|what| tally.damage(what)),
            Err(Error::Damaged(what)) => tally.damage(what),
            Err(error) => return Err(error),
        }
    }
    if let Some(what) = damage {
        tally.damage(what);
    }
    if seen.iter().any(|&seen| !seen) {
        tally.damage("a component's first scan is missing");
    }
    for (component, (store, band)) in stores.into_iter().zip(bands).enumerate() {
        if let Some(table) = quantizers.get(component) {
            kernels.run(
                #[inline(always)]
                || store.render(kernels, job, &table, band),
            )?;
        }
    }
    Ok(tally.finish())
}

fn run<K: Kernels, S: Segment>(
    kernels: K,
    pass: &mut S,
    job: &Job<'_>,
    layout: &Layout,
    planned: &Planned<'_>,
) -> Result<Outcome, Error> {
    let (across, down) = layout.mcus(&planned.scan);
    let part = Part { at: planned.at, mcus: 0..across * down, interval: planned.tables.restart_interval };
    segments::run(kernels, pass, job, part, &mut [])
}

/// Luma on this thread and chroma on another, if there may be two.
fn each_component<K: Kernels>(
    kernels: K,
    job: &Job<'_>,
    layout: &Layout,
    scans: &[&Planned<'_>],
    stores: &mut [Store],
) -> Vec<Result<Option<&'static str>, Error>> {
    match stores.split_first_mut() {
        Some((first, rest)) if job.options.threads > 1 && !rest.is_empty() => thread::scope(|scope| {
            let others = scope.spawn(move || some_components(kernels, job, layout, scans, 1, rest));
            let mut results = some_components(kernels, job, layout, scans, 0, std::slice::from_mut(first));
            results.extend(others.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            results
        }),
        _ => some_components(kernels, job, layout, scans, 0, stores),
    }
}

/// The scans of the components from `first` on; what was wrong with each component's.
fn some_components<K: Kernels>(
    kernels: K,
    job: &Job<'_>,
    layout: &Layout,
    scans: &[&Planned<'_>],
    first: usize,
    stores: &mut [Store],
) -> Vec<Result<Option<&'static str>, Error>> {
    let mut results = Vec::with_capacity(stores.len());
    for (component, store) in (first..).zip(stores) {
        let mut result = Ok(None);
        for planned in scans.iter().filter(|planned| planned.scan.parts[0].component == component) {
            let damage = Ac::new(planned, &layout.channels[component], store)
                .and_then(|mut pass| Ok(run(kernels, &mut pass, job, layout, planned)?.damage));
            // Scans after a damaged one are decoded, as libjpeg does.
            match (damage, &mut result) {
                (Ok(damage), Ok(first)) => *first = first.or(damage),
                (Err(error), result) => *result = Err(error),
                (Ok(_), Err(_)) => {}
            }
            if result.is_err() {
                break;
            }
        }
        results.push(result);
    }
    results
}
