//! One bell for all elections of the process: who listens to many waits in one place.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::shared::lock;

static RINGS: Mutex<u64> = Mutex::new(0);
static RUNG: Condvar = Condvar::new();

/// Wakes everybody who waits in [`wait_for_any_change`]: for surfaces that have news of their own
/// to tell there, such as log lines.
pub fn wake_waiters() {
    ring();
}

/// Something changed somewhere.
pub(crate) fn ring() {
    *lock(&RINGS) += 1;
    RUNG.notify_all();
}

/// Waits until any election of this process changed since the call that returned `seen` (begin
/// with 0), or for `timeout`. Returns the number to pass next time.
#[must_use]
pub fn wait_for_any_change(seen: u64, timeout: Duration) -> u64 {
    let (rings, _) = RUNG
        .wait_timeout_while(lock(&RINGS), timeout, |rings| *rings == seen)
        .unwrap_or_else(PoisonError::into_inner);
    *rings
}
