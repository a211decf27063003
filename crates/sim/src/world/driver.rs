//! What the driver of `cluster-leader` does with an election, step by step.

use election::{
    Attempt, Election, Event, Input, Instant, LostReason, Outcome, Output, Request, Seen, Version,
};

use super::nature::{Nature, in_words};
use super::process::{Command, Mailbox, Process, UnderWay, Undone};
use super::record::wall_nanos;
use super::requests::{Attempting, Sender, Word};
use super::watching::{Watched, Watching};
use crate::clock::{HostClock, MILLISECOND, Real, SECOND};
use crate::coverage::Fault;
use crate::guarantees::{Decided, Heard};
use crate::store::Writer;

/// The host that a process runs on, as its driver uses it.
pub(super) struct Host<'a> {
    pub(super) clock: &'a HostClock,
    /// The requests that left this place so far.
    pub(super) requests: &'a mut u32,
    /// The watches that were opened at this place so far.
    pub(super) watches: &'a mut u32,
}

/// Something that the election is to be told.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) input: Input,
    /// It is a command that withdrew the claim when it was given.
    withdrawn: bool,
    /// How many changes the store had seen when what it says was true; 0: it says nothing.
    as_of: usize,
    /// It acknowledges a claiming write that was decided on then.
    acknowledges: Option<Instant>,
}

impl Happened {
    pub(super) const fn of(input: Input) -> Self {
        Self { input, withdrawn: false, as_of: 0, acknowledges: None }
    }
}

impl From<Command> for Input {
    fn from(command: Command) -> Self {
        match command {
            Command::StepDown => Self::StepDown,
            Command::Stop => Self::Stop,
            Command::Suspend(reason) => Self::Suspend(reason),
            Command::Resume => Self::Resume,
            Command::Flush => Self::Tick,
        }
    }
}

impl Process {
    /// Does everything that can be done now.
    pub(super) fn run(&mut self, host: &mut Host<'_>, nature: &mut Nature<'_>) {
        while nature.now >= self.free_from() && !self.stopped && nature.guarantees.hold() {
            if self.failed {
                self.begin_anew(host, nature);
            } else if let Some(undone) = self.undone.take() {
                self.carry_out(undone, host, nature);
            } else if let Some(happened) = self.next.take() {
                self.handle(happened, host, nature);
            } else if let Some(happened) = self.next(host, nature) {
                if let Some(note) = self.take_note(&happened.input, nature) {
                    self.next = Some(happened);
                    self.handle(Happened::of(Input::Note(note)), host, nature);
                } else {
                    self.handle(happened, host, nature);
                }
            } else {
                return;
            }
        }
    }

    /// The next thing that happens, in the order in which the driver looks for it.
    fn next(&mut self, host: &mut Host<'_>, nature: &mut Nature<'_>) -> Option<Happened> {
        let now = host.clock.shows(nature.now);
        self.attend_to_watch(host, nature);
        self.attend_to_proof(nature);
        if let Some(command) = self.mailbox.commands.pop_front() {
            nature.tell(self.place, || format!("its driver is told: {command:?}"));
            return Some(Happened { withdrawn: command.withdraws(), ..Happened::of(command.into()) });
        }
        if let Some(ended) = self.attempt_ended(now, nature) {
            return Some(ended);
        }
        if let Some((id, word)) = self.mailbox.repeated.pop_front() {
            return Some(Happened::of(Input::Finished(id, word.outcome)));
        }
        while let Some(watched) = self.mailbox.watched.pop_front() {
            if let Some(happened) = self.watched(watched, now, host, nature) {
                return Some(happened);
            }
        }
        if let Some(holder) = self.mailbox.dead.take() {
            self.proven = true;
            nature.tell(self.place, || format!("hears the proof that {holder} is dead"));
            return Some(Happened::of(Input::HolderDead(holder)));
        }
        if self.wake <= nature.now {
            self.wake = Real::MAX;
            return Some(Happened::of(Input::Tick));
        }
        let patience = self.watching.patience(self);
        if self.watching.due(self, host.clock) <= nature.now && self.watching.tend(patience, now) {
            nature.count(Fault::WatchSilent);
            nature.tell(self.place, || "gives up its silent watch".to_owned());
            self.mailbox.watched.clear();
            return Some(Happened::of(Input::Watching(false)));
        }
        self.attend_to_watch(host, nature);
        None
    }

