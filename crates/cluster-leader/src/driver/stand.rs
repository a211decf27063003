//! One candidate: the pure election, its store, and the clock between them.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use election::{Election, Event, Identity, Input, Instant, LostReason, Outcome, Seen, Version};
use futures_util::future::OptionFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::Command;
use super::attempt::{self, Ended, answer};
use super::watching::{Watching, sleep_until};
use crate::identity;
use crate::options::Place;
use crate::os;
use crate::shared::Shared;
use crate::store::{ApiServers, Store, StoreError, Watched};

/// Problems that are told once while they last.
const MOST_LOGGED: usize = 8;

type Running<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Stands in an election until it is stopped.
pub(super) async fn run(shared: Arc<Shared>, servers: Rc<ApiServers>) {
    if !shared.take_up() {
        return;
    }
    let resolved = shared.resolved();
    tracing::info!(
        "stands in election {:?} as {:?} ({})",
        resolved.election,
        resolved.instance_name,
        resolved.place.describe()
    );
    if stopped_before(&shared, shared.until_ready()).await {
        shared.set_stopped();
        return;
    }
    loop {
        let ended = match &resolved.place {
            Place::File(place) => Candidate::stand(&shared, &place.open()).await,
            Place::Kubernetes(place) => match place.open(&resolved.timing, &servers) {
                Ok(store) => Candidate::stand(&shared, &store).await,
                Err(error) => Err(error),
            },
        };
        let Err(problem) = ended else { break };
        if shared.set_problem(Some(&problem.message)) {
            tracing::warn!("{problem}");
        }
        let pause = sleep_until(Some(os::now() + resolved.timing.retry_period()));
        if stopped_before(&shared, pause).await {
            break;
        }
    }
    shared.set_stopped();
}

/// Waits for something before it stands; whether the election was stopped meanwhile.
async fn stopped_before(shared: &Shared, event: impl Future<Output = ()>) -> bool {
    let mut event = std::pin::pin!(event);
    loop {
        tokio::select! {
            biased;
            command = shared.next_command() => match command {
                Command::Stop => return true,
                Command::StepDown | Command::Unhealthy => shared.withdrawal_done(),
                Command::Recovered | Command::Flush => {}
                Command::Verify(reply) => answer(&reply, Err("it does not stand in the election yet".to_owned())),
                #[cfg(test)]
                Command::Panic => panic!("as the test asked"),
            },
            () = &mut event => return false,
        }
    }
}

pub(super) struct Candidate<'a, S> {
    shared: &'a Shared,
    store: &'a S,
    election: Election,
    attempt: Option<Running<'a, Ended>>,
    watch: Option<Running<'a, Result<Watched, StoreError>>>,
    watching: Watching,
    /// Waiting for the proof that this holder is dead.
    proof: Option<(Identity, Running<'a, ()>)>,
    verifications: FuturesUnordered<Running<'a, ()>>,
    wake: Option<Instant>,
    /// The last attempt that ended.
    took: Duration,
    problem: Problem,
    /// The problems that were logged since something last went right: two may take turns.
    logged: VecDeque<String>,
    /// Why we do not stand, if that is because of the host: stuck or not healthy.
    host_is: Option<LostReason>,
}

/// What people were told of.
enum Problem {
    None,
    /// A read failed.
    Reading,
    /// A write failed, decided on this version.
    Writing(Option<Version>),
}

impl<'a, S: Store> Candidate<'a, S> {
    /// Stands until the election is stopped.
    ///
    /// # Errors
    /// It could not even begin.
    pub(super) async fn stand(shared: &'a Shared, store: &'a S) -> Result<(), StoreError> {
        let timing = *shared.timing();
        let identity = new_identity(shared)?;
        store.stand_as(&identity).await?;
        let seed = identity::seed().map_err(|error| StoreError::refused(error.to_string()))?;
        let now = os::now();
        let candidate = Self {
            shared,
            store,
            election: Election::new(identity, timing, seed, now).staggered(&shared.resolved().election),
            attempt: None,
            watch: None,
            watching: Watching::new(election::Watching::new(timing.retry_period(), seed, now)),
            proof: None,
            verifications: FuturesUnordered::new(),
            wake: None,
            took: Duration::ZERO,
            problem: Problem::None,
            logged: VecDeque::new(),
            host_is: None,
        };
        candidate.run().await
    }

    async fn run(mut self) -> Result<(), StoreError> {
        let mut input = self.look_at_host().unwrap_or(Input::Tick);
        let mut withdrawn = false;
        loop {
            self.leave_request_to_host(&mut input);
            self.hand_in_note(&input);
            let disputed = self.decide(input, withdrawn);
            if self.election.is_stopped() {
                return Ok(());
            }
            (input, withdrawn) =
                if disputed { (self.another_identity().await?, false) } else { self.next().await };
        }
    }

    /// What was noted since the last decision goes into whatever the next one writes.
    fn hand_in_note(&mut self, next: &Input) {
        if let Some(mut note) = self.shared.ledger().take_note(os::now()) {
            // A release brings it along: a write before that would only hold it up.
            note.flush &= !matches!(next, Input::StepDown | Input::Suspend(_) | Input::Stop);
            self.decide(Input::Note(note), false);
        }
    }

