//! Fleets: many candidates and many elections on a healthy network, to see who gets what and what it
//! costs the API server. Faults and promises are the [world](crate::world)'s affair.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | the fleet: members, network, store |
//! | `member.rs` | one candidate, as its driver keeps it |
//! | `rolling.rs` | a Deployment's rolling update |

mod member;
mod rolling;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::time::Duration;

use election::{AttemptId, Identity, Input, Instant, Outcome, Request, Seen, Timing, WallTime};

use self::member::Member;
pub use self::rolling::{Picked, Rolling, roll};
use crate::clock::{MICROSECOND, Real};
use crate::random::Dice;
use crate::store::{Flavour, Store, Writer};

/// From a client to the API server, or back: half a round trip.
const WAY: (Real, Real) = (300_000, 1_500_000);
/// What a write takes at the server.
const WRITE: Real = 2_000_000;
/// From a change to the event of it.
const EVENT: (Real, Real) = (500_000, 2_500_000);

/// A request that reached the API server, and was served.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    /// When.
    pub at: Real,
    /// For which election.
    pub election: usize,
    /// What it was.
    pub kind: Kind,
}

/// Kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A GET.
    Read,
    /// A POST or PUT.
    Write,
    /// A watch was opened.
    Watch,
}

/// A term that began.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// When.
    pub at: Real,
    /// In which election.
    pub election: usize,
    /// Of which process.
    pub process: usize,
}

#[derive(Debug)]
enum Happening {
    /// At the server.
    Arrives(usize, AttemptId, Request),
    Ends(usize, AttemptId, Outcome),
    Wakes(usize),
    /// At the server.
    WatchOpens(usize, u32),
    Opened(usize, u32),
    Shows(usize, u32, usize),
    Breaks(usize, u32),
    Proven(usize, Identity),
}

/// Processes, each of which may stand in several elections.
pub struct Fleet {
    now: Real,
    dice: Dice,
    timing: Timing,
    stores: Vec<Store>,
    members: Vec<Member>,
    agenda: BinaryHeap<Reverse<(Real, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    planned: u64,
    /// The API server refuses connections until then.
    down_until: Real,
    served: Vec<Served>,
    terms: Vec<Term>,
}

impl Fleet {
    /// Nobody stands yet.
    #[must_use]
    pub fn new(elections: usize, seed: u64) -> Self {
        Self {
            now: 0,
            dice: Dice::of(seed, &[7]),
            timing: Timing::default(),
            stores: (0..elections as u64).map(|n| Store::empty(Flavour::Kubernetes, n)).collect(),
            members: Vec::new(),
            agenda: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            planned: 0,
            down_until: 0,
            served: Vec::new(),
            terms: Vec::new(),
        }
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Real {
        self.now
    }

    /// All requests that were served.
    #[must_use]
    pub fn served(&self) -> &[Served] {
        &self.served
    }

    /// All terms that began.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The process that leads in this election.
    ///
    /// # Panics
    /// Several do.
    #[must_use]
    pub fn leader(&self, election: usize) -> Option<usize> {
        let mut leaders = self.members.iter().filter(|it| it.election == election && it.leads(self.now));
        let leader = leaders.next()?.process;
        assert!(leaders.next().is_none(), "two lead in election {election} at {}", self.now);
        Some(leader)
    }

    /// A process, a pod of this name, stands in an election from now on.
    pub fn join(&mut self, process: usize, pod: &str, election: usize) {
        let identity = Identity::of_start(pod, &format!("{process:08}"));
        let seed = self.dice.next();
        let member = Member::new(process, election, identity, self.timing, seed, at(self.now));
        self.members.push(member);
        self.feed(self.members.len() - 1, Input::Tick);
    }

    /// A process ends in good order: it releases.
    pub fn stop(&mut self, process: usize) {
        for index in self.members_of(process) {
            self.feed(index, Input::Stop);
        }
    }

    /// A process is killed. `proven`: the others have the proof of it after so long.
    pub fn kill(&mut self, process: usize, proven: Option<Real>) {
        for index in self.members_of(process) {
            self.members[index].alive = false;
            let (identity, election) =
                (self.members[index].machine.identity().clone(), self.members[index].election);
            for other in (0..self.members.len()).filter(|_| proven.is_some()) {
                if self.members[other].alive && self.members[other].election == election {
                    self.plan(proven.unwrap_or(0), Happening::Proven(other, identity.clone()));
                }
            }
        }
    }

    /// The API server is gone for so long, and its watches with it.
    pub fn outage(&mut self, lasting: Real) {
        self.down_until = self.now + lasting;
        for index in 0..self.members.len() {
            let stream = self.members[index].stream;
            let way = self.way();
            self.plan(way, Happening::Breaks(index, stream));
        }
    }

    /// Lets time pass.
    pub fn run_until(&mut self, until: Real) {
        while let Some(Reverse((due, number))) = self.agenda.peek().copied().filter(|next| next.0.0 <= until)
        {
            self.agenda.pop();
            self.now = due;
            if let Some(happening) = self.happenings.remove(&number) {
                self.happens(happening);
            }
        }
        self.now = until;
    }

    fn members_of(&self, process: usize) -> Vec<usize> {
        (0..self.members.len())
            .filter(|index| self.members[*index].process == process && self.members[*index].alive)
            .collect()
    }

    fn way(&mut self) -> Real {
        self.dice.between(WAY.0, WAY.1)
    }

    fn plan(&mut self, after: Real, happening: Happening) {
        self.planned += 1;
        self.agenda.push(Reverse((self.now + after, self.planned)));
        self.happenings.insert(self.planned, happening);
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives(index, id, request) => self.arrives(index, id, &request),
            Happening::Ends(index, id, outcome) if self.members[index].attempt == Some(id) => {
                self.members[index].attempt = None;
                if outcome != Outcome::Refused {
                    self.members[index].watching.store_answered(at(self.now));
                }
                self.feed(index, Input::Finished(id, outcome));
            }
            Happening::Wakes(index) if self.members[index].timer <= self.now => {
                self.members[index].timer = Real::MAX;
                let patience = self.patience();
                if self.members[index].watching.tend(patience, at(self.now)) {
                    self.members[index].stream += 1;
                    self.members[index].stream_open = false;
                    self.feed(index, Input::Watching(false));
                } else {
                    self.feed(index, Input::Tick);
                }
            }
            Happening::WatchOpens(index, stream) => self.watch_opens(index, stream),
            Happening::Opened(index, stream) if self.members[index].stream == stream => {
                self.members[index].watching.showed(at(self.now));
                self.feed(index, Input::Watching(true));
            }
            Happening::Shows(index, stream, change) if self.members[index].stream == stream => {
                self.members[index].watching.showed(at(self.now));
                let seen = self.stores[self.members[index].election].changes()[change].seen.clone();
                self.feed(index, Input::Seen(seen));
            }
            Happening::Breaks(index, stream) if self.members[index].stream == stream => {
                self.members[index].stream += 1;
                self.members[index].stream_open = false;
                self.members[index].watching.broke(false, at(self.now));
                self.feed(index, Input::Watching(false));
            }
            Happening::Proven(index, identity) => self.feed(index, Input::HolderDead(identity)),
            _ => {} // of what is over
        }
    }

