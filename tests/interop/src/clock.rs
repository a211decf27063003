//! One clock for all that is compared: nanoseconds of `CLOCK_BOOTTIME`, as in the record of answers.

use cluster_leader_tests_kubernetes::Moment;
use jiff::Timestamp;
use testkit::clock::{boottime_nanos, boottime_offset_nanos, nanos};

/// The instant of a [`Moment`].
pub(crate) fn at(moment: Moment) -> u64 {
    nanos(moment.since("0".parse().expect("a moment"))) + boottime_offset_nanos()
}

/// The instant that a wall clock shows as `time`, by the two clocks as they are now.
pub(crate) fn at_wall(time: Timestamp) -> u64 {
    // Of some looks at both, the one between whose halves the least time passed.
    let look = || {
        let before = boottime_nanos();
        let wall = Timestamp::now().as_nanosecond();
        let after = boottime_nanos();
        (after - before, wall - i128::from(before))
    };
    let (_, ahead) = (0..5).map(|_| look()).min().expect("some looks");
    u64::try_from(time.as_nanosecond() - ahead).expect("after the machine was started")
}
