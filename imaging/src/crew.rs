//! Who does the steps of a derivation: the caller's thread alone, or several. The products are the same.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Bytes of finished files that may wait for their turn to be handed over, before only what is next in turn is
/// worked on. A file in work when this is reached still adds its own.
pub(crate) const WAITING: u64 = 4 << 20;

/// What has to be done, and of which others' products.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// Numbers of earlier steps.
    pub(crate) needs: Vec<usize>,
    /// Whether the product is handed over, in the order of steps. No other step needs it then.
    pub(crate) handed_over: bool,
}

/// Why not all was done.
pub(crate) enum Ended<F, E> {
    /// A step failed.
    Failed(F),
    /// A step panicked.
    Panicked(Box<dyn Any + Send>),
    /// Handing over failed.
    Refused(E),
}

/// Does all `steps` on `workers` threads, the caller's among them, and hands products over on the caller's.
///
/// `given` are products that are there already, of the first steps. Each thread has its own `T`. With one worker, steps
/// are done in their order, each product handed over before the next step. A panic of `hand_over` is passed on.
pub(crate) fn run<P, F, T, E>(
    steps: &[Step],
    given: Vec<P>,
    workers: usize,
    work: impl Fn(usize, Vec<P>, &mut T) -> Result<P, F> + Sync,
    weigh: impl Fn(&P) -> u64 + Sync,
    hand_over: impl FnMut(P) -> Result<(), E>,
) -> Result<(), Ended<F, E>>
where
    P: Clone + Send,
    F: Send,
    T: Default,
{
    let crew = Crew { steps, work, weigh, state: Mutex::new(State::new(steps, given)), news: Condvar::new() };
    let refused = thread::scope(|scope| {
        // Whatever ends the caller's part ends the others'.
        let _ending = Ending(&crew);
        for _ in 1..workers.min(steps.len()) {
            // A thread that the system does not grant is one worker less.
            let _ = thread::Builder::new().spawn_scoped(scope, || crew.labour(&mut T::default()));
        }
        crew.lead(&mut T::default(), hand_over)
    });
    if let Err(error) = refused {
        return Err(Ended::Refused(error));
    }
    match crew.state.into_inner().unwrap_or_else(PoisonError::into_inner).failure {
        Some(Failure::Failed(failure)) => Err(Ended::Failed(failure)),
        Some(Failure::Panicked(panic)) => Err(Ended::Panicked(panic)),
        None => Ok(()),
    }
}

struct Crew<'a, P, F, W, G> {
    steps: &'a [Step],
    work: W,
    weigh: G,
    state: Mutex<State<P, F>>,
    /// Something was done, handed over, or failed.
    news: Condvar,
}

struct State<P, F> {
    slots: Vec<Slot<P>>,
    /// Steps whose products are yet to be handed over, the last first.
    to_hand_over: Vec<usize>,
    /// Bytes of products that wait for it.
    waiting: u64,
    failure: Option<Failure<F>>,
    ended: bool,
}

enum Failure<F> {
    Failed(F),
    Panicked(Box<dyn Any + Send>),
}

struct Slot<P> {
    progress: Progress,
    product: Option<P>,
    /// Steps that need the product and were not begun.
    users: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Progress {
    Waiting,
    Begun,
    Done,
}

impl<P: Clone, F> State<P, F> {
    fn new(steps: &[Step], given: Vec<P>) -> Self {
        let slot = || Slot { progress: Progress::Waiting, product: None, users: 0 };
        let mut slots: Vec<Slot<P>> = steps.iter().map(|_| slot()).collect();
        for need in steps.iter().flat_map(|step| &step.needs) {
            slots[*need].users += 1;
        }
        for (slot, product) in slots.iter_mut().zip(given) {
            (slot.progress, slot.product) = (Progress::Done, Some(product));
        }
        let to_hand_over = (0..steps.len()).rev().filter(|&step| steps[step].handed_over).collect();
        Self { slots, to_hand_over, waiting: 0, failure: None, ended: false }
    }

    /// The first step that can be begun now.
    fn next(&self, steps: &[Step]) -> Option<usize> {
        let next_in_turn = self.to_hand_over.last().copied();
        (0..steps.len()).find(|&at| {
            let Step { needs, handed_over } = &steps[at];
            self.slots[at].progress == Progress::Waiting
                && needs.iter().all(|&need| self.slots[need].progress == Progress::Done)
                && (!handed_over || next_in_turn == Some(at) || self.waiting < WAITING)
        })
    }

    /// Marks `step` as begun. Its needs are moved out for the last that needs them.
    fn begin(&mut self, step: usize, needs: &[usize]) -> Vec<P> {
        self.slots[step].progress = Progress::Begun;
        let taken = needs.iter().filter_map(|&need| {
            let slot = &mut self.slots[need];
            slot.users -= 1;
            if slot.users == 0 { slot.product.take() } else { slot.product.clone() }
        });
        taken.collect()
    }

