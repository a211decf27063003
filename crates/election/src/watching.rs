//! When to open a watch, and when to open it again.

use std::time::Duration;

use crate::jitter::Jitter;
use crate::time::Instant;

/// The state of a watch, as far as it decides when to open it again.
///
/// An [`Election`](crate::Election) does not need a watch, but is quicker and quieter with one. Its
/// driver keeps this beside it: it opens the watch while that [is wanted](Self::is_wanted), tells what
/// became of it, and [tends](Self::tend) it when that is due.
#[derive(Clone, Debug)]
pub struct Watching {
    retry_period: Duration,
    state: State,
    /// How often in a row it has broken before it had lasted.
    failures: u32,
    jitter: Jitter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Being opened, since then.
    Opening { since: Instant },
    /// Open since then; the last sign of life came later or with it.
    Open { since: Instant, alive: Instant },
    /// To be opened then.
    Closed { until: Instant },
    /// To be opened once the store has answered an attempt.
    AwaitingAnswer,
}

impl Watching {
    const LONGEST_PAUSE: Duration = Duration::from_secs(60);

    /// A watch to be opened now. `seed` spreads the pauses: those of many candidates break at the
    /// same time, and must not be opened at the same time too.
    #[must_use]
    pub const fn new(retry_period: Duration, seed: u64, now: Instant) -> Self {
        Self { retry_period, state: State::Opening { since: now }, failures: 0, jitter: Jitter::new(seed) }
    }

    /// Whether it should be open: the driver opens it if it is not.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        matches!(self.state, State::Opening { .. } | State::Open { .. })
    }

    /// It opened, or showed something.
    pub const fn showed(&mut self, now: Instant) {
        let since = match self.state {
            State::Open { since, .. } => since,
            _ => now,
        };
        self.state = State::Open { since, alive: now };
    }

    /// It broke. One that had been open for a while is opened again soon; one that cannot be opened
    /// (forbidden, unreachable) or breaks at once less and less often: polling has taken over
    /// meanwhile. One that cannot go on from where it was (`expired`) waits for a read.
    pub fn broke(&mut self, expired: bool, now: Instant) {
        let lasted = matches!(self.state, State::Open { since, .. } if now.since(since) >= self.retry_period);
        let longest = if lasted {
            self.failures = 0;
            self.retry_period / 8
        } else {
            let longest = self.retry_period.saturating_mul(1 << self.failures.min(10));
            self.failures = self.failures.saturating_add(1);
            longest.min(Self::LONGEST_PAUSE)
        };
        self.state = if expired {
            State::AwaitingAnswer
        } else {
            State::Closed { until: now + self.jitter.stretch(longest / 2) }
        };
    }

    /// An attempt of the election succeeded.
    pub fn store_answered(&mut self, now: Instant) {
        if self.state == State::AwaitingAnswer {
            self.state = State::Opening { since: now };
        }
    }

    /// Takes up what is due, and gives up a watch that has been silent for longer than `patience`
    /// (the record's duration: a live leader renews within it): whether it should be closed.
    #[must_use]
    pub fn tend(&mut self, patience: Duration, now: Instant) -> bool {
        match self.state {
            State::Closed { until } if until <= now => self.state = State::Opening { since: now },
            State::Open { alive: since, .. } | State::Opening { since } if since + patience <= now => {
                self.state = State::Closed { until: now };
                return true;
            }
            _ => {}
        }
        false
    }

    /// When to [`tend`](Self::tend) it next.
    #[must_use]
    pub fn due(&self, patience: Duration) -> Option<Instant> {
        match self.state {
            State::Closed { until } => Some(until),
            State::Open { alive: since, .. } | State::Opening { since } => Some(since + patience),
            State::AwaitingAnswer => None,
        }
    }
}
