//! Waiting for what must come.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take on a starved machine. Nothing is judged by it: what does not come
/// within it does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until `condition` gives something.
///
/// # Panics
/// It does not within 90 s, in which even a starved machine does anything.
pub fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        sleep(Duration::from_millis(20));
    }
}
