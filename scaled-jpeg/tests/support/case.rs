//! A picture with its file, by chance.

use super::{
    content::{self, Content},
    dice::Dice,
    encode::{Encoding, File, Process, encode},
    huffman::Kind,
    picture::{Factors, Picture},
    script,
};

/// A generated file and what a decoder has to make of it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) content: Content,
    /// The coefficients that the file says, which an unfinished progressive script leaves coarse.
    pub(crate) picture: Picture,
    pub(crate) encoding: Encoding,
    pub(crate) file: File,
    /// Whether the script says all of every coefficient.
    pub(crate) finished: bool,
}

impl Case {
    /// A small file all by chance, of samples' coefficients.
    pub(crate) fn any(dice: &mut Dice<'_>) -> Self {
        let size = (1 + dice.below(40), 1 + dice.below(40));
        let count = dice.pick(&[1, 3, 3, 4]);
        let factors: Vec<Factors> =
            (0..count).map(|_| (1 + dice.below(4) as u8, 1 + dice.below(4) as u8)).collect();
        let content = dice.pick(&[Content::Camera, Content::Camera, Content::Noise]);
        Self::new(size, &factors, content, dice)
    }

    /// A file of this size and these sampling factors; the rest is by chance.
    pub(crate) fn new(size: (u32, u32), factors: &[Factors], content: Content, dice: &mut Dice<'_>) -> Self {
        let process =
            dice.pick(&[Process::Baseline, Process::Extended, Process::Progressive, Process::Progressive]);
        let mut picture = Picture::grey(size.0, size.1, factors);
        for (index, component) in picture.components.iter_mut().enumerate() {
            component.table = index.min(dice.below(4) as usize);
        }
        let wide = process == Process::Extended && dice.one_in(2);
        content::fill(&mut picture, content, wide, dice);
        let (mut scans, mut finished) = (scans(&picture, process, dice), true);
        if process == Process::Progressive && dice.one_in(8) {
            // Every component's first scan is still there: without it there is nothing to refine.
            let first = scans.iter().position(|scan| scan.band.0 > 0 || scan.high > 0).unwrap_or(1);
            scans.truncate(first + dice.below((scans.len() - first) as u32) as usize);
            finished = false;
        }
        restarts(&picture, &mut scans, dice);
        let mut encoding = Encoding::new(process, scans, &picture);
        encoding.tables = dice.pick(&Kind::ALL);
        let slots = if process == Process::Baseline { 2 } else { 4 };
        for slot in &mut encoding.slots {
            *slot = (dice.below(slots) as u8, dice.below(slots) as u8);
        }
        encoding.longest_run = dice.pick(&[1, 2, 7, 32_767, 32_767]);
        encoding.fill = dice.pick(&[0, 0, 0, 1, 3]);
        let file = encode(&picture, &encoding);
        let picture = script::known(&picture, &encoding.scans);
        Self { content, picture, encoding, file, finished }
    }
}

fn scans(picture: &Picture, process: Process, dice: &mut Dice<'_>) -> Vec<script::Scan> {
    match (process, dice.below(4)) {
        (Process::Progressive, 0) => script::common(picture),
        (Process::Progressive, _) => script::progressive(picture, dice),
        (_, 0) => script::usual(picture),
        (_, 1) => script::alone(picture),
        _ => script::sequential(picture, dice),
    }
}

/// One interval for all scans, one for each, or none; of a row as cameras do it, or any other.
fn restarts(picture: &Picture, scans: &mut [script::Scan], dice: &mut Dice<'_>) {
    let one = match dice.below(6) {
        0 | 1 => 0,
        2 => picture.mcus().0 as u16,
        3 => 1,
        4 => 1 + dice.below(12) as u16,
        _ => {
            scans.iter_mut().for_each(|scan| scan.restart = dice.below(9) as u16);
            return;
        }
    };
    scans.iter_mut().for_each(|scan| scan.restart = one);
}
