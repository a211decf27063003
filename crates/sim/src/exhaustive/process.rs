//! One process: the shipped election, what a driver keeps beside it, and what is checked of both.

use std::fmt::Write as _;
use std::time::Duration;

use election::{
    AttemptId, Claim, Election, Event, Identity, Input, Instant, Outcome, Request, Seen, Timing, Version,
    WallTime,
};

use super::canonical::{Frame, REACH};
use super::patience::{Listener, Told};

/// The store's newest version, as the store numbers them.
pub(super) const NEWEST: u64 = 1_000_000_000;
/// A clock shows this when the world begins: far from where instants begin.
const BEGINNING: Instant = Instant::from_nanos(1 << 60);

/// What does not change of a process.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its three durations.
    pub timing: Timing,
    /// How much its clock goes on in a step of the world.
    pub clock_step: Duration,
    /// Its watch is open and followers are silent; else they poll.
    pub watches: bool,
    /// No duration of the world is longer.
    pub longest: Duration,
}

/// Whether it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Runs,
    /// Its host stands still; its clock goes on, and readers are answered as before.
    Paused,
    /// There is no process.
    Down,
}

/// The attempt of which an outcome may still come.
#[derive(Clone, Debug)]
pub(super) struct Live {
    id: AttemptId,
    pub(super) request: Request,
    sent: Instant,
    timeout: Duration,
    known_when_sent: Option<Version>,
    /// The store has served it: the reply is under way.
    pub(super) reply: Option<Outcome>,
}

/// A process in a state.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) place: u8,
    /// How often a process was started in this place: tells identities apart.
    pub(super) starts: u8,
    pub(super) condition: Condition,
    pub(super) election: Election,
    now: Instant,
    /// The store's newest version, as this process has them numbered.
    newest: u64,
    /// What readers look at.
    claim: Option<Claim>,
    wake: Option<Instant>,
    pub(super) live: Option<Live>,
    /// The newest change that its watch has shown.
    shown: u64,
    /// When the acknowledged write that the claim may rest on was sent.
    acknowledged: Option<Instant>,
    told: Told,
}

/// What an input led to, beside the next state.
#[derive(Clone, Debug, Default)]
pub(super) struct Effects {
    /// A write that was on its way and that nobody waits for any more.
    pub(super) abandoned: Option<Request>,
    /// The token of the term that began, as the store numbers versions.
    pub(super) acquired: Option<u64>,
}

/// The identity of a start in a place.
pub(super) fn identity(place: u8, start: u8) -> Identity {
    Identity::of_start(&char::from(b'a' + place).to_string(), &start.to_string())
}

/// Which start in which place an identity is of.
pub(super) fn start_of(identity: &Identity) -> Option<(u8, u8)> {
    let (place, start) = identity.as_str().split_once('_')?;
    Some((place.bytes().next()?.checked_sub(b'a')?, start.parse().ok()?))
}

impl Process {
    /// A place in which no process runs yet.
    pub(super) fn down(place: u8, starts: u8, candidate: &Candidate) -> Self {
        let election = Election::new(identity(place, starts), candidate.timing, 0, BEGINNING);
        Self {
            place,
            starts,
            condition: Condition::Down,
            election,
            now: BEGINNING,
            newest: NEWEST,
            claim: None,
            wake: None,
            live: None,
            shown: NEWEST,
            acknowledged: None,
            told: Told::default(),
        }
    }

    /// A fresh process begins in this place.
    pub(super) fn start(&mut self, candidate: &Candidate, wall: WallTime) -> Result<Effects, String> {
        self.condition = Condition::Runs;
        self.handle(Input::Watching(candidate.watches), candidate, wall, 0)
    }

    /// What happened to the attempt under way.
    pub(super) fn finish(
        &mut self,
        outcome: Outcome,
        candidate: &Candidate,
        wall: WallTime,
        seed: u64,
    ) -> Result<Effects, String> {
        let live = self.live.take().expect("an attempt is under way");
        if let (Request::Create(record) | Request::Update(record, _), Outcome::Accepted(_)) =
            (&live.request, &outcome)
            && record.holder.is_some()
        {
            self.acknowledged = Some(live.sent);
        }
        let listener = listener(&self.election, self.claim, candidate, self.now);
        self.told.outcome(&live.request, &outcome, live.known_when_sent.as_ref(), listener);
        self.handle(Input::Finished(live.id, outcome), candidate, wall, seed)
    }

    pub(super) fn sees(
        &mut self,
        seen: Seen,
        candidate: &Candidate,
        wall: WallTime,
    ) -> Result<Effects, String> {
        let (Seen::Present(_, version) | Seen::Deleted(version)) = &seen;
        self.shown = version.number;
        self.told.seen(&seen, listener(&self.election, self.claim, candidate, self.now));
        self.handle(Input::Seen(seen), candidate, wall, 0)
    }

