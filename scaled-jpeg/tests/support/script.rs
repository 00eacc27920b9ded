//! Which coefficients are written in which scan.

use super::{dice::Dice, picture::Picture};

/// One scan's header (B.2.3) and its restart interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) components: Vec<usize>,
    /// Ss, Se: the first and last coefficient.
    pub(crate) band: (u8, u8),
    /// Ah, Al: the bits below those that were written before, and below those that are written now.
    pub(crate) high: u8,
    pub(crate) low: u8,
    /// MCUs of this scan between restart markers; 0 is none.
    pub(crate) restart: u16,
}

impl Scan {
    fn sequential(components: Vec<usize>) -> Self {
        Self { components, band: (0, 63), high: 0, low: 0, restart: 0 }
    }
}

/// A sequential picture in one scan where ten blocks hold an MCU (B.2.3), else in one for each component.
pub(crate) fn usual(picture: &Picture) -> Vec<Scan> {
    let all: Vec<usize> = (0..picture.components.len()).collect();
    if fits(picture, &all) { vec![Scan::sequential(all)] } else { alone(picture) }
}

/// A sequential picture in one scan for each component.
pub(crate) fn alone(picture: &Picture) -> Vec<Scan> {
    (0..picture.components.len()).map(|index| Scan::sequential(vec![index])).collect()
}

/// A sequential picture in scans by chance.
pub(crate) fn sequential(picture: &Picture, dice: &mut Dice<'_>) -> Vec<Scan> {
    groups(picture, dice).into_iter().map(Scan::sequential).collect()
}

/// The progressive script that common encoders write for three components, and its like for other counts.
pub(crate) fn common(picture: &Picture) -> Vec<Scan> {
    let all: Vec<usize> = (0..picture.components.len()).collect();
    let dc =
        if fits(picture, &all) { vec![all.clone()] } else { all.iter().map(|&index| vec![index]).collect() };
    let scan = |components: &[usize], band, high, low| Scan {
        components: components.to_vec(),
        band,
        high,
        low,
        restart: 0,
    };
    let each = |band, high, low| all.iter().rev().map(move |&index| scan(&[index], band, high, low));
    let mut scans: Vec<Scan> = dc.iter().map(|group| scan(group, (0, 0), 0, 1)).collect();
    scans.extend(each((1, 5), 0, 2));
    scans.extend(each((6, 63), 0, 2));
    scans.extend(each((1, 63), 2, 1));
    scans.extend(dc.iter().map(|group| scan(group, (0, 0), 1, 0)));
    scans.extend(each((1, 63), 1, 0));
    scans
}

/// A progressive script by chance: bands cut anew for each bit, components in any order.
pub(crate) fn progressive(picture: &Picture, dice: &mut Dice<'_>) -> Vec<Scan> {
    let count = picture.components.len();
    // The scans of each component in their order; then they are shuffled together.
    let mut queues: Vec<Vec<Scan>> = Vec::new();
    let top = dice.below(4) as u8;
    let mut scans = dc_scans(picture, dice, 0, top);
    for low in (0..top).rev() {
        queues.push(dc_scans(picture, dice, low + 1, low));
    }
    // Refinements of the first coefficient are one queue, since scans may hold several components.
    queues = vec![queues.concat()];
    for index in 0..count {
        let top = dice.below(4) as u8;
        let mut queue = bands(dice, index, 0, top);
        for low in (0..top).rev() {
            queue.extend(bands(dice, index, low + 1, low));
        }
        queues.push(queue);
    }
    queues.iter_mut().for_each(|queue| queue.reverse());
    while queues.iter().any(|queue| !queue.is_empty()) {
        let chosen = dice.below(queues.len() as u32) as usize;
        scans.extend(queues[chosen].pop());
    }
    scans
}

fn dc_scans(picture: &Picture, dice: &mut Dice<'_>, high: u8, low: u8) -> Vec<Scan> {
    let groups = groups(picture, dice).into_iter();
    groups.map(|components| Scan { components, band: (0, 0), high, low, restart: 0 }).collect()
}

/// Coefficients 1 to 63 of one component, cut into bands.
fn bands(dice: &mut Dice<'_>, component: usize, high: u8, low: u8) -> Vec<Scan> {
    let (mut scans, mut from) = (Vec::new(), 1);
    while from <= 63 {
        let to = match dice.below(3) {
            0 => 63,
            1 => (from + dice.below(8) as u8).min(63),
            _ => (from + dice.below(64) as u8).min(63),
        };
        scans.push(Scan { components: vec![component], band: (from, to), high, low, restart: 0 });
        from = to + 1;
    }
    // Bands of one bit may come in any order.
    if dice.below(2) == 0 {
        scans.reverse();
    }
    scans
}

/// The components in groups of one or more, each group within an MCU's ten blocks, in any order.
fn groups(picture: &Picture, dice: &mut Dice<'_>) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let together = dice.below(3) == 0;
    for index in 0..picture.components.len() {
        let chosen = if together { 0 } else { dice.below(groups.len() as u32 + 1) as usize };
        match groups.get_mut(chosen) {
            Some(group) if fits(picture, &[group.as_slice(), &[index]].concat()) => group.push(index),
            _ => groups.push(vec![index]),
        }
    }
    if dice.below(2) == 0 {
        groups.reverse();
    }
    groups
}

fn fits(picture: &Picture, components: &[usize]) -> bool {
    let blocks = |&index: &usize| {
        let component = &picture.components[index];
        u32::from(component.horizontal) * u32::from(component.vertical)
    };
    components.len() == 1 || components.iter().map(blocks).sum::<u32>() <= 10
}

/// The coefficients as a decoder knows them after `scans`, which need not be all.
pub(crate) fn known(picture: &Picture, scans: &[Scan]) -> Picture {
    let mut known = picture.clone();
    for (index, component) in known.components.iter_mut().enumerate() {
        let mut unknown = [16_u8; 64];
        for scan in scans.iter().filter(|scan| scan.components.contains(&index)) {
            unknown[usize::from(scan.band.0)..=usize::from(scan.band.1)].fill(scan.low);
        }
        for block in &mut component.blocks {
            for (k, (value, &bits)) in block.iter_mut().zip(&unknown).enumerate() {
                *value = match bits {
                    16 => 0,
                    _ if k == 0 => *value >> bits << bits,
                    _ => value.signum() * ((value.unsigned_abs() >> bits << bits) as i16),
                };
            }
        }
    }
    known
}
