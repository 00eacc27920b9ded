//! The steps from a decoded picture to its renditions.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use image_header::Orientation;

use crate::color::{Colors, Upright, upright};
use crate::crew::{self, Ended, Step};
use crate::encode::{self, EncodeError};
use crate::picture::{Interleaved, Picture, Plane};
use crate::placeholder::placeholder;
use crate::plan::{OutputFormat, Plan, RenditionSpec, bases};
use crate::resize::{Chroma, Resizer};
use crate::stop::{Stop, Stopped};
use crate::{Fault, Timings, orient};

/// What is handed over.
pub(crate) enum Made {
    /// The rendition of this number in the plan.
    File(usize, Vec<u8>),
    /// ThumbHash and dominant colour.
    Summary(Vec<u8>, [u8; 3]),
}

/// Why a step has no product.
#[derive(Debug)]
pub(crate) enum JobError {
    Stopped,
    Fault(Fault),
}

impl From<Stopped> for JobError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<Fault> for JobError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<EncodeError> for JobError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Stopped => Self::Stopped,
            EncodeError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Makes all of `plan` from `decoded` and hands it over: renditions in their order, the summary last.
pub(crate) fn make<E>(
    decoded: Picture,
    plan: &Plan,
    colors: &Colors,
    stop: &Stop,
    timings: &mut Timings,
    hand_over: impl FnMut(Made) -> Result<(), E>,
) -> Result<(), Ended<JobError, E>> {
    let kind = Kind::of(&decoded);
    let converts = colors.of_planes().is_some();
    let jobs = Jobs::list(plan, &kind, converts, |spec| colors.chroma(spec, plan.source.orientation));
    let given = kind.pieces(decoded);
    let spent = Mutex::new(Timings::default());
    let workshop = Workshop { plan, colors, stop, kind, spent: &spent };
    let mut hand_over = hand_over;
    // Who asked to stop gets nothing more, even if it is there already.
    let mut hand_over = |made| match stop.check() {
        Ok(()) => hand_over(made).map_err(Refused::By),
        Err(Stopped) => Err(Refused::Unwanted),
    };
    let result = crew::run(
        &jobs.steps,
        given,
        plan.workers,
        |step, needs, resizer: &mut Resizer| workshop.perform(&jobs.jobs[step], needs, resizer),
        Product::weight,
        |product| match product {
            Product::File(rendition, bytes) => hand_over(Made::File(rendition, bytes)),
            Product::Summary(hash, color) => hand_over(Made::Summary(hash, color)),
            Product::Piece(_) | Product::Planes(_) | Product::Upright(_) => Ok(()),
        },
    );
    *timings += spent.into_inner().unwrap_or_else(PoisonError::into_inner);
    result.map_err(|ended| match ended {
        Ended::Failed(error) => Ended::Failed(error),
        Ended::Panicked(panic) => Ended::Panicked(panic),
        Ended::Refused(Refused::Unwanted) => Ended::Failed(JobError::Stopped),
        Ended::Refused(Refused::By(error)) => Ended::Refused(error),
    })
}

/// Why what was made was not taken.
enum Refused<E> {
    Unwanted,
    By(E),
}

/// How the decoded picture is held.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Planar(image_header::ColorModel, usize),
    Interleaved,
}

impl Kind {
    fn of(picture: &Picture) -> Self {
        match picture {
            Picture::Planar { model, planes } => Self::Planar(*model, planes.len()),
            Picture::Interleaved(_) => Self::Interleaved,
        }
    }

    fn count(self) -> usize {
        match self {
            Self::Planar(_, planes) => planes,
            Self::Interleaved => 1,
        }
    }

    fn pieces(self, picture: Picture) -> Vec<Product> {
        match picture {
            Picture::Planar { planes, .. } => {
                planes.into_iter().map(|plane| Product::Piece(Piece::Plane(plane))).collect()
            }
            Picture::Interleaved(pixels) => vec![Product::Piece(Piece::Pixels(Arc::new(pixels)))],
        }
    }

    fn assemble(self, pieces: Vec<Product>) -> Option<Picture> {
        match self {
            Self::Planar(model, count) => {
                let planes: Vec<Plane> = pieces.into_iter().flat_map(Product::planes).collect();
                (planes.len() == count).then_some(Picture::Planar { model, planes })
            }
            Self::Interleaved => match pieces.into_iter().next() {
                Some(Product::Piece(Piece::Pixels(pixels))) => {
                    Some(Picture::Interleaved(Arc::unwrap_or_clone(pixels)))
                }
                _ => None,
            },
        }
    }
}

