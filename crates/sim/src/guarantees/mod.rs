//! The promises, one file each, checked at every instant of every world.
//!
//! | file | what |
//! |---|---|
//! | `g1.rs` ... `g13.rs` | one promise each, with tests on made-up histories that the check can go red |
//! | `ward.rs` | what concerns one process |
//! | `mod.rs` | what concerns several, and the first promise that broke |

pub mod g1;
pub mod g10;
pub mod g12;
pub mod g13;
pub mod g2;
pub mod g3;
pub mod g4;
pub mod g5;
pub mod g6;
pub mod g7;
pub mod g8;
pub mod g9;
mod ward;

use std::fmt;

use election::{Event, Identity, Instant, Outcome, Record, Request, Timing, Version};

use crate::clock::{HostClock, Real, SECOND};
use crate::script::Script;
use crate::store::Store;
use ward::Ward;
pub use ward::{Decided, Heard};

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
}

/// A name that a process has stood with.
#[derive(Debug)]
struct Name {
    place: u8,
    start: u32,
    identity: Identity,
}

/// A process with an open watch when the quiet time began.
#[derive(Clone, Copy, Debug)]
struct Quiet {
    since: Instant,
    sent: u64,
    watch_changes: u32,
}

/// All checks of a world.
#[derive(Debug)]
pub struct Guarantees {
    lawful: bool,
    /// Nobody else uses a name of ours.
    names_are_ours: bool,
    violation: Option<Violation>,
    wards: Vec<Option<Ward>>,
    /// Which start of each place is the present one.
    starts: Vec<u32>,
    names: Vec<Name>,
    intervals: g2::Intervals,
    tokens: g6::Tokens,
    hand_over: g7::HandOver,
    /// What was noted, and where it is.
    pub ledgers: g13::Ledgers,
    steady_from: Real,
    leader_by: Real,
    end: Real,
    /// What each process had sent when the quiet time began, if it was watching.
    quiet: Option<Vec<Option<Quiet>>>,
}

