//! One process, as its guards know it.

use election::{
    Election, Event, Identity, Input, Instant, LostReason, Output, Record, Request, Seen, Timing,
};

use super::{g1, g3, g4, g5, g7, g9, g10, g12, g13};
use crate::clock::{HostClock, Real};
use crate::store::Store;

/// Which promise is broken, and how.
pub(super) type Broken = (&'static str, String);

/// What a process decided, and what its driver was able to do about it.
#[derive(Debug)]
pub struct Decided<'a> {
    /// The election that decided.
    pub election: &'a Election,
    /// What it decided.
    pub output: &'a Output,
    /// By its own clock.
    pub now: Instant,
    /// In real time.
    pub real: Real,
    /// Its clock.
    pub clock: &'a HostClock,
    /// When its driver was last able to act after standing still.
    pub free_from: Real,
    /// How late its timers fire.
    pub slack: Real,
}

/// What a process is told.
#[derive(Debug)]
pub struct Heard<'a> {
    /// What.
    pub input: &'a Input,
    /// How many changes the store had seen when that was true; 0: it says nothing of the store.
    pub as_of: usize,
    /// It acknowledges a claiming write under way that was decided on then.
    pub acknowledges: Option<Instant>,
}

/// What is known of the process at a place.
#[derive(Debug)]
pub(super) struct Ward {
    pub(super) timing: Timing,
    us: Identity,
    /// Who holds the record, as far as it was shown.
    holder: Option<Identity>,
    foundation: g1::Foundation,
    patience: g5::Patience,
    terms: g9::Terms,
    /// What listeners were told, which may lag behind what was decided.
    told: g9::Told,
    pub(super) load: g10::Load,
    flushes: g13::Flushes,
    /// What it decided to send is sent for a flush's sake.
    pub(super) flushing: bool,
    /// Its watch is open since then.
    watching_since: Option<Instant>,
    /// How often it opened or broke.
    pub(super) watch_changes: u32,
    /// The claiming write that was acknowledged just now made this version.
    acknowledged: Option<u64>,
    pub(super) deadline: Option<Real>,
    /// It has stepped down, and does not stand again before that.
    sits_out: Option<g7::SittingOut>,
}

impl Ward {
    pub(super) fn new(us: &Identity, timing: Timing, now: Instant) -> Self {
        Self {
            timing,
            us: us.clone(),
            holder: None,
            foundation: g1::Foundation::default(),
            patience: g5::Patience::new(us.clone(), timing.lease_duration()),
            terms: g9::Terms::default(),
            told: g9::Told::default(),
            load: g10::Load::new(&timing, now),
            flushes: g13::Flushes::default(),
            flushing: false,
            watching_since: None,
            watch_changes: 0,
            acknowledged: None,
            deadline: None,
            sits_out: None,
        }
    }

    /// Whether all that preceded its watch is over: what a conflict left open is read two retry
    /// periods later at most.
    pub(super) fn is_watching(&self, now: Instant) -> bool {
        self.watching_since.is_some_and(|since| since + self.timing.retry_period() * 2 <= now)
    }

    /// Its driver panicked: the election begins anew; listeners and the API server remember.
    pub(super) fn begin_anew(&mut self, us: &Identity, now: Instant) {
        let mut load = std::mem::replace(&mut self.load, g10::Load::new(&self.timing, now));
        let told = std::mem::take(&mut self.told);
        load.cause();
        *self = Self { load, told, ..Self::new(us, self.timing, now) };
    }

    pub(super) fn stands_as(&mut self, us: &Identity) {
        self.us = us.clone();
        self.patience.stands_as(us.clone());
    }

