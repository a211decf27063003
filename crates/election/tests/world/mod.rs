//! A small world to run candidates in: one store, virtual time, a network with faults.
//!
//! Stories drive it by hand: [`World::start`] a candidate, [`World::run_until`] a time, do
//! something to it, and read what it sent and said. Whatever happens in it, the
//! [checks](checks) hold at every step.

mod candidate;
mod checks;
mod clock;
mod network;
mod store;

use std::collections::BTreeMap;
use std::time::Duration;

use election::{
    Attempt, AttemptId, Event, Identity, Input, Outcome, Output, Record, Request, Seen, WallTime,
};

use candidate::{Candidate, Watch};
pub(crate) use candidate::{Setup, without_watch};
pub(crate) use clock::{Clock, Wall};
pub(crate) use network::{Fate, Reply};
pub(crate) use store::Store;

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A record as another elector writes it: held by `holder` for 15 s.
pub(crate) fn held_by(holder: &str) -> Record {
    Record {
        holder: Some(holder.into()),
        lease_duration: Some(secs(15)),
        acquire_time: Some(WallTime::from_micros(7_000_000)),
        renew_time: Some(WallTime::from_micros(7_000_000)),
        transitions: 7,
        ..Record::default()
    }
}

/// What is going to happen to a candidate.
enum Happening {
    Arrives(AttemptId, Request, Box<Reply>),
    Ends(AttemptId, Outcome),
    TimesOut(AttemptId),
    Shows { opened: u64, seen: Seen },
}

/// Which candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who(pub(crate) usize);

type Saboteur = Box<dyn FnMut(&mut Store, &Request)>;

pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) store: Store,
    pub(crate) candidates: Vec<Candidate>,
    /// Another elector's claim, which obeys the rules, ends then.
    pub(crate) foreigner_leads_until: Duration,
    /// Somebody broke the rules that exclusive claims rest on.
    pub(crate) rules_broken: bool,
    largest_token: u64,
    saboteur: Option<Saboteur>,
    agenda: BTreeMap<(Duration, u64), (Who, Happening)>,
    scheduled: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: Duration::ZERO,
            store: Store::empty(),
            candidates: Vec::new(),
            foreigner_leads_until: Duration::ZERO,
            rules_broken: false,
            largest_token: 0,
            saboteur: None,
            agenda: BTreeMap::new(),
            scheduled: 0,
        }
    }

    /// A world in which this record stands already.
    pub(crate) fn with(record: Record) -> Self {
        let mut world = Self::new();
        world.store.put(record);
        world
    }

    // ---- what can be done to it ------------------------------------------------------------------

    /// A candidate stands, with client-go's timing, a true clock and a watch without lag.
    pub(crate) fn start(&mut self, name: &str) -> Who {
        self.start_with(name, &Setup::default())
    }

    pub(crate) fn start_with(&mut self, name: &str, setup: &Setup) -> Who {
        let who = self.prepare(name, setup);
        self.go(who);
        who
    }

    /// As [`start_with`](Self::start_with), but it has not begun: its network can still be set up.
    pub(crate) fn prepare(&mut self, name: &str, setup: &Setup) -> Who {
        let who = Who(self.candidates.len());
        let shown = self.store.changes().len().saturating_sub(1);
        self.candidates.push(Candidate::new(name, setup, self.now, shown));
        who
    }

    /// Lets a prepared candidate begin.
    pub(crate) fn go(&mut self, who: Who) {
        self.tell(who, Input::Tick);
        if let Some(lag) = self.of(who).watch.as_ref().map(|watch| watch.lag) {
            self.open_watch(who, lag);
        }
        self.settle();
    }

    /// Something happens to a candidate now, and what follows from it at once.
    pub(crate) fn give(&mut self, who: Who, input: Input) {
        self.tell(who, input);
        self.settle();
    }

    /// The watch opens and shows what changed since one last did.
    pub(crate) fn open_watch(&mut self, who: Who, lag: Duration) {
        self.scheduled += 1;
        self.of(who).watch = Some(Watch { lag, newest: self.now, opened: self.scheduled });
        self.tell(who, Input::Watching(true));
        self.show_changes();
    }

    /// The watch breaks; what it had not shown yet is shown by the next one.
    pub(crate) fn close_watch(&mut self, who: Who) {
        let undelivered = |happening: &Happening| matches!(happening, Happening::Shows { .. });
        let lost = self.agenda.values().filter(|(whose, what)| *whose == who && undelivered(what)).count();
        self.agenda.retain(|_, (whose, what)| *whose != who || !undelivered(what));
        self.of(who).shown -= lost;
        self.of(who).watch = None;
        self.give(who, Input::Watching(false));
    }

    /// The host stands still: whatever reaches it meanwhile waits.
    pub(crate) fn pause(&mut self, who: Who, duration: Duration) {
        let until = self.now + duration;
        self.of(who).paused_until = until;
    }

    /// The process is killed. What it had sent may still arrive.
    pub(crate) fn crash(&mut self, who: Who) {
        let candidate = self.of(who);
        candidate.crashed = true;
        candidate.claim = None;
    }

    /// Somebody changes the record, or creates it.
    pub(crate) fn edit(&mut self, change: impl FnOnce(&mut Record)) {
        let mut record = self.store.record().cloned().unwrap_or_default();
        change(&mut record);
        self.store.put(record);
        self.show_changes();
        self.settle();
    }

    /// Somebody deletes the record.
    pub(crate) fn delete(&mut self) {
        self.store.delete();
        self.show_changes();
        self.settle();
    }

    /// From now on this happens after the store has served a request, and before its reply.
    pub(crate) fn after_each_request(&mut self, happens: impl FnMut(&mut Store, &Request) + 'static) {
        self.saboteur = Some(Box::new(happens));
    }

    pub(crate) fn run_for(&mut self, duration: Duration) {
        self.run_until(self.now + duration);
    }

    pub(crate) fn run_until(&mut self, end: Duration) {
        while let Some((when, next)) = self.next_happening().filter(|(when, _)| *when <= end) {
            self.now = self.now.max(when);
            match next {
                Next::Tick(who) => self.tell(who, Input::Tick),
                Next::OnAgenda(key) => {
                    let (who, happening) = self.agenda.remove(&key).unwrap();
                    self.happens(who, happening);
                }
            }
        }
        self.now = end;
    }

    // ---- what can be read from it ----------------------------------------------------------------

    pub(crate) fn of(&mut self, who: Who) -> &mut Candidate {
        &mut self.candidates[who.0]
    }

    /// Whether a reader asking now would be told yes.
    pub(crate) fn leads(&self, who: Who) -> bool {
        let candidate = &self.candidates[who.0];
        candidate.claim.is_some_and(|claim| candidate.clock.shows(self.now) < claim.deadline)
    }

    /// Who leads now, if exactly one does.
    pub(crate) fn leader(&self) -> Option<Who> {
        let mut leaders = (0..self.candidates.len()).map(Who).filter(|who| self.leads(*who));
        leaders.next().filter(|_| leaders.next().is_none())
    }

    /// When the claim ends, in the world's time.
    pub(crate) fn leads_until(&self, who: Who) -> Option<Duration> {
        let candidate = &self.candidates[who.0];
        candidate.claim.map(|claim| candidate.clock.reaches(claim.deadline))
    }

    pub(crate) fn holder(&self) -> Option<&str> {
        self.store.record().and_then(|record| record.holder.as_ref()).map(Identity::as_str)
    }

    /// What it sent, as in `"5 renew"`: when, in seconds, and what.
    pub(crate) fn sent(&self, who: Who) -> Vec<String> {
        self.sent_since(who, Duration::ZERO)
    }

    pub(crate) fn sent_since(&self, who: Who, since: Duration) -> Vec<String> {
        let sent = self.candidates[who.0].sent.iter().filter(|(when, _)| *when >= since);
        sent.map(|(when, what)| format!("{} {what}", seconds(*when))).collect()
    }

    /// What it sent that could not wait.
    pub(crate) fn urgent(&self, who: Who) -> Vec<String> {
        let urgent = self.candidates[who.0].urgent.iter();
        self.sent(who).into_iter().zip(urgent).filter(|(_, urgent)| **urgent).map(|(sent, _)| sent).collect()
    }

    pub(crate) fn sent_times(&self, who: Who) -> impl Iterator<Item = Duration> {
        self.candidates[who.0].sent.iter().map(|(when, _)| *when)
    }

    /// When it first sent this, if ever it did since.
    pub(crate) fn first_sent(&self, who: Who, what: &str, since: Duration) -> Option<Duration> {
        let mut sent = self.candidates[who.0].sent.iter();
        sent.find(|(when, sent)| *when >= since && *sent == what).map(|(when, _)| *when)
    }

    /// What it said of its own terms, as in `"0 acquired 101"` or `"10 lost 101 Expired"`.
    pub(crate) fn terms(&self, who: Who) -> Vec<String> {
        let told = |event: &Event| match event {
            Event::Acquired { token, .. } => Some(format!("acquired {token}")),
            Event::Lost { token, reason } => Some(format!("lost {token} {reason:?}")),
            Event::DuplicateIdentity(identity) => Some(format!("duplicate {identity}")),
            Event::Released => Some("released".to_owned()),
            Event::Renewed
            | Event::LeaderChanged(_)
            | Event::Noted(_)
            | Event::NotNoted(_)
            | Event::LedgerLost => None,
        };
        let events = self.candidates[who.0].events.iter();
        events.filter_map(|(when, event)| Some(format!("{} {}", seconds(*when), told(event)?))).collect()
    }

    pub(crate) fn events(&self, who: Who) -> impl Iterator<Item = &Event> {
        self.candidates[who.0].events.iter().map(|(_, event)| event)
    }

    // ---- how it goes on --------------------------------------------------------------------------

    /// What happens now, happens.
    fn settle(&mut self) {
        self.run_until(self.now);
    }

    fn next_happening(&self) -> Option<(Duration, Next)> {
        let agenda = self.agenda.first_key_value().map(|(key, _)| (key.0, Next::OnAgenda(*key)));
        let candidates = self.candidates.iter().enumerate();
        let ticks = candidates.filter_map(|(index, it)| Some((it.next_tick()?, Next::Tick(Who(index)))));
        agenda.into_iter().chain(ticks).min_by_key(|(when, _)| *when)
    }

    fn happens(&mut self, who: Who, happening: Happening) {
        let candidate = &self.candidates[who.0];
        match happening {
            Happening::Arrives(id, request, reply) => self.arrives(who, id, &request, &reply),
            later if candidate.paused_until > self.now => {
                self.schedule(who, candidate.paused_until, later);
            }
            Happening::Ends(id, outcome) => self.tell(who, Input::Finished(id, outcome)),
            Happening::TimesOut(id) if candidate.is_under_way(id) => {
                self.tell(who, Input::Finished(id, Outcome::Unknown));
            }
            Happening::Shows { opened, seen }
                if candidate.watch.as_ref().is_some_and(|watch| watch.opened == opened) =>
            {
                self.tell(who, Input::Seen(seen));
            }
            Happening::TimesOut(_) | Happening::Shows { .. } => {}
        }
    }

    fn arrives(&mut self, who: Who, id: AttemptId, request: &Request, reply: &Reply) {
        let before = self.store.record().cloned();
        let outcome = self.store.serve(request);
        if matches!(outcome, Outcome::Accepted(_)) {
            self.of(who).check_own_write(before.as_ref(), request);
        }
        if let Some(saboteur) = &mut self.saboteur {
            saboteur(&mut self.store, request);
        }
        if let Reply::Comes(back) = reply {
            self.schedule(who, self.now + *back, Happening::Ends(id, outcome));
        }
        self.show_changes();
    }

    fn tell(&mut self, who: Who, input: Input) {
        let now = self.now;
        let candidate = self.of(who);
        if candidate.crashed {
            return;
        }
        let instant = candidate.clock.shows(now);
        let given = input.clone();
        let output = candidate.election.handle(input, instant, candidate.clock.wall(now));
        candidate.check_output(&given, &output, instant, now);
        self.apply(who, output);
    }

    fn apply(&mut self, who: Who, output: Output) {
        let now = self.now;
        let candidate = self.of(who);
        candidate.claim = output.claim;
        candidate.wake = output.wake;
        self.check_world(who, &output.events);
        if let Some(attempt) = output.attempt {
            self.send(who, attempt);
        }
        let candidate = self.of(who);
        let disputed = output.events.iter().any(|event| matches!(event, Event::DuplicateIdentity(_)));
        candidate.events.extend(output.events.into_iter().map(|event| (now, event)));
        if disputed {
            candidate.starts += 1;
            let identity = Identity::of_start(&candidate.name, &candidate.starts.to_string());
            self.tell(who, Input::NewIdentity(identity));
        }
    }

    fn send(&mut self, who: Who, attempt: Attempt) {
        let Attempt { id, request, timeout, urgent } = attempt;
        let now = self.now;
        let candidate = self.of(who);
        candidate.sent.push((now, candidate.describe(&request)));
        candidate.urgent.push(urgent);
        let fate = candidate.network.fate_of(&request, now);
        let times_out = candidate.clock.reaches(candidate.clock.shows(now) + timeout);
        if let Reply::Instead(outcome, after) = &fate.reply {
            self.schedule(who, now + *after, Happening::Ends(id, outcome.clone()));
        }
        if let Some(there) = fate.there {
            self.schedule(who, now + there, Happening::Arrives(id, request, Box::new(fate.reply)));
        }
        self.schedule(who, times_out, Happening::TimesOut(id));
    }

    /// Every open watch shows, after its lag, what it has not shown yet.
    fn show_changes(&mut self) {
        for who in (0..self.candidates.len()).map(Who) {
            let candidate = &mut self.candidates[who.0];
            let Some(watch) = &mut candidate.watch else { continue };
            watch.newest = watch.newest.max(self.now + watch.lag);
            let (when, opened) = (watch.newest, watch.opened);
            let new = self.store.changes()[candidate.shown..].to_vec();
            candidate.shown += new.len();
            for seen in new {
                self.schedule(who, when, Happening::Shows { opened, seen });
            }
        }
    }

    fn schedule(&mut self, who: Who, when: Duration, happening: Happening) {
        self.scheduled += 1;
        self.agenda.insert((when, self.scheduled), (who, happening));
    }
}

/// What happens next.
enum Next {
    OnAgenda((Duration, u64)),
    Tick(Who),
}

/// Seconds without needless zeros.
fn seconds(time: Duration) -> String {
    let text = format!("{}.{:03}", time.as_secs(), time.subsec_millis());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
