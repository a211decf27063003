//! What is common to all that come to harm at a system call.

use std::fs;

use cluster_leader_tests_kubernetes::{eventually, noted};
use tests_files::{Harm, Harmed, Step, World};

use crate::aftermath::survivor;
use crate::{LONG_LEASE, contender};

/// To come to harm after these is to come to harm before whatever comes next.
pub(crate) const WITHOUT_EFFECT: [&str; 10] =
    ["read", "fcntl", "fstat", "stat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "getdents64"];

/// What the process finds when it begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    NoDirectory,
    NothingInTheDirectory,
    /// A released record, and what dead processes have left.
    AReleasedRecord,
    ADeadHolder,
}

impl Found {
    pub(crate) fn make(self) -> World {
        let world = World::in_memory();
        match self {
            Self::NoDirectory => {}
            Self::NothingInTheDirectory => fs::create_dir(world.directory()).unwrap(),
            Self::AReleasedRecord => {
                eventually("a record that was released", || {
                    // On a busy machine it may not be in time, as a release is bounded.
                    let before = survivor(&world, "before");
                    eventually("a leader", || before.is_leader().then_some(()));
                    before.stop();
                    world.record().filter(|record| record.holder.is_none())
                });
                leave_things(&world);
            }
            Self::ADeadHolder => {
                let before = contender(&world, "before", LONG_LEASE).start();
                before.await_leading();
                before.kill();
                leave_things(&world);
            }
        }
        world
    }
}

/// As a process leaves them that is killed.
fn leave_things(world: &World) {
    for name in [".billing-jobs.0123456789abcdef.tmp", "billing-jobs.dead_1.holder"] {
        fs::write(world.path(name), "").unwrap();
    }
}

/// The system calls of a step, and how many of each.
pub(crate) fn calls_of(found: Found, step: Step) -> Vec<(String, usize)> {
    let world = found.make();
    let unharmed = contender(&world, "unharmed", LONG_LEASE).step(step).harm(Harm::none()).start();
    if step != Step::Start {
        unharmed.await_leading();
        unharmed.go();
    }
    unharmed.await_through();
    match unharmed.harmed() {
        Harmed::Over(calls) => calls,
        other => panic!("{other:?}"),
    }
}

/// Says what it was about if `check` panics.
pub(crate) fn context<T>(what: &str, check: impl FnOnce() -> T) -> T {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)) {
        Ok(value) => value,
        Err(panic) => {
            noted(format!("FAILED: {what}"));
            std::panic::resume_unwind(panic)
        }
    }
}