/// A component of a picture, or all of one that is interleaved.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Plane(Plane),
    Pixels(Arc<Interleaved>),
}

/// What a step yields.
#[derive(Clone)]
enum Product {
    Piece(Piece),
    /// YCbCr with halved chroma, converted.
    Planes([Plane; 3]),
    Upright(Arc<Upright>),
    File(usize, Vec<u8>),
    Summary(Vec<u8>, [u8; 3]),
}

impl Product {
    /// The planes in it, in their order.
    fn planes(self) -> Vec<Plane> {
        match self {
            Self::Piece(Piece::Plane(plane)) => vec![plane],
            Self::Planes(planes) => planes.into(),
            _ => Vec::new(),
        }
    }

    /// What it holds of a component.
    fn piece(self, component: usize) -> Option<Piece> {
        match self {
            Self::Piece(piece) => Some(piece),
            Self::Planes(planes) => planes.into_iter().nth(component).map(Piece::Plane),
            _ => None,
        }
    }

    fn weight(&self) -> u64 {
        match self {
            Self::File(_, bytes) => bytes.capacity() as u64,
            _ => 0,
        }
    }
}

enum Job {
    /// Done before.
    Decoded,
    /// A component to so many pixels, not yet turned.
    Resize(usize, (u32, u32), Chroma),
    /// Planes of one size to the colours that are asked for.
    Convert,
    /// Pieces of one size into a picture of the right colours, upright.
    Finish,
    /// The rendition of this number.
    Encode(usize),
    Summarise,
}

/// All jobs, in the order in which one worker does them: largest size first.
struct Jobs {
    jobs: Vec<Job>,
    steps: Vec<Step>,
}

impl Jobs {
    /// `converts`: planes with halved chroma go through [`Job::Convert`].
    fn list(plan: &Plan, kind: &Kind, converts: bool, chroma_of: impl Fn(&RenditionSpec) -> Chroma) -> Self {
        let mut list = Self { jobs: Vec::new(), steps: Vec::new() };
        let decoded = (0..kind.count()).map(|_| list.add(Job::Decoded, Vec::new())).collect();
        // Smaller sizes are made from what was converted, unless some are to be converted in another way.
        let once = converts && plan.renditions.iter().all(|spec| chroma_of(spec) != Chroma::Full);
        let sizes: Vec<&[RenditionSpec]> = plan.sizes().collect();
        let bases = bases(&sizes.iter().filter_map(|specs| Some(specs.first()?.width)).collect::<Vec<_>>());
        // Level 0 is the decoded picture.
        let mut levels = vec![Level { pieces: decoded, converted: false }];
        let mut rendition = 0;
        let mut last = None;
        for (specs, base) in sizes.into_iter().zip(bases) {
            let base = levels[base].clone();
            let mut resized: Vec<(usize, Chroma, usize)> = Vec::new();
            let mut finished: Vec<(Chroma, usize)> = Vec::new();
            let mut conversion = None;
            for spec in specs {
                let chroma = chroma_of(spec);
                let picture = match finished.iter().find(|(same, _)| *same == chroma) {
                    Some((_, picture)) => *picture,
                    None => {
                        let size = orient::turned(plan.source.orientation, spec.width, spec.height);
                        let mut pieces = list.pieces(&mut resized, &base.pieces, size, chroma);
                        if converts && chroma != Chroma::Full && !base.converted {
                            let step = list.add(Job::Convert, pieces);
                            (pieces, conversion) = (vec![step], Some(step));
                        }
                        let picture = list.add(Job::Finish, pieces);
                        finished.push((chroma, picture));
                        picture
                    }
                };
                let file = list.add(Job::Encode(rendition), vec![picture]);
                list.steps[file].handed_over = true;
                rendition += 1;
                last = Some(picture);
            }
            // Where chroma was made in both ways, all of it serves better.
            let best = |component: usize| {
                let of_it = resized.iter().filter(|(at, ..)| *at == component);
                of_it.max_by_key(|(_, chroma, _)| *chroma == Chroma::Full).map(|(.., step)| *step)
            };
            levels.push(match conversion.filter(|_| once) {
                Some(step) => Level { pieces: vec![step; kind.count()], converted: true },
                None => Level { pieces: (0..kind.count()).filter_map(best).collect(), ..base },
            });
        }
        if let Some(last) = last {
            let summary = list.add(Job::Summarise, vec![last]);
            list.steps[summary].handed_over = true;
        }
        list
    }

