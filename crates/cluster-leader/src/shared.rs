//! What an election's driver and its readers share.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant as StdInstant};

use election::{Election, Event, Identity, Instant, LostReason, Output, Record, Timing};
use tokio::sync::Notify;

use crate::bell;
use crate::claim::ClaimCell;
use crate::driver::Command;
use crate::error::Error;
use crate::ledger::Desk;
use crate::options::Resolved;
use crate::os::{self, Slot};
use crate::status::{Change, ChangeKind, Renewals, State, Status};

/// One election of this process.
pub(crate) struct Shared {
    /// Where it was started: a forked child inherits this value, but not the driver.
    process: u64,
    resolved: Resolved,
    claim: ClaimCell,
    /// When the host last showed that it is alive, in nanoseconds of `CLOCK_BOOTTIME`.
    last_beat: AtomicU64,
    story: Mutex<Story>,
    changed: Condvar,
    ledger: Desk,
    /// The driver has taken this election up.
    taken_up: AtomicBool,
    /// Outlives a restart of the driver.
    commands: Mutex<VecDeque<Command>>,
    commanded: Notify,
    /// The host is ready to lead, or need not say so.
    ready: AtomicBool,
    /// The host says that it is healthy, or need not say so.
    healthy: AtomicBool,
    /// One of the two became true.
    readied: Notify,
}

/// What there is to tell, behind a lock that no hot path takes.
#[derive(Debug)]
struct Story {
    state: State,
    identity: Option<Identity>,
    /// The record as the election knows it.
    record: Option<Record>,
    /// The fencing token of the term that was announced and is not yet lost.
    term: Option<u64>,
    /// Commands under way that withdraw the claim.
    withdrawals: u32,
    /// The election is to end, whatever happens to its driver.
    stopping: bool,
    /// Somebody asks for our term to end, and the host has not ended it yet.
    asked_to_step_down: bool,
    last_problem: Option<String>,
    problem_since: Option<Instant>,
    renewals: Renewals,
    version: u64,
    changes: VecDeque<Change>,
    last_change: u64,
}

impl Story {
    const MOST_CHANGES: usize = 1000;

    fn tell(&mut self, kind: ChangeKind) {
        if self.changes.len() >= Self::MOST_CHANGES {
            self.changes.pop_front();
        }
        self.last_change += 1;
        self.changes.push_back(Change { number: self.last_change, kind });
    }

    fn withdrawal_done(&mut self) {
        self.withdrawals = self.withdrawals.saturating_sub(1);
    }

    /// Takes in an event; whether it is worth waking anybody for.
    fn take_in(&mut self, event: &Event) -> bool {
        match event {
            Event::Acquired { token, term } => {
                self.term = Some(*token);
                self.tell(ChangeKind::Acquired { token: *token, term: *term });
            }
            Event::Lost { token, reason } => {
                self.term = None;
                self.asked_to_step_down = false;
                self.tell(ChangeKind::Lost { token: *token, reason: *reason });
            }
            Event::LeaderChanged(leader) => {
                let leader = leader.as_ref().map(|leader| leader.shown_name().to_owned());
                self.tell(ChangeKind::LeaderChanged { leader });
            }
            Event::Renewed
            | Event::Released
            | Event::DuplicateIdentity(_)
            | Event::Noted(_)
            | Event::NotNoted(_)
            | Event::LedgerLost => return false,
        }
        true
    }
}

impl Shared {
    /// What a thread may need beyond a bound to notice that it was met.
    const SLACK: Duration = Duration::from_millis(250);

    pub(crate) fn new(resolved: Resolved) -> Result<Self, Error> {
        let word = Slot::new()
            .map_err(|source| Error::System { what: "no memory that a forked child finds wiped", source })?;
        let ready = AtomicBool::new(!resolved.wait_until_ready);
        let healthy = AtomicBool::new(!resolved.health_checked);
        Ok(Self {
            process: os::this_process(),
            resolved,
            claim: ClaimCell::over(word),
            last_beat: AtomicU64::new(os::now().as_nanos()),
            story: Mutex::new(Story {
                state: State::Starting,
                identity: None,
                record: None,
                term: None,
                withdrawals: 0,
                stopping: false,
                asked_to_step_down: false,
                last_problem: None,
                problem_since: None,
                renewals: Renewals::default(),
                version: 1,
                changes: VecDeque::new(),
                last_change: 0,
            }),
            changed: Condvar::new(),
            ledger: Desk::default(),
            taken_up: AtomicBool::new(false),
            commands: Mutex::new(VecDeque::new()),
            commanded: Notify::new(),
            ready,
            healthy,
            readied: Notify::new(),
        })
    }

    /// Whether this is a forked child's copy of its parent's election, in which nothing moves any more and
    /// locks may be held for ever.
    pub(crate) fn is_inherited(&self) -> bool {
        self.process != os::this_process()
    }

    // ---- for readers -----------------------------------------------------------------------

