//! What a leader leaves to the next: a text that means nothing here, and how old it is.
//!
//! Its times must survive clocks that differ. So whatever the text says of times it says as ages, as of one
//! instant; and the record says how long ago that instant was when it was written. Whoever sees the record
//! adds the time since then, by its own clock. Of several sights of the same text the one that makes it
//! oldest is right: a sight can come late, never early.

use std::sync::Arc;
use std::time::Duration;

use crate::time::{Instant, WallTime};

/// The ledger in a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ledger {
    /// What it says, as of an instant. Opaque to the election.
    pub text: Arc<str>,
    /// How long ago that instant was when the record was written, in whole milliseconds.
    pub age: Duration,
    /// Since it was noted a leader has stepped down, and its process went on: what that had begun may still be
    /// under way.
    pub handed_over: bool,
}

impl Ledger {
    /// The most bytes of text that are written.
    pub const MOST_BYTES: usize = 64 * 1024;
}

/// What a leader wants the record to say: the text from now on, in place of all that it said before.
///
/// It is written with the next renewal, or with the release if that comes first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// The fencing token of the term in which it was made. In any other it is not written.
    pub token: u64,
    /// Larger than that of every note before; answered by `Event::Noted` or `Event::NotNoted`.
    pub number: u64,
    /// At most [`Ledger::MOST_BYTES`], or it is not written. Its ages are as of now.
    pub text: Arc<str>,
    /// Not with the next renewal, but as soon as may be.
    pub flush: bool,
}

/// A ledger that we know, and when it was how old.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Carried {
    text: Arc<str>,
    age: Duration,
    handed_over: bool,
    at: Instant,
    dated: Dated,
}

/// By what we know the age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Dated {
    /// We saw the record change, or made the note.
    BySight,
    /// It was there when we first looked: to be dated by the wall clock.
    NotYet(Option<WallTime>),
    /// It was, for want of anything better.
    ByWallClock,
}

impl Carried {
    /// Noted by us, now.
    pub(crate) const fn noted(text: Arc<str>, now: Instant) -> Self {
        Self { text, age: Duration::ZERO, handed_over: false, at: now, dated: Dated::BySight }
    }

    /// Seen now in a record that has just changed.
    pub(crate) fn seen(ledger: &Ledger, now: Instant) -> Self {
        let Ledger { text, age, handed_over } = ledger.clone();
        Self { text, age, handed_over, at: now, dated: Dated::BySight }
    }

    /// Found now in a record that may have stood for long; `written` by the wall clock of its writer.
    pub(crate) fn found(ledger: &Ledger, written: Option<WallTime>, now: Instant) -> Self {
        Self { dated: Dated::NotYet(written), ..Self::seen(ledger, now) }
    }

    /// This, or the same as we knew it before, if that was better.
    pub(crate) fn or_as_known(self, before: Option<Self>) -> Self {
        let known = before.filter(|known| known.text == self.text && known.dated == Dated::BySight);
        let better = known.filter(|known| known.age_at(self.at) >= self.age);
        better.map_or(self.clone(), |known| Self { handed_over: self.handed_over, ..known })
    }

    /// Nobody who lives saw it written: the wall clock says how long ago that was.
    pub(crate) fn date(&mut self, wall: WallTime) {
        if let Dated::NotYet(written) = self.dated {
            let micros = written.map_or(0, |written| wall.as_micros().saturating_sub(written.as_micros()));
            self.age = self.age.saturating_add(Duration::from_micros(u64::try_from(micros).unwrap_or(0)));
            self.dated = Dated::ByWallClock;
        }
    }

    fn age_at(&self, now: Instant) -> Duration {
        self.age.saturating_add(now.since(self.at))
    }

    /// As it is to be written, or read, now.
    pub(crate) fn at(&self, now: Instant) -> Ledger {
        let millis = u64::try_from(self.age_at(now).as_millis()).unwrap_or(u64::MAX);
        let handed_over = self.handed_over;
        Ledger { text: self.text.clone(), age: Duration::from_millis(millis), handed_over }
    }
}
