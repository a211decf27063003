//! One candidate of the world: an election and what a driver keeps beside it.

use std::time::Duration;

use election::{Claim, Election, Event, Identity, Instant, Request, Timing};

use super::checks::Checks;
use super::clock::Clock;
use super::network::Network;

/// How a candidate starts.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) timing: Timing,
    pub(crate) clock: Clock,
    pub(crate) seed: u64,
    /// The election's name, of which its stagger follows; `None`: it does not hold back.
    pub(crate) staggered: Option<&'static str>,
    /// How far its watch lags behind; `None`: it has none.
    pub(crate) watch: Option<Duration>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            timing: Timing::default(),
            clock: Clock::TRUE,
            seed: 1,
            staggered: None,
            watch: Some(Duration::ZERO),
        }
    }
}

/// A candidate that polls: only replies tell it anything.
pub(crate) fn without_watch() -> Setup {
    Setup { watch: None, ..Setup::default() }
}

/// One candidate and its driver.
pub(crate) struct Candidate {
    pub(crate) election: Election,
    pub(crate) timing: Timing,
    pub(crate) clock: Clock,
    pub(crate) network: Network,
    pub(crate) claim: Option<Claim>,
    pub(super) name: String,
    pub(super) starts: u32,
    pub(super) wake: Option<Instant>,
    pub(super) watch: Option<Watch>,
    /// The next change that a watch would show.
    pub(super) shown: usize,
    pub(super) paused_until: Duration,
    pub(super) crashed: bool,
    pub(super) sent: Vec<(Duration, &'static str)>,
    pub(super) urgent: Vec<bool>,
    pub(super) events: Vec<(Duration, Event)>,
    pub(super) checks: Checks,
}

/// An open watch.
pub(super) struct Watch {
    pub(super) lag: Duration,
    pub(super) newest: Duration,
    /// Tells what this watch shows from what one closed before would have.
    pub(super) opened: u64,
}

impl Candidate {
    pub(super) fn new(name: &str, setup: &Setup, now: Duration, shown: usize) -> Self {
        let identity = Identity::of_start(name, "1");
        let election = Election::new(identity, setup.timing, setup.seed, setup.clock.shows(now));
        Self {
            election: match setup.staggered {
                Some(name) => election.staggered(name),
                None => election,
            },
            timing: setup.timing,
            clock: setup.clock,
            network: Network::healthy(),
            claim: None,
            name: name.to_owned(),
            starts: 1,
            wake: None,
            watch: setup.watch.map(|lag| Watch { lag, newest: now, opened: 0 }),
            shown,
            paused_until: Duration::ZERO,
            crashed: false,
            sent: Vec::new(),
            urgent: Vec::new(),
            events: Vec::new(),
            checks: Checks::default(),
        }
    }

    pub(crate) fn identity(&self) -> &Identity {
        self.election.identity()
    }

    pub(super) fn next_tick(&self) -> Option<Duration> {
        let wake = self.wake.filter(|_| !self.crashed)?;
        Some(self.clock.reaches(wake).max(self.paused_until))
    }

    pub(super) fn describe(&self, request: &Request) -> &'static str {
        let ours = self.election.record().is_some_and(|known| known.holder.as_ref() == Some(self.identity()));
        match request {
            Request::Read => "read",
            Request::Create(_) => "create",
            Request::Update(record, _) if record.holder.is_none() => "release",
            Request::Update(..) if ours => "renew",
            Request::Update(..) => "take over",
        }
    }
}
