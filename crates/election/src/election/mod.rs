//! The machine: what happened, and what follows from it.

mod handover;
mod ledger;
mod next;

use crate::io::{AttemptId, Claim, Event, Input, LostReason, Outcome, Output, Request, Seen};
use crate::jitter::Jitter;
use crate::knowledge::{Knowledge, Known, News, Observer};
use crate::record::{Identity, Record, Version};
use crate::stagger::Stagger;
use crate::time::{Instant, WallTime};
use crate::timing::Timing;
use crate::writes::OwnWrites;
use handover::{Afterwards, Mode, SittingOut};
use ledger::LedgerDesk;
use next::UnderWay;

/// One candidate in one election.
///
/// Call [`handle`](Self::handle) with everything that happens, and apply the [`Output`]. See the
/// [crate's documentation](crate) for the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Election {
    timing: Timing,
    us: Identity,
    jitter: Jitter,
    stagger: Stagger,
    now: Instant,

    knowledge: Knowledge,
    writes: OwnWrites,
    ledger: LedgerDesk,
    claim: Option<Claim>,
    mode: Mode,
    sitting_out: Option<SittingOut>,
    identity_disputed: bool,
    watching: bool,

    under_way: Option<UnderWay>,
    last_attempt: AttemptId,
    /// What we know may be wrong: a write had an unknown outcome or met a conflict.
    must_read: bool,
    /// No attempt before this instant.
    next_attempt: Instant,
    /// When a follower without a watch reads next.
    next_poll: Instant,
    /// When the claim is due for renewal.
    renew_at: Instant,
    /// A term cut short is not followed by another of ours before this instant.
    next_term: Instant,
    last_conflict: Option<Instant>,
    events: Vec<Event>,
}

impl Election {
    /// A candidate that knows nothing yet. `seed` spreads its retries; the same inputs with the
    /// same seed give the same outputs.
    #[must_use]
    pub fn new(identity: Identity, timing: Timing, seed: u64, now: Instant) -> Self {
        Self {
            timing,
            us: identity,
            jitter: Jitter::new(seed),
            stagger: Stagger::default(),
            now,
            knowledge: Knowledge::nothing(),
            writes: OwnWrites::default(),
            ledger: LedgerDesk::default(),
            claim: None,
            mode: Mode::Standing,
            sitting_out: None,
            identity_disputed: false,
            watching: false,
            under_way: None,
            last_attempt: AttemptId(0),
            must_read: true,
            next_attempt: now,
            next_poll: now,
            renew_at: now,
            next_term: now,
            last_conflict: None,
            events: Vec::new(),
        }
    }

    /// Holds back before it takes a lease that has become free, so that not all candidates write
    /// at once: by a part of 20 ms that follows from this name of the election and the identity, and
    /// by 25 ms more where the holder before was of the same generation of a Deployment.
    #[must_use]
    pub fn staggered(self, election: &str) -> Self {
        Self { stagger: Stagger::of(election), ..self }
    }

    /// Draws its jitter from `seed` from here on: whoever explores every future makes each draw a
    /// choice of its own. No use in production.
    #[doc(hidden)]
    pub const fn reseed(&mut self, seed: u64) {
        self.jitter = Jitter::new(seed);
    }

    /// Takes in what happened and says what to do.
    ///
    /// `now` must have been read after the input reached the caller and before anything that the
    /// output asks for is sent. An earlier `now` than the last counts as the last. `wall` is written
    /// into records and dates a ledger that nobody saw being written; no decision depends on it.
    pub fn handle(&mut self, input: Input, now: Instant, wall: WallTime) -> Output {
        self.now = self.now.max(now);
        self.expire();
        match input {
            Input::Tick => {}
            Input::Finished(id, outcome) => self.finished(id, outcome),
            Input::Seen(seen) => {
                self.learn(|knowledge, observer, now| knowledge.watched(seen, observer, now));
            }
            Input::Watching(watching) => self.set_watching(watching),
            Input::HolderDead(holder) => self.knowledge.proven_dead(holder, self.now),
            Input::NewIdentity(identity) => self.change_identity(identity),
            Input::Note(note) => self.note(note),
            Input::StepDown => self.step_down(),
            Input::Suspend(reason) => self.hand_over(reason, Afterwards::Suspend),
            Input::Resume => self.resume(),
            Input::Stop => self.hand_over(LostReason::Stopped, Afterwards::Stop),
        }
        self.settle();
        self.settle_ledger(wall);
        let attempt = self.begin_attempt(wall);
        Output { claim: self.claim, events: std::mem::take(&mut self.events), attempt, wake: self.wake() }
    }