    /// Has the election decide, and carries out what it decides. Whether our identity is disputed.
    fn decide(&mut self, input: Input, withdrawn: bool) -> bool {
        let output = self.election.handle(input, os::now(), os::wall_now());
        self.shared.publish(&output, &self.election, withdrawn);
        let disputed = output.events.iter().any(|event| matches!(event, Event::DuplicateIdentity(_)));
        if output.events.contains(&Event::Renewed) {
            self.shared.renewed(self.took);
        }
        self.log(&output.events);
        self.reconsider_problem();
        if let Some(attempt) = output.attempt {
            self.attempt = Some(Box::pin(attempt::perform(self.store, attempt)));
        }
        self.wake = output.wake;
        disputed
    }

    /// The next thing that happens, and whether it is a command that withdraws.
    async fn next(&mut self) -> (Input, bool) {
        loop {
            self.attend_to_watch();
            self.attend_to_proof();
            let patience = self.patience();
            let heartbeat_due = self.heartbeat_due();
            tokio::select! {
                biased;
                command = self.shared.next_command() => match command {
                    Command::StepDown => return (Input::StepDown, true),
                    Command::Stop => return (Input::Stop, true),
                    Command::Unhealthy => return (self.look_at_host().unwrap_or(Input::Tick), true),
                    Command::Recovered => {
                        if let Some(input) = self.look_at_host() {
                            return (input, false);
                        }
                    }
                    Command::Flush => return (Input::Tick, false),
                    Command::Verify(reply) => {
                        let verification = attempt::verify(self.store, self.election.identity().clone(), reply, self.shared);
                        self.verifications.push(Box::pin(verification));
                    }
                    #[cfg(test)]
                    Command::Panic => panic!("as the test asked"),
                },
                Some(ended) = OptionFuture::from(self.attempt.as_mut()) => {
                    self.attempt = None;
                    return (self.ended(ended), false);
                }
                Some(watched) = OptionFuture::from(self.watch.as_mut()) => {
                    self.watch = None;
                    return (self.watched(watched), false);
                }
                Some(()) = OptionFuture::from(self.proof.as_mut().map(|(_, proof)| proof)) => {
                    if let Some((holder, proof)) = &mut self.proof {
                        // Once is enough: asked again, the store would prove it again, at once.
                        *proof = Box::pin(std::future::pending());
                        let holder = holder.clone();
                        tracing::info!("{}: its holder {holder} is proven dead", self.place());
                        return (Input::HolderDead(holder), false);
                    }
                }
                Some(()) = self.verifications.next(), if !self.verifications.is_empty() => {}
                () = sleep_until(self.wake) => return (Input::Tick, false),
                () = sleep_until(self.watching.due(patience)) => {
                    if self.watching.tend(patience, os::now()) {
                        self.watch = None;
                        self.store.close_watch();
                        return (Input::Watching(false), false);
                    }
                }
                () = sleep_until(heartbeat_due) => {
                    if let Some(input) = self.look_at_host() {
                        return (input, false);
                    }
                }
            }
        }
    }

    fn ended(&mut self, ended: Ended) -> Input {
        let Ended { id, was_read, outcome, problem, took } = ended;
        self.took = took;
        match problem {
            Some(problem) => {
                self.note_problem(&problem);
                self.problem = if was_read {
                    Problem::Reading
                } else {
                    Problem::Writing(self.election.version().cloned())
                };
            }
            None => {
                self.watching.store_answered(os::now());
                // That it can be read does not say that it can be written.
                if !(was_read && matches!(self.problem, Problem::Writing(_))) {
                    self.end_problem();
                }
            }
        }
        Input::Finished(id, outcome)
    }

    fn watched(&mut self, watched: Result<Watched, StoreError>) -> Input {
        match watched {
            Ok(watched) => {
                // It has taken over from the reads, of which nobody will hear again.
                if matches!(self.problem, Problem::Reading) && self.election.is_informed() {
                    self.end_problem();
                }
                self.watching.showed(watched, os::now())
            }
            Err(error) => {
                if self.watching.is_news(&error) {
                    tracing::warn!("{}: polls, as long as it cannot be watched: {error}", self.place());
                } else {
                    tracing::debug!("{error}");
                }
                self.watching.broke(&error, os::now())
            }
        }
    }

    /// Once somebody has written, our own failure is history.
    fn reconsider_problem(&mut self) {
        if let Problem::Writing(version) = &self.problem
            && version.as_ref() != self.election.version()
        {
            self.end_problem();
        }
    }

    /// Logs a problem when it appears, and keeps quiet about it while it lasts.
    fn note_problem(&mut self, problem: &StoreError) {
        self.shared.set_problem(Some(&problem.message));
        if self.logged.contains(&problem.message) {
            tracing::debug!("{problem}");
            return;
        }
        tracing::warn!("{problem}");
        self.logged.push_back(problem.message.clone());
        if self.logged.len() > MOST_LOGGED {
            self.logged.pop_front();
        }
    }

