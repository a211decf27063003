//! The three durations of an election and the rules between them.

use std::time::Duration;

/// Lease duration, renew deadline and retry period: client-go's three, validated.
///
/// * *Lease duration*: how long others wait, from their own observation of a record, before
///   they take over from a holder that has stopped renewing.
/// * *Renew deadline*: how long our own claim lasts, from just before the write that made it.
/// * *Retry period*: the pause between attempts after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    lease_duration: Duration,
    renew_deadline: Duration,
    retry_period: Duration,
}

/// A duration that breaks a rule of [`Timing`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value:?}, but {rule}")]
pub struct InvalidTiming {
    /// The offending field: `lease duration`, `renew deadline` or `retry period`.
    pub field: &'static str,
    /// Its value.
    pub value: Duration,
    /// The rule that it breaks, with the values of the other fields concerned.
    pub rule: String,
}

impl Default for Timing {
    /// client-go's defaults: 15 s, 10 s, 2 s.
    fn default() -> Self {
        Self {
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }
}

impl Timing {
    /// How far the lease duration must exceed the renew deadline: what client-go, which sees
    /// changes only at a grain of one second, may lose of the lease duration.
    const MARGIN: Duration = Duration::from_secs(1);

    /// The longest lease that a record's `leaseDurationSeconds` (an `int32`) can hold.
    const LONGEST: Duration = Duration::from_secs(i32::MAX as u64);

    /// Checks the durations against each other, as client-go does (`NewLeaderElector`), and a
    /// little more strictly.
    ///
    /// # Errors
    /// The first rule broken: the lease duration is whole seconds, from 1 s on; the renew
    /// deadline is at least 1 s below it and above 1.2 retry periods; the retry period is not
    /// zero.
    pub fn new(
        lease_duration: Duration,
        renew_deadline: Duration,
        retry_period: Duration,
    ) -> Result<Self, InvalidTiming> {
        let broken = |field, value, rule: &str| Err(InvalidTiming { field, value, rule: rule.to_owned() });
        if lease_duration < Duration::from_secs(1)
            || lease_duration.subsec_nanos() != 0
            || lease_duration > Self::LONGEST
        {
            return broken(
                "lease duration",
                lease_duration,
                "it must be whole seconds, from 1s to 2147483647s (a Lease stores leaseDurationSeconds as an int32)",
            );
        }
        if retry_period.is_zero() {
            return broken("retry period", retry_period, "it must be greater than zero");
        }
        if renew_deadline.saturating_mul(5) <= retry_period.saturating_mul(6) {
            return broken(
                "renew deadline",
                renew_deadline,
                &format!("it must be greater than 1.2 times the retry period ({retry_period:?})"),
            );
        }
        if renew_deadline.saturating_add(Self::MARGIN) > lease_duration {
            return broken(
                "renew deadline",
                renew_deadline,
                &format!("it must be at least 1s less than the lease duration ({lease_duration:?})"),
            );
        }
        Ok(Self { lease_duration, renew_deadline, retry_period })
    }

    /// How long others wait before they take over.
    #[must_use]
    pub const fn lease_duration(&self) -> Duration {
        self.lease_duration
    }

    /// How long a claim lasts from just before its write was sent.
    #[must_use]
    pub const fn renew_deadline(&self) -> Duration {
        self.renew_deadline
    }

    /// The pause between attempts after a failure.
    #[must_use]
    pub const fn retry_period(&self) -> Duration {
        self.retry_period
    }

    /// A leader renews after this long: half the renew deadline leaves the other half for retries.
    #[must_use]
    pub fn renew_interval(&self) -> Duration {
        self.renew_deadline / 2
    }

    /// An outage shorter than this costs no leadership: the last attempt to renew starts this long
    /// after the first, half a retry period before the claim ends.
    #[must_use]
    pub fn tolerated_outage(&self) -> Duration {
        self.renew_deadline.saturating_sub(self.retry_period) / 2
    }

    /// How long one attempt may take. A fifth of the renew deadline: a renewal begun at half of
    /// it that hangs leaves two more before the claim ends.
    #[must_use]
    pub fn attempt_timeout(&self) -> Duration {
        self.renew_deadline / 5
    }
}
