//! One candidate, as its driver keeps it.

use std::time::Duration;

use election::{AttemptId, Claim, Election, Identity, Instant, Timing, Watching};

use super::at;
use crate::clock::Real;

#[derive(Debug)]
pub(super) struct Member {
    pub(super) process: usize,
    pub(super) election: usize,
    pub(super) machine: Election,
    pub(super) watching: Watching,
    /// Which watch it is.
    pub(super) stream: u32,
    /// It has been asked for.
    stream_wanted: Option<u32>,
    /// At the server.
    pub(super) stream_open: bool,
    /// Nothing is shown before that.
    pub(super) shown_at: Real,
    pub(super) attempt: Option<AttemptId>,
    pub(super) timer: Real,
    pub(super) claim: Option<Claim>,
    pub(super) alive: bool,
}

impl Member {
    pub(super) fn new(
        process: usize,
        election: usize,
        identity: Identity,
        timing: Timing,
        seed: u64,
        now: Instant,
    ) -> Self {
        Self {
            process,
            election,
            machine: Election::new(identity, timing, seed, now).staggered(&format!("election-{election}")),
            watching: Watching::new(timing.retry_period(), seed, now),
            stream: 0,
            stream_wanted: None,
            stream_open: false,
            shown_at: 0,
            attempt: None,
            timer: Real::MAX,
            claim: None,
            alive: true,
        }
    }

    pub(super) fn leads(&self, now: Real) -> bool {
        self.alive && self.claim.is_some_and(|claim| at(now) < claim.deadline)
    }

    /// Whether its watch is to be opened, and has not been asked for.
    pub(super) fn opens_watch(&mut self) -> bool {
        self.watching.is_wanted() && self.stream_wanted.replace(self.stream) != Some(self.stream)
    }

    /// When its driver has something to do next.
    pub(super) fn due(&self, wake: Option<Instant>, patience: Duration) -> Real {
        [wake, self.watching.due(patience)]
            .into_iter()
            .flatten()
            .map(Instant::as_nanos)
            .min()
            .unwrap_or(Real::MAX)
    }
}
