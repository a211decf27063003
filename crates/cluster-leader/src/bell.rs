//! One bell for all elections of the process: who listens to many waits in one place.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::os::PerProcess;
use crate::shared::lock;

#[derive(Default)]
struct Bell {
    rings: Mutex<u64>,
    rung: Condvar,
}

static BELL: PerProcess<Bell> = PerProcess::new(Bell::default);

/// Wakes everybody who waits in [`wait_for_any_change`]: for surfaces that have news of their own
/// to tell there, such as log lines.
pub fn wake_waiters() {
    ring();
}

/// Something changed somewhere.
pub(crate) fn ring() {
    let bell = BELL.get();
    *lock(&bell.rings) += 1;
    bell.rung.notify_all();
}

/// Waits until any election of this process changed since the call that returned `seen` (begin
/// with 0), or for `timeout`. Returns the number to pass next time.
#[must_use]
pub fn wait_for_any_change(seen: u64, timeout: Duration) -> u64 {
    let bell = BELL.get();
    let (rings, _) = bell
        .rung
        .wait_timeout_while(lock(&bell.rings), timeout, |rings| *rings == seen)
        .unwrap_or_else(PoisonError::into_inner);
    *rings
}
