//! The promises, one file each, checked at every instant of every world.

pub mod g1;
pub mod g2;

use std::fmt;

use election::{
    Election, Event, Identity, Input, Instant, Outcome, Output, Record, Request, Timing, Version,
};

use crate::clock::{Real, SECOND};
use crate::script::Script;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub guarantee: &'static str,
    /// When.
    pub at: Real,
    /// At which place.
    pub place: u8,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guarantee, at, place, what } = self;
        write!(f, "{guarantee} broken at {}.{:09} by p{place}: {what}", at / SECOND, at % SECOND)
    }
}

/// A request that the store has served.
#[derive(Debug)]
pub struct Served<'a> {
    /// Who sent it.
    pub place: u8,
    /// Which process of that place.
    pub start: u32,
    /// What was asked.
    pub request: &'a Request,
    /// What there was before.
    pub before: Option<&'a (Record, Version)>,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// When.
    pub at: Real,
}

/// What is known of the process at a place.
#[derive(Debug, Default)]
struct Watched {
    foundation: g1::Foundation,
    renew_deadline: std::time::Duration,
}

/// All checks of a world.
#[derive(Debug)]
pub struct Guarantees {
    lawful: bool,
    violation: Option<Violation>,
    now: Real,
    places: Vec<Watched>,
    intervals: g2::Intervals,
    leader_by: Real,
    end: Real,
    deadline: Real,
}

impl Guarantees {
    /// The checks of this script's world.
    #[must_use]
    pub fn new(script: &Script) -> Self {
        Self {
            lawful: script.lawful,
            violation: None,
            now: 0,
            places: script.places.iter().map(|_| Watched::default()).collect(),
            intervals: g2::Intervals::default(),
            leader_by: script.leader_by,
            end: script.end,
            deadline: script.leader_by,
        }
    }

    /// Whether every promise has held so far.
    #[must_use]
    pub const fn hold(&self) -> bool {
        self.violation.is_none()
    }

    /// The first promise that was broken.
    #[must_use]
    pub fn into_violation(self) -> Option<Violation> {
        self.violation
    }

    fn require(&mut self, guarantee: &'static str, place: u8, at: Real, checked: Result<(), String>) {
        if let Err(what) = checked
            && self.violation.is_none()
        {
            self.violation = Some(Violation { guarantee, at, place, what });
        }
    }

    // ---- what is seen ----------------------------------------------------------------------------

    /// A process starts, or its driver begins anew.
    pub fn starts(&mut self, place: u8, identity: &Identity, timing: Timing, now: Real) {
        let _ = (identity, now);
        self.places[usize::from(place)] =
            Watched { foundation: g1::Foundation::default(), renew_deadline: timing.renew_deadline() };
    }

    /// It takes another identity.
    pub fn stands_as(&mut self, place: u8, identity: &Identity) {
        let _ = (place, identity);
    }

    /// It is no more.
    pub fn ends(&mut self, place: u8, now: Real) {
        self.intervals.closes(usize::from(place), now);
    }

    /// A claiming write of it was acknowledged.
    pub fn acknowledged(&mut self, place: u8, decided: Instant, version: &Version) {
        let _ = version;
        self.places[usize::from(place)].foundation.acknowledged(decided);
    }

    /// It is told something.
    pub fn hears(&mut self, place: u8, input: &Input, as_of: usize, now: Instant) {
        let _ = (place, input, as_of, now);
    }

    /// It decided.
    pub fn decides(&mut self, place: u8, election: &Election, output: &Output, now: Instant, real: Real) {
        let _ = (election, now);
        let watched = &mut self.places[usize::from(place)];
        let checked = match output.claim {
            Some(claim) => watched.foundation.check(claim.deadline, watched.renew_deadline),
            None => {
                watched.foundation.ends();
                Ok(())
            }
        };
        self.require("G1", place, real, checked);
    }

    /// It tells its listeners.
    pub fn announces(&mut self, place: u8, event: &Event, now: Real) {
        let _ = (place, event, now);
    }

    /// Its readers are told yes until `until`, or no from now on.
    pub fn claims(&mut self, place: u8, deadline: Option<Instant>, until: Option<Real>, now: Real) {
        let _ = deadline;
        let index = usize::from(place);
        let checked = match until {
            Some(until) => self.intervals.opens(index, now, until),
            None => {
                self.intervals.closes(index, now);
                Ok(())
            }
        };
        if self.lawful {
            self.require("G2", place, now, checked);
        }
    }

    /// It sends a request.
    pub fn sends(&mut self, place: u8, request: &Request, cell: u64, now: Instant, real: Real) {
        let _ = (place, request, cell, now, real);
    }

    /// The store has served a request.
    pub fn served(&mut self, served: &Served<'_>) {
        let _ = served;
    }

    /// When a promise is due next.
    #[must_use]
    pub const fn next_deadline(&self) -> Real {
        self.deadline
    }

    /// A promise is due; whether the world goes on.
    pub fn reach_deadline(&mut self, now: Real) -> bool {
        self.now = now;
        let leaders = self.intervals.leading(now).count();
        if leaders != 1 {
            self.require("G8", 0, now, Err(format!("{leaders} lead, not exactly one")));
        }
        if now >= self.end {
            return false;
        }
        self.deadline = self.end;
        true
    }
}
