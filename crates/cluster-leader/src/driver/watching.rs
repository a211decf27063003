//! Keeping a watch open.

use std::mem;
use std::time::Duration;

use election::{Input, Instant};

use crate::os;
use crate::store::{StoreError, StoreErrorKind, Watched};

/// An election's watch: when to open it again, and what people were told of it.
#[derive(Debug)]
pub(super) struct Watching {
    watching: election::Watching,
    /// The store has answered an attempt since the watch broke last.
    store_answers: bool,
    told_of_refusal: bool,
}

impl Watching {
    pub(super) const fn new(watching: election::Watching) -> Self {
        Self { watching, store_answers: false, told_of_refusal: false }
    }

    /// Whether the store's watch should be polled.
    pub(super) const fn is_wanted(&self) -> bool {
        self.watching.is_wanted()
    }

    /// What the watch showed, as an input for the election.
    pub(super) fn showed(&mut self, watched: Watched, now: Instant) -> Input {
        self.watching.showed(now);
        match watched {
            Watched::Opened => {
                self.told_of_refusal = false;
                Input::Watching(true)
            }
            Watched::Seen(seen) => Input::Seen(seen),
            Watched::Alive => Input::Tick,
        }
    }

    pub(super) fn broke(&mut self, error: &StoreError, now: Instant) -> Input {
        self.watching.broke(error.kind == StoreErrorKind::WatchExpired, now);
        Input::Watching(false)
    }

    /// Whether people should be told of this error, which was about to be passed to
    /// [`broke`](Self::broke): once, where the store answers but refuses to be watched.
    pub(super) fn is_news(&mut self, error: &StoreError) -> bool {
        let refused = error.kind == StoreErrorKind::Refused && mem::take(&mut self.store_answers);
        refused && !mem::replace(&mut self.told_of_refusal, true)
    }

    /// An attempt of the election succeeded.
    pub(super) fn store_answered(&mut self, now: Instant) {
        self.store_answers = true;
        self.watching.store_answered(now);
    }

    /// Opens what is due, and gives up a watch that has been silent for longer than `patience`: whether
    /// it should be closed.
    pub(super) fn tend(&mut self, patience: Duration, now: Instant) -> bool {
        self.watching.tend(patience, now)
    }

    /// When to [`tend`](Self::tend) it next.
    pub(super) fn due(&self, patience: Duration) -> Option<Instant> {
        self.watching.due(patience)
    }
}

/// A wait for which a timer's grain matters: one's turn to take over.
const SHORT: Duration = Duration::from_millis(50);

/// Tokio's timers round up to a millisecond, and so does the wait for them.
const TIMER_GRAIN: Duration = Duration::from_millis(2);

/// Sleeps until an instant of `CLOCK_BOOTTIME`; for ever if there is none.
pub(super) async fn sleep_until(instant: Option<Instant>) {
    let Some(instant) = instant else { return std::future::pending().await };
    let left = instant.since(os::now());
    if left > SHORT {
        return tokio::time::sleep(left).await;
    }
    if let Some(most) = left.checked_sub(TIMER_GRAIN) {
        tokio::time::sleep(most).await;
    }
    while os::now() < instant {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_once_and_only_where_the_store_answers_otherwise() {
        let refused = StoreError::refused("watching is forbidden");
        let mut watching =
            Watching::new(election::Watching::new(Duration::from_secs(2), 1, Instant::default()));
        assert!(!watching.is_news(&refused), "nothing is known of the store yet");
        watching.store_answered(Instant::default());
        assert!(!watching.is_news(&StoreError::unknown("the server ended the watch")));
        assert!(watching.is_news(&refused));
        watching.store_answered(Instant::default());
        assert!(!watching.is_news(&refused), "it was told");
        watching.showed(Watched::Opened, Instant::default());
        watching.store_answered(Instant::default());
        assert!(watching.is_news(&refused), "the watch had been open meanwhile");
    }
}