    #[inline]
    pub(crate) const fn claim(&self) -> &ClaimCell {
        &self.claim
    }

    pub(crate) const fn timing(&self) -> &Timing {
        &self.resolved.timing
    }

    pub(crate) const fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    pub(crate) const fn ledger(&self) -> &Desk {
        &self.ledger
    }

    pub(crate) fn status(&self) -> Status {
        self.status_of(&self.story())
    }

    pub(crate) fn wait_for_change(&self, seen: u64, timeout: Duration) -> Status {
        let (story, _) = self
            .changed
            .wait_timeout_while(self.story(), timeout, |story| story.version == seen)
            .unwrap_or_else(PoisonError::into_inner);
        self.status_of(&story)
    }

    pub(crate) fn changes(&self, after: u64) -> Vec<Change> {
        self.story().changes.iter().filter(|change| change.number > after).cloned().collect()
    }

    fn status_of(&self, story: &Story) -> Status {
        let remaining = self.claim.remaining(os::now);
        let leading = !remaining.is_zero();
        let holder = story.record.as_ref().and_then(|record| record.holder.as_ref());
        Status {
            election: self.resolved.election.clone(),
            place: self.resolved.place.describe(),
            instance_name: self.resolved.instance_name.clone(),
            identity: story.identity.as_ref().map_or_else(String::new, ToString::to_string),
            state: match story.state {
                State::Leading if !leading => State::Following,
                state => state,
            },
            leading,
            remaining,
            leader: holder.map(|holder| holder.shown_name().to_owned()),
            leader_identity: holder.map(ToString::to_string),
            term: story.record.as_ref().map(|record| record.transitions),
            fencing_token: story.term.filter(|_| leading),
            asked_to_step_down: story.asked_to_step_down && leading,
            last_problem: story.last_problem.clone(),
            problem_for: story.problem_since.map_or(Duration::ZERO, |since| os::now().since(since)),
            renewals: story.renewals,
            version: story.version,
        }
    }

    // ---- for handles: the driver does the work ------------------------------------------------

    /// Withdraws the claim before this returns; the driver does the rest.
    pub(crate) fn step_down(&self) {
        self.withdraw_and(Command::StepDown);
    }

    /// Withdraws the claim before this returns, and waits, bounded, for the release.
    pub(crate) fn stop(&self) {
        if self.is_inherited() {
            return; // it is the parent's: no thread of ours runs here that would end it
        }
        self.begin_stop();
        self.await_stopped_until(StdInstant::now() + self.timing().retry_period() + Self::SLACK);
    }

    pub(crate) fn begin_stop(&self) {
        self.story().stopping = true;
        self.withdraw_and(Command::Stop);
    }

    /// Whether the election ended before `deadline`.
    pub(crate) fn await_stopped_until(&self, deadline: StdInstant) -> bool {
        let left = deadline.saturating_duration_since(StdInstant::now());
        let (story, _) = self
            .changed
            .wait_timeout_while(self.story(), left, |story| story.state != State::Stopped)
            .unwrap_or_else(PoisonError::into_inner);
        story.state == State::Stopped
    }