    /// A request reaches the server.
    fn arrives(&mut self, index: usize, id: AttemptId, request: &Request) {
        let way = self.way();
        if self.now < self.down_until {
            self.plan(way, Happening::Ends(index, id, Outcome::Refused));
            return;
        }
        let election = self.members[index].election;
        let kind = if *request == Request::Read { Kind::Read } else { Kind::Write };
        self.served.push(Served { at: self.now, election, kind });
        let writer = Writer { newest: 0, wall: self.now };
        let changes = self.stores[election].changes().len();
        let outcome = self.stores[election].serve(request, writer, self.now);
        let taken = if kind == Kind::Write { WRITE } else { 0 };
        for change in changes..self.stores[election].changes().len() {
            for other in 0..self.members.len() {
                if self.members[other].election == election && self.members[other].stream_open {
                    self.show(other, change, taken);
                }
            }
        }
        self.plan(taken + way, Happening::Ends(index, id, outcome));
    }

    fn show(&mut self, index: usize, change: usize, after: Real) {
        let event = self.dice.between(EVENT.0, EVENT.1);
        let member = &mut self.members[index];
        member.shown_at = member.shown_at.max(self.now + after + event);
        let (due, stream) = (member.shown_at - self.now, member.stream);
        self.plan(due, Happening::Shows(index, stream, change));
    }

    /// A watch reaches the server: it shows what its opener does not know yet, and then all that comes.
    fn watch_opens(&mut self, index: usize, stream: u32) {
        let way = self.way();
        if self.members[index].stream != stream {
            return;
        }
        if self.now < self.down_until {
            self.plan(way, Happening::Breaks(index, stream));
            return;
        }
        let member = &mut self.members[index];
        member.stream_open = true;
        member.shown_at = member.shown_at.max(self.now + way);
        let (election, opened) = (member.election, member.shown_at - self.now);
        let known = member.machine.version().map_or(0, |version| version.number);
        self.served.push(Served { at: self.now, election, kind: Kind::Watch });
        self.plan(opened, Happening::Opened(index, stream));
        let changes = self.stores[election].changes();
        let unknown = |seen: &Seen| match seen {
            Seen::Present(_, version) | Seen::Deleted(version) => version.number > known,
        };
        let first = changes.iter().position(|change| unknown(&change.seen)).unwrap_or(changes.len());
        for change in first..changes.len() {
            self.show(index, change, 0);
        }
    }

    /// With a silent watch, as in the driver.
    fn patience(&self) -> Duration {
        self.timing.lease_duration() + self.timing.retry_period()
    }

    fn feed(&mut self, index: usize, input: Input) {
        let now = at(self.now);
        let patience = self.patience();
        let member = &mut self.members[index];
        if !member.alive {
            return;
        }
        let wall = WallTime::from_micros(i64::try_from(self.now / MICROSECOND).unwrap_or(i64::MAX));
        let output = member.machine.handle(input, now, wall);
        member.claim = output.claim;
        for event in &output.events {
            if matches!(event, election::Event::Acquired { .. }) {
                self.terms.push(Term { at: self.now, election: member.election, process: member.process });
            }
        }
        if member.machine.is_stopped() {
            member.alive = false;
            return;
        }
        let wanted = member.opens_watch();
        let due = member.due(output.wake, patience);
        let stream = member.stream;
        if due < member.timer {
            member.timer = due;
            self.plan(due.saturating_sub(self.now), Happening::Wakes(index));
        }
        if let Some(attempt) = output.attempt {
            self.members[index].attempt = Some(attempt.id);
            let way = self.way();
            let timeout = Real::try_from(attempt.timeout.as_nanos()).unwrap_or(Real::MAX);
            self.plan(way, Happening::Arrives(index, attempt.id, attempt.request));
            self.plan(timeout, Happening::Ends(index, attempt.id, Outcome::Unknown));
        }
        if wanted {
            let way = self.way();
            self.plan(way, Happening::WatchOpens(index, stream));
        }
    }
}

/// All clocks are true here.
const fn at(real: Real) -> Instant {
    Instant::from_nanos(real)
}
