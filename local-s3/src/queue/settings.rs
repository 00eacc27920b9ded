use std::time::Duration;

/// How a queue delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// How long a delivered message stays hidden; unanswered by then, it is delivered again. Default 60 s.
    pub visibility_timeout: Duration,
    /// After how many receives a message goes to the dead letters. Default 5.
    pub max_receives: u32,
    /// How many messages the callback gets at most at once. Default 5.
    pub batch_size: usize,
    /// How many batches may be in flight at once. Default 2.
    pub concurrency: usize,
    /// How long a failed message waits the first time; each failure doubles it. Default 1 s.
    pub backoff: Duration,
    /// The longest such wait. Default 30 s.
    pub longest_backoff: Duration,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            visibility_timeout: Duration::from_secs(60),
            max_receives: 5,
            batch_size: 5,
            concurrency: 2,
            backoff: Duration::from_secs(1),
            longest_backoff: Duration::from_secs(30),
        }
    }
}

impl QueueSettings {
    /// The wait after the `receives`-th delivery failed.
    pub(super) fn wait(&self, receives: u32) -> Duration {
        let doublings = receives.saturating_sub(1).min(20);
        self.backoff.saturating_mul(1 << doublings).min(self.longest_backoff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let settings = QueueSettings::default();
        let waits: Vec<u64> =
            [1, 2, 3, 6, u32::MAX].map(|receives| settings.wait(receives).as_secs()).to_vec();
        assert_eq!(waits, [1, 2, 4, 30, 30]);
    }
}
