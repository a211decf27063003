//! What to ask the store next, and when.

use std::time::Duration;

use super::{Election, Mode};
use crate::io::{Attempt, AttemptId, Request};
use crate::knowledge::Known;
use crate::record::Record;
use crate::time::{Instant, WallTime};

/// The attempt under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct UnderWay {
    pub(super) attempt: Attempt,
    /// Read before the first byte was sent: a claim counts from here.
    pub(super) sent: Instant,
    /// A watch has shown something new since it was sent.
    pub(super) learnt_meanwhile: bool,
    /// Up to which note it brings the record.
    pub(super) noted: u64,
}

/// A request that we would like to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Read,
    /// Create, take over or renew.
    Claim,
    Release,
}

impl Election {
    /// The next request and the earliest instant for it, unless one is under way.
    fn next_step(&self) -> Option<(Instant, Step)> {
        if self.under_way.is_some() || self.identity_disputed || self.mode == Mode::Stopped {
            return None;
        }
        let (due, step) = if self.must_read {
            (self.next_attempt, Step::Read)
        } else if !self.is_standing() && self.record_is_ours() {
            (self.next_attempt, Step::Release)
        } else if self.claim.is_some() {
            let flush = self.ledger.flush_due(self.now);
            (flush.map_or(self.renew_at, |flush| flush.min(self.renew_at)), Step::Claim)
        } else {
            let claim = self.may_claim_from().map(|due| (due, Step::Claim));
            let poll = (!self.watching).then_some((self.next_poll, Step::Read));
            claim.into_iter().chain(poll).min_by_key(|(due, _)| *due)?
        };
        Some((due.max(self.next_attempt), step))
    }

    pub(super) fn may_claim_from(&self) -> Option<Instant> {
        if !self.is_standing() {
            return None;
        }
        let free = self.knowledge.may_acquire_from(&self.us, self.timing.lease_duration())?;
        let from = if self.record_is_ours() {
            free
        } else {
            free + self.stagger.after(self.knowledge.last_holder(), &self.us)
        };
        Some(from.max(self.next_term))
    }

    pub(super) fn begin_attempt(&mut self, wall: WallTime) -> Option<Attempt> {
        let (due, step) = self.next_step()?;
        if due > self.now {
            return None;
        }
        let request = self.compose(step, wall);
        let noted = match &request {
            Request::Update(..) => self.ledger.in_a_write(self.now),
            Request::Read | Request::Create(_) => 0,
        };
        if let Request::Create(record) | Request::Update(record, _) = &request
            && record.holder.is_some()
        {
            self.writes.sending(record, self.knowledge.version());
        }
        self.last_attempt = AttemptId(self.last_attempt.0.wrapping_add(1));
        let urgent = matches!(self.mode, Mode::Releasing { .. })
            || (self.claim.is_some() && self.last_chance().is_none());
        let attempt = Attempt { id: self.last_attempt, request, timeout: self.attempt_timeout(), urgent };
        self.under_way =
            Some(UnderWay { attempt: attempt.clone(), sent: self.now, learnt_meanwhile: false, noted });
        Some(attempt)
    }

    fn compose(&self, step: Step, wall: WallTime) -> Request {
        let lease_duration = self.timing.lease_duration();
        match (step, self.knowledge.known()) {
            (Step::Read, _)
            | (Step::Claim | Step::Release, Known::Nothing)
            | (Step::Release, Known::Absent { .. }) => Request::Read,
            (Step::Claim, Known::Absent { .. }) => {
                Request::Create(Record::first(&self.us, lease_duration, wall))
            }
            (Step::Claim, Known::Present { record, version, .. }) => {
                let claimed = if record.holder.as_ref() == Some(&self.us) {
                    record.renewed(lease_duration, self.claim.map(|claim| claim.token), wall)
                } else {
                    record.taken_over(&self.us, lease_duration, wall)
                };
                Request::Update(self.with_ledger(claimed), version.clone())
            }
            (Step::Release, Known::Present { record, version, .. }) => {
                Request::Update(self.releasing_ledger(record.released(wall)), version.clone())
            }
        }
    }

    /// One that hangs must be over when a release is given up, or in time for the last chance.
    fn attempt_timeout(&self) -> Duration {
        let bound = match self.mode {
            Mode::Releasing { until, .. } => Some(until),
            _ => self.last_chance(),
        };
        let timeout = self.timing.attempt_timeout();
        bound.map_or(timeout, |bound| timeout.min(bound.since(self.now)))
    }

    pub(super) fn wake(&self) -> Option<Instant> {
        let mode_ends = match self.mode {
            Mode::Releasing { until, .. } => Some(until),
            _ => self.sitting_out.map(|sitting_out| sitting_out.until),
        };
        let claim_ends = self.claim.map(|claim| claim.deadline);
        let step_due = self.next_step().map(|(due, _)| due);
        [mode_ends, claim_ends, step_due].into_iter().flatten().min()
    }
}