    fn end_problem(&mut self) {
        self.problem = Problem::None;
        self.logged.clear();
        self.shared.set_problem(None);
    }

    fn attend_to_watch(&mut self) {
        if self.watch.is_none() && self.watching.is_wanted() {
            self.watch = Some(Box::pin(self.store.watch()));
        }
    }

    /// Waits for proof of death of whoever the record names, if it is not us.
    fn attend_to_proof(&mut self) {
        let holder = self.election.record().and_then(|record| record.holder.as_ref());
        let other = holder.filter(|holder| *holder != self.election.identity());
        if self.proof.as_ref().map(|(holder, _)| holder) != other {
            let store = self.store;
            self.proof = other.cloned().map(|holder| {
                let proof: Running<'a, ()> = Box::pin({
                    let holder = holder.clone();
                    async move { store.proof_of_death(&holder).await }
                });
                (holder, proof)
            });
        }
    }

    /// How long a healthy watch may be silent: a live leader renews within the record's duration. A
    /// little longer, so that the watch still stands when several take over from a leader who does not.
    fn patience(&self) -> Duration {
        let of_record = self.election.record().and_then(|record| record.lease_duration);
        let ours = self.shared.timing().lease_duration();
        of_record.unwrap_or(ours).max(ours) + self.shared.timing().retry_period()
    }

    async fn another_identity(&mut self) -> Result<Input, StoreError> {
        let identity = new_identity(self.shared)?;
        self.attempt = None;
        self.store.stand_as(&identity).await?;
        tracing::warn!("{}: stands as {identity} from now on", self.place());
        Ok(Input::NewIdentity(identity))
    }

    /// A request to step down is the host's to honour, where it wants that: the election does not see it.
    fn leave_request_to_host(&self, input: &mut Input) {
        if !self.shared.resolved().defer_step_down {
            return;
        }
        let (Input::Seen(Seen::Present(record, _)) | Input::Finished(_, Outcome::Read(Some((record, _))))) =
            input
        else {
            return;
        };
        if record.asks_to_step_down() && record.holder.as_ref() == Some(self.election.identity()) {
            self.shared.set_asked_to_step_down();
        }
        record.step_down = None;
    }

    // ---- how the host fares --------------------------------------------------------------------

    fn heartbeat_due(&self) -> Option<Instant> {
        let heartbeat = self.shared.resolved().heartbeat?;
        if self.host_is == Some(LostReason::HostStuck) {
            return Some(os::now() + Duration::from_millis(200));
        }
        Some(self.shared.last_beat() + heartbeat)
    }

    /// What follows, if it fares otherwise than when we last looked.
    fn look_at_host(&mut self) -> Option<Input> {
        let silent = os::now().since(self.shared.last_beat());
        let is = if self.shared.resolved().heartbeat.is_some_and(|longest| silent >= longest) {
            Some(LostReason::HostStuck)
        } else if self.shared.is_healthy() {
            None
        } else {
            Some(LostReason::Unhealthy)
        };
        let was = std::mem::replace(&mut self.host_is, is);
        if was == is {
            return None;
        }
        match is {
            Some(LostReason::HostStuck) => tracing::warn!(
                "{}: the host was stuck for {silent:?}: it does not stand until it moves again",
                self.place()
            ),
            Some(reason) => tracing::warn!("{}: {}: it does not stand", self.place(), reason.explanation()),
            None if was == Some(LostReason::HostStuck) => {
                tracing::info!("{}: the host moves again", self.place());
            }
            None => tracing::info!("{}: the host says that it is healthy again", self.place()),
        }
        match (was, is) {
            (None, Some(reason)) => Some(Input::Suspend(reason)),
            (Some(_), None) => Some(Input::Resume),
            _ => None,
        }
    }

    // ---- telling people ----------------------------------------------------------------------

    fn place(&self) -> String {
        self.shared.resolved().place.describe()
    }

    fn log(&self, events: &[Event]) {
        for event in events {
            match event {
                Event::Acquired { token, term } => {
                    tracing::info!(
                        "{}: this process leads (term {term}, fencing token {token})",
                        self.place()
                    );
                }
                Event::Lost { reason, .. } => {
                    tracing::info!("{}: this process leads no more: {}", self.place(), reason.explanation());
                }
                Event::LeaderChanged(Some(holder)) => tracing::info!("{}: held by {holder}", self.place()),
                Event::LeaderChanged(None) => tracing::info!("{}: held by nobody", self.place()),
                Event::DuplicateIdentity(identity) => tracing::error!(
                    "{}: another process writes as {identity}. Was this process copied while it ran?",
                    self.place()
                ),
                Event::LedgerLost => tracing::warn!(
                    "{}: its ledger is gone: another elector wrote without it, or the record was deleted. What it \
                     said of work done is unknown",
                    self.place()
                ),
                Event::Renewed | Event::Released | Event::Noted(_) | Event::NotNoted(_) => {
                    tracing::debug!("{}: {event:?}", self.place());
                }
            }
        }
    }
}

fn new_identity(shared: &Shared) -> Result<Identity, StoreError> {
    identity::of_this_start(&shared.resolved().instance_name)
        .map_err(|error| StoreError::refused(error.to_string()))
}
