//! Readers: the shipped load, clock, load, with time passing between the three.

use std::cell::Cell;

use election::{ClaimCell, Instant, Word};

use super::agenda::Happening;
use super::nature::Nature;
use super::{Site, World};
use crate::clock::Real;
use crate::coverage::Fault;
use crate::script::Focus;

/// A reader that was held up.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    place: u8,
    start: u32,
    first_load: u64,
    /// What it read, and whether the process led then.
    clock: Option<(Instant, bool)>,
    /// How long it is held up after it has read the clock.
    held_up: Real,
    at_once: bool,
}

/// What a reader finds when it looks, and when it looks again.
struct Answer {
    loads: [u64; 2],
    clock: [Instant; 2],
    /// Whether the process led when that clock was read.
    led: [bool; 2],
    at_once: bool,
}

/// A word that yields what a reader found at its first load and at its second.
struct Found {
    loads: [u64; 2],
    next: Cell<usize>,
}

impl Word for Found {
    fn load(&self) -> u64 {
        let which = self.next.replace(1);
        self.loads[which]
    }
    fn store(&self, _: u64) {}
    fn fence() {}
}

impl Nature<'_> {
    /// In worlds about readers: they ask in the last nanosecond of a claim, and in the next.
    pub(super) fn ask_at_the_end(&mut self, place: u8, until: Real) {
        if self.script.focus == Focus::HeldUpReaders && until > self.now && until < Real::MAX {
            self.agenda.add(until - 1, Happening::ReaderAsks(place));
            self.agenda.add(until, Happening::ReaderAsks(place));
        }
    }
}

impl World<'_> {
    /// A reader asks whether the process leads. It is held up before it reads the clock, and after.
    pub(super) fn read(&mut self, place: u8, before: Real, after: Real) {
        let Some(process) = &self.sites[usize::from(place)].occupant else { return };
        let reading = Reading {
            place,
            start: process.start,
            first_load: process.memory.get(),
            clock: None,
            held_up: after,
            at_once: before + after == 0,
        };
        self.readings.push(reading);
        let index = u32::try_from(self.readings.len() - 1).expect("few readers");
        if before == 0 {
            self.reader_goes_on(index);
        } else {
            self.nature.tell(place, || "a reader begins, and is held up".to_owned());
            self.nature.agenda.add(self.nature.now + before, Happening::ReaderGoesOn(index));
        }
    }

    /// A reader reads its clock, or loads the claim again and answers.
    pub(super) fn reader_goes_on(&mut self, index: u32) {
        let now = self.nature.now;
        let reading = &mut self.readings[index as usize];
        let site = &self.sites[usize::from(reading.place)];
        let Some(process) = site.occupant.as_ref().filter(|process| process.start == reading.start) else {
            return;
        };
        let Some((clock, led)) = reading.clock else {
            let led = self.nature.guarantees.leads(reading.place, now);
            reading.clock = Some((site.clock.shows(now), led));
            let held_up = reading.held_up;
            if held_up == 0 {
                self.reader_goes_on(index);
            } else {
                self.nature.agenda.add(now + held_up, Happening::ReaderGoesOn(index));
            }
            return;
        };
        // If the claim changed meanwhile the reader looks again, and nothing holds it up any more.
        let again = (site.clock.shows(now), self.nature.guarantees.leads(reading.place, now));
        let answer = Answer {
            loads: [reading.first_load, process.memory.get()],
            clock: [clock, again.0],
            led: [led, again.1],
            at_once: reading.at_once,
        };
        let place = reading.place;
        self.answer(place, &answer);
    }

    fn answer(&mut self, place: u8, answer: &Answer) {
        let Answer { loads, clock, led, at_once } = *answer;
        let cell = || ClaimCell::over(Found { loads, next: Cell::new(0) });
        let looks = Cell::new(0);
        let clock = || clock[looks.replace(looks.get() + 1).min(1)];
        let remaining = cell().remaining(clock);
        looks.set(0);
        let yes = cell().is_leading(clock);
        let last = looks.get().clamp(1, 2) - 1;
        self.nature.count(Fault::Read);
        if yes {
            self.nature.count(Fault::ReadYes);
        }
        if loads[0] != 0 && loads[0] != loads[1] {
            self.nature.count(Fault::ReadOverWithdrawal);
        }
        self.nature.tell(place, || format!("a reader is told {}", if yes { "yes" } else { "no" }));
        let now = self.nature.now;
        // Nothing holds up the second look.
        self.nature.guarantees.answers(place, yes, led[last], at_once || last == 1, now);
        let left = Instant::from_nanos(loads[last]).since(answer.clock[last]);
        if remaining > left || yes == remaining.is_zero() {
            self.nature.guarantees.answers(place, true, false, at_once, now);
        }
    }
}

impl Site {
    /// Whether a process runs here.
    pub(super) const fn is_occupied(&self) -> bool {
        self.occupant.is_some() || self.foreigner.is_some()
    }
}
