//! A world: processes of ours and of others, one store, a network between them, and time.

mod actions;
mod agenda;
mod driver;
mod foreign;
mod nature;
mod notes;
mod process;
mod readers;
mod record;
mod requests;
mod streams;
mod watching;

use std::collections::BTreeSet;

use election::{Outcome, Record, Request};

use self::agenda::Happening;
use self::driver::Host;
use self::foreign::Foreigner;
use self::nature::{Landed, Nature};
use self::process::Process;
use self::readers::Reading;
pub(crate) use self::record::LONG;
use self::requests::{Attempting, InFlight};
use crate::clock::{HostClock, Real};
use crate::coverage::{Coverage, Fault};
use crate::guarantees::{Served, Violation};
use crate::script::{Action, Draw, Script};
use crate::store::{Flavour, Writer};
use crate::timeline::Timeline;

/// What came of a world.
#[derive(Debug)]
pub struct Run {
    /// The first promise that was broken.
    pub violation: Option<Violation>,
    /// How many protocol steps it took.
    pub steps: u64,
    /// What happened how often.
    pub coverage: Coverage,
    /// How long two led at a time, in sum.
    pub overlap: Real,
    /// How much real time passed.
    pub lasted: Real,
    /// Equal for equal runs.
    pub fingerprint: u64,
    /// The draws that went wrong, if they were asked for.
    pub drawn: BTreeSet<Draw>,
    /// What happened, if it was asked for.
    pub timeline: Option<Timeline>,
}

/// What to keep of a run besides its outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Every event, in words.
    pub timeline: bool,
    /// The draws that went wrong.
    pub draws: bool,
}

/// Plays a script.
#[must_use]
pub fn play(script: &Script, keep: Keep) -> Run {
    let mut world = World::new(script);
    world.nature.timeline = keep.timeline.then(Timeline::default);
    world.nature.drawn = keep.draws.then(BTreeSet::new);
    world.run();
    let fingerprint = world.nature.fingerprint();
    let Nature { now, guarantees, steps, coverage, drawn, timeline, .. } = world.nature;
    Run {
        overlap: guarantees.overlap(),
        lasted: now,
        violation: guarantees.into_violation(),
        steps,
        coverage,
        fingerprint,
        drawn: drawn.unwrap_or_default(),
        timeline,
    }
}

/// A host and who runs on it.
struct Site {
    clock: HostClock,
    occupant: Option<Box<Process>>,
    foreigner: Option<Box<Foreigner>>,
    starts: u32,
    requests: u32,
    watches: u32,
}

struct World<'s> {
    script: &'s Script,
    sites: Vec<Site>,
    nature: Nature<'s>,
    next_action: usize,
    readings: Vec<Reading>,
    /// What somebody does to the record as soon as that is lawful.
    waiting: Vec<(u8, Action)>,
    /// Somebody edits metadata after every look at the record until then.
    meddling_until: Real,
}

/// What is next, and where.
enum Next {
    Action,
    OnAgenda,
    Timer(usize),
    Deadline,
}

impl<'s> World<'s> {
    fn new(script: &'s Script) -> Self {
        let sites = script.places.iter().map(|place| Site {
            clock: place.clock.clone(),
            occupant: None,
            foreigner: None,
            starts: 0,
            requests: 0,
            watches: 0,
        });
        Self {
            script,
            sites: sites.collect(),
            nature: Nature::new(script),
            next_action: 0,
            readings: Vec::new(),
            waiting: Vec::new(),
            meddling_until: 0,
        }
    }

    fn run(&mut self) {
        while self.nature.guarantees.hold() {
            let (at, next) = self.next();
            if at == Real::MAX {
                return;
            }
            self.nature.now = self.nature.now.max(at);
            match next {
                Next::Action => self.act(),
                Next::OnAgenda => {
                    if let Some(happening) = self.nature.agenda.take() {
                        self.happens(happening);
                    }
                }
                Next::Timer(index) => self.let_run(index),
                Next::Deadline => {
                    if !self.reach_deadline() {
                        return;
                    }
                }
            }
        }
    }