    pub(crate) fn verify(&self) -> Result<bool, Error> {
        if self.is_stopped() {
            return Err(Error::Stopped);
        }
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Command::Verify(reply));
        // Whoever stopped it meanwhile may have looked for questions before this one came.
        if self.is_stopped() {
            return Err(Error::Stopped);
        }
        let timeout = self.timing().attempt_timeout() + Self::SLACK;
        match answer.recv_timeout(timeout) {
            Ok(Ok(held)) => Ok(held && self.claim.is_leading(os::now)),
            Ok(Err(problem)) => Err(Error::Unanswered(problem)),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(Error::Stopped),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(Error::Unanswered(format!(
                "{}: no answer within {timeout:?}",
                self.resolved.place.describe()
            ))),
        }
    }

    pub(crate) fn beat(&self) {
        self.last_beat.store(os::now().as_nanos(), Ordering::Relaxed);
    }

    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
        self.readied.notify_one();
    }

    /// An answer of no is withdrawn as a step-down is: before this returns.
    pub(crate) fn set_healthy(&self, healthy: bool) {
        if self.healthy.swap(healthy, Ordering::AcqRel) == healthy {
            return;
        }
        if healthy {
            self.readied.notify_one();
            self.send(Command::Recovered);
        } else {
            self.withdraw_and(Command::Unhealthy);
        }
    }

    fn withdraw_and(&self, command: Command) {
        let mut story = self.story();
        if story.state == State::Stopped {
            return;
        }
        story.withdrawals += 1;
        self.claim.store(None);
        drop(story);
        self.send(command);
    }

    pub(crate) fn send(&self, command: Command) {
        lock(&self.commands).push_back(command);
        self.commanded.notify_one();
    }

    // ---- for the driver ------------------------------------------------------------------------

    /// Whether the caller is the one to stand in this election: a restarted driver finds an
    /// election both on its roster and among the newly enrolled.
    pub(crate) fn take_up(&self) -> bool {
        !self.taken_up.swap(true, Ordering::Relaxed)
    }

    pub(crate) async fn next_command(&self) -> Command {
        loop {
            if let Some(command) = lock(&self.commands).pop_front() {
                return command;
            }
            self.commanded.notified().await;
        }
    }

    /// Waits until the host is ready, and says that it is healthy.
    pub(crate) async fn until_ready(&self) {
        while !(self.ready.load(Ordering::Acquire) && self.is_healthy()) {
            self.readied.notified().await;
        }
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Acquire)
    }

    pub(crate) fn last_beat(&self) -> Instant {
        Instant::from_nanos(self.last_beat.load(Ordering::Relaxed))
    }

    /// Shows readers what the election decided: the claim before all else.
    ///
    /// `withdrawn` says that the election has just carried out a command that withdraws.
    pub(crate) fn publish(&self, output: &Output, election: &Election, withdrawn: bool) {
        let mut story = self.story();
        if withdrawn {
            story.withdrawal_done();
        }
        // A step-down under way keeps a renewal that was acknowledged meanwhile from showing.
        let claim = output.claim.filter(|_| story.withdrawals == 0);
        if claim.is_none() {
            self.claim.store(None); // a withdrawal waits for nothing
        }
        // Whoever is told yes finds the term's ledger at hand.
        self.ledger.publish(output, election, os::now(), || self.resolved.place.describe());
        self.claim.store(claim.map(|claim| claim.deadline));
        let mut changed = false;
        for event in &output.events {
            changed |= story.take_in(event);
        }
        let state = match (election.is_stopped(), output.claim, election.record()) {
            (true, ..) => State::Stopped,
            (_, Some(_), _) => State::Leading,
            (_, None, None) if story.record.is_none() => story.state,
            (_, None, _) => State::Following,
        };
        changed |= story.state != state;
        story.state = state;
        if story.identity.as_ref() != Some(election.identity()) {
            story.identity = Some(election.identity().clone());
            changed = true;
        }
        if story.record.as_ref() != election.record() {
            story.record = election.record().cloned();
        }
        if changed {
            self.ring(story);
        }
    }

    /// Notes what went wrong, or with `None` that something went right again; whether that is new.
    pub(crate) fn set_problem(&self, problem: Option<&str>) -> bool {
        let mut story = self.story();
        let new = story.last_problem.as_deref() != problem;
        if new {
            story.last_problem = problem.map(str::to_owned);
            story.problem_since = problem.map(|_| story.problem_since.unwrap_or_else(os::now));
            self.ring(story);
        }
        new
    }

    /// A renewal was acknowledged that long after it was begun. No news to wake anybody for.
    pub(crate) fn renewed(&self, took: Duration) {
        self.story().renewals.add(took);
    }

    /// Somebody asks us to step down; what follows is the host's decision.
    pub(crate) fn set_asked_to_step_down(&self) {
        let mut story = self.story();
        if !std::mem::replace(&mut story.asked_to_step_down, true) {
            tracing::info!("{}: asked to step down", self.resolved.place.describe());
            self.ring(story);
        }
    }

    /// A command that withdraws was carried out by an election that has nothing to withdraw.
    pub(crate) fn withdrawal_done(&self) {
        self.story().withdrawal_done();
    }

    /// The driver failed: nobody renews, so nobody claims. What it was told may be lost with it;
    /// what it was not told yet is kept.
    pub(crate) fn withdraw_for_failed_driver(&self) {
        self.claim.store(None);
        self.ledger.abandon();
        self.taken_up.store(false, Ordering::Relaxed);
        let mut story = self.story();
        if let Some(token) = story.term.take() {
            story.tell(ChangeKind::Lost { token, reason: LostReason::DriverFailed });
        }
        let withdraws =
            |command: &&Command| matches!(command, Command::StepDown | Command::Unhealthy | Command::Stop);
        story.withdrawals = u32::try_from(lock(&self.commands).iter().filter(withdraws).count()).unwrap_or(0);
        story.state = if story.stopping { State::Stopped } else { State::Starting };
        story.record = None;
        self.ring(story);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.story().state == State::Stopped
    }

    pub(crate) fn set_stopped(&self) {
        self.claim.store(None);
        self.ledger.abandon();
        let mut story = self.story();
        story.state = State::Stopped;
        self.ring(story);
        // Nobody answers any more: whoever waits for an answer need not wait on.
        lock(&self.commands).clear();
    }

    fn ring(&self, mut story: MutexGuard<'_, Story>) {
        story.version += 1;
        drop(story);
        self.changed.notify_all();
        bell::ring();
    }

    fn story(&self) -> MutexGuard<'_, Story> {
        lock(&self.story)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("resolved", &self.resolved).finish_non_exhaustive()
    }
}

/// A lock whose holder panicked still guards data that each critical section leaves whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
