//! What is done, by whom, and what is aimed at.

use std::path::Path;

use crate::contender::{Contender, Name};
use crate::job::{Format, Job, Way};

/// The default preset's widths.
const FIVE: &[u32] = &[320, 640, 960, 1_280, 1_920];
const JPEG: &[Format] = &[Format::Jpeg];

/// At most so much, for a release to be called good.
#[derive(Debug, Clone, Copy, Default)]
pub struct Goal {
    /// Of the CPU time of sharp with a call for each rendition.
    pub each: Option<f64>,
    /// Of that of sharp decoding once.
    pub once: Option<f64>,
    /// Of our own on the twin.
    pub twin: Option<f64>,
    /// Megabytes.
    pub peak: Option<f64>,
}

/// A picture in, renditions out.
#[derive(Debug, Clone, Copy)]
pub struct Task {
    /// What `--only` calls it.
    pub id: &'static str,
    /// What the tables call it.
    pub title: &'static str,
    /// One of [`crate::inputs::all`].
    pub input: &'static str,
    /// An input that differs in one thing, to be compared with ourselves; and that thing.
    pub twin: Option<(&'static str, &'static str)>,
    /// Widths in pixels, ascending.
    pub widths: &'static [u32],
    /// Formats of every width.
    pub formats: &'static [Format],
    /// What is aimed at.
    pub goal: Goal,
}

/// One contender's way through a task.
#[derive(Debug, Clone)]
pub struct Lane<'a> {
    /// Who.
    pub contender: &'a Contender,
    /// How.
    pub way: Way,
    /// On what.
    pub input: &'static str,
}

impl Lane<'_> {
    /// Whether it is us on the task's twin.
    pub fn is_twin(&self, task: &Task) -> bool {
        self.input != task.input
    }
}

impl Task {
    /// Who does it and how: us first.
    pub fn lanes<'a>(&self, contenders: &'a [Contender]) -> Vec<Lane<'a>> {
        let mut lanes = Vec::new();
        for contender in contenders {
            lanes.push(Lane { contender, way: Way::Each, input: self.input });
            if contender.name == Name::Sharp && self.widths.len() * self.formats.len() > 1 {
                lanes.push(Lane { contender, way: Way::Once, input: self.input });
            }
        }
        if let (Some((input, _)), Some(ours)) = (self.twin, contenders.iter().find(|c| c.name == Name::Ours))
        {
            lanes.push(Lane { contender: ours, way: Way::Each, input });
        }
        lanes
    }

    /// What a lane's contender is told; inputs lie in the folder `inputs`.
    pub fn job(&self, lane: &Lane<'_>, inputs: &Path) -> Job {
        Job {
            input: inputs.join(lane.input),
            widths: self.widths.to_vec(),
            formats: self.formats.to_vec(),
            jpeg_quality: 80,
            webp_quality: 78,
            webp_effort: 4,
            way: lane.way,
            workers: 1,
            once: false,
            out: None,
        }
    }
}