    fn add(&mut self, job: Job, needs: Vec<usize>) -> usize {
        self.jobs.push(job);
        self.steps.push(Step { needs, handed_over: false });
        self.jobs.len() - 1
    }

    /// Steps that yield each component at `size`; those that there are already serve again.
    fn pieces(
        &mut self,
        resized: &mut Vec<(usize, Chroma, usize)>,
        base: &[usize],
        size: (u32, u32),
        chroma: Chroma,
    ) -> Vec<usize> {
        let mut pieces = Vec::with_capacity(base.len());
        for (component, &from) in base.iter().enumerate() {
            let chroma = if component == 0 { Chroma::Full } else { chroma };
            let same = resized.iter().find(|(at, same, _)| (*at, *same) == (component, chroma));
            let step = match same {
                Some((.., step)) => *step,
                None => {
                    let step = self.add(Job::Resize(component, size, chroma), vec![from]);
                    resized.push((component, chroma, step));
                    step
                }
            };
            pieces.push(step);
        }
        pieces
    }
}

/// What smaller sizes are made from.
#[derive(Clone)]
struct Level {
    /// The steps that yield each component.
    pieces: Vec<usize>,
    /// Whether its colours are those that are asked for.
    converted: bool,
}

/// What all steps share.
struct Workshop<'a> {
    plan: &'a Plan,
    colors: &'a Colors,
    stop: &'a Stop,
    kind: Kind,
    spent: &'a Mutex<Timings>,
}

impl Workshop<'_> {
    fn perform(&self, job: &Job, needs: Vec<Product>, resizer: &mut Resizer) -> Result<Product, JobError> {
        self.stop.check()?;
        let mixed_up = || JobError::Fault(Fault::new("a step was given what it cannot use"));
        match job {
            Job::Decoded => Err(mixed_up()),
            Job::Resize(component, size, chroma) => {
                let piece = needs.into_iter().next().and_then(|product| product.piece(*component));
                let piece = piece.ok_or_else(mixed_up)?;
                let resized =
                    self.timed(|spent| &mut spent.resize, || resizer.resize(piece, *size, *chroma))?;
                Ok(Product::Piece(resized))
            }
            Job::Convert => {
                let kernel = self.colors.of_planes().ok_or_else(mixed_up)?;
                let planes: Vec<Plane> = needs.into_iter().flat_map(Product::planes).collect();
                let planes = planes.try_into().map_err(|_| mixed_up())?;
                Ok(Product::Planes(self.timed(|spent| &mut spent.color, || kernel.convert(planes))))
            }
            Job::Finish => {
                let picture = self.kind.assemble(needs).ok_or_else(mixed_up)?;
                let orientation = self.plan.source.orientation;
                let picture =
                    self.timed(|spent| &mut spent.color, || upright(picture, self.colors, orientation))?;
                Ok(Product::Upright(Arc::new(picture)))
            }
            Job::Encode(rendition) => {
                let Some(Product::Upright(picture)) = needs.first() else { return Err(mixed_up()) };
                let spec = self.plan.renditions.get(*rendition).ok_or_else(mixed_up)?;
                let bytes =
                    self.timed(|spent| &mut spent.encode, || encode::encode(picture, spec, self.stop))?;
                Ok(Product::File(*rendition, bytes))
            }
            Job::Summarise => {
                let Some(Product::Upright(picture)) = needs.first() else { return Err(mixed_up()) };
                let (hash, color) = placeholder(picture)?;
                Ok(Product::Summary(hash, color))
            }
        }
    }

    fn timed<R>(&self, stage: fn(&mut Timings) -> &mut Duration, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        *stage(&mut self.spent.lock().unwrap_or_else(PoisonError::into_inner)) += start.elapsed();
        result
    }
}

/// How many chroma samples a format gets: half as many either way where it stores no more.
pub(crate) fn chroma_of(spec: &RenditionSpec, orientation: Orientation) -> Chroma {
    let subsampled = matches!(spec.format, OutputFormat::Jpeg | OutputFormat::Webp);
    // One sample has no half.
    if !subsampled || spec.width == 1 || spec.height == 1 {
        return Chroma::Full;
    }
    // A grid sticks out at the right and the bottom of the upright picture: where those come to lie before it is
    // turned, the grid sticks out there.
    use Orientation::{FlipHorizontal, FlipVertical, Rotate90, Rotate180, Rotate270, Transverse};
    let left = matches!(orientation, FlipHorizontal | Rotate180 | Transverse | Rotate270);
    let top = matches!(orientation, FlipVertical | Rotate180 | Transverse | Rotate90);
    Chroma::Halved { left, top }
}