    fn all_begun(&self) -> bool {
        self.slots.iter().all(|slot| slot.progress != Progress::Waiting)
    }
}

impl<P, F, W, G> Crew<'_, P, F, W, G>
where
    P: Clone,
{
    /// Panics are caught before they get here, so that nothing is left half done.
    fn lock(&self) -> MutexGuard<'_, State<P, F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State<P, F>>) -> MutexGuard<'s, State<P, F>> {
        self.news.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller's part: what is next in turn is handed over before anything else is begun.
    fn lead<T, E>(&self, tools: &mut T, mut hand_over: impl FnMut(P) -> Result<(), E>) -> Result<(), E>
    where
        W: Fn(usize, Vec<P>, &mut T) -> Result<P, F>,
        G: Fn(&P) -> u64,
    {
        let mut state = self.lock();
        while !state.ended {
            let Some(&next_in_turn) = state.to_hand_over.last() else { break };
            if let Some(product) = state.slots[next_in_turn].product.take() {
                state.to_hand_over.pop();
                state.waiting -= (self.weigh)(&product);
                self.news.notify_all();
                drop(state);
                hand_over(product)?;
                state = self.lock();
            } else if let Some(step) = state.next(self.steps) {
                state = self.perform(step, state, tools);
            } else {
                state = self.wait(state);
            }
        }
        Ok(())
    }

    /// The others' part.
    fn labour<T>(&self, tools: &mut T)
    where
        W: Fn(usize, Vec<P>, &mut T) -> Result<P, F>,
        G: Fn(&P) -> u64,
    {
        let mut state = self.lock();
        while !state.ended && !state.all_begun() {
            state = match state.next(self.steps) {
                Some(step) => self.perform(step, state, tools),
                None => self.wait(state),
            };
        }
    }

    fn perform<'s, T>(
        &'s self,
        step: usize,
        mut state: MutexGuard<'s, State<P, F>>,
        tools: &mut T,
    ) -> MutexGuard<'s, State<P, F>>
    where
        W: Fn(usize, Vec<P>, &mut T) -> Result<P, F>,
        G: Fn(&P) -> u64,
    {
        let Step { needs, handed_over } = &self.steps[step];
        let taken = state.begin(step, needs);
        drop(state);
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(step, taken, tools)));
        let mut state = self.lock();
        let failure = match result {
            Ok(Ok(product)) => {
                if *handed_over {
                    state.waiting += (self.weigh)(&product);
                }
                let slot = &mut state.slots[step];
                (slot.progress, slot.product) = (Progress::Done, Some(product));
                None
            }
            Ok(Err(failure)) => Some(Failure::Failed(failure)),
            Err(panic) => Some(Failure::Panicked(panic)),
        };
        if failure.is_some() && !state.ended {
            state.failure = failure;
            state.ended = true;
        }
        self.news.notify_all();
        state
    }
}

/// Ends everyone's work when it is dropped.
struct Ending<'c, 'a, P: Clone, F, W, G>(&'c Crew<'a, P, F, W, G>);

impl<P: Clone, F, W, G> Drop for Ending<'_, '_, P, F, W, G> {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.news.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn step(needs: &[usize], handed_over: bool) -> Step {
        Step { needs: needs.to_vec(), handed_over }
    }

    /// A number given, doubled ten times in a row of which every second is handed over, doubled.
    fn rows() -> Vec<Step> {
        let mut steps = vec![step(&[], false)];
        for at in 0..10 {
            let above = if at == 0 { 0 } else { 2 * at - 1 };
            steps.push(step(&[above], false));
            steps.push(step(&[2 * at + 1], true));
        }
        steps
    }

    #[test]
    fn products_come_in_the_order_of_steps_whoever_made_them() {
        for workers in 1..=4 {
            let mut got = Vec::new();
            let result = run(
                &rows(),
                vec![1_u64],
                workers,
                |_, needs: Vec<u64>, (): &mut ()| Ok::<_, Infallible>(needs[0] * 2),
                |_| WAITING,
                |product| {
                    got.push(product);
                    Ok::<_, Infallible>(())
                },
            );
            assert!(result.is_ok());
            assert_eq!(got, (2..12).map(|power| 1 << power).collect::<Vec<u64>>());
        }
    }

    #[test]
    fn the_first_failure_ends_all() {
        for workers in 1..=3 {
            let begun = AtomicUsize::new(0);
            let result = run(
                &rows(),
                vec![1_u64],
                workers,
                |step, _, (): &mut ()| {
                    begun.fetch_add(1, Ordering::Relaxed);
                    if step == 3 { Err("no") } else { Ok(1) }
                },
                |_| 0,
                |_| Ok::<_, Infallible>(()),
            );
            assert!(matches!(result, Err(Ended::Failed("no"))));
            assert!(begun.into_inner() <= 4);
        }
    }

    #[test]
    fn panics_are_told_from_refusals() {
        let work = |step: usize, _: Vec<u64>, (): &mut ()| -> Result<u64, Infallible> {
            assert!(step != 4, "at four");
            Ok(1)
        };
        let result = run(&rows(), vec![1], 2, work, |_| 0, |_| Ok::<_, Infallible>(()));
        let Err(Ended::Panicked(panic)) = result else { panic!("not told") };
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"at four"));
        let result = run(&rows(), vec![1], 2, work, |_| 0, |_| Err("full"));
        assert!(matches!(result, Err(Ended::Refused("full"))));
    }
}
