//! A record, as people and programs are told of it.

use std::time::{Duration, SystemTime};

use cluster_leader::Observed;
use serde::Serialize;
use serde_json::Value;

use crate::print::{Tone, milliseconds, rfc_3339};

/// An election at one moment. The times in a record are by its holder's wall clock, and compared with ours.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) election: String,
    /// `None`: there is no record.
    pub(crate) record: Option<Observed>,
    now: SystemTime,
}

/// How the election stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Somebody holds it, and renews it.
    Held,
    /// Its holder has not renewed it for its duration: frozen, cut off or gone.
    Expired,
    /// Its holder is proven dead. On files only.
    Dead,
    /// It was given up, and nobody has taken it.
    Released,
    /// Nobody has ever stood, or the record was removed.
    Absent,
}

impl State {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Expired => "expired",
            Self::Dead => "dead",
            Self::Released => "released",
            Self::Absent => "absent",
        }
    }

    pub(crate) const fn tone(self) -> Tone {
        match self {
            Self::Held => Tone::Good,
            Self::Released | Self::Absent => Tone::Warning,
            Self::Expired | Self::Dead => Tone::Bad,
        }
    }
}

/// What `-o json` shows of an election. Fields are added, never renamed or removed.
#[derive(Debug, Serialize)]
pub(crate) struct Shown<'a> {
    election: &'a str,
    state: State,
    /// Where the record is.
    place: Option<&'a str>,
    /// The shown name.
    holder: Option<&'a str>,
    holder_identity: Option<&'a str>,
    /// Since when, and when last renewed, by the holder's wall clock.
    since: Option<String>,
    renewed: Option<String>,
    lease_duration_ms: Option<u64>,
    /// How long the lease lasts if it is not renewed, by our wall clock.
    remaining_ms: u64,
    term: Option<i32>,
    /// How often a term has begun since the record was made, on average. In Kubernetes only.
    transitions_per_hour: Option<f64>,
    fencing_token: Option<u64>,
    step_down_requested: bool,
    /// Whether this library has written the record.
    ours: Option<bool>,
    /// What its leaders have left to their successors, with ages as of the last write.
    ledger: Option<Value>,
}

impl Seen {
    pub(crate) fn now(election: &str, record: Option<Observed>) -> Self {
        Self { election: election.to_owned(), record, now: SystemTime::now() }
    }

    pub(crate) fn state(&self) -> State {
        let Some(record) = &self.record else { return State::Absent };
        if record.leader.is_none() {
            State::Released
        } else if record.holder_is_dead {
            State::Dead
        } else if self.remaining().is_zero() {
            State::Expired
        } else {
            State::Held
        }
    }

    pub(crate) fn leader(&self) -> Option<&str> {
        self.record.as_ref()?.leader.as_deref()
    }

    /// How long ago that was; zero if it is still to come.
    pub(crate) fn ago(&self, time: Option<SystemTime>) -> Option<Duration> {
        Some(self.now.duration_since(time?).unwrap_or_default())
    }

    /// How far the holder's clock is ahead of ours, at least.
    pub(crate) fn renewed_in_the_future(&self) -> Option<Duration> {
        self.record.as_ref()?.renewed_at?.duration_since(self.now).ok()
    }

    /// How long the lease lasts if it is not renewed.
    pub(crate) fn remaining(&self) -> Duration {
        let Some(record) = self.record.as_ref().filter(|record| record.leader.is_some()) else {
            return Duration::ZERO;
        };
        let since_renewal = self.ago(record.renewed_at).unwrap_or_default();
        record.lease_duration.unwrap_or(Duration::from_secs(15)).saturating_sub(since_renewal)
    }

    /// Since the record was made, to two decimals; `None`: that is not known, or less than a minute ago.
    pub(crate) fn transitions_per_hour(&self) -> Option<f64> {
        let record = self.record.as_ref()?;
        let age = self.ago(record.created_at).filter(|age| *age >= Duration::from_secs(60))?;
        let rate = f64::from(record.term) * 3600.0 / age.as_secs_f64();
        Some((rate * 100.0).round() / 100.0)
    }

    pub(crate) fn shown(&self) -> Shown<'_> {
        let record = self.record.as_ref();
        let held = record.filter(|record| record.leader.is_some());
        Shown {
            election: &self.election,
            state: self.state(),
            place: record.map(|record| &*record.place),
            holder: self.leader(),
            holder_identity: record.and_then(|record| record.leader_identity.as_deref()),
            since: held.and_then(|record| rfc_3339(record.acquired_at?)),
            renewed: record.and_then(|record| rfc_3339(record.renewed_at?)),
            lease_duration_ms: held.and_then(|record| record.lease_duration).map(milliseconds),
            remaining_ms: milliseconds(self.remaining()),
            term: record.map(|record| record.term),
            transitions_per_hour: self.transitions_per_hour(),
            fencing_token: record.and_then(|record| record.fencing_token),
            step_down_requested: record.is_some_and(|record| record.asked_to_step_down),
            ours: record.map(|record| record.is_ours),
            ledger: record.and_then(|record| serde_json::from_str(record.ledger.as_ref()?).ok()),
        }
    }
}
