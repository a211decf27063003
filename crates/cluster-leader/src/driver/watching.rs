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
    /// Open since then; the last sign of life came later or with it.
    Open { since: Instant, alive: Instant },
    /// To be opened then.
    Closed { until: Instant },
    /// To be opened once the store has answered an attempt.
    AwaitingAnswer,
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
        let since = match self.state {
            State::Open { since, .. } => since,
            _ => now,
        };
        self.state = State::Open { since, alive: now };
        match watched {
            Watched::Opened => {
                self.told_of_refusal = false;
                Input::Watching(true)
            }
            Watched::Seen(seen) => Input::Seen(seen),
            Watched::Alive => Input::Tick,
        }
    }

    /// The watch broke. One that had been open for a while is opened again soon; one that cannot
    /// be opened (forbidden, unreachable) or breaks at once less and less often: polling has taken
    /// over meanwhile.
    pub(super) fn broke(&mut self, error: &StoreError, now: Instant) -> Input {
        let lasted = matches!(self.state, State::Open { since, .. } if now.since(since) >= self.retry_period);
        let pause = if lasted {
            self.failures = 0;
            self.retry_period / 8
        } else {
            let pause = self.retry_period.saturating_mul(1 << self.failures.min(10));
            self.failures = self.failures.saturating_add(1);
            pause.min(Self::LONGEST_PAUSE)
        };
        self.state = if error.kind == StoreErrorKind::WatchExpired {
            State::AwaitingAnswer
        } else {
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
    pub(super) fn store_answered(&mut self, now: Instant) {
        self.store_answers = true;
        if self.state == State::AwaitingAnswer {
            self.state = State::Opening { since: now };
        }
    }

    /// Opens what is due, and gives up a watch that has been silent for longer than `patience`
    /// (the record's duration): whether it should be closed.
    pub(super) fn tend(&mut self, patience: Duration, now: Instant) -> bool {
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
    pub(super) fn due(&self, patience: Duration) -> Option<Instant> {
        match self.state {
            State::Closed { until } => Some(until),
            State::Open { alive: since, .. } | State::Opening { since } => Some(since + patience),
            State::AwaitingAnswer => None,
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
        watching.store_answered(Instant::default());
        assert!(!watching.is_news(&StoreError::unknown("the server ended the watch")));
        assert!(watching.is_news(&refused));
        watching.store_answered(Instant::default());
        assert!(!watching.is_news(&refused), "it was told");
        watching.showed(Watched::Opened, Instant::default());
        watching.store_answered(Instant::default());
        assert!(watching.is_news(&refused), "the watch had been open meanwhile");
    }

    const RETRY_PERIOD: Duration = Duration::from_secs(2);
    const PATIENCE: Duration = Duration::from_secs(15);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn pause(watching: &Watching, now: Instant) -> Duration {
        watching.due(PATIENCE).expect("a time to open it again").since(now)
    }

    fn lost() -> StoreError {
        StoreError::unknown("the stream ended")
    }

    #[test]
    fn a_watch_that_lasted_is_opened_again_soon() {
        let mut watching = Watching::new(RETRY_PERIOD, at(0));
        assert_eq!(watching.showed(Watched::Opened, at(0)), Input::Watching(true));
        assert_eq!(watching.showed(Watched::Alive, at(10)), Input::Tick);
        assert_eq!(watching.broke(&lost(), at(11)), Input::Watching(false));
        assert!(!watching.is_wanted() && pause(&watching, at(11)) < RETRY_PERIOD);
        assert!(!watching.tend(PATIENCE, at(12)));
        assert!(watching.is_wanted());
    }

    /// A proxy that does not stream lets it open, and ends it at once.
    #[test]
    fn g10_a_watch_that_breaks_as_soon_as_it_opens_is_opened_less_and_less_often() {
        let mut watching = Watching::new(RETRY_PERIOD, at(0));
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            watching.showed(Watched::Opened, now);
            watching.broke(&lost(), now);
            pauses.push(pause(&watching, now).as_secs());
            now = now + pause(&watching, now);
            watching.tend(PATIENCE, now);
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_silent_watch_is_given_up() {
        let mut watching = Watching::new(RETRY_PERIOD, at(0));
        watching.showed(Watched::Opened, at(0));
        watching.showed(Watched::Alive, at(10));
        assert!(!watching.tend(PATIENCE, at(24)), "not yet");
        assert!(watching.tend(PATIENCE, at(25)));
        assert!(!watching.tend(PATIENCE, at(25)) && watching.is_wanted(), "and opened anew");
    }

    /// A leader only writes: its renewals count as answers too.
    #[test]
    fn an_expired_watch_waits_for_an_answer_of_the_store() {
        let mut watching = Watching::new(RETRY_PERIOD, at(0));
        watching.broke(&StoreError::new(StoreErrorKind::WatchExpired, "410"), at(1));
        assert!(!watching.is_wanted() && watching.due(PATIENCE).is_none());
        watching.store_answered(at(2));
        assert!(watching.is_wanted());
    }
}
