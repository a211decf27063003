//! The driver's side of a watch: the shipped rules of when to open it again, and from where.

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

/// A watch as its driver sees it.
#[derive(Debug)]
pub(super) struct Watching {
    lease_duration: Duration,
    watching: election::Watching,
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
    pub(super) const fn new(timing: Timing, seed: u64, now: Instant) -> Self {
        Self {
            lease_duration: timing.lease_duration(),
            watching: election::Watching::new(timing.retry_period(), seed, now),
            stream: None,
            resume_from: None,
            forgotten: 0,
            newest: 0,
        }
    }

    pub(super) const fn is_wanted(&self) -> bool {
        self.watching.is_wanted()
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
        self.watching.showed(now);
    }

    pub(super) fn broke(&mut self, expired: bool, now: Instant) {
        self.stream = None;
        if expired {
            self.forgotten = self.resume_from.take().unwrap_or(self.forgotten);
        }
        self.watching.broke(expired, now);
    }

    pub(super) fn store_answered(&mut self, now: Instant) {
        self.watching.store_answered(now);
    }

    /// Opens what is due, and gives up a watch that was silent for too long: whether it did.
    pub(super) fn tend(&mut self, patience: Duration, now: Instant) -> bool {
        let silent = self.watching.tend(patience, now);
        if silent {
            self.stream = None;
        }
        silent
    }

    /// When to tend it next.
    pub(super) fn due(&self, process: &Process, clock: &HostClock) -> Real {
        let due = self.watching.due(self.patience(process));
        due.map_or(Real::MAX, |due| clock.reaches(due))
    }

    /// How long a healthy watch may be silent, as in the driver.
    pub(super) fn patience(&self, process: &Process) -> Duration {
        let of_record = process.election.record().and_then(|record| record.lease_duration);
        of_record.unwrap_or(self.lease_duration).max(self.lease_duration) + process.timing.retry_period()
    }
}