    fn attempt_ended(&mut self, now: Instant, nature: &mut Nature<'_>) -> Option<Happened> {
        let attempt = self.attempt?;
        let Word { outcome, as_of } = if let Some(word) = self.mailbox.ended.take() {
            word
        } else if attempt.times_out <= nature.now {
            nature.count(Fault::TimedOut);
            nature.tell(self.place, || "gives up the attempt: no answer".to_owned());
            Word { outcome: Outcome::Unknown, as_of: 0 }
        } else {
            return None;
        };
        self.attempt = None;
        match &outcome {
            Outcome::Read(Some((_, version))) => self.watching.note(version.number),
            Outcome::Accepted(version) => self.watching.note(version.number),
            Outcome::Conflict | Outcome::AlreadyExists | Outcome::NotFound => nature.count(Fault::Conflict),
            Outcome::Read(None) | Outcome::Refused | Outcome::Unknown => {}
        }
        if !matches!(outcome, Outcome::Refused | Outcome::Unknown) {
            self.watching.store_answered(now);
        }
        let acknowledges = attempt.claims.then_some(attempt.decided);
        Some(Happened { as_of, acknowledges, ..Happened::of(Input::Finished(attempt.id, outcome)) })
    }

    fn watched(
        &mut self,
        watched: Watched,
        now: Instant,
        host: &Host<'_>,
        nature: &mut Nature<'_>,
    ) -> Option<Happened> {
        match watched {
            Watched::Opened => {
                self.watching.showed(now);
                nature.tell(self.place, || "its watch is open".to_owned());
                Some(Happened::of(Input::Watching(true)))
            }
            Watched::Change(index) => {
                self.watching.showed(now);
                let change = &nature.store.changes()[index];
                let seen = change.seen.clone();
                self.watching.note(change.number());
                nature.tell(self.place, || format!("its watch shows {}", seen_in_words(&seen)));
                Some(Happened { as_of: index + 1, ..Happened::of(Input::Seen(seen)) })
            }
            Watched::Look => {
                let seen = self.look(now, host, nature)?;
                Some(Happened { as_of: nature.store.changes().len(), ..Happened::of(Input::Seen(seen)) })
            }
            Watched::Broke { expired } => {
                nature.count(if expired { Fault::WatchExpired } else { Fault::WatchBroke });
                nature
                    .tell(self.place, || format!("its watch {}", if expired { "expired" } else { "broke" }));
                self.mailbox.watched.clear();
                self.watching.broke(expired, now);
                Some(Happened::of(Input::Watching(false)))
            }
        }
    }

    /// Looks at the record's file, as the file store's watch does when something happened to it.
    fn look(&mut self, now: Instant, host: &Host<'_>, nature: &mut Nature<'_>) -> Option<Seen> {
        let nothing_known = self.watching.newest() == 0;
        let writer = self.as_writer(host.clock, nature.now);
        let stream = self.watching.stream.as_mut()?;
        let seen = match nature.store.object() {
            Some((_, version)) if stream.shown == Some(version.number) => return None,
            Some((record, version)) => {
                stream.shown = Some(version.number);
                Seen::Present(record.clone(), version.clone())
            }
            None if stream.shown == Some(0) => return None,
            None if nothing_known => {
                stream.shown = Some(0);
                return None;
            }
            None => {
                stream.shown = Some(0);
                // One looks later than what one finds happened, if only by a nanosecond.
                let number = (writer.newest + 1).max(writer.wall + 1);
                let uid = nature.store.changes().last().map(|change| change.uid().clone());
                Seen::Deleted(Version { uid: uid.unwrap_or_else(|| "".into()), number })
            }
        };
        let (Seen::Present(_, version) | Seen::Deleted(version)) = &seen;
        self.watching.note(version.number);
        self.watching.showed(now);
        nature.tell(self.place, || format!("its watch shows {}", seen_in_words(&seen)));
        Some(seen)
    }

    /// What the file store numbers our writes by.
    pub(super) fn as_writer(&self, clock: &HostClock, now: Real) -> Writer {
        Writer { newest: self.watching.newest(), wall: wall_nanos(clock, now) }
    }

