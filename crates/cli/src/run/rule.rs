//! When the command must end, and how soon.
//!
//! Leadership that goes on is asked for the whole grace: the command is sent SIGTERM, leadership is kept and
//! renewed meanwhile, and given up once the command is gone. A claim that nobody renews ends by itself, at an
//! instant that is known: the command must be gone before, and what is left until then is all the grace there is.
//!
//! ```text
//! the claim is renewed         renewals fail          SIGTERM       SIGKILL   the claim ends   others may lead
//! |---------------------------|----------------------|-------------|---------|----------------|
//! renew deadline              half of it             a quarter,    reserve   0                renew deadline -
//!                                                    or the grace,                            lease duration
//!                                                    + reserve
//! ```

use std::time::Duration;

/// How much must be left of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// With less than this left, the command is asked to end (SIGTERM), and none is started.
    pub(super) to_work: Duration,
    /// With less than this left, what has not ended is killed (SIGKILL).
    pub(super) to_live: Duration,
}

impl Rule {
    /// A renewal is tried when half of the renew deadline is left, and again after a failure. With a quarter left
    /// it has failed more than once: to wait longer would leave the command no time to end well, and to wait less
    /// would end it for every hiccup.
    pub(super) fn new(grace: Duration, renew_deadline: Duration) -> Self {
        let to_live = (renew_deadline / 20).clamp(Duration::from_millis(50), Duration::from_secs(1));
        Self { to_work: grace.min(renew_deadline / 4) + to_live, to_live }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_must_be_left() {
        let ms = Duration::from_millis;
        for (grace, renew_deadline, to_work, to_live) in [
            (30_000, 10_000, 3_000, 500),
            (1_000, 10_000, 1_500, 500),
            (0, 10_000, 500, 500),
            (30_000, 2_000, 600, 100),
            (30_000, 500, 175, 50),
            (30_000, 120_000, 31_000, 1_000),
        ] {
            let rule = Rule::new(ms(grace), ms(renew_deadline));
            assert_eq!(
                rule,
                Rule { to_work: ms(to_work), to_live: ms(to_live) },
                "{grace} of {renew_deadline}"
            );
            // A leader whose renewals succeed never comes near it.
            assert!(rule.to_work < ms(renew_deadline) / 2);
        }
    }
}
