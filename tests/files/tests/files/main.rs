//! The file store, by its users: processes that come to harm.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod aftermath;
mod chaos;
mod children;
mod clocks;
mod errors;
mod kills;
mod limits;
mod moved;
mod pauses;
mod troubles;
mod victims;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tests_files::{Contender, Setup, Timings, World};

/// A dead leader's lease is far from over when a test ends: whoever takes over had the proof.
const LONG_LEASE: Timings = Timings { lease: 60_000, renew: 2_000, retry: 200 };

/// Where what is waited for is waited for.
const QUICK: Timings = Timings { lease: 3_000, renew: 2_000, retry: 300 };

fn contender<'a>(world: &'a World, name: &'a str, timings: Timings) -> Setup<'a> {
    Contender::of(env!("CARGO_BIN_EXE_contender"), world, name, timings)
}

/// Does `run` for each of `all`, so many at a time: most of a run is spent waiting.
fn for_each<T: Sync>(all: &[T], at_a_time: usize, run: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    run(one);
                }
            });
        }
    });
}

/// Whether there is time for all that there is: CLUSTER_LEADER_TEST_LONG is set.
fn is_long() -> bool {
    std::env::var_os("CLUSTER_LEADER_TEST_LONG").is_some()
}
