//! G10, load: how many requests a process makes at most.
//!
//! Whatever goes wrong, four a pace (the shorter of retry period and attempt timeout: an attempt is
//! a read and a write at most, and only the first conflict is followed by another at once), and
//! a few more each time something happens: a command, a change of the record, a watch that opens
//! or breaks, a restart.

use election::{Instant, Timing};

/// How many more requests may follow from one thing that happens: a release, and its conflicts.
const PER_CAUSE: u64 = 12;
/// Requests in one pace.
const PER_PACE: u64 = 4;
/// More than this at one instant would hurry.
const AT_ONCE: u32 = 20;

/// What was not asked for earlier may be asked for at once: so many requests of quiet times,
const SAVED: u64 = 8 * PER_PACE;
/// and so many of things that happened.
const SAVED_OF_CAUSES: u64 = 4 * PER_CAUSE;

/// The requests of one process.
#[derive(Clone, Debug)]
pub struct Load {
    pace: u64,
    /// What it may send, in requests times the nanoseconds of a pace.
    credit: u64,
    counted: Instant,
    sent: u64,
    latest: Instant,
    at_once: u32,
}

impl Load {
    /// A process that has sent nothing yet.
    #[must_use]
    pub fn new(timing: &Timing, now: Instant) -> Self {
        let pace = timing.retry_period().min(timing.renew_deadline() / 5);
        let pace = u64::try_from(pace.as_nanos()).unwrap_or(u64::MAX);
        let credit = (PER_PACE + 2 * PER_CAUSE) * pace;
        Self { pace, credit, counted: now, sent: 0, latest: Instant::default(), at_once: 0 }
    }

    /// Something happened that may cause requests.
    pub fn cause(&mut self) {
        self.credit = (self.credit + PER_CAUSE * self.pace).min((SAVED + SAVED_OF_CAUSES) * self.pace);
    }

    /// It sends a request.
    ///
    /// # Errors
    /// It hurries.
    pub fn sends(&mut self, now: Instant) -> Result<(), String> {
        self.sent += 1;
        self.at_once = if now == self.latest { self.at_once + 1 } else { 1 };
        self.latest = now;
        let elapsed = now.as_nanos().saturating_sub(self.counted.as_nanos());
        self.counted = now;
        let saved = self.credit.saturating_add(elapsed.saturating_mul(PER_PACE)).min(SAVED * self.pace);
        self.credit = self.credit.max(saved);
        if self.at_once > AT_ONCE {
            return Err(format!("{} requests at one instant", self.at_once));
        }
        let Some(left) = self.credit.checked_sub(self.pace) else {
            return Err(format!("more than {PER_PACE} requests a pace, and {SAVED} that were saved"));
        };
        self.credit = left;
        Ok(())
    }

    /// How many it has sent.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }
}

/// Whether so many requests are right for a quiet time of this length: a leader renews at half its
/// renew deadline, a follower with a watch is silent.
///
/// # Errors
/// They are too many.
pub fn check_quiet(leads: bool, sent: u64, lasted: u64, timing: &Timing) -> Result<(), String> {
    let interval = u64::try_from(timing.renew_deadline().as_nanos() / 2).unwrap_or(u64::MAX);
    let most = if leads { lasted / interval + 1 } else { 0 };
    if sent > most {
        let who = if leads { "a leader" } else { "a follower with a watch" };
        return Err(format!("{who} made {sent} requests in a quiet time, where {most} are the most"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn g10_whoever_hurries_is_noticed() {
        let timing = Timing::default();
        let mut steady = Load::new(&timing, Instant::default());
        assert!((0..1000).all(|n| steady.sends(Instant::from_nanos(n * SECOND / 2)).is_ok()));
        let mut busy = Load::new(&timing, Instant::default());
        assert!(!(0..1000).all(|n| busy.sends(Instant::from_nanos(n * SECOND / 3)).is_ok()));
        let mut at_once = Load::new(&timing, Instant::default());
        at_once.cause();
        assert!(!(0..21).all(|_| at_once.sends(Instant::from_nanos(5)).is_ok()));
    }

    #[test]
    fn g10_in_quiet_times_a_leader_renews_and_a_follower_is_silent() {
        let timing = Timing::default();
        assert!(check_quiet(true, 13, 60 * SECOND, &timing).is_ok());
        assert!(check_quiet(true, 14, 60 * SECOND, &timing).is_err());
        assert!(check_quiet(false, 0, 60 * SECOND, &timing).is_ok());
        assert!(check_quiet(false, 1, 60 * SECOND, &timing).is_err());
    }
}
