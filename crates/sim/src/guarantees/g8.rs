//! G8, liveness: once the faults are over exactly one leads within a stated time, and goes on
//! leading.

use std::time::Duration;

use election::Timing;

/// 20 ms, and 25 more within a generation.
const STAGGER: Duration = Duration::from_millis(45);

/// How soon after the faults somebody leads, by the slowest clock of all:
///
/// * the longest lease duration that may stand in a record (somebody may have died just then, or
///   have been deleted, or sit out), and the same once more where it is unlawful worlds' to delete
///   a record that its own leader has not missed yet;
/// * two retry periods: the longest pause of a follower that polls, or backs off;
/// * the stagger of who takes what is free;
/// * an attempt's timeout: one that was sent into the last fault may hang as long;
/// * a renewal interval: a leader without a watch learns only then that it was asked to step down,
///   or what was done to its record.
#[must_use]
pub fn leader_within(timings: &[Timing], longest_lease: Duration, round_trip: Duration) -> Duration {
    let longest = |of: fn(&Timing) -> Duration| timings.iter().map(of).max().unwrap_or_default();
    longest_lease
        + longest(Timing::retry_period) * 2
        + longest(Timing::renew_deadline) / 5
        + longest(Timing::renew_deadline) / 2
        + round_trip * 4
        + STAGGER
}

/// Whether exactly one leads, as must be.
///
/// # Errors
/// Nobody does, or several do.
pub fn check_one_leads(leaders: usize) -> Result<(), String> {
    match leaders {
        1 => Ok(()),
        0 => Err("nobody leads, long after the last fault".to_owned()),
        more => Err(format!("{more} lead, long after the last fault")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g8_the_bound_with_the_default_timing_is_26_seconds_and_the_network() {
        let timing = Timing::default();
        let bound = leader_within(&[timing], timing.lease_duration(), Duration::ZERO);
        assert_eq!(bound, Duration::from_secs(15 + 2 * 2 + 2 + 5) + STAGGER);
    }

    #[test]
    fn g8_exactly_one_leads() {
        assert!(check_one_leads(1).is_ok());
        assert!(check_one_leads(0).is_err() && check_one_leads(2).is_err());
    }
}
