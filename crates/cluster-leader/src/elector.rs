//! The handle of an election.

use std::sync::Arc;
use std::time::Duration;

use election::Timing;

use crate::driver;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::options::{self, Options};
use crate::os;
use crate::shared::Shared;
use crate::status::{Change, Status};

/// An election that this process stands in, until it is dropped.
///
/// All methods may be called from any thread. None but [`wait_for_change`](Self::wait_for_change),
/// [`verify`](Self::verify), [`Ledger::flush`], [`stop`](Self::stop) and dropping block.
#[derive(Debug)]
pub struct Elector {
    shared: Arc<Shared>,
}

impl Elector {
    /// Starts to stand in an election. Returns at once: the first answer is no.
    ///
    /// # Errors
    /// The options or the environment are wrong, or the place of the election cannot be used.
    /// Whether a server answers is not asked here: that is tried, and tried again, later.
    pub fn start(options: Options) -> Result<Self, Error> {
        let resolved = options::resolve(options, &options::Environment::of_process())?;
        let shared = Arc::new(Shared::new(resolved)?);
        driver::start(&shared)?;
        Ok(Self { shared })
    }

    /// Whether this process leads now: true only if a clock read inside this call is before the
    /// deadline of an acknowledged claim. No lock, no I/O, no allocation.
    #[inline]
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.shared.claim().is_leading(os::now)
    }

    /// Whether this process leads and will for at least `duration`, as far as it depends on time.
    ///
    /// # Errors
    /// [`Error::NeverLeft`] if `duration` is not below the renew deadline: no claim ever lasts
    /// that long.
    pub fn is_leader_for(&self, duration: Duration) -> Result<bool, Error> {
        let renew_deadline = self.shared.timing().renew_deadline();
        if duration >= renew_deadline {
            return Err(Error::NeverLeft { asked: duration, renew_deadline });
        }
        let remaining = self.remaining();
        Ok(!remaining.is_zero() && remaining >= duration)
    }

    /// How long this process leads at least; zero if it does not.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.shared.claim().remaining(os::now)
    }

    /// A snapshot of the election.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// The timings that this election has, given or by default.
    #[must_use]
    pub fn timing(&self) -> Timing {
        *self.shared.timing()
    }

    /// Waits until the status has another [`version`](Status::version) than `seen`, or for
    /// `timeout`, and returns it.
    #[must_use]
    pub fn wait_for_change(&self, seen: u64, timeout: Duration) -> Status {
        self.shared.wait_for_change(seen, timeout)
    }

    /// The changes after the one numbered `after`, oldest first. Begin with 0.
    ///
    /// The last 1,000 are kept; a caller who falls further behind misses the oldest.
    #[must_use]
    pub fn changes(&self, after: u64) -> Vec<Change> {
        self.shared.changes(after)
    }

    /// Hands leadership over: the answer is no from here on, the record is released, and this
    /// process sits out until another has led or one lease duration has passed.
    pub fn step_down(&self) {
        self.shared.step_down();
    }

    /// Asks the store, with one read, whether we hold the record now. Blocks for a fifth of the
    /// renew deadline at most.
    ///
    /// # Errors
    /// The store did not answer, or the election was stopped.
    pub fn verify(&self) -> Result<bool, Error> {
        self.shared.verify()
    }

    /// What leaders leave to their successors: see [`Ledger`].
    #[must_use]
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger::of(&self.shared)
    }

    /// Says that the host is alive, where the options ask for a [heartbeat](Options::heartbeat).
    pub fn beat(&self) {
        self.shared.beat();
    }

    /// Says whether the host is healthy. While it is not, the answer is no, from before this returns, and
    /// this process does not stand; another may take over at once.
    pub fn set_healthy(&self, healthy: bool) {
        self.shared.set_healthy(healthy);
    }

    /// Says that the host is ready to lead, where the options have it
    /// [wait](Options::wait_until_ready) for that: it stands from now on, for good. To stand aside later,
    /// [step down](Self::step_down) or [stop](Self::stop).
    pub fn ready(&self) {
        self.shared.set_ready();
    }

    /// Whether this is a forked child's copy of its parent's elector. There
    /// [`is_leader`](Self::is_leader), [`is_leader_for`](Self::is_leader_for) and
    /// [`remaining`](Self::remaining) answer no, [`stop`](Self::stop) and dropping do nothing, and nothing
    /// else may be called: the thread that would answer does not run in the child. It may start an
    /// elector of its own.
    #[must_use]
    pub fn is_inherited(&self) -> bool {
        self.shared.is_inherited()
    }

    /// Withdraws the claim, releases the record and ends the election. Blocks for a retry period
    /// at most. Further calls do nothing.
    pub fn stop(&self) {
        self.shared.stop();
    }
}

impl Drop for Elector {
    /// As [`stop`](Elector::stop).
    fn drop(&mut self) {
        self.stop();
    }
}