impl Guarantees {
    /// The checks of this script's world.
    #[must_use]
    pub fn new(script: &Script) -> Self {
        Self {
            lawful: script.lawful,
            // A write that a proxy sent twice, and was told to have met a conflict, is forgotten: if the
            // record is then deleted, a watch that lags behind may show it as if it were another's.
            names_are_ours: !script.has_impostors() && (script.lawful || script.network.doubled == 0),
            violation: None,
            wards: script.places.iter().map(|_| None).collect(),
            starts: script.places.iter().map(|_| 0).collect(),
            names: Vec::new(),
            intervals: g2::Intervals::default(),
            tokens: g6::Tokens::default(),
            hand_over: g7::HandOver::new(script.hand_over_within),
            ledgers: g13::Ledgers::default(),
            steady_from: script.steady_from,
            leader_by: script.leader_by,
            end: script.end,
            quiet: None,
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

    /// How long two led at a time, in sum.
    #[must_use]
    pub const fn overlap(&self) -> Real {
        self.intervals.overlap()
    }

    /// When readers everywhere are told no, if nobody renews.
    #[must_use]
    pub fn all_claims_over_at(&self) -> Real {
        self.intervals.all_over_at()
    }

    pub(crate) fn broken(&mut self, guarantee: &'static str, place: u8, at: Real, what: String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { guarantee, at, place, what });
        }
    }

    fn require(&mut self, place: u8, at: Real, checked: Result<(), ward::Broken>) {
        if let Err((guarantee, what)) = checked {
            self.broken(guarantee, place, at, what);
        }
    }

    // ---- what is seen of processes ---------------------------------------------------------------

    /// A process starts.
    pub fn starts(&mut self, place: u8, start: u32, identity: &Identity, timing: Timing, now: Instant) {
        self.wards[usize::from(place)] = Some(Ward::new(identity, timing, now));
        self.starts[usize::from(place)] = start;
        self.names.push(Name { place, start, identity: identity.clone() });
    }

    /// Its driver begins anew after a panic.
    pub fn begins_anew(&mut self, place: u8, identity: &Identity, now: Instant) {
        let start = self.starts[usize::from(place)];
        self.names.push(Name { place, start, identity: identity.clone() });
        if let Some(ward) = &mut self.wards[usize::from(place)] {
            ward.begin_anew(identity, now);
        }
    }

    /// It takes another identity.
    pub fn stands_as(&mut self, place: u8, identity: &Identity, now: Real) {
        let start = self.starts[usize::from(place)];
        self.names.push(Name { place, start, identity: identity.clone() });
        if let Some(ward) = &mut self.wards[usize::from(place)] {
            ward.stands_as(identity);
        }
        if self.names_are_ours {
            self.broken(
                "G9",
                place,
                now,
                "it believes that another uses its name, and nobody does".to_owned(),
            );
        }
    }

    /// It is no more.
    pub fn ends(&mut self, place: u8, now: Real) {
        self.wards[usize::from(place)] = None;
        self.ledgers.abandoned(place);
        self.intervals.closes(usize::from(place), now);
    }

    /// It is told something.
    pub fn hears(&mut self, place: u8, heard: &Heard<'_>, store: &Store, now: Instant) {
        if let Some(ward) = &mut self.wards[usize::from(place)] {
            ward.hears(heard, store, now);
        }
    }

    /// It decided.
    pub fn decides(&mut self, place: u8, decided: &Decided<'_>) {
        let Some(ward) = &mut self.wards[usize::from(place)] else { return };
        let checked = ward.decides(decided);
        let acquired_by = ward.acquired_by();
        self.require(place, decided.real, checked);
        for event in &decided.output.events {
            if let Event::Acquired { token, .. } = event
                && let Err(what) = self.tokens.acquired(*token, acquired_by, self.lawful)
            {
                self.broken("G6", place, decided.real, what);
            }
        }
    }

    /// It tells its listeners.
    pub fn announces(&mut self, place: u8, event: &Event, now: Real) {
        if let Some(ward) = &mut self.wards[usize::from(place)]
            && let Err(what) = ward.announces(event)
        {
            self.broken("G9", place, now, what);
        }
        if let (Event::Lost { reason, .. }, true) = (event, now > self.steady_from) {
            self.broken("G8", place, now, format!("a term ends for nothing: {reason:?}"));
        }
    }

    /// Its readers are told yes until `until`, or no from now on.
    pub fn claims(&mut self, place: usize, until: Option<Real>, now: Real) {
        let Some(until) = until else {
            self.intervals.closes(place, now);
            return;
        };
        self.hand_over.taken();
        if let Err(what) = self.intervals.opens(place, now, until)
            && self.lawful
        {
            self.broken("G2", u8::try_from(place).unwrap_or(u8::MAX), now, what);
        }
    }

    /// A reader at `place` whose clock was read at `asked`, in real time, was told `yes`, and
    /// nothing held it up (`at_once`) or something did.
    pub fn answers(&mut self, place: u8, yes: bool, led: bool, at_once: bool, now: Real) {
        if yes && !led {
            self.broken("G1", place, now, "a reader was told yes when it did not lead".to_owned());
        }
        if at_once && led && !yes {
            self.broken("G1", place, now, "a reader was told no while it led".to_owned());
        }
    }

    /// Whether a reader at `place` that reads its clock now may be told yes.
    #[must_use]
    pub fn leads(&self, place: u8, now: Real) -> bool {
        self.intervals.open_at(usize::from(place), now)
    }

    /// Whether what it decided to send is sent for a flush's sake.
    #[must_use]
    pub fn flushes(&self, place: u8) -> bool {
        self.wards[usize::from(place)].as_ref().is_some_and(|ward| ward.flushing)
    }

    /// It sends a request.
    pub fn sends(&mut self, place: u8, request: &Request, cell: u64, now: Instant, real: Real) {
        let Some(ward) = &mut self.wards[usize::from(place)] else { return };
        let checked = ward.sends(request, cell, now);
        self.require(place, real, checked);
    }

    /// The store has served a request of ours.
    pub fn served(&mut self, served: &Served<'_>, now: Real) {
        if !matches!(served.outcome, Outcome::Accepted(_)) {
            return;
        }
        let holder = self.whose(served, now);
        let (place, start) = (served.place, served.start);
        let names = &self.names;
        let is_writer = |identity: &Identity| {
            names.iter().rev().any(|it| it.place == place && it.start == start && it.identity == *identity)
        };
        let checked = g3::check_write(served.request, served.before, holder, is_writer);
        let held = served.before.and_then(|(record, _)| record.holder.as_ref()).is_some_and(is_writer);
        self.require(place, now, checked.map_err(|what| ("G3", what)));
        if let Request::Create(after) | Request::Update(after, _) = served.request {
            let before = served.before.map(|(record, _)| record);
            let checked = self.ledgers.written(&g13::Write { place, start, before, after, held });
            self.require(place, now, checked.map_err(|what| ("G13", what)));
        }
    }

    /// Whose the record was that a write replaced.
    fn whose(&self, served: &Served<'_>, now: Real) -> g3::Holder {
        let holder = served.before.and_then(|(record, _)| record.holder.as_ref());
        let Some(holder) = holder else { return g3::Holder::Nobody };
        let Some(name) = self.names.iter().rev().find(|it| it.identity == *holder) else {
            return g3::Holder::Other;
        };
        let present = self.starts[usize::from(name.place)] == name.start;
        if name.place == served.place && name.start == served.start {
            g3::Holder::Writer
        } else if self.lawful && present && self.intervals.open_at(usize::from(name.place), now) {
            g3::Holder::Leader
        } else {
            g3::Holder::Other
        }
    }

    /// A leader released, and somebody stands by.
    pub fn released(&mut self, now: Real) {
        self.hand_over.released(now);
    }

    // ---- what is due -----------------------------------------------------------------------------

    /// When a promise is due next.
    #[must_use]
    pub fn next_deadline(&self) -> Real {
        let leader = if self.quiet.is_none() { self.leader_by } else { self.end };
        leader.min(self.hand_over.due())
    }

    /// A promise is due; whether the world goes on.
    pub fn reach_deadline(&mut self, now: Real, clocks: &[&HostClock]) -> bool {
        if self.hand_over.due() <= now {
            self.broken("G7", 0, now, "nobody took over what was released".to_owned());
            return false;
        }
        let leaders = self.intervals.leading(now).count();
        if let Err(what) = g8::check_one_leads(leaders) {
            self.broken("G8", 0, now, what);
        }
        self.check_no_term_is_overdue(now);
        let quiet = self.quiet.take();
        if let Some(before) = quiet {
            if let Err((place, what)) = self.ledgers.check_all_told() {
                self.broken("G13", place, now, what);
            }
            self.check_quiet(&before, now, clocks);
            return false;
        }
        let sent = |(ward, clock): (&Option<Ward>, &&HostClock)| {
            let since = clock.shows(now);
            let ward = ward.as_ref().filter(|ward| ward.is_watching(since))?;
            Some(Quiet { since, sent: ward.load.sent(), watch_changes: ward.watch_changes })
        };
        self.quiet = Some(self.wards.iter().zip(clocks).map(sent).collect());
        true
    }

    /// G9: a term that was announced and whose deadline has come was announced as lost, too.
    fn check_no_term_is_overdue(&mut self, now: Real) {
        let overdue = |ward: &Option<Ward>| {
            ward.as_ref().and_then(|ward| ward.deadline).is_some_and(|deadline| deadline + SECOND < now)
        };
        if let Some(place) = self.wards.iter().position(overdue) {
            let place = u8::try_from(place).unwrap_or(u8::MAX);
            self.broken("G9", place, now, "a term is long over, and nobody was told".to_owned());
        }
    }

    fn check_quiet(&mut self, before: &[Option<Quiet>], now: Real, clocks: &[&HostClock]) {
        for (index, before) in before.iter().enumerate() {
            let leads = self.intervals.open_at(index, now);
            let (Some(ward), Some(Quiet { since, sent, watch_changes })) = (&self.wards[index], *before)
            else {
                continue;
            };
            if ward.watch_changes != watch_changes {
                continue;
            }
            let lasted = clocks[index].shows(now).as_nanos() - since.as_nanos();
            if let Err(what) = g10::check_quiet(leads, ward.load.sent() - sent, lasted, &ward.timing) {
                self.broken("G10", u8::try_from(index).unwrap_or(u8::MAX), now, what);
            }
        }
    }
}
