//! What stands in the blocks.

use super::{
    dice::Dice,
    picture::{Block, Picture},
    reference::coefficients,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// As in photographs: large low coefficients, small and few high ones; every shape of block that a decoder may
    /// treat in its own way.
    Camera,
    /// Transformed noise, black and white too: the largest coefficients that 8-bit samples make.
    Noise,
    /// Coefficients and steps as large as a file can say, which are those of no samples.
    Wild,
}

impl Content {
    pub(crate) const ALL: [Self; 3] = [Self::Camera, Self::Noise, Self::Wild];
}

/// Fills `picture`'s quantisation tables and blocks.
pub(crate) fn fill(picture: &mut Picture, content: Content, wide: bool, dice: &mut Dice<'_>) {
    for table in &mut picture.quantization {
        let strength = 1 + dice.below(12);
        for (k, step) in table.iter_mut().enumerate() {
            let k = k as u32;
            *step = match content {
                Content::Wild if wide => 1 + dice.below(65_535) as u16,
                Content::Wild => 1 + dice.below(255) as u16,
                _ if wide && k > 20 => 200 + dice.below(300) as u16,
                _ => (strength + k * strength / 8 + dice.below(3)).min(255) as u16,
            };
        }
    }
    for component in &mut picture.components {
        let steps = &picture.quantization[component.table];
        let mut level = dice.within(600);
        for block in &mut component.blocks {
            level = (level + dice.within(120)).clamp(-1_000, 1_000);
            *block = match content {
                Content::Camera => camera(level, steps, dice),
                Content::Noise => noise(steps, dice),
                Content::Wild => wild(dice),
            };
        }
    }
}

fn camera(level: i32, steps: &[u16; 64], dice: &mut Dice<'_>) -> Block {
    let mut block = [0; 64];
    block[0] = (level / i32::from(steps[0])) as i16;
    let mut set = |k: usize, dice: &mut Dice<'_>| {
        let most = (500 / (2 + k as i32) / i32::from(steps[k])).max(1);
        block[k] = dice.within(most) as i16;
    };
    match dice.below(8) {
        0 => {}
        1 => (1..3).for_each(|k| set(k, dice)),
        2 => (1..=4).for_each(|k| set(k, dice)),
        3 => (1..=24).for_each(|k| set(k, dice)),
        // Long runs of zeros.
        4 => (0..3).for_each(|_| set(1 + dice.below(63) as usize, dice)),
        5 => (1..64).for_each(|k| set(k, dice)),
        // The last coefficient: no end-of-block symbol follows it.
        6 => block[63] = if dice.one_in(2) { 1 } else { -1 },
        _ => {
            (1..=dice.below(20) as usize).for_each(|k| set(k, dice));
            block[63] = 1;
        }
    }
    block
}

fn noise(steps: &[u16; 64], dice: &mut Dice<'_>) -> Block {
    let samples = match dice.below(4) {
        0 => [dice.pick(&[0, 255]); 64],
        1 => std::array::from_fn(|at| if (at / 8 + at % 8) % 2 == 0 { 255 } else { 0 }),
        2 => std::array::from_fn(|_| dice.pick(&[0, 255])),
        _ => std::array::from_fn(|_| dice.below(256) as u8),
    };
    coefficients(&samples, steps)
}

fn wild(dice: &mut Dice<'_>) -> Block {
    let every = 1 + dice.below(16);
    std::array::from_fn(|k| match k {
        0 => dice.within(1_023) as i16,
        _ if dice.one_in(every) => dice.pick(&[-1_023, -1_000, -1, 1, 17, 512, 1_023]),
        _ => 0,
    })
}
