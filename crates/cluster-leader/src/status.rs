//! What an election tells of itself.

use std::time::Duration;

use election::LostReason;

/// A snapshot of an election. Old as soon as it is taken: work is guarded by
/// [`Elector::is_leader`](crate::Elector::is_leader), not by this.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The election: the Lease's name.
    pub election: String,
    /// Where it is held, for people: `Lease production/billing-jobs`, `file /var/lib/x/billing-jobs`.
    pub place: String,
    /// Our shown name: the pod's name.
    pub instance_name: String,
    /// Our holder identity: unique to this start of this process.
    pub identity: String,
    /// What we are up to.
    pub state: State,
    /// Whether we lead, by a clock read while this snapshot was taken.
    pub leading: bool,
    /// How long we lead at least; zero if we do not.
    pub remaining: Duration,
    /// The shown name in the record, ours or another's; `None` if nobody holds it as far as we
    /// know.
    pub leader: Option<String>,
    /// The holder identity in the record.
    pub leader_identity: Option<String>,
    /// `leaseTransitions` of the record, if there is one.
    pub term: Option<i32>,
    /// The fencing token of our term while we lead.
    pub fencing_token: Option<u64>,
    /// Somebody asks us to step down, and the options leave to the host
    /// [when](crate::Options::defer_step_down).
    pub asked_to_step_down: bool,
    /// The last thing that went wrong, until something went right again.
    pub last_problem: Option<String>,
    /// For how long something has been wrong, one thing or several in a row; zero if nothing is.
    pub problem_for: Duration,
    /// The renewals of all our terms.
    pub renewals: Renewals,
    /// Grows with every change of this status.
    pub version: u64,
}

/// Renewals that the store acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewals {
    /// How many.
    pub count: u64,
    /// From before the last one was sent until its acknowledgement was here.
    pub last_took: Duration,
    /// What all of them took together.
    pub took: Duration,
}

impl Renewals {
    pub(crate) fn add(&mut self, took: Duration) {
        self.count += 1;
        self.last_took = took;
        self.took = self.took.saturating_add(took);
    }
}

/// What an election is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Nothing is known of the record yet.
    Starting,
    /// Another leads, or nobody as far as we know.
    Following,
    /// We lead.
    Leading,
    /// The election was stopped.
    Stopped,
}

/// Something that listeners are told, once each and in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number: 1 for the first change of an election, then one more each.
    pub number: u64,
    /// What happened.
    pub kind: ChangeKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// A term of ours began.
    Acquired {
        /// Its fencing token.
        token: u64,
        /// `leaseTransitions`.
        term: i32,
    },
    /// The term of ours with this token ended.
    Lost {
        /// The term's fencing token.
        token: u64,
        /// Why.
        reason: LostReason,
    },
    /// The record names another leader (its shown name) than before, or none.
    LeaderChanged {
        /// The shown name, ours or another's.
        leader: Option<String>,
    },
}
