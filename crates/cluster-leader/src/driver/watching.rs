//! Keeping a watch open.

use std::mem;
use std::time::Duration;

use election::{Input, Instant};

use crate::os;
use crate::store::{StoreError, StoreErrorKind, Watched};

/// The state of an election's watch, and when to open it again.
#[derive(Debug)]
pub(super) struct Watching {
    retry_period: Duration,
    state: State,
    failures: u32,
    /// The store has answered an attempt since the watch broke last.
    store_answers: bool,
    told_of_refusal: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Being opened, since then.
    Opening { since: Instant },
    /// Open; the last sign of life was then.
    Open { alive: Instant },
    /// To be opened then.
    Closed { until: Instant },
    /// To be opened once the record has been read.
    AwaitingRead,
}

impl Watching {
    const LONGEST_PAUSE: Duration = Duration::from_secs(60);

    pub(super) fn new(retry_period: Duration, now: Instant) -> Self {
        Self {
            retry_period,
            state: State::Opening { since: now },
            failures: 0,
            store_answers: false,
            told_of_refusal: false,
        }
    }

    /// Whether the store's watch should be polled.
    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.state, State::Opening { .. } | State::Open { .. })
    }

    /// What the watch showed, as an input for the election.
    pub(super) fn showed(&mut self, watched: Watched, now: Instant) -> Input {
        let opening = matches!(self.state, State::Opening { .. });
        self.state = State::Open { alive: now };
        match watched {
            Watched::Opened => {
                self.failures = 0;
                self.told_of_refusal = false;
                Input::Watching(true)
            }
            Watched::Seen(seen) => Input::Seen(seen),
            Watched::Alive if opening => Input::Watching(true),
            Watched::Alive => Input::Tick,
        }
    }

    /// The watch broke. A stream that had been open is opened again soon; one that cannot be
    /// opened (forbidden, unreachable) less and less often: polling has taken over meanwhile.
    pub(super) fn broke(&mut self, error: &StoreError, now: Instant) -> Input {
        let was_open = matches!(self.state, State::Open { .. });
        self.state = if error.kind == StoreErrorKind::WatchExpired {
            State::AwaitingRead
        } else {
            let pause = if was_open {
                self.retry_period / 8
            } else {
                let pause = self.retry_period.saturating_mul(1 << self.failures.min(10));
                self.failures = self.failures.saturating_add(1);
                pause.min(Self::LONGEST_PAUSE)
            };
            State::Closed { until: now + pause }
        };
        Input::Watching(false)
    }

    /// Whether people should be told of this error, which was about to be passed to
    /// [`broke`](Self::broke): once, where the store answers but refuses to be watched.
    pub(super) fn is_news(&mut self, error: &StoreError) -> bool {
        let refused = error.kind == StoreErrorKind::Refused && mem::take(&mut self.store_answers);
        refused && !mem::replace(&mut self.told_of_refusal, true)
    }

    /// An attempt of the election succeeded.
    pub(super) fn store_answered(&mut self) {
        self.store_answers = true;
    }

    /// A read succeeded.
    pub(super) fn record_was_read(&mut self, now: Instant) {
        if self.state == State::AwaitingRead {
            self.state = State::Opening { since: now };
        }
    }

    /// Opens what is due, and gives up a watch that has been silent for longer than `patience`
    /// (the record's duration): whether it should be closed.
    pub(super) fn tend(&mut self, patience: Duration, now: Instant) -> bool {
        match self.state {
            State::Closed { until } if until <= now => self.state = State::Opening { since: now },
            State::Open { alive: since } | State::Opening { since } if since + patience <= now => {
                self.state = State::Closed { until: now };
                return true;
            }
            _ => {}
        }
        false
    }

    /// When to [`tend`](Self::tend) it next.
    pub(super) fn due(&self, patience: Duration) -> Option<Instant> {
        match self.state {
            State::Closed { until } => Some(until),
            State::Open { alive: since } | State::Opening { since } => Some(since + patience),
            State::AwaitingRead => None,
        }
    }
}

/// Sleeps until an instant of `CLOCK_BOOTTIME`; for ever if there is none.
pub(super) async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep(instant.since(os::now())).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_once_and_only_where_the_store_answers_otherwise() {
        let refused = StoreError::refused("watching is forbidden");
        let mut watching = Watching::new(Duration::from_secs(2), Instant::default());
        assert!(!watching.is_news(&refused), "nothing is known of the store yet");
        watching.store_answered();
        assert!(!watching.is_news(&StoreError::unknown("the server ended the watch")));
        assert!(watching.is_news(&refused));
        watching.store_answered();
        assert!(!watching.is_news(&refused), "it was told");
        watching.showed(Watched::Opened, Instant::default());
        watching.store_answered();
        assert!(watching.is_news(&refused), "the watch had been open meanwhile");
    }
}
