//! G13, the ledger: what was told as noted stays in the record and is in the hands of every later leader;
//! nobody writes into it who does not hold the record; flushes share writes, two a second at most.
//!
//! A ledger's text is a list of numbers here: each was noted once, by one process.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use election::{Instant, Ledger, Record};

/// Who noted it.
#[derive(Clone, Copy, Debug)]
struct Noted {
    place: u8,
    start: u32,
    told: Told,
}

impl Noted {
    /// It was handed in with one of these notes, of which nothing was told yet.
    fn is_in(&self, notes: &RangeInclusive<u64>) -> bool {
        matches!(self.told, Told::Nothing { handed: Some(note) } if notes.contains(&note))
    }
}

/// What the process was told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing yet; the number of the note in which it was handed to the election, if it was.
    Nothing { handed: Option<u64> },
    /// It is there, or nobody will say.
    Answered,
}

/// A write of one of our processes that took effect.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// Who wrote.
    pub place: u8,
    /// Which process of that place.
    pub start: u32,
    /// What there was before.
    pub before: Option<&'a Record>,
    /// What there is now; `None`: it was no write of a record.
    pub after: &'a Record,
    /// The record before named the writer.
    pub held: bool,
}

/// All notes of a world.
#[derive(Clone, Debug, Default)]
pub struct Ledgers {
    notes: Vec<Noted>,
    /// Those in the record.
    written: BTreeSet<usize>,
    /// Those that were, until another elector or somebody's hand took them away.
    taken_away: BTreeSet<usize>,
}

impl Ledgers {
    /// A process notes something; what that is called.
    pub fn noted_by(&mut self, place: u8, start: u32) -> usize {
        self.notes.push(Noted { place, start, told: Told::Nothing { handed: None } });
        self.notes.len() - 1
    }

    /// The election of the process at this place was handed all of it, in the note of this number.
    pub fn handed(&mut self, place: u8, number: u64) {
        for note in self.open(place).filter(|note| note.told == Told::Nothing { handed: None }) {
            note.told = Told::Nothing { handed: Some(number) };
        }
    }

    /// It is told that everything up to this note is there.
    ///
    /// # Errors
    /// It is not.
    pub fn acknowledged(&mut self, place: u8, up_to: u64) -> Result<(), String> {
        for (number, note) in self.notes.iter_mut().enumerate() {
            let concerned = note.place == place && note.is_in(&(0..=up_to));
            if !concerned {
                continue;
            }
            note.told = Told::Answered;
            if !self.written.contains(&number) && !self.taken_away.contains(&number) {
                return Err(format!("{number} was told as noted, and never was in the record"));
            }
        }
        Ok(())
    }

    /// It is told that these notes will not be written.
    pub fn given_up(&mut self, place: u8, notes: &RangeInclusive<u64>) {
        for note in self.open(place).filter(|note| note.is_in(notes)) {
            note.told = Told::Answered;
        }
    }

    /// The process at this place is no more, or its driver failed: nobody waits for an answer.
    pub fn abandoned(&mut self, place: u8) {
        self.open(place).for_each(|note| note.told = Told::Answered);
    }

    fn open(&mut self, place: u8) -> impl Iterator<Item = &mut Noted> {
        self.notes.iter_mut().filter(move |note| note.place == place && note.told != Told::Answered)
    }

    /// A term begins with this text in hand, by the write that made this record.
    ///
    /// # Errors
    /// It is not what the record says.
    pub fn begins(&mut self, place: u8, text: &str, acquired: Option<&Record>) -> Result<(), String> {
        // What was never handed in, before, nobody waits for.
        for note in self.open(place).filter(|note| note.told == Told::Nothing { handed: None }) {
            note.told = Told::Answered;
        }
        let in_hand = numbers(text);
        let stands = acquired.map(in_record).unwrap_or_default();
        // Its own of a term that ended meanwhile may be on their way.
        let own = |number: &usize| {
            self.notes.get(*number).is_some_and(|it| it.place == place && it.is_in(&(0..=u64::MAX)))
        };
        if in_hand.is_superset(&stands) && in_hand.difference(&stands).all(own) {
            return Ok(());
        }
        Err(format!("a term begins with {in_hand:?} in hand, and the record says {stands:?}"))
    }

    /// A write of ours took effect.
    ///
    /// # Errors
    /// It may not have.
    pub fn written(&mut self, write: &Write<'_>) -> Result<(), String> {
        let Write { place, start, before, after, held } = *write;
        let stood = before.map(in_record).unwrap_or_default();
        let stands = in_record(after);
        self.written.clone_from(&stands);
        if let Some(lost) = stood.difference(&stands).next() {
            return Err(format!("{lost} stood in the record, and is lost by a write of ours"));
        }
        let is_new = |number: &&usize| !stood.contains(number);
        for number in stands.iter().filter(is_new) {
            let of_writer = self.notes.get(*number).is_some_and(|it| it.place == place && it.start == start);
            if !of_writer {
                return Err(format!("{number} is written by another than has noted it"));
            }
            if !held {
                return Err(format!("{number} is written over a record that its writer does not hold"));
            }
        }
        let bytes = after.ledger.as_ref().map_or(0, |ledger| ledger.text.len());
        if bytes > Ledger::MOST_BYTES {
            return Err(format!("a ledger of {bytes} bytes"));
        }
        Ok(())
    }

