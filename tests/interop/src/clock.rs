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
    let ago = Timestamp::now().as_nanosecond() - time.as_nanosecond();
    u64::try_from(i128::from(now()) - ago).expect("after the machine was started")
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("fewer than 585 years")
}

fn read(clock: ClockId) -> Duration {
    // CLOCK_BOOTTIME and CLOCK_MONOTONIC are never negative.
    Duration::try_from(clock_gettime(clock)).expect("not negative")
}
