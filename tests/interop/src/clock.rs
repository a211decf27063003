//! One clock for all that is compared: nanoseconds of `CLOCK_BOOTTIME`, as in the record of answers.

use std::time::Duration;

use cluster_leader_tests_kubernetes::Moment;
use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// Now.
pub(crate) fn now() -> u64 {
    nanos(read(ClockId::Boottime))
}

/// What `CLOCK_BOOTTIME` is ahead of `CLOCK_MONOTONIC`: the time for which this host slept.
pub(crate) fn offset() -> u64 {
    nanos(read(ClockId::Boottime).saturating_sub(read(ClockId::Monotonic)))
}

/// The instant of a [`Moment`].
pub(crate) fn at(moment: Moment) -> u64 {
    nanos(moment.since("0".parse().expect("a moment"))) + offset()
}

/// The instant that a wall clock shows as `time`, by the two clocks as they are now.
pub(crate) fn at_wall(time: Timestamp) -> u64 {
    // Of some looks at both, the one between whose halves the least time passed.
    let look = || {
        let before = now();
        let wall = Timestamp::now().as_nanosecond();
        let after = now();
        (after - before, wall - i128::from(before))
    };
    let (_, ahead) = (0..5).map(|_| look()).min().expect("some looks");
    u64::try_from(time.as_nanosecond() - ahead).expect("after the machine was started")
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("fewer than 585 years")
}

fn read(clock: ClockId) -> Duration {
    // CLOCK_BOOTTIME and CLOCK_MONOTONIC are never negative.
    Duration::try_from(clock_gettime(clock)).expect("not negative")
}