    /// Somebody else wrote the record, or deleted it; whether that took something away.
    pub fn others_wrote(&mut self, record: Option<&Record>) -> bool {
        let stands = record.map(in_record).unwrap_or_default();
        let before = self.taken_away.len();
        self.taken_away.extend(self.written.difference(&stands));
        self.written = stands;
        self.taken_away.len() > before
    }

    /// Nothing goes wrong any more, and time has passed.
    ///
    /// # Errors
    /// Somebody still has not been told what became of a note, which he may wait for: where.
    pub fn check_all_told(&self) -> Result<(), (u8, String)> {
        let open = self.notes.iter().position(|note| note.is_in(&(0..=u64::MAX)));
        open.map_or(Ok(()), |number| {
            Err((self.notes[number].place, format!("nobody was told what became of note {number}")))
        })
    }
}

fn in_record(record: &Record) -> BTreeSet<usize> {
    record.ledger.as_ref().map(|ledger| numbers(&ledger.text)).unwrap_or_default()
}

/// What others write there says nothing.
fn numbers(text: &str) -> BTreeSet<usize> {
    text.split(',').filter_map(|number| number.parse().ok()).collect()
}

/// The writes of one process for the sake of flushes.
#[derive(Clone, Debug, Default)]
pub struct Flushes {
    /// Somebody asked for one.
    asked: bool,
    last: Option<Instant>,
}

impl Flushes {
    /// How far apart they are at least.
    const APART: Duration = Duration::from_millis(500);

    /// A note is to be flushed.
    pub const fn asked(&mut self) {
        self.asked = true;
    }

    /// A renewal is sent before it is due.
    ///
    /// # Errors
    /// Nobody asked for it, or it comes too soon.
    pub fn sends(&mut self, now: Instant) -> Result<(), String> {
        if !self.asked {
            return Err("a renewal before it is due, and no flush was asked for".to_owned());
        }
        if let Some(last) = self.last.replace(now)
            && now.since(last) < Self::APART
        {
            return Err(format!("a flush {:?} after the one before", now.since(last)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: Option<&str>) -> Record {
        let ledger = text.map(|text| Ledger { text: text.into(), age: Duration::ZERO, handed_over: false });
        Record { ledger, ..Record::default() }
    }

    fn write(ledgers: &mut Ledgers, place: u8, before: &str, after: Option<&str>, held: bool) -> bool {
        let (before, after) = (record(Some(before)), record(after));
        let write = Write { place, start: 1, before: Some(&before), after: &after, held };
        ledgers.written(&write).is_ok()
    }

    fn two_notes() -> Ledgers {
        let mut ledgers = Ledgers::default();
        for (number, place) in [(1, 0), (1, 1)] {
            ledgers.noted_by(place, 1);
            ledgers.handed(place, number);
        }
        ledgers
    }

    #[test]
    fn g13_only_who_holds_the_record_writes_and_only_what_it_noted() {
        assert!(write(&mut two_notes(), 0, "", Some("0"), true));
        assert!(!write(&mut two_notes(), 0, "", Some("0"), false), "it does not hold the record");
        assert!(!write(&mut two_notes(), 1, "", Some("0"), true), "another's");
        assert!(write(&mut two_notes(), 1, "0", Some("0,1"), true));
        assert!(write(&mut two_notes(), 1, "0", Some("0"), false), "a take-over carries it on");
        assert!(!write(&mut two_notes(), 1, "0", None, false), "or loses it");
        assert!(!write(&mut two_notes(), 1, "0", Some("1"), true));
        let long = format!("0{}", ",x".repeat(Ledger::MOST_BYTES / 2));
        assert!(!write(&mut two_notes(), 0, "", Some(&long), true), "too large");
    }

    #[test]
    fn g13_what_is_told_as_noted_is_there() {
        let mut ledgers = two_notes();
        assert!(ledgers.clone().acknowledged(0, 1).is_err(), "it never was");
        write(&mut ledgers, 0, "", Some("0"), true);
        assert!(ledgers.clone().acknowledged(0, 1).is_ok());
        assert!(ledgers.clone().acknowledged(1, 1).is_err());
        assert!(ledgers.others_wrote(Some(&record(None))));
        assert!(ledgers.acknowledged(0, 1).is_ok(), "another took it away");
        assert!(!ledgers.others_wrote(None), "there was nothing left");
        ledgers.given_up(1, &(2..=5));
        assert!(ledgers.check_all_told().is_err_and(|(place, _)| place == 1));
        ledgers.given_up(1, &(1..=1));
        assert!(ledgers.check_all_told().is_ok());
    }

    #[test]
    fn g13_a_term_begins_with_what_the_record_says() {
        let mut ledgers = two_notes();
        assert!(ledgers.begins(0, ",0", Some(&record(Some("0")))).is_ok());
        assert!(ledgers.begins(0, "", Some(&record(Some("0")))).is_err());
        assert!(ledgers.begins(0, "1", Some(&record(None))).is_err());
        assert!(ledgers.begins(0, "what?", Some(&record(Some("what?")))).is_ok());
        assert!(ledgers.begins(0, "1,0", Some(&record(Some("1")))).is_ok(), "its own is on its way");
        assert!(ledgers.begins(0, "0,1", Some(&record(Some("0")))).is_err(), "another's is not");
    }

    #[test]
    fn g13_flushes_are_asked_for_and_two_a_second() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let mut flushes = Flushes::default();
        assert!(flushes.sends(at(0)).is_err(), "nobody asked");
        flushes.asked();
        assert!(flushes.sends(at(0)).is_ok() && flushes.sends(at(500)).is_ok());
        assert!(flushes.sends(at(999)).is_err());
    }
}
