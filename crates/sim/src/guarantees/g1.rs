//! G1, no stale yes: a claim ends one renew deadline after the clock was read, just before an
//! acknowledged write was sent.

use std::time::Duration;

use election::{Instant, Timing};

/// What the claims of one process may rest on.
#[derive(Clone, Debug, Default)]
pub struct Foundation {
    /// When the newest acknowledged claiming write of the present term was decided on.
    acknowledged: Option<Instant>,
}

impl Foundation {
    /// A claiming write was acknowledged, which was decided on then.
    pub fn acknowledged(&mut self, decided: Instant) {
        self.acknowledged = self.acknowledged.max(Some(decided));
    }

    /// The term is over: the next needs a write of its own.
    pub const fn ends(&mut self) {
        self.acknowledged = None;
    }

    /// When the next renewal is due, as far as it is not begun earlier.
    #[must_use]
    pub fn renewal_due(&self, timing: &Timing) -> Option<Instant> {
        self.acknowledged.map(|acknowledged| acknowledged + timing.renew_interval())
    }

    /// Whether a claim up to `deadline` is founded.
    ///
    /// # Errors
    /// Why it is not.
    pub fn check(&self, deadline: Instant, renew_deadline: Duration) -> Result<(), String> {
        let Some(acknowledged) = self.acknowledged else {
            return Err("a claim without an acknowledged write".to_owned());
        };
        let latest = acknowledged + renew_deadline;
        if deadline > latest {
            let beyond = deadline.since(latest);
            return Err(format!(
                "a claim that ends {beyond:?} later than its last acknowledged write allows"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn g1_a_claim_rests_on_an_acknowledged_write_of_its_term_and_lasts_the_renew_deadline() {
        let mut foundation = Foundation::default();
        assert!(foundation.check(at(1), V).is_err(), "nothing was acknowledged");
        foundation.acknowledged(at(5));
        assert!(foundation.check(at(15), V).is_ok());
        assert!(foundation.check(at(15) + Duration::from_nanos(1), V).is_err(), "a nanosecond too long");
        foundation.acknowledged(at(9));
        foundation.acknowledged(at(8));
        assert!(foundation.check(at(19), V).is_ok(), "the newest counts");
        foundation.ends();
        assert!(foundation.check(at(15), V).is_err(), "the term is over");
    }
}
