//! The ledger: what we note while we lead, when it is written, and what we find when we begin.
//!
//! What makes it safe is where it travels. A note is written only by a write on a record that names us, and
//! every write is guarded by the version it was decided on: whoever is superseded cannot write it any more,
//! however late its request arrives. A take-over carries on what the version that it replaces says.

use std::time::Duration;

use super::Election;
use super::handover::{Afterwards, Mode};
use crate::io::Event;
use crate::knowledge::Known;
use crate::ledger::{Carried, Ledger, Note};
use crate::record::Record;
use crate::time::{Instant, WallTime};

/// What the record is to say of the ledger, and how far that is written. Notes are told by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct LedgerDesk {
    /// The newest record's; while that is ours: as we last noted it.
    carried: Option<Carried>,
    /// One was known, and is gone.
    lost: bool,
    noted: u64,
    /// Up to here notes have been answered.
    answered: u64,
    /// Up to here they are to be written without delay.
    flush_to: u64,
    last_flush: Option<Instant>,
}

impl LedgerDesk {
    /// Flushes share writes, at most two a second.
    const BETWEEN_FLUSHES: Duration = Duration::from_millis(500);

    /// When a write is due for the ledger's sake.
    pub(super) fn flush_due(&self, now: Instant) -> Option<Instant> {
        (self.flush_to > self.answered)
            .then(|| self.last_flush.map_or(now, |last| last + Self::BETWEEN_FLUSHES))
    }

    /// Up to which note a write that is composed now brings the record.
    pub(super) const fn in_a_write(&mut self, now: Instant) -> u64 {
        if self.flush_to > self.answered {
            self.last_flush = Some(now);
        }
        self.noted
    }

    fn answer(&mut self, up_to: u64) -> bool {
        let new = up_to > self.answered;
        self.answered = self.answered.max(up_to);
        new
    }
}

impl Election {
    /// The ledger as of `now`: what the newest record that we know says, or what we have noted since.
    ///
    /// When [`Event::Acquired`] is told, this is what the term begins with.
    #[must_use]
    pub fn ledger(&self, now: Instant) -> Option<Ledger> {
        self.ledger.carried.as_ref().map(|carried| carried.at(now))
    }

    /// There was a ledger, and it is gone: what it said is unknown. `false` where none was ever seen.
    #[must_use]
    pub const fn has_lost_ledger(&self) -> bool {
        self.ledger.lost
    }

    pub(super) fn note(&mut self, note: Note) {
        let Note { token, number, text, flush } = note;
        if self.claim.is_none_or(|claim| claim.token != token)
            || !self.record_is_ours()
            || text.len() > Ledger::MOST_BYTES
        {
            self.events.push(Event::NotNoted(number..=number));
            return;
        }
        self.ledger.carried = Some(Carried::noted(text, self.now));
        self.ledger.lost = false;
        self.ledger.noted = number;
        if flush {
            self.ledger.flush_to = number;
        }
    }

    /// A record that was decided on the one we know, with the ledger in it.
    pub(super) fn with_ledger(&self, record: Record) -> Record {
        Record { ledger: self.ledger(self.now), ..record }
    }

    /// The record as it is left to others. Where we stand again at once, what we have begun goes on; a host that
    /// is stuck or unfit is not relied on to end it.
    pub(super) fn releasing_ledger(&self, record: Record) -> Record {
        let goes_on = matches!(self.mode, Mode::Releasing { then: Afterwards::Stand, .. });
        let mut released = self.with_ledger(record);
        if let Some(ledger) = &mut released.ledger {
            ledger.handed_over |= goes_on;
        }
        released
    }

    /// A write that brought the record up to this note was accepted.
    pub(super) fn ledger_written(&mut self, up_to: u64) {
        if self.ledger.answer(up_to) {
            self.events.push(Event::Noted(up_to));
        }
    }

    /// The record changed. As long as it has been ours all the time, nobody knows better than we do what
    /// its ledger is to say; otherwise it says so itself.
    pub(super) fn ledger_seen(&mut self, ours_all_the_time: bool, first_sight: bool) {
        if ours_all_the_time {
            return;
        }
        let before = self.ledger.carried.take();
        let had_one = before.is_some();
        if let Known::Present { record, .. } = self.knowledge.known() {
            self.ledger.carried = record.ledger.as_ref().map(|ledger| {
                if first_sight {
                    Carried::found(ledger, record.renew_time, self.now)
                } else {
                    Carried::seen(ledger, self.now).or_as_known(before)
                }
            });
        }
        match &self.ledger.carried {
            Some(_) => self.ledger.lost = false,
            None if had_one => {
                self.ledger.lost = true;
                self.events.push(Event::LedgerLost);
            }
            None => {}
        }
    }

    /// What is no longer on its way, and will not be written, is given up.
    pub(super) fn settle_ledger(&mut self, wall: WallTime) {
        if let Some(carried) = &mut self.ledger.carried {
            carried.date(wall);
        }
        let on_its_way =
            self.under_way.as_ref().is_some_and(|under_way| under_way.noted > self.ledger.answered);
        let may_be_written = self.record_is_ours() && self.mode != Mode::Stopped && !self.identity_disputed;
        let unanswered = self.ledger.answered.saturating_add(1)..=self.ledger.noted;
        if !on_its_way && !may_be_written && !unanswered.is_empty() {
            self.ledger.answer(*unanswered.end());
            self.events.push(Event::NotNoted(unanswered));
        }
    }
}