    pub(super) fn hears(&mut self, heard: &Heard<'_>, store: &Store, now: Instant) {
        let Heard { input, as_of, acknowledges } = *heard;
        self.acknowledged = None;
        if let (Some(decided), Input::Finished(_, election::Outcome::Accepted(version))) =
            (acknowledges, input)
        {
            self.foundation.acknowledged(decided);
            self.acknowledged = Some(version.number);
        }
        let sight = g5::Sight { as_of, leading: self.terms.leading(now), now, store };
        match input {
            Input::HolderDead(holder) => self.patience.proven_dead(holder.clone()),
            Input::Watching(open) => {
                self.watching_since = open.then_some(now);
                self.watch_changes += 1;
                self.load.cause();
            }
            Input::Seen(seen) => match seen {
                Seen::Present(record, version) => {
                    self.patience.shown(Some((record, version)), sight);
                }
                Seen::Deleted(version) => {
                    self.patience.shown_deleted(version.number, sight);
                }
            },
            Input::Finished(_, outcome) if as_of > 0 => {
                use election::Outcome::{Accepted, NotFound, Read};
                match outcome {
                    Read(found) => {
                        let found = found.as_ref().map(|(record, version)| (record, version));
                        self.patience.shown(found, sight);
                    }
                    NotFound => self.patience.shown(None, sight),
                    Accepted(_) => {
                        if let Seen::Present(record, version) = &store.changes()[as_of - 1].seen {
                            self.patience.shown(Some((record, version)), sight);
                        }
                    }
                    _ => {}
                }
            }
            Input::StepDown | Input::Suspend(_) | Input::Resume | Input::Stop | Input::NewIdentity(_) => {
                self.load.cause();
            }
            Input::Note(note) if note.flush => self.flushes.asked(),
            Input::Tick | Input::Note(_) | Input::Finished(..) => {}
        }
        let record = self.patience.record();
        if record.and_then(|record| record.holder.as_ref()) != self.holder.as_ref()
            || record.is_some_and(Record::asks_to_step_down)
        {
            self.load.cause();
            self.holder = record.and_then(|record| record.holder.clone());
        }
        if self.sits_out.as_ref().is_some_and(|sits_out| sits_out.another_has_led(record, &self.us)) {
            self.sits_out = None;
        }
    }

    /// What is wrong with what it decided, if anything.
    pub(super) fn decides(&mut self, decided: &Decided<'_>) -> Result<(), Broken> {
        let Decided { election, output, now, real, clock, free_from, slack } = *decided;
        let claim_before = self.terms.claim();
        let acknowledged = self.acknowledged.is_some();
        must("G4", g4::check(claim_before, output.claim, acknowledged))?;
        match output.claim {
            Some(claim) => {
                must("G1", self.foundation.check(claim.deadline, self.timing.renew_deadline()))?;
            }
            None => self.foundation.ends(),
        }
        for event in &output.events {
            match event {
                Event::Acquired { .. } => {
                    must("G5", self.patience.check_acquired(now))?;
                    must("G7", self.sits_out.take().map_or(Ok(()), |it| it.check_acquired(now)))?;
                }
                Event::Lost { reason, .. } => {
                    let shown = self.patience.record();
                    must("G9", g9::check_reason(*reason, claim_before, shown, &self.us, now))?;
                    must("G7", g7::check_hand_over(*reason, output))?;
                    if *reason == LostReason::SteppedDown {
                        let until = now + self.timing.lease_duration();
                        self.sits_out = Some(g7::SittingOut::new(shown, until));
                    }
                }
                _ => {}
            }
        }
        let ended = output.events.iter().any(|event| matches!(event, Event::Lost { .. }));
        let due = claim_before.filter(|_| ended).map(|claim| clock.reaches(claim.deadline).max(free_from));
        let late = due.map_or(0, |due| real.saturating_sub(due.saturating_add(slack)));
        must("G9", self.terms.decides(output, now, late))?;
        self.deadline = output.claim.map(|claim| clock.reaches(claim.deadline));
        self.flushing = false;
        if let Some(attempt) = &output.attempt {
            let renews = claim_before.is_some() && matches!(attempt.request, Request::Update(..));
            self.flushing = output.claim.is_some()
                && renews
                && self.foundation.renewal_due(&self.timing).is_some_and(|due| now < due);
            if self.flushing {
                must("G13", self.flushes.sends(now))?;
            }
            let leading = output.claim.is_some();
            must("G3", g3::check_guard(&attempt.request, self.patience.version()))?;
            must("G5", self.patience.check_request(&attempt.request, leading, now))?;
            let lease_duration = self.timing.lease_duration();
            let (before, wall) = (self.patience.record(), clock.wall(real));
            must(
                "G12",
                g12::check_record(&attempt.request, before, election.identity(), lease_duration, wall),
            )?;
        }
        if output.wake.is_some_and(|wake| wake <= now) {
            return Err(("G10", "it wants to be woken in the past".to_owned()));
        }
        Ok(())
    }

    pub(super) fn acquired_by(&self) -> Option<u64> {
        self.acknowledged
    }

    pub(super) fn announces(&mut self, event: &Event) -> Result<(), String> {
        self.told.hears(event)
    }

    pub(super) fn sends(&mut self, request: &Request, cell: u64, now: Instant) -> Result<(), Broken> {
        must("G7", g7::check_sent(request, cell))?;
        if self.flushing && matches!(request, Request::Update(..)) {
            return Ok(()); // no more than two a second
        }
        must("G10", self.load.sends(now))
    }
}

fn must(guarantee: &'static str, checked: Result<(), String>) -> Result<(), Broken> {
    checked.map_err(|what| (guarantee, what))
}
