//! What a store keeps of an election: client-go's record, and whose it is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ledger::Ledger;
use crate::time::WallTime;

/// A holder identity: `<shown name>_<suffix>`, unique to one start of one process.
///
/// Any string can stand in a record that others wrote; ours have this form, which is client-go's
/// convention too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(Arc<str>);

impl Identity {
    /// The identity of a process start: the shown name (a pod's name), `_`, and a suffix that is
    /// random for each start, so that a restarted process never inherits a claim.
    #[must_use]
    pub fn of_start(shown_name: &str, suffix: &str) -> Self {
        Self(format!("{shown_name}_{suffix}").into())
    }

    /// The whole identity, as it stands in `holderIdentity`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part people know: all before the last `_`, or everything if there is none.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.0.rsplit_once('_').map_or(&self.0, |(name, _)| name)
    }

    /// The ReplicaSet of a pod of a Deployment: all before the last `-` of `<name>-<hash>-<5 letters>`,
    /// where both end parts are of the letters that Kubernetes makes names from.
    #[must_use]
    pub fn generation(&self) -> Option<&str> {
        let (replica_set, pod) = self.shown_name().rsplit_once('-')?;
        let (_, hash) = replica_set.rsplit_once('-')?;
        let made = |part: &str| part.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte));
        (pod.len() == 5 && (5..=10).contains(&hash.len()) && made(pod) && made(hash)).then_some(replica_set)
    }
}

impl From<&str> for Identity {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which state of which object: the guard of every write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// `metadata.uid`: differs after the object was deleted and created again.
    pub uid: Arc<str>,
    /// `metadata.resourceVersion` as a number, comparable since KEP-5504.
    pub number: u64,
}

/// An election's record: the `spec` of a Lease as client-go reads and writes it, and those of our
/// own annotations that concern the holder.
///
/// Others may have left out any field. An empty `holderIdentity` and none at all both mean that
/// nobody holds the lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Record {
    /// `holderIdentity`; `None` if released, empty or missing.
    pub holder: Option<Identity>,
    /// `leaseDurationSeconds`; `None` if missing or not positive.
    pub lease_duration: Option<Duration>,
    /// `acquireTime`.
    pub acquire_time: Option<WallTime>,
    /// `renewTime`.
    pub renew_time: Option<WallTime>,
    /// `leaseTransitions`; 0 if missing.
    pub transitions: i32,
    /// `strategy`: set where the API server's coordinated election picks the leader (KEP-4355).
    pub strategy: Option<Arc<str>>,
    /// Annotation `cluster-leader.io/token`: the fencing token of the holder named with it.
    pub token: Option<(Identity, u64)>,
    /// Annotation `cluster-leader.io/step-down`: the holder that is asked to hand over.
    pub step_down: Option<Identity>,
    /// Annotation `cluster-leader.io/ledger`: what a leader leaves to the next. Unlike the others it
    /// belongs to no holder: every write of ours carries it on.
    pub ledger: Option<Ledger>,
}

impl Record {
    /// The holder's duration to wait out: the record's own, or `ours` where it has none.
    #[must_use]
    pub(crate) fn duration_or(&self, ours: Duration) -> Duration {
        self.lease_duration.unwrap_or(ours)
    }

    /// The record's fencing token, if it belongs to the record's holder.
    #[must_use]
    pub fn holder_token(&self) -> Option<u64> {
        match (&self.token, &self.holder) {
            (Some((owner, token)), Some(holder)) if owner == holder => Some(*token),
            _ => None,
        }
    }

    /// Whether the record asks its present holder to step down.
    #[must_use]
    pub fn asks_to_step_down(&self) -> bool {
        self.holder.is_some() && self.step_down == self.holder
    }

    /// The first record of an election: nobody held it before.
    #[must_use]
    pub(crate) fn first(us: &Identity, lease_duration: Duration, now: WallTime) -> Self {
        Self {
            holder: Some(us.clone()),
            lease_duration: Some(lease_duration),
            acquire_time: Some(now),
            renew_time: Some(now),
            ..Self::default()
        }
    }

    /// This record, taken over by `us`: one more transition, and nothing left that concerned
    /// the holder before.
    #[must_use]
    pub(crate) fn taken_over(&self, us: &Identity, lease_duration: Duration, now: WallTime) -> Self {
        Self {
            transitions: self.transitions.saturating_add(1),
            ledger: self.ledger.clone(),
            ..Self::first(us, lease_duration, now)
        }
    }

    /// This record of ours, renewed: `renewTime` moves, by a whole second at least (see
    /// [`WallTime::in_another_second_than`]), and others are told our token.
    #[must_use]
    pub(crate) fn renewed(&self, lease_duration: Duration, token: Option<u64>, now: WallTime) -> Self {
        let renew_time = self.renew_time.map_or(now, |last| now.in_another_second_than(last));
        Self {
            lease_duration: Some(lease_duration),
            renew_time: Some(renew_time),
            token: self.holder.clone().zip(token),
            step_down: None, // a request to us was honoured before we stood again
            ..self.clone()
        }
    }

    /// This record, released as client-go releases: no holder, one second, times now.
    #[must_use]
    pub(crate) fn released(&self, now: WallTime) -> Self {
        Self {
            holder: None,
            lease_duration: Some(Duration::from_secs(1)),
            acquire_time: Some(now),
            renew_time: Some(now),
            transitions: self.transitions,
            strategy: None,
            token: None,
            step_down: None,
            ledger: self.ledger.clone(),
        }
    }
}