/// Every task, the commonest first.
pub fn tasks() -> Vec<Task> {
    let plain = Task {
        id: "",
        title: "",
        input: "24mp.jpg",
        twin: None,
        widths: &[320],
        formats: JPEG,
        goal: Goal::default(),
    };
    let each = |each| Goal { each: Some(each), ..Goal::default() };
    let both = |each, once| Goal { each: Some(each), once: Some(once), ..Goal::default() };
    let peak = |goal, peak| Goal { peak: Some(peak), ..goal };
    vec![
        Task { id: "T1", title: "24 MP JPEG → 320 px", goal: peak(each(0.38), 24.0), ..plain },
        Task { id: "T1-12mp", title: "12 MP JPEG → 320 px", input: "12mp.jpg", goal: each(0.38), ..plain },
        Task {
            id: "T1p",
            title: "24 MP progressive JPEG → 320 px",
            input: "24mp-progressive.jpg",
            goal: each(0.12),
            ..plain
        },
        Task {
            id: "T1p-12mp",
            title: "12 MP progressive JPEG → 320 px",
            input: "12mp-progressive.jpg",
            goal: each(0.12),
            ..plain
        },
        Task {
            id: "T2",
            title: "24 MP JPEG → five widths",
            widths: FIVE,
            goal: peak(both(0.28, 0.52), 48.0),
            ..plain
        },
        Task {
            id: "T2-12mp",
            title: "12 MP JPEG → five widths",
            input: "12mp.jpg",
            widths: FIVE,
            goal: both(0.40, 0.70),
            ..plain
        },
        Task {
            id: "T2-p3",
            title: "24 MP Display P3 JPEG → five widths",
            input: "24mp-p3.jpg",
            twin: Some(("24mp.jpg", "the same untagged")),
            widths: FIVE,
            goal: Goal { twin: Some(1.25), ..Goal::default() },
            ..plain
        },
        Task {
            id: "T2-48mp",
            title: "48 MP Display P3 JPEG → five widths",
            input: "48mp-p3.jpg",
            widths: FIVE,
            ..plain
        },
        Task {
            id: "T3",
            title: "24 MP JPEG → five widths as JPEG and WebP",
            widths: FIVE,
            formats: &[Format::Jpeg, Format::Webp],
            goal: each(0.40),
            ..plain
        },
        Task {
            id: "T5-rgb",
            title: "12 MP PNG → 320 px PNG",
            input: "12mp.png",
            formats: &[Format::Png],
            goal: each(0.80),
            ..plain
        },
        Task {
            id: "T5-rgba",
            title: "12 MP PNG with alpha → 320 px PNG",
            input: "12mp-rgba.png",
            formats: &[Format::Png],
            goal: each(0.65),
            ..plain
        },
        Task {
            id: "T6",
            title: "12 MP progressive JPEG → 640 px",
            input: "12mp-progressive.jpg",
            widths: &[640],
            goal: each(0.50),
            ..plain
        },
        Task {
            id: "T7",
            title: "sharp's benchmark: 2725×2225 JPEG → 720×588",
            input: "2725x2225.jpg",
            widths: &[720],
            goal: each(0.50),
            ..plain
        },
        Task { id: "S-422", title: "12 MP JPEG 4:2:2 → 320 px", input: "12mp-422.jpg", ..plain },
        Task { id: "S-444", title: "12 MP JPEG 4:4:4 → 320 px", input: "12mp-444.jpg", ..plain },
        Task {
            id: "S-turned",
            title: "12 MP JPEG, orientation 6 → 320 × 427 px",
            input: "12mp-turned.jpg",
            ..plain
        },
        Task { id: "S-webp", title: "12 MP WebP → 320 px JPEG", input: "12mp.webp", ..plain },
        Task {
            id: "M-jpeg",
            title: "100 MP JPEG → five widths",
            input: "100mp.jpg",
            widths: FIVE,
            goal: peak(Goal::default(), 80.0),
            ..plain
        },
        Task {
            id: "M-png",
            title: "100 MP PNG → 320 px PNG",
            input: "100mp.png",
            formats: &[Format::Png],
            ..plain
        },
        Task {
            id: "M-drawn",
            title: "100 MP PNG, drawn → 320 px PNG",
            input: "100mp-drawn.png",
            formats: &[Format::Png],
            goal: peak(Goal::default(), 120.0),
            ..plain
        },
    ]
}

/// What is aimed at for T2's time on the wall with two workers, of its CPU time.
pub const TWO_CORES_GOAL: f64 = 0.65;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_is_made() {
        let made: Vec<&str> = crate::inputs::all().iter().map(|input| input.name).collect();
        for task in tasks() {
            for input in [Some(task.input), task.twin.map(|(input, _)| input)].into_iter().flatten() {
                assert!(made.contains(&input), "{}: {input}", task.id);
            }
        }
    }

    #[test]
    fn sharp_decodes_once_only_where_that_differs() {
        let contender = |name| Contender { name, program: "x".into(), arguments: Vec::new() };
        let all = [contender(Name::Ours), contender(Name::Sharp)];
        for task in tasks() {
            let once = task.lanes(&all).iter().filter(|lane| lane.way == Way::Once).count();
            assert_eq!(once, usize::from(task.widths.len() > 1), "{}", task.id);
        }
    }
}
