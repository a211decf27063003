//! The driver's side of a watch: when it is open, and when to open it again.
//!
//! The same rules as `driver/watching.rs` of `cluster-leader`.

use std::time::Duration;

use election::{Instant, Timing};

use super::process::Process;
use crate::clock::{HostClock, Real};

/// What a watch tells its driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    Opened,
    /// The change with this index in the store's history.
    Change(usize),
    /// Something happened to the record's file: look at it.
    Look,
    Broke {
        expired: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Opening { since: Instant },
    Open { since: Instant, alive: Instant },
    Closed { until: Instant },
    AwaitingAnswer,
}

/// A watch as its driver sees it.
#[derive(Debug)]
pub(super) struct Watching {
    retry_period: Duration,
    lease_duration: Duration,
    state: State,
    failures: u32,
    /// The server's side of the watch that is open or being opened.
    pub(super) stream: Option<Stream>,
    /// From which version on changes are asked for: `Resume` of the Kubernetes store.
    resume_from: Option<u64>,
    forgotten: u64,
    /// The largest version number that this process knows of.
    newest: u64,
}

/// The server's side of a watch.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) number: u32,
    pub(super) open: bool,
    /// The next change to show.
    pub(super) position: usize,
    /// It is on the agenda to show something.
    pub(super) scheduled: bool,
    /// It shows nothing from then on, and does not end either.
    pub(super) silent_from: Real,
    pub(super) lag: Real,
    /// What a watch on a file has shown: the number of the version, 0 for none, `None`: nothing.
    pub(super) shown: Option<u64>,
}

impl Watching {
    const LONGEST_PAUSE: Duration = Duration::from_secs(60);

    pub(super) fn new(timing: Timing, now: Instant) -> Self {
        Self {
            retry_period: timing.retry_period(),
            lease_duration: timing.lease_duration(),
            state: State::Opening { since: now },
            failures: 0,
            stream: None,
            resume_from: None,
            forgotten: 0,
            newest: 0,
        }
    }

    pub(super) const fn is_wanted(&self) -> bool {
        matches!(self.state, State::Opening { .. } | State::Open { .. })
    }

    /// A reply or an event told of this version.
    pub(super) fn note(&mut self, version: u64) {
        self.newest = self.newest.max(version);
        if version > self.forgotten {
            self.resume_from = self.resume_from.max(Some(version));
        }
    }

    pub(super) const fn resume_from(&self) -> Option<u64> {
        self.resume_from
    }

    pub(super) const fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) const fn showed(&mut self, now: Instant) {
        let since = match self.state {
            State::Open { since, .. } => since,
            _ => now,
        };
        self.state = State::Open { since, alive: now };
    }

    pub(super) fn broke(&mut self, expired: bool, now: Instant) {
        self.stream = None;
        let lasted = matches!(self.state, State::Open { since, .. } if now.since(since) >= self.retry_period);
        let pause = if lasted {
            self.failures = 0;
            self.retry_period / 8
        } else {
            let pause = self.retry_period.saturating_mul(1 << self.failures.min(10));
            self.failures = self.failures.saturating_add(1);
            pause.min(Self::LONGEST_PAUSE)
        };
        self.state = if expired {
            self.forgotten = self.resume_from.take().unwrap_or(self.forgotten);
            State::AwaitingAnswer
        } else {
            State::Closed { until: now + pause }
        };
    }

    pub(super) fn store_answered(&mut self, now: Instant) {
        if self.state == State::AwaitingAnswer {
            self.state = State::Opening { since: now };
        }
    }

    /// Opens what is due, and gives up a watch that was silent for too long: whether it did.
    pub(super) fn tend(&mut self, patience: Duration, now: Instant) -> bool {
        match self.state {
            State::Closed { until } if until <= now => self.state = State::Opening { since: now },
            State::Open { alive: since, .. } | State::Opening { since } if since + patience <= now => {
                self.state = State::Closed { until: now };
                self.stream = None;
                return true;
            }
            _ => {}
        }
        false
    }

    /// When to tend it next.
    pub(super) fn due(&self, process: &Process, clock: &HostClock) -> Real {
        match self.state {
            State::Closed { until } => clock.reaches(until),
            State::Open { alive: since, .. } | State::Opening { since } => {
                clock.reaches(since + self.patience(process))
            }
            State::AwaitingAnswer => Real::MAX,
        }
    }

    /// How long a healthy watch may be silent: a live leader renews within the record's duration.
    pub(super) fn patience(&self, process: &Process) -> Duration {
        let of_record = process.election.record().and_then(|record| record.lease_duration);
        of_record.unwrap_or(self.lease_duration).max(self.lease_duration)
    }
}