    /// Opens the watch if it should be open and is not.
    fn attend_to_watch(&mut self, host: &mut Host<'_>, nature: &mut Nature<'_>) {
        if self.watching.stream.is_none() && self.watching.is_wanted() {
            *host.watches += 1;
            let number = *host.watches;
            self.watching.stream = Some(nature.open_watch(self.place, number));
        }
    }

    /// Waits for proof of death of whoever the record names, if it is not us.
    fn attend_to_proof(&mut self, nature: &mut Nature<'_>) {
        let holder = self.election.record().and_then(|record| record.holder.as_ref());
        let other = holder.filter(|holder| *holder != self.election.identity());
        if self.suspect.as_ref() != other {
            self.suspect = other.cloned();
            self.proven = false;
            self.mailbox.dead = None;
            if other.is_some() {
                nature.probe_soon(self.place);
            }
        }
    }

    // ---- deciding and carrying out ---------------------------------------------------------------

    fn handle(&mut self, happened: Happened, host: &mut Host<'_>, nature: &mut Nature<'_>) {
        let now = host.clock.shows(nature.now);
        let wall = host.clock.wall(nature.now);
        let Happened { input, withdrawn, as_of, acknowledges } = happened;
        nature.step(u64::from(self.place) << 8 | kind_of(&input));
        let heard = Heard { input: &input, as_of, acknowledges };
        nature.guarantees.hears(self.place, &heard, &nature.store, now);
        let output = self.election.handle(input, now, wall);
        let decided = Decided {
            election: &self.election,
            output: &output,
            now,
            real: nature.now,
            clock: host.clock,
            free_from: self.free_from(),
            slack: self.timer_slack,
        };
        nature.guarantees.decides(self.place, &decided);
        if self.claimed_until <= self.free_from() {
            nature.count(Fault::PausedOverDeadline);
        }
        self.claimed_until = output.claim.map_or(Real::MAX, |claim| host.clock.reaches(claim.deadline));
        let wake = output.wake.map_or(Real::MAX, |wake| host.clock.reaches(wake));
        self.wake = wake.saturating_add(self.timer_slack);
        let mut undone =
            Undone { output, decided: now, withdrawn, published: false, stall_before_sending: 0 };
        if let Some((before, between)) = self.midway.take() {
            nature.count(Fault::StalledMidway);
            nature
                .tell(self.place, || format!("stalls before it publishes, for {} ms", before / MILLISECOND));
            undone.stall_before_sending = between;
            self.stall(before, nature.now);
            self.undone = Some(undone);
        } else {
            self.carry_out(undone, host, nature);
        }
    }

    fn carry_out(&mut self, mut undone: Undone, host: &mut Host<'_>, nature: &mut Nature<'_>) {
        if !undone.published {
            self.publish(&undone.output, undone.withdrawn, host.clock, nature);
            undone.published = true;
            if undone.stall_before_sending > 0 {
                self.stall(undone.stall_before_sending, nature.now);
                self.undone = Some(undone);
                return;
            }
        }
        if let Some(attempt) = undone.output.attempt {
            self.send(attempt, undone.decided, host, nature);
        }
        self.stopped = self.election.is_stopped();
        let disputed = undone.output.events.iter().any(|event| matches!(event, Event::DuplicateIdentity(_)));
        if disputed {
            nature.count(Fault::Duplicate);
            self.attempt = None;
            let identity = self.another_identity();
            nature.guarantees.stands_as(self.place, &identity, nature.now);
            nature.tell(self.place, || format!("stands as {identity} from now on"));
            self.handle(Happened::of(Input::NewIdentity(identity)), host, nature);
        }
    }

    /// Shows readers what the election decided: the claim before all else.
    fn publish(&mut self, output: &Output, withdrawn: bool, clock: &HostClock, nature: &mut Nature<'_>) {
        if withdrawn {
            self.withdrawals = self.withdrawals.saturating_sub(1);
        }
        let claim = output.claim.filter(|_| self.withdrawals == 0);
        self.set_cell(claim.map(|claim| claim.deadline), clock, nature);
        self.publish_ledger(output, clock, nature);
        for event in &output.events {
            match event {
                Event::Acquired { token, .. } => self.term = Some(*token),
                Event::Lost { .. } => self.term = None,
                _ => {}
            }
            nature.guarantees.announces(self.place, event, nature.now);
            nature.note_event(self.place, event);
        }
    }

