//! What an application notes in the ledger, and its driver hands to the election: what the ledger's desk of
//! `cluster-leader` does.

use election::{Event, Input, Note, Output};

use super::nature::Nature;
use super::process::{Command, Process};
use crate::clock::HostClock;
use crate::coverage::Fault;

/// The ledger as a process has it in hand: the numbers of everything that was ever noted in it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The term for which it was begun, and the election's it was.
    term: Option<u64>,
    text: String,
    changes: u64,
    handed: u64,
    flush: bool,
}

impl Notes {
    /// The driver failed: nobody hears of what was noted any more.
    pub(super) fn abandon(&mut self) {
        self.term = None;
    }
}

impl Process {
    /// The application notes something, and wants it flushed or does not.
    pub(super) fn note(&mut self, flush: bool, nature: &mut Nature<'_>) {
        if self.notes.term.is_none() {
            return;
        }
        self.notes.changes += 1;
        let entry = nature.guarantees.ledgers.noted_by(self.place, self.start);
        nature.count(Fault::Note);
        nature.tell(self.place, || format!("notes {entry}{}", if flush { ", to be flushed" } else { "" }));
        self.notes.text.push_str(&format!(",{entry}"));
        if flush {
            self.notes.flush = true;
            self.mailbox.commands.push_back(Command::Flush);
        }
    }

    /// What the election is to be told before this.
    pub(super) fn take_note(&mut self, next: &Input, nature: &mut Nature<'_>) -> Option<Note> {
        let notes = &mut self.notes;
        let token = notes.term.filter(|_| notes.changes > notes.handed)?;
        notes.handed = notes.changes;
        let releases = matches!(next, Input::StepDown | Input::Suspend(_) | Input::Stop);
        let flush = std::mem::take(&mut notes.flush) && !releases;
        nature.guarantees.ledgers.handed(self.place, notes.handed);
        Some(Note { token, number: notes.handed, text: notes.text.as_str().into(), flush })
    }

    /// A term's ledger is at hand before its claim is told.
    pub(super) fn publish_ledger(&mut self, output: &Output, clock: &HostClock, nature: &mut Nature<'_>) {
        for event in &output.events {
            let checked = match event {
                Event::Noted(up_to) => {
                    nature.coverage.count(Fault::Noted);
                    nature.guarantees.ledgers.acknowledged(self.place, *up_to)
                }
                Event::NotNoted(numbers) => {
                    nature.coverage.count(Fault::NotNoted);
                    nature.guarantees.ledgers.given_up(self.place, numbers);
                    Ok(())
                }
                _ => continue,
            };
            nature.must_hold("G13", self.place, checked);
        }
        let term = output.claim.map(|claim| claim.token);
        if term == self.notes.term {
            return;
        }
        self.notes.term = term;
        if let Some(token) = term {
            let ledger = self.election.ledger(clock.shows(nature.now));
            self.notes.text = ledger.map_or_else(String::new, |ledger| ledger.text.to_string());
            self.notes.handed = self.notes.changes;
            self.notes.flush = false;
            if !self.notes.text.is_empty() {
                nature.count(Fault::LedgerHandedOn);
            }
            let record = nature.record_of_version(token);
            let checked = nature.guarantees.ledgers.begins(self.place, &self.notes.text, record.as_ref());
            nature.must_hold("G13", self.place, checked);
        }
    }
}
