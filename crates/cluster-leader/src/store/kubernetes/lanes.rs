//! Few connections for many elections.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, Shared};
use kube::Client;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

use super::failure::Failure;

/// A client, which several requests may wait for.
pub(super) type SettingUp = Shared<LocalBoxFuture<'static, Result<Client, Failure>>>;

/// Carries one request at a time, so that its client keeps one connection. A client that carries
/// several at a time makes more connections than it needs, since it does not wait for one to come back.
#[derive(Default)]
pub(super) struct Lane {
    busy: Cell<bool>,
    client: RefCell<Option<SettingUp>>,
}

impl Lane {
    /// The client. It goes on being set up if whoever waits for it gives up.
    pub(super) fn client(&self, set_up: impl FnOnce() -> SettingUp) -> SettingUp {
        self.client.borrow_mut().get_or_insert_with(set_up).clone()
    }

    fn reconnect(&self) {
        self.client.borrow_mut().take_if(|client| client.peek().is_some());
    }
}

/// All requests but watches take turns here.
pub(super) struct Lanes {
    lanes: [Lane; Self::COUNT],
    /// Apart, lest a watch take for itself the idle connection that the next request needs at once.
    watches: Lane,
    turns: Semaphore,
    /// The last lane is kept free for what is urgent: where requests hang, all others would be taken.
    turns_of_others: Semaphore,
    /// Counts how often the open connections were given up.
    generation: Cell<u64>,
}

/// Keeps the others off a lane until it is dropped.
pub(super) struct Turn<'a> {
    pub(super) lane: &'a Lane,
    _permits: (SemaphorePermit<'a>, Option<SemaphorePermit<'a>>),
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.lane.busy.set(false);
    }
}

impl Lanes {
    /// No more requests are under way at a time, whatever the number of elections.
    pub(super) const COUNT: usize = 4;

    pub(super) fn new() -> Self {
        Self {
            lanes: Default::default(),
            watches: Lane::default(),
            turns: Semaphore::new(Self::COUNT),
            turns_of_others: Semaphore::new(Self::COUNT - 1),
            generation: Cell::new(0),
        }
    }

    /// Waits for a turn, first come first served, but for what is urgent.
    ///
    /// # Errors
    /// It did not come within `patience`.
    pub(super) async fn turn(&self, urgent: bool, patience: Duration) -> Result<Turn<'_>, Failure> {
        let none = || {
            Failure::NoTurn(format!(
                "no turn within {patience:?}: as many requests of this process are under way as may be at a time"
            ))
        };
        let permits = async {
            let of_others = if urgent { None } else { Some(self.turns_of_others.acquire().await?) };
            Ok::<_, AcquireError>((self.turns.acquire().await?, of_others))
        };
        let permits = match tokio::time::timeout(patience, permits).await {
            Ok(Ok(permits)) => permits,
            Ok(Err(_)) | Err(_) => return Err(none()),
        };
        let lane = self.lanes.iter().find(|lane| !lane.busy.replace(true)).ok_or_else(none)?;
        Ok(Turn { lane, _permits: permits })
    }

    /// For watches, which hold no turn: each has a connection of its own for as long as it lasts.
    pub(super) const fn of_watches(&self) -> &Lane {
        &self.watches
    }

    /// The number of the connections that requests are sent on from now on.
    pub(super) const fn generation(&self) -> u64 {
        self.generation.get()
    }

    /// Does not trust the open connections any more, if they are still those of `generation`: of
    /// several requests that find them dead, only the first has new ones made.
    pub(super) fn distrust(&self, generation: u64) {
        if self.generation.get() == generation {
            self.generation.set(generation.wrapping_add(1));
            self.lanes.iter().chain([&self.watches]).for_each(Lane::reconnect);
        }
    }
}