    /// The identity that we stand with.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.us
    }

    /// The record as we know it.
    #[must_use]
    pub const fn record(&self) -> Option<&Record> {
        self.knowledge.record()
    }

    /// The version of the record as we know it.
    #[must_use]
    pub const fn version(&self) -> Option<&Version> {
        self.knowledge.version()
    }

    /// Whether a watch keeps us informed, so that there is nothing to read.
    #[must_use]
    pub const fn is_informed(&self) -> bool {
        self.watching && !self.must_read
    }

    /// Whether the election has ended after [`Input::Stop`].
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.mode == Mode::Stopped
    }

    // ---- what happened -------------------------------------------------------------------

    /// The deadline is the claim's own: nothing needs to arrive for it to end.
    fn expire(&mut self) {
        if self.claim.is_some_and(|claim| claim.deadline <= self.now) {
            self.lose(LostReason::Expired);
        }
    }

    fn finished(&mut self, id: AttemptId, outcome: Outcome) {
        let Some(UnderWay { attempt, sent, learnt_meanwhile, noted }) =
            self.under_way.take_if(|under_way| under_way.attempt.id == id)
        else {
            return; // superseded: its outcome no longer concerns us
        };
        match (attempt.request, outcome) {
            (Request::Read, Outcome::Read(found)) => self.found(found, learnt_meanwhile),
            (Request::Create(record) | Request::Update(record, _), Outcome::Accepted(version)) => {
                self.ledger_written(noted);
                self.accepted(&record, &version, sent);
            }
            (Request::Update(record, _), Outcome::NotFound) => {
                self.writes.failed(&record);
                self.found(None, learnt_meanwhile);
            }
            (
                Request::Create(record) | Request::Update(record, _),
                Outcome::Conflict | Outcome::AlreadyExists,
            ) => {
                self.writes.conflicted(&record);
                self.conflicted();
            }
            (Request::Create(record) | Request::Update(record, _), Outcome::Refused) => {
                self.writes.failed(&record);
                // By the time that we get through, somebody else may have.
                self.must_read |= self.claim.is_none();
                self.failed(sent, false);
            }
            // Unknown, or an outcome that does not fit the request: believe nothing of it.
            (Request::Create(_) | Request::Update(..), _) => {
                self.must_read = true;
                self.failed(sent, self.now >= sent + attempt.timeout);
            }
            (Request::Read, _) => self.failed(sent, self.now >= sent + attempt.timeout),
        }
    }

    /// A read replied.
    fn found(&mut self, found: Option<(Record, Version)>, learnt_meanwhile: bool) {
        self.must_read = false;
        self.next_poll = self.now + self.jitter.stretch(self.timing.retry_period());
        self.learn(|knowledge, observer, now| knowledge.read(found, learnt_meanwhile, observer, now));
        self.writes.conflicts_are_read(self.knowledge.record());
    }

    /// A write of ours was acknowledged.
    fn accepted(&mut self, record: &Record, version: &Version, sent: Instant) {
        let seen = Seen::Present(record.clone(), version.clone());
        self.learn(|knowledge, observer, now| knowledge.watched(seen, observer, now));
        let same_object = self.knowledge.version().is_some_and(|known| known.uid == version.uid);
        if record.holder.is_none() {
            self.events.push(Event::Released);
        } else if same_object && self.record_is_ours() {
            self.writes.accepted(record, version);
            self.extend_claim(sent, version.number, record.transitions);
        } else {
            // A watch was faster than the reply and has shown that our write is history already.
            self.writes.failed(record);
            self.next_term = sent + self.timing.retry_period();
        }
    }

    /// The leader counts from before it sent.
    fn extend_claim(&mut self, sent: Instant, token: u64, term: i32) {
        let deadline = sent + self.timing.renew_deadline();
        if deadline <= self.now {
            return;
        }
        self.renew_at = sent + self.timing.renew_interval();
        if let Some(claim) = &mut self.claim {
            claim.deadline = deadline;
            self.events.push(Event::Renewed);
        } else if self.may_claim_from().is_some_and(|from| from <= self.now) {
            self.claim = Some(Claim { deadline, token, term });
            self.next_term = sent + self.timing.retry_period();
            self.events.push(Event::Acquired { token, term });
        }
    }

    /// Somebody else wrote since we looked: look again. At once the first time, so that a mere
    /// edit of metadata costs no leadership; at most once a retry period otherwise.
    fn conflicted(&mut self) {
        self.must_read = true;
        if let Mode::Releasing { until, conflicts_left, .. } = &mut self.mode {
            match conflicts_left.checked_sub(1) {
                Some(left) => *conflicts_left = left,
                None => *until = self.now,
            }
            return;
        }
        if let Some(last) = self.last_conflict {
            self.pause_until(self.next_attempt.max(last + self.timing.retry_period()));
        }
        self.last_conflict = Some(self.now.max(self.next_attempt));
    }

    /// An attempt had no known effect. A leader's next one starts a retry period after this one's
    /// start, or at once if it timed out; followers spread theirs.
    fn failed(&mut self, sent: Instant, timed_out: bool) {
        let retry_period = self.timing.retry_period();
        if let Mode::Releasing { until, .. } = &mut self.mode {
            *until = self.now; // the one bounded attempt has failed
        }
        let next = match self.claim {
            Some(_) if timed_out => self.now,
            Some(_) => sent + retry_period,
            None => sent + self.jitter.stretch(retry_period),
        };
        self.pause_until(next);
        self.next_poll = self.next_poll.max(self.next_attempt);
    }

    /// No attempt before `instant`, except a leader's last chance, whatever the attempts before it
    /// have met.
    fn pause_until(&mut self, instant: Instant) {
        self.next_attempt = self.last_chance().map_or(instant, |last| instant.min(last));
    }

    /// Half a retry period before its claim ends, a leader tries once more; `None` afterwards.
    fn last_chance(&self) -> Option<Instant> {
        let last_chance = self.renew_at + self.timing.tolerated_outage();
        (self.claim.is_some() && self.now < last_chance).then_some(last_chance)
    }

    /// Takes in an observation and draws the consequences.
    fn learn(&mut self, observe: impl FnOnce(&mut Knowledge, Observer<'_>, Instant) -> News) {
        let holder_before = self.knowledge.holder().cloned();
        let (were_ours, knew_nothing) = (self.record_is_ours(), *self.knowledge.known() == Known::Nothing);
        let observer = Observer {
            us: &self.us,
            leading: self.claim.is_some(),
            lease_duration: self.timing.lease_duration(),
        };
        let news = observe(&mut self.knowledge, observer, self.now);
        if news == News::Replaced {
            self.lose(LostReason::Deleted);
        }
        match news {
            News::No => {}
            News::Doubtful => self.must_read = true,
            News::Yes | News::Replaced => {
                if let Some(under_way) = &mut self.under_way {
                    under_way.learnt_meanwhile = true;
                }
                self.draw_consequences();
                let ours_all_the_time = were_ours && news != News::Replaced && self.record_is_ours();
                self.ledger_seen(ours_all_the_time && !self.identity_disputed, knew_nothing);
                if self.knowledge.holder() != holder_before.as_ref() {
                    self.events.push(Event::LeaderChanged(self.knowledge.holder().cloned()));
                }
            }
        }
    }

    fn draw_consequences(&mut self) {
        let Known::Present { record, version, .. } = self.knowledge.known() else {
            self.lose(LostReason::Deleted);
            return;
        };
        let names_us = record.holder.as_ref() == Some(&self.us);
        if names_us && !self.writes.recognise(record, version) {
            self.dispute_identity();
            return;
        }
        self.writes.observed(record, version, names_us);
        if record.holder.is_none() {
            self.lose(LostReason::Blanked);
        } else if !names_us {
            self.lose(LostReason::Superseded);
        } else if record.strategy.is_some() {
            self.lose(LostReason::Coordinated);
        } else if record.asks_to_step_down() && self.is_standing() {
            self.step_down();
        }
    }

    fn set_watching(&mut self, watching: bool) {
        if self.watching && !watching {
            self.next_poll = self.now + self.jitter.stretch(self.timing.retry_period());
        }
        self.watching = watching;
    }

    /// The record names us, but we did not write it: somebody else stands with our identity.
    fn dispute_identity(&mut self) {
        self.lose(LostReason::DuplicateIdentity);
        self.under_way = None;
        self.identity_disputed = true;
        self.events.push(Event::DuplicateIdentity(self.us.clone()));
    }

    fn change_identity(&mut self, identity: Identity) {
        self.lose(LostReason::DuplicateIdentity);
        self.us = identity;
        self.writes = OwnWrites::default();
        self.under_way = None;
        self.identity_disputed = false;
        self.must_read = true;
        self.ledger_seen(false, false); // the record is the former identity's
    }

    fn lose(&mut self, reason: LostReason) {
        if let Some(claim) = self.claim.take() {
            self.events.push(Event::Lost { token: claim.token, reason });
        }
    }

    /// The record names us and is ours to write: no coordinated election has taken charge of it.
    fn record_is_ours(&self) -> bool {
        self.knowledge
            .record()
            .is_some_and(|record| record.holder.as_ref() == Some(&self.us) && record.strategy.is_none())
    }
}