    /// From now on readers see this deadline.
    pub(super) fn set_cell(&mut self, deadline: Option<Instant>, clock: &HostClock, nature: &mut Nature<'_>) {
        let before = self.memory.get();
        self.cell.store(deadline);
        let word = self.memory.get();
        if word != before {
            let until = (word != 0).then(|| clock.reaches(Instant::from_nanos(word)));
            nature.guarantees.claims(usize::from(self.place), until, nature.now);
            if let Some(until) = until {
                nature.ask_at_the_end(self.place, until);
            }
        }
    }

    fn send(&mut self, attempt: Attempt, decided: Instant, host: &mut Host<'_>, nature: &mut Nature<'_>) {
        *host.requests += 1;
        let number = *host.requests;
        nature.tell(self.place, || format!("#{number} {}", self.describe(&attempt)));
        if nature.guarantees.flushes(self.place) {
            nature.count(Fault::Flushed);
        }
        nature.guarantees.sends(
            self.place,
            &attempt.request,
            self.memory.get(),
            host.clock.shows(nature.now),
            nature.now,
        );
        let Attempt { id, request, timeout, .. } = attempt;
        let now = host.clock.shows(nature.now);
        let times_out = host.clock.reaches(now + timeout);
        let claims = match &request {
            Request::Read => false,
            Request::Create(record) | Request::Update(record, _) => record.holder.is_some(),
        };
        self.attempt = Some(UnderWay { id, decided, claims, times_out });
        self.mailbox.ended = None;
        let sender = Sender {
            place: self.place,
            start: self.start,
            attempt: Attempting::Ours { id, election: self.elections },
        };
        nature.send(sender, number, request, times_out - nature.now);
    }

    fn stall(&mut self, lasting: Real, now: Real) {
        self.stalled_until = self.stalled_until.max(now + lasting);
    }

    /// The driver panics: nobody renews, so nobody claims. What it was not told yet is kept.
    pub(super) fn fail(&mut self, clock: &HostClock, nature: &mut Nature<'_>) {
        self.set_cell(None, clock, nature);
        if let Some(token) = self.term.take() {
            let lost = Event::Lost { token, reason: LostReason::DriverFailed };
            nature.guarantees.announces(self.place, &lost, nature.now);
            nature.note_event(self.place, &lost);
        }
        let commands = self.mailbox.commands.iter().filter(|command| command.withdraws());
        self.withdrawals = u32::try_from(commands.count()).unwrap_or(u32::MAX);
        let commands = std::mem::take(&mut self.mailbox.commands);
        self.mailbox = Mailbox { commands, ..Mailbox::default() };
        self.elections += 1; // what was asked before has nobody left to be answered to
        self.attempt = None;
        self.undone = None;
        self.next = None;
        self.notes.abandon();
        nature.guarantees.ledgers.abandoned(self.place);
        self.midway = None;
        self.suspect = None;
        self.failed = true;
        self.stalled_until = self.stalled_until.max(nature.now + SECOND);
    }

    /// The driver panicked a second ago: every election begins anew, with a fresh identity.
    fn begin_anew(&mut self, host: &mut Host<'_>, nature: &mut Nature<'_>) {
        self.failed = false;
        if self.stopping {
            self.stopped = true;
            return;
        }
        let now = host.clock.shows(nature.now);
        let identity = self.another_identity();
        nature.tell(self.place, || format!("its driver begins anew, as {identity}"));
        nature.guarantees.begins_anew(self.place, &identity, now);
        let seed = u64::from(self.place) << 32 | u64::from(self.identities);
        self.election = Election::new(identity, self.timing, seed, now).staggered(&seed.to_string());
        self.watching = Watching::new(self.timing, seed, now);
        self.wake = nature.now;
    }
}

fn kind_of(input: &Input) -> u64 {
    match input {
        Input::Tick => 0,
        Input::Finished(..) => 1,
        Input::Seen(_) => 2,
        Input::Watching(_) => 3,
        Input::HolderDead(_) => 4,
        Input::NewIdentity(_) => 5,
        Input::StepDown => 6,
        Input::Suspend(_) => 7,
        Input::Resume => 8,
        Input::Stop => 9,
        Input::Note(_) => 10,
    }
}

fn seen_in_words(seen: &Seen) -> String {
    match seen {
        Seen::Present(record, version) => format!("@{} {}", version.number, in_words(record)),
        Seen::Deleted(version) => format!("@{} deleted", version.number),
    }
}
