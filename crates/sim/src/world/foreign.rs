//! An elector that follows client-go's rules: it polls, sees changes of `renewTime` only at a grain
//! of a second, waits the record's duration from its own observation, and leads for its renew
//! deadline from before its last acknowledged write.

use std::time::Duration;

use election::{Identity, Instant, Ledger, Outcome, Record, Request, Timing, Version, WallTime};

use super::nature::Nature;
use super::requests::{Attempting, Sender, Word};
use crate::clock::{HostClock, Real};
use crate::coverage::Fault;
use crate::random::Dice;

/// What client-go compares of a record: times at a grain of a second.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Coarse {
    holder: Option<Identity>,
    lease_duration: Option<Duration>,
    acquired: Option<i64>,
    renewed: Option<i64>,
    transitions: i32,
}

impl Coarse {
    fn of(record: &Record) -> Self {
        let second = |time: WallTime| time.as_micros().div_euclid(1_000_000);
        Self {
            holder: record.holder.clone(),
            lease_duration: record.lease_duration,
            acquired: record.acquire_time.map(second),
            renewed: record.renew_time.map(second),
            transitions: record.transitions,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Waiting,
    Reading,
    Claiming { sent: Instant },
    Releasing,
}

/// One such elector.
pub(super) struct Foreigner {
    place: u8,
    pub(super) start: u32,
    pub(super) identity: Identity,
    timing: Timing,
    dice: Dice,
    observed: Option<(Coarse, Instant)>,
    known: Option<(Record, Version)>,
    doing: Doing,
    attempt: u32,
    /// When it acts next, or gives up its request.
    pub(super) due: Real,
    leads_until: Option<Instant>,
    /// It writes no annotation that it does not know.
    drops: bool,
    stopping: bool,
    pub(super) stopped: bool,
}

impl Foreigner {
    pub(super) fn start(seed: u64, place: u8, start: u32, timing: Timing, drops: bool, now: Real) -> Self {
        Self {
            place,
            start,
            identity: Identity::of_start(&format!("client-go-{place}"), &start.to_string()),
            timing,
            dice: Dice::of(seed, &[6, u64::from(place), u64::from(start)]),
            observed: None,
            known: None,
            doing: Doing::Waiting,
            attempt: 0,
            due: now,
            leads_until: None,
            drops,
            stopping: false,
            stopped: false,
        }
    }

    /// It is time to act.
    pub(super) fn act(&mut self, clock: &HostClock, requests: &mut u32, nature: &mut Nature<'_>) {
        let now = clock.shows(nature.now);
        nature.step(0x200 | u64::from(self.place));
        if self.leads_until.is_some_and(|until| until <= now) {
            self.leads_until = None;
        }
        if self.doing == Doing::Releasing {
            self.stopped = true;
            return;
        }
        if self.doing == Doing::Waiting {
            self.send(Request::Read, Doing::Reading, clock, requests, nature);
        } else {
            self.doing = Doing::Waiting; // no answer
            self.wait(clock, nature.now);
        }
    }

    fn wait(&mut self, clock: &HostClock, now: Real) {
        let retry = self.timing.retry_period();
        let jitter = if self.leads_until.is_some() { 0 } else { self.dice.below(1200) };
        let pause = retry + retry * u32::try_from(jitter).unwrap_or(0) / 1000;
        self.due = now + clock.real(pause);
    }

    fn send(
        &mut self,
        request: Request,
        doing: Doing,
        clock: &HostClock,
        requests: &mut u32,
        nature: &mut Nature<'_>,
    ) {
        *requests += 1;
        self.attempt += 1;
        self.doing = doing;
        let patience = clock.real(self.timing.renew_deadline() / 2);
        self.due = nature.now + patience;
        let sender =
            Sender { place: self.place, start: self.start, attempt: Attempting::Foreign(self.attempt) };
        nature.tell(self.place, || format!("#{requests} {doing:?}"));
        nature.send(sender, *requests, request, patience);
    }

    /// An outcome reaches it.
    pub(super) fn hears(
        &mut self,
        attempt: u32,
        word: Word,
        clock: &HostClock,
        requests: &mut u32,
        nature: &mut Nature<'_>,
    ) {
        if attempt != self.attempt || self.doing == Doing::Waiting {
            return;
        }
        nature.step(0x300 | u64::from(self.place));
        let now = clock.shows(nature.now);
        match (self.doing, word.outcome) {
            (Doing::Reading, Outcome::Read(found)) => {
                self.observe(found, now);
                self.decide(clock, requests, nature);
            }
            (Doing::Claiming { sent }, Outcome::Accepted(_)) => self.accepted(sent, clock, nature),
            (Doing::Releasing, outcome) => {
                if matches!(outcome, Outcome::Accepted(_)) {
                    nature.count(Fault::ForeignRelease);
                }
                self.stopped = true;
            }
            _ => {
                self.doing = Doing::Waiting;
                self.wait(clock, nature.now);
            }
        }
    }

    fn accepted(&mut self, sent: Instant, clock: &HostClock, nature: &mut Nature<'_>) {
        let until = sent + self.timing.renew_deadline();
        let now = clock.shows(nature.now);
        if self.leads_until.is_none() && until > now {
            nature.count(Fault::ForeignTerm);
            nature.tell(self.place, || "leads".to_owned());
        }
        if !self.stopping {
            self.leads_until = (until > now).then_some(until);
            let until = self.leads_until.map(|until| clock.reaches(until));
            nature.guarantees.claims(usize::from(self.place), until, nature.now);
        }
        self.doing = Doing::Waiting;
        self.wait(clock, nature.now);
        if self.leads_until.is_some() {
            // client-go renews every retry period.
            self.due = nature.now + clock.real(self.timing.retry_period());
        }
    }

    fn observe(&mut self, found: Option<(Record, Version)>, now: Instant) {
        let coarse = found.as_ref().map(|(record, _)| Coarse::of(record));
        if coarse.as_ref() != self.observed.as_ref().map(|(observed, _)| observed) {
            self.observed = coarse.map(|coarse| (coarse, now));
        }
        self.known = found;
    }

    fn decide(&mut self, clock: &HostClock, requests: &mut u32, nature: &mut Nature<'_>) {
        let now = clock.shows(nature.now);
        let wall = clock.wall(nature.now);
        let us = Some(&self.identity);
        let request = match &self.known {
            None => Request::Create(Record { holder: self.identity.clone().into(), ..self.claim(wall) }),
            Some((record, version)) if record.holder.as_ref() == us && self.stopping => {
                let released = Record {
                    holder: None,
                    lease_duration: Some(Duration::from_secs(1)),
                    acquire_time: Some(wall),
                    renew_time: Some(wall),
                    ledger: self.kept(record),
                    ..record.clone()
                };
                let request = Request::Update(released, version.clone());
                self.send(request, Doing::Releasing, clock, requests, nature);
                return;
            }
            Some((record, version)) if self.may_take(record, now) => {
                let ours = record.holder.as_ref() == us;
                // The annotations stay: client-go writes the metadata that it has read.
                let claimed = Record {
                    acquire_time: if ours { record.acquire_time } else { Some(wall) },
                    transitions: record.transitions.saturating_add(i32::from(!ours)),
                    token: record.token.clone(),
                    step_down: record.step_down.clone(),
                    ledger: self.kept(record),
                    ..self.claim(wall)
                };
                Request::Update(claimed, version.clone())
            }
            Some(_) => {
                self.doing = Doing::Waiting;
                self.wait(clock, nature.now);
                return;
            }
        };
        if self.stopping {
            self.stopped = true;
            return;
        }
        self.send(request, Doing::Claiming { sent: now }, clock, requests, nature);
    }

    fn kept(&self, record: &Record) -> Option<Ledger> {
        record.ledger.clone().filter(|_| !self.drops)
    }

    fn claim(&self, wall: WallTime) -> Record {
        Record {
            holder: Some(self.identity.clone()),
            lease_duration: Some(self.timing.lease_duration()),
            acquire_time: Some(wall),
            renew_time: Some(wall),
            ..Record::default()
        }
    }

    fn may_take(&self, record: &Record, now: Instant) -> bool {
        let Some(holder) = &record.holder else { return true };
        if *holder == self.identity {
            return true;
        }
        let Some((_, since)) = &self.observed else { return false };
        // The record's own duration; client-go takes a missing one for zero, a lawful one waits.
        *since + record.lease_duration.unwrap_or(self.timing.lease_duration()) <= now
    }

    /// It is asked to end: it leads no more from here on, and releases what it holds.
    pub(super) fn stop(&mut self, nature: &mut Nature<'_>) {
        self.stopping = true;
        self.leads_until = None;
        nature.guarantees.claims(usize::from(self.place), None, nature.now);
        if self.doing == Doing::Waiting {
            self.due = nature.now;
        }
    }
}
