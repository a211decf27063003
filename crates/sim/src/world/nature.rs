//! Everything in a world but the processes: time, the network, the store, and who watches them all.

use std::collections::BTreeSet;

use election::{Event, Identity, LostReason, Record, Request, Seen};

use super::agenda::{Agenda, Happening};
use super::process::Process;
use super::requests::{Failing, Requests};
use crate::clock::{MILLISECOND, Real, nanos};
use crate::coverage::{Coverage, Fault};
use crate::guarantees::Guarantees;
use crate::random::Dice;
use crate::script::{Draw, Script};
use crate::store::Store;
use crate::timeline::Timeline;

#[derive(Debug)]
pub(super) struct Nature<'s> {
    pub(super) script: &'s Script,
    pub(super) now: Real,
    pub(super) agenda: Agenda,
    pub(super) requests: Requests,
    pub(super) store: Store,
    pub(super) outages: Vec<Failing>,
    pub(super) guarantees: Guarantees,
    pub(super) steps: u64,
    pub(super) coverage: Coverage,
    /// Which draws went wrong, if that is to be known.
    pub(super) drawn: Option<BTreeSet<Draw>>,
    pub(super) timeline: Option<Timeline>,
    /// The identities of processes that are no more.
    pub(super) dead: Vec<Identity>,
    fingerprint: u64,
}

impl<'s> Nature<'s> {
    pub(super) fn new(script: &'s Script) -> Self {
        Self {
            script,
            now: 0,
            agenda: Agenda::default(),
            requests: Requests::default(),
            store: Store::empty(script.flavour, script.seed),
            outages: Vec::new(),
            guarantees: Guarantees::new(script),
            steps: 0,
            coverage: Coverage::default(),
            drawn: None,
            timeline: None,
            dead: Vec::new(),
            fingerprint: script.seed,
        }
    }

    pub(super) const fn count(&mut self, fault: Fault) {
        self.coverage.count(fault);
    }

    pub(super) fn drew(&mut self, draw: Draw) {
        if let Some(drawn) = &mut self.drawn {
            drawn.insert(draw);
        }
    }

    /// A protocol step: an input handled by an elector, or a request served by the store.
    pub(super) const fn step(&mut self, what: u64) {
        self.steps += 1;
        let mixed = (self.fingerprint ^ what).wrapping_mul(0x0000_0100_0000_01b3) ^ self.now;
        self.fingerprint = mixed.rotate_left(23);
    }

    pub(super) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    // ---- proof of death --------------------------------------------------------------------------

    /// The store may soon prove to this place that the holder it waits for is dead.
    pub(super) fn probe_soon(&mut self, place: u8) {
        if self.script.proof_of_death {
            let mut dice = Dice::of(self.script.seed, &[5, u64::from(place), self.now]);
            let after = MILLISECOND + dice.below(self.script.proof_after);
            self.agenda.add(self.now + after, Happening::Probe(place));
        }
    }

    /// The store looks whether the holder that this process waits for is dead.
    pub(super) fn probe(&mut self, process: &mut Process) {
        let named = self.store.record().and_then(|record| record.holder.as_ref());
        if let Some(suspect) = process.suspect.as_ref().filter(|suspect| Some(*suspect) == named)
            && self.dead.contains(suspect)
        {
            process.mailbox.dead = Some(suspect.clone());
        }
    }

    /// What the record said in this version.
    pub(super) fn record_of_version(&self, number: u64) -> Option<Record> {
        self.store.changes().iter().rev().find_map(|change| match &change.seen {
            Seen::Present(record, version) if version.number == number => Some(record.clone()),
            _ => None,
        })
    }

    /// A promise is kept, or not.
    pub(super) fn must_hold(&mut self, guarantee: &'static str, place: u8, checked: Result<(), String>) {
        if let Err(what) = checked {
            self.guarantees.broken(guarantee, place, self.now, what);
        }
    }

    /// Somebody else than our processes has written or deleted the record.
    pub(super) fn others_changed_the_ledger(&mut self) {
        if self.guarantees.ledgers.others_wrote(self.store.record()) {
            self.coverage.count(Fault::LedgerDropped);
        }
    }

    // ---- what is counted -------------------------------------------------------------------------

    pub(super) fn note_event(&mut self, place: u8, event: &Event) {
        match event {
            Event::Acquired { .. } => self.count(Fault::Term),
            Event::Lost { reason: LostReason::Expired, .. } => self.count(Fault::Expired),
            Event::Released => self.count(Fault::Released),
            _ => {}
        }
        self.tell(place, || format!("{event:?}"));
    }

    /// A write of ours took effect.
    pub(super) fn count_write(&mut self, request: &Request, before: Option<&Record>, landed: Landed) {
        let (Request::Create(record) | Request::Update(record, _)) = request else { return };
        if record.holder.is_none() {
            return;
        }
        if !landed.awaited {
            self.count(Fault::LandedLate);
            if landed.after >= nanos(record.lease_duration.unwrap_or_default()) {
                self.count(Fault::LandedAfterLease);
            }
        }
        match before.map(|before| before.holder.as_ref()) {
            None => self.count(Fault::Created),
            Some(None) => self.count(Fault::TakenReleased),
            Some(holder) if holder == record.holder.as_ref() => {
                if !landed.leads {
                    self.count(Fault::Adopted);
                }
            }
            Some(Some(_)) if landed.proven => self.count(Fault::TakenFromDead),
            Some(Some(_)) => self.count(Fault::TakeOver),
        }
    }

    /// Writes a line into the timeline, if there is one.
    pub(super) fn tell(&mut self, place: u8, what: impl FnOnce() -> String) {
        if let Some(timeline) = &mut self.timeline {
            timeline.write(self.now, Some(place), &what());
        }
    }

    /// As [`tell`](Self::tell), of what concerns no place.
    pub(super) fn tell_all(&mut self, what: impl FnOnce() -> String) {
        if let Some(timeline) = &mut self.timeline {
            timeline.write(self.now, None, &what());
        }
    }
}

/// How a write of ours took effect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landed {
    /// Its sender still waits for the reply.
    pub(super) awaited: bool,
    /// Its sender leads.
    pub(super) leads: bool,
    /// The holder before was proven dead to its sender.
    pub(super) proven: bool,
    /// How long it was on its way.
    pub(super) after: Real,
}

/// A record in a few words.
pub(super) fn in_words(record: &Record) -> String {
    let holder = record.holder.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let duration = record.lease_duration.map_or_else(|| "no duration".to_owned(), |it| format!("{it:?}"));
    let strategy = if record.strategy.is_some() { ", coordinated" } else { "" };
    format!("{holder}, {duration}, transition {}{strategy}", record.transitions)
}
