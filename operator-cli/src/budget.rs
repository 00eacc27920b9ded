//! Memory that several threads share out among them before they use it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that may be in use at once. What is larger than all of it is used while nothing else is.
#[derive(Debug)]
pub(crate) struct Budget {
    total: u64,
    used: Mutex<Used>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Used {
    bytes: u64,
    /// How many of those who use some are at work, and so will give it back by themselves.
    working: usize,
}

/// Some bytes of a budget, given back on drop.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
    working: bool,
}

impl Budget {
    /// One of `total` bytes.
    pub(crate) fn new(total: u64) -> Self {
        Self { total, used: Mutex::default(), freed: Condvar::new() }
    }

    /// Waits for `bytes` to hold a source in.
    pub(crate) fn hold(&self, bytes: u64) -> Share<'_> {
        let mut used = self.wait_until(|used| used.bytes == 0 || self.has_room(used, bytes));
        used.bytes = used.bytes.saturating_add(bytes);
        Share { budget: self, bytes, working: false }
    }

    fn has_room(&self, used: &Used, bytes: u64) -> bool {
        used.bytes.saturating_add(bytes) <= self.total
    }

    fn wait_until(&self, ready: impl Fn(&Used) -> bool) -> MutexGuard<'_, Used> {
        let waited = self.freed.wait_while(self.lock(), |used| !ready(used));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share<'_> {
    /// Waits for `bytes` more to work on the source with.
    ///
    /// Where nobody works, the first may begin whatever it needs: all that is used is sources that wait, and
    /// would wait for each other for ever.
    pub(crate) fn work(&mut self, bytes: u64) {
        let ready = |used: &Used| used.working == 0 || self.budget.has_room(used, bytes);
        let mut used = self.budget.wait_until(ready);
        used.bytes = used.bytes.saturating_add(bytes);
        used.working += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.working = true;
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut used = self.budget.lock();
        used.bytes = used.bytes.saturating_sub(self.bytes);
        used.working -= usize::from(self.working);
        drop(used);
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    /// Many threads take `source` and then `peak` bytes of 100; the most that were used at once by those at work.
    fn most_at_work(source: u64, peak: u64) -> u64 {
        let budget = Budget::new(100);
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut share = budget.hold(source);
                        share.work(peak);
                        most.fetch_max(
                            now.fetch_add(source + peak, Ordering::SeqCst) + source + peak,
                            Ordering::SeqCst,
                        );
                        thread::yield_now();
                        now.fetch_sub(source + peak, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(budget.lock().bytes, 0);
        most.into_inner()
    }

    #[test]
    fn those_at_work_stay_within_the_budget() {
        assert!(most_at_work(5, 30) <= 100);
        assert!(most_at_work(0, 100) <= 100);
    }

    #[test]
    fn what_is_larger_than_the_budget_works_alone() {
        assert_eq!(most_at_work(30, 1000), 1030);
        assert_eq!(most_at_work(300, 1), 301);
        // Sources alone would fill the budget.
        assert_eq!(most_at_work(20, 90), 110);
    }
}