    fn next(&self) -> (Real, Next) {
        let action = self.script.actions.get(self.next_action).map_or(Real::MAX, |action| action.at);
        let mut next = (action, Next::Action);
        let agenda = self.nature.agenda.next_at();
        if agenda < next.0 {
            next = (agenda, Next::OnAgenda);
        }
        let deadline = self.nature.guarantees.next_deadline();
        if deadline < next.0 {
            next = (deadline, Next::Deadline);
        }
        for (index, site) in self.sites.iter().enumerate() {
            let timer = match (&site.occupant, &site.foreigner) {
                (Some(process), _) => process.timer(&site.clock),
                (None, Some(foreigner)) => foreigner.due,
                (None, None) => continue,
            };
            if timer < next.0 {
                next = (timer, Next::Timer(index));
            }
        }
        next
    }

    /// Gives the process at a place the time to do what it can.
    fn let_run(&mut self, index: usize) {
        let site = &mut self.sites[index];
        if let Some(foreigner) = &mut site.foreigner {
            foreigner.act(&site.clock, &mut site.requests, &mut self.nature);
            if foreigner.stopped {
                self.end_foreigner(index);
            }
            return;
        }
        let Some(process) = &mut site.occupant else { return };
        let mut host = Host { clock: &site.clock, requests: &mut site.requests, watches: &mut site.watches };
        process.run(&mut host, &mut self.nature);
        if process.stopped {
            self.nature.count(Fault::StoppedInOrder);
            self.end(index, "has stopped");
        }
    }

    /// The process at a place is no more.
    fn end(&mut self, index: usize, how: &str) {
        let Some(process) = self.sites[index].occupant.take() else { return };
        let place = process.place;
        self.nature.tell(place, || how.to_owned());
        self.nature.guarantees.ends(place, self.nature.now);
        if self.script.flavour == Flavour::File {
            self.nature.requests.forget_all_of(place, process.start);
        }
        let identity = process.election.identity().clone();
        self.nature.dead.push(identity);
        for other in 0..self.sites.len() {
            self.nature.probe_soon(u8::try_from(other).unwrap_or(u8::MAX));
        }
    }

