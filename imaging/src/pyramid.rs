//! Sizes of one picture, each made from the smallest larger one that serves.

use crate::picture::Picture;
use crate::plan::{Plan, bases};
use crate::resize::{Chroma, ResizeError, Resizer};
use crate::stop::Stop;

/// The decoded picture, and of the sizes made from it those that smaller ones will be made from.
pub(crate) struct Pyramid {
    resizer: Resizer,
    /// For each size, the level it is made from.
    bases: Vec<usize>,
    /// Level 0 is the decoded picture, level n the nth size.
    levels: Vec<Option<Picture>>,
}

impl Pyramid {
    pub(crate) fn new(decoded: Picture, plan: &Plan) -> Self {
        let widths: Vec<u32> = plan.sizes().filter_map(|specs| Some(specs.first()?.width)).collect();
        let mut levels = vec![Some(decoded)];
        levels.resize_with(widths.len() + 1, || None);
        Self { resizer: Resizer::default(), bases: bases(&widths), levels }
    }

    /// The picture as size number `at` of `width` × `height` pixels. Sizes are to be asked for in their order;
    /// what no later one needs is let go.
    pub(crate) fn resize(
        &mut self,
        at: usize,
        size: (u32, u32),
        chroma: Chroma,
        stop: &Stop,
    ) -> Result<Picture, ResizeError> {
        let base = self.levels[self.bases[at]].as_ref().ok_or_else(ResizeError::lost)?;
        let picture = self.resizer.resize(base, size, chroma, stop)?;
        if self.levels[at + 1].is_none() && self.bases[at..].contains(&(at + 1)) {
            self.levels[at + 1] = Some(picture.clone());
        }
        Ok(picture)
    }

    /// Lets go of what only sizes up to number `at` were made from.
    pub(crate) fn forget(&mut self, at: usize) {
        for (level, picture) in self.levels.iter_mut().enumerate() {
            if !self.bases[at + 1..].contains(&level) {
                *picture = None;
            }
        }
    }
}