    /// It is told that the holder it knows of is dead.
    pub(super) fn holder_dead(&mut self, candidate: &Candidate, wall: WallTime) -> Result<Effects, String> {
        let holder = self.election.record().and_then(|record| record.holder.clone());
        let holder = holder.expect("it knows a holder");
        self.told.death(holder.clone());
        self.handle(Input::HolderDead(holder), candidate, wall, 0)
    }

    /// Gives an input to the election and does what it says.
    pub(super) fn handle(
        &mut self,
        input: Input,
        candidate: &Candidate,
        wall: WallTime,
        seed: u64,
    ) -> Result<Effects, String> {
        self.election.reseed(seed);
        let output = self.election.handle(input, self.now, wall);
        self.election.reseed(0);
        let mut effects = Effects::default();
        let mut term = self.claim.map(|claim| claim.token);
        for event in &output.events {
            match event {
                Event::Acquired { token, .. } => {
                    if term.replace(*token).is_some() {
                        return Err("G9: acquired twice".to_owned());
                    }
                    self.told.check_deletion(self.now)?;
                    effects.acquired = Some(self.in_store(*token));
                }
                Event::Lost { token, .. } if term.take() != Some(*token) => {
                    return Err("G9: lost a term that it did not have".to_owned());
                }
                Event::DuplicateIdentity(identity) => {
                    return Err(format!("G4: {identity} takes a write of its own for another's"));
                }
                _ => {}
            }
        }
        if term != output.claim.map(|claim| claim.token) {
            return Err("G9: the events tell of another term than the claim".to_owned());
        }
        self.claim = output.claim;
        self.wake = output.wake;
        if self.claim.is_none() {
            self.acknowledged = None;
        }
        self.check_claim(candidate)?;
        if let Some(attempt) = output.attempt {
            self.check_request(&attempt.request, candidate)?;
            let live = Live {
                id: attempt.id,
                request: attempt.request,
                sent: self.now,
                timeout: attempt.timeout,
                known_when_sent: self.told.version().cloned(),
                reply: None,
            };
            let before = self.live.replace(live).filter(|live| live.reply.is_none());
            effects.abandoned = before.map(|live| live.request).filter(|request| *request != Request::Read);
        }
        if output.wake.is_some_and(|wake| wake <= self.now) {
            return Err("G10: woken for the past".to_owned());
        }
        Ok(effects)
    }

    /// G1: the claim rests on an acknowledged write of its term and ends one renew deadline after
    /// that was sent.
    fn check_claim(&self, candidate: &Candidate) -> Result<(), String> {
        let Some(claim) = self.claim else { return Ok(()) };
        let Some(sent) = self.acknowledged else {
            return Err("G1: a claim without an acknowledged write".to_owned());
        };
        if claim.deadline > sent + candidate.timing.renew_deadline() {
            return Err("G1: a claim beyond one renew deadline after its write was sent".to_owned());
        }
        Ok(())
    }

    fn check_request(&self, request: &Request, candidate: &Candidate) -> Result<(), String> {
        let (Request::Create(record) | Request::Update(record, _)) = request else { return Ok(()) };
        if let Request::Update(_, guard) = request
            && Some(guard) != self.election.version()
        {
            return Err("G3: a write guarded by another version than the one it was decided on".to_owned());
        }
        let us = self.election.identity();
        let known = self.election.record();
        match &record.holder {
            None if self.claim.is_some() => Err("G7: releases what it still claims".to_owned()),
            None if known.is_none_or(|known| known.holder.as_ref() != Some(us)) => {
                Err("G3: releases another's record".to_owned())
            }
            None => Ok(()),
            Some(holder) if holder != us => Err("G3: writes another's name".to_owned()),
            Some(_) if self.claim.is_some() => Ok(()),
            Some(_) => {
                self.told.check_deletion(self.now)?;
                let Request::Update(_, guard) = request else { return Ok(()) };
                let listener = listener(&self.election, self.claim, candidate, self.now);
                self.told.check_take_over(guard, listener)
            }
        }
    }

    // ---- time and versions ---------------------------------------------------------------------

    /// Time passes.
    pub(super) fn age(&mut self, candidate: &Candidate) {
        self.now = self.now + candidate.clock_step;
    }

    /// The store has made another version.
    pub(super) fn store_moved(&mut self) {
        self.newest += 1;
        // What a watch has not shown for so long has left the store's history.
        self.shown = self.shown.max(self.newest - HISTORY as u64);
    }

    /// A version of this process, as the store numbers it.
    fn in_store(&self, number: u64) -> u64 {
        number + NEWEST - self.newest
    }

    fn version_from_store(&self, version: &Version) -> Version {
        Version { number: version.number + self.newest - NEWEST, uid: version.uid.clone() }
    }

    /// A request, as the store numbers versions. What it says of tokens is for others to read, and
    /// no decision depends on it: only whose they are is kept.
    pub(super) fn request_in_store(&self, request: &Request) -> Request {
        let mut request = request.clone();
        if let Request::Update(_, guard) = &mut request {
            guard.number = self.in_store(guard.number);
        }
        if let Request::Create(record) | Request::Update(record, _) = &mut request
            && let Some((_, token)) = &mut record.token
        {
            *token = 0;
        }
        request
    }