    fn end_foreigner(&mut self, index: usize) {
        if self.sites[index].foreigner.take().is_some() {
            let place = u8::try_from(index).unwrap_or(u8::MAX);
            self.nature.tell(place, || "is no more".to_owned());
            self.nature.guarantees.claims(index, None, self.nature.now);
        }
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives(slot) => self.arrives(slot),
            Happening::Returns(slot) => self.returns(slot),
            Happening::WatchOpens(place, number) => {
                self.with(place, |nature, process| nature.watch_opens(process, number));
            }
            Happening::WatchShows(place, number) => {
                self.with(place, |nature, process| nature.watch_shows(process, number));
            }
            Happening::WatchEnds(place, number) => {
                self.with(place, |nature, process| nature.watch_ends(process, number, None));
            }
            Happening::Probe(place) => self.with(place, Nature::probe),
            Happening::ReaderAsks(place) => self.read(place, 0, 0),
            Happening::ReaderGoesOn(index) => self.reader_goes_on(index),
        }
    }

    /// Does something to the process at a place, and lets it run.
    fn with(&mut self, place: u8, act: impl FnOnce(&mut Nature<'s>, &mut Process)) {
        if let Some(process) = &mut self.sites[usize::from(place)].occupant {
            act(&mut self.nature, process);
            self.let_run(usize::from(place));
        }
    }

    fn arrives(&mut self, slot: u32) {
        let mut arrived = self.nature.arrived(slot);
        let Some(request) = arrived.request.take() else { return };
        let place = arrived.sender.place;
        let site = &self.sites[usize::from(place)];
        let process = site.occupant.as_ref().filter(|process| process.start == arrived.sender.start);
        let writer = process.map_or(Writer::OF_THE_DEAD, |it| it.as_writer(&site.clock, self.nature.now));
        let ours = match arrived.sender.attempt {
            Attempting::Ours { id, election } => Some(Landed {
                awaited: process.is_some_and(|process| process.attempt_is(id, election)),
                leads: self.nature.guarantees.leads(place, self.nature.now),
                proven: process.is_some_and(|process| process.proven),
                after: self.nature.now - arrived.sent,
            }),
            Attempting::Foreign(_) => None,
        };
        let before = self.nature.store.object().cloned();
        let outcome = self.nature.store.serve(&request, writer, self.nature.now);
        self.nature.step(0x100 | u64::from(place));
        self.nature.tell(place, || told(&arrived, &request, &outcome));
        let start = arrived.sender.start;
        let served = Served { place, start, request: &request, before: before.as_ref(), outcome: &outcome };
        let wrote = matches!(outcome, Outcome::Accepted(_));
        if let Some(landed) = ours {
            self.nature.guarantees.served(&served, self.nature.now);
            if wrote {
                self.note_release(place, &request);
                self.nature.count_write(&request, before.as_ref().map(|(record, _)| record), landed);
            }
        } else if wrote {
            self.nature.others_changed_the_ledger();
        }
        let read = request == Request::Read;
        self.nature.answer(arrived, outcome);
        if read && self.nature.now < self.meddling_until {
            self.nature.count(Fault::Meddled);
            self.interfere(place, &Action::EditMetadata);
        }
        if wrote {
            self.changed();
        }
    }

    /// A release took effect: somebody who stands by is to take over.
    fn note_release(&mut self, place: u8, request: &Request) {
        let Request::Update(Record { holder: None, .. }, _) = request else { return };
        let stands_by = |(index, site): (usize, &Site)| {
            index != usize::from(place)
                && site.occupant.as_ref().is_some_and(|it| it.watching.stream.is_some())
        };
        if self.sites.iter().enumerate().any(stands_by) {
            self.nature.guarantees.released(self.nature.now);
        }
    }

    /// The record changed: open watches will show it.
    fn changed(&mut self) {
        for site in &mut self.sites {
            if let Some(process) = &mut site.occupant {
                self.nature.show_changes(process);
            }
        }
        if let Some((place, action)) = self.waiting.pop()
            && !self.interfere(place, &action)
        {
            self.waiting.push((place, action));
        }
    }

    fn returns(&mut self, slot: u32) {
        let InFlight { sender, number, word, .. } = self.nature.arrived(slot);
        let index = usize::from(sender.place);
        let Some(word) = word else { return };
        let site = &mut self.sites[index];
        match sender.attempt {
            Attempting::Ours { id, election } => {
                let Some(process) = site.occupant.as_mut().filter(|it| it.start == sender.start) else {
                    return;
                };
                self.nature.tell(sender.place, || format!("#{number} answered: {}", in_words(&word.outcome)));
                if process.attempt_is(id, election) && process.mailbox.ended.is_none() {
                    process.mailbox.ended = Some(word);
                } else if self.script.network.repeated > 0 && process.elections == election {
                    // No driver of ours reports it; the election is to ignore it all the same.
                    process.mailbox.repeated.push_back((id, word));
                }
                self.let_run(index);
            }
            Attempting::Foreign(attempt) => {
                let Some(foreigner) = site.foreigner.as_mut().filter(|it| it.start == sender.start) else {
                    return;
                };
                foreigner.hears(attempt, word, &site.clock, &mut site.requests, &mut self.nature);
                if foreigner.stopped {
                    self.end_foreigner(index);
                }
            }
        }
    }

    /// A time comes at which promises are due; whether the world goes on.
    fn reach_deadline(&mut self) -> bool {
        let clocks: Vec<_> = self.sites.iter().map(|site| &site.clock).collect();
        self.nature.guarantees.reach_deadline(self.nature.now, &clocks)
    }
}

fn told(arrived: &InFlight, request: &Request, outcome: &Outcome) -> String {
    let what = match request {
        Request::Read => "read",
        Request::Create(_) => "create",
        Request::Update(record, _) if record.holder.is_none() => "release",
        Request::Update(..) => "update",
    };
    format!("    #{} {what} reaches the store: {}", arrived.number, in_words(outcome))
}

fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted(version) => format!("makes @{}", version.number),
        Outcome::Read(Some((record, version))) => {
            format!("finds @{} {}", version.number, nature::in_words(record))
        }
        Outcome::Read(None) => "finds nothing".to_owned(),
        other => format!("{other:?}"),
    }
}
