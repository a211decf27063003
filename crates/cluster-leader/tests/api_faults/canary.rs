//! Whether the machine stood still: where it did, a test of *how soon* has told nothing.

use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use testkit::clock::boottime;

/// Pauses of a thread that sleeps for 10 ms at a time: when, and how long.
static STALLS: LazyLock<Mutex<Vec<(Duration, Duration)>>> = LazyLock::new(|| {
    thread::spawn(|| {
        loop {
            let before = boottime();
            thread::sleep(Duration::from_millis(10));
            let took = boottime() - before;
            if took > Duration::from_millis(150) {
                STALLS.lock().unwrap().push((before, took));
            }
        }
    });
    Mutex::default()
});

/// Watches the machine from now on.
pub(crate) fn start() {
    LazyLock::force(&STALLS);
}

/// For how long it has stood still since then, all in all.
pub(crate) fn stood_still_since(instant: Duration) -> Duration {
    let stalls = STALLS.lock().unwrap();
    stalls.iter().filter(|(from, took)| *from + *took > instant).map(|(_, took)| *took).sum()
}

/// Promises that hold on any machine and were broken all the same.
static BROKEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Fails for good: no machine is an excuse.
#[track_caller]
pub(crate) fn promise(election: &str, kept: bool, what: impl FnOnce() -> String) {
    if !kept {
        let what = what();
        BROKEN.lock().unwrap().push(election.to_owned());
        panic!("{election}: {what}");
    }
}

/// Whether one of them was broken in this election.
pub(crate) fn is_broken(election: &str) -> bool {
    BROKEN.lock().unwrap().iter().any(|broken| broken == election)
}