    /// An outcome that the store gave, as this process numbers versions.
    pub(super) fn outcome_from_store(&self, outcome: &Outcome) -> Outcome {
        match outcome {
            Outcome::Read(Some((record, version))) => {
                Outcome::Read(Some((record.clone(), self.version_from_store(version))))
            }
            Outcome::Accepted(version) => Outcome::Accepted(self.version_from_store(version)),
            other => other.clone(),
        }
    }

    /// A change that the store shows, as this process numbers versions.
    pub(super) fn seen_from_store(&self, seen: &Seen) -> Seen {
        match seen {
            Seen::Present(record, version) => Seen::Present(record.clone(), self.version_from_store(version)),
            Seen::Deleted(version) => Seen::Deleted(self.version_from_store(version)),
        }
    }

    /// How many of the newest changes its watch has not shown.
    pub(super) fn unseen(&self) -> u8 {
        u8::try_from(self.newest - self.shown).expect("no more than the history")
    }

    // ---- what is known of it -----------------------------------------------------------------

    /// A reader asking now would be told yes.
    pub(super) fn leads(&self) -> bool {
        self.condition != Condition::Down && self.claim.is_some_and(|claim| self.now < claim.deadline)
    }

    /// The claim, for people.
    pub(super) fn claim_left(&self) -> Option<Duration> {
        self.claim.map(|claim| claim.deadline.since(self.now)).filter(|left| !left.is_zero())
    }

    pub(super) fn is_due(&self) -> bool {
        self.wake.is_some_and(|wake| wake <= self.now)
    }

    pub(super) fn has_timed_out(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.sent + live.timeout <= self.now)
    }

    /// Everything on which its future depends, with versions and instants as distances (see
    /// [`canonical`](super::canonical)); and which seconds of wall time occur in it.
    pub(super) fn canonical(&self, candidate: &Candidate, text: &mut String, told: &mut String) -> u64 {
        text.clear();
        told.clear();
        let Self {
            place,
            starts,
            condition,
            election,
            now,
            newest,
            claim,
            wake,
            live,
            shown,
            acknowledged,
            told: was_told,
        } = self;
        write!(told, "{place} {starts} {condition:?} ").expect("a string takes everything");
        if *condition == Condition::Down {
            return 0;
        }
        let wait = election
            .record()
            .filter(|record| record.holder.as_ref().is_some_and(|holder| holder != election.identity()));
        let frame = Frame {
            now: *now,
            step: candidate.clock_step,
            newest: *newest,
            longest: candidate.longest,
            retry_period: candidate.timing.retry_period(),
            no_claim: claim.is_none_or(|claim| claim.deadline <= *now),
            watching: candidate.watches,
            wait: wait.map(|record| record.lease_duration.unwrap_or(candidate.timing.lease_duration())),
        };
        let woken = wake.map(|wake| wake.since(*now).as_nanos().div_ceil(candidate.clock_step.as_nanos()));
        let acknowledged = acknowledged.filter(|sent| *sent + candidate.longest > *now);
        write!(text, "{election:?} {claim:?} {woken:?} {live:?} {acknowledged:?} {was_told:?}")
            .expect("a string takes everything");
        let walls = frame.tell(text, told);
        if candidate.watches {
            write!(told, " {}", newest - shown).expect("a string takes everything");
        }
        walls
    }
}

/// How many of the newest changes a watch can still show. Fewer than what canonical texts tell apart.
pub(super) const HISTORY: usize = 4;
const _: () = assert!(HISTORY as u64 + 4 < REACH);

fn listener<'a>(
    election: &'a Election,
    claim: Option<Claim>,
    candidate: &Candidate,
    now: Instant,
) -> Listener<'a> {
    Listener {
        us: election.identity(),
        leads: claim.is_some_and(|claim| now < claim.deadline),
        lease_duration: candidate.timing.lease_duration(),
        now,
    }
}

/// A request, for people.
pub(super) fn describe(request: &Request) -> String {
    match request {
        Request::Read => "read".to_owned(),
        Request::Create(record) => format!("create for {:?}", record.holder),
        Request::Update(record, _) => {
            record.holder.as_ref().map_or("release".to_owned(), |holder| format!("update to {holder}"))
        }
    }
}

impl Process {
    /// Its state, for people.
    pub(super) fn describe(&self) -> String {
        let name = identity(self.place, self.starts);
        let mut text = match self.condition {
            Condition::Down => return format!("{name} not running"),
            Condition::Paused => format!("{name} stands still"),
            Condition::Runs => name.to_string(),
        };
        if let Some(left) = self.claim_left() {
            text += &format!(" LEADS for {left:?}");
        }
        if let Some(live) = &self.live {
            text += &format!(", {}", describe(&live.request));
            if let Some(reply) = &live.reply {
                text += match reply {
                    Outcome::Read(_) => ": read",
                    Outcome::Accepted(_) => ": accepted",
                    _ => ": not accepted",
                };
            }
        }
        text
    }
}
