//! What goes into an election and what comes out of it.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::ledger::Note;
use crate::record::{Identity, Record, Version};
use crate::time::Instant;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// Time passed: the instant of [`Output::wake`] has come, or any other.
    Tick,
    /// The attempt with this number ended.
    Finished(AttemptId, Outcome),
    /// The watch showed a change. It may lag behind what we know.
    Seen(Seen),
    /// The watch is open (`true`): followers stay silent. Or it is not: they poll.
    Watching(bool),
    /// The store proved that this holder cannot be running any more.
    HolderDead(Identity),
    /// A fresh identity, after [`Event::DuplicateIdentity`].
    NewIdentity(Identity),
    /// What the record is to leave to later leaders, from now on: see [`Note`].
    Note(Note),
    /// Hand over, sit out until another process has led or one lease duration has passed, and
    /// stand again.
    StepDown,
    /// Hand over and do not stand before [`Input::Resume`].
    Suspend(LostReason),
    /// Stand again after [`Input::Suspend`].
    Resume,
    /// Hand over and end.
    Stop,
}

/// A change that a watch showed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// The record, as of this version.
    Present(Record, Version),
    /// The record was deleted; the version is the deletion's own.
    Deleted(Version),
}

/// The number of an attempt. An attempt supersedes every earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub(crate) u64);

/// A request to the store, to be made once and not repeated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// To be returned with the outcome.
    pub id: AttemptId,
    /// What to do.
    pub request: Request,
    /// An attempt that takes longer than this has an unknown outcome.
    pub timeout: Duration,
    /// A leader's last chance to keep its claim, or a step of a release, which is tried once: it should go
    /// before all that is not, and not wait until a busy store wants to be asked.
    pub urgent: bool,
}

/// What to ask the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Read the record, consistently.
    Read,
    /// Create the record, if there is none.
    Create(Record),
    /// Replace the record, if it still is of this version.
    Update(Record, Version),
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The reply to a read: the record, or that there is none.
    Read(Option<(Record, Version)>),
    /// The write took effect and made this version.
    Accepted(Version),
    /// The write did not take effect: the record is of another version or uid.
    Conflict,
    /// The update did not take effect: there is no record.
    NotFound,
    /// The create did not take effect: there is a record.
    AlreadyExists,
    /// The store refused, or could not be asked: the request had no effect and never will.
    Refused,
    /// A timeout, a reset, a 5xx: the request may have taken effect, or may yet.
    Unknown,
}

/// What to do now. Apply it in the order of the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Output {
    /// Our claim, or none. Store it where readers look *before* doing anything else: a
    /// withdrawal must be visible before the release's first byte is sent.
    pub claim: Option<Claim>,
    /// What to tell listeners, in order.
    pub events: Vec<Event>,
    /// What to ask the store. It replaces the attempt under way, if any, whose outcome is no
    /// longer of interest.
    pub attempt: Option<Attempt>,
    /// When to call again at the latest, with [`Input::Tick`].
    pub wake: Option<Instant>,
}

/// A term of leadership, as far as it is certain now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// We lead before this instant, and not at it.
    pub deadline: Instant,
    /// The fencing token: the version number of the write that acquired. Every later term of any
    /// process has a larger one.
    pub token: u64,
    /// `leaseTransitions` of the record.
    pub term: i32,
}

/// What listeners are told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A term of ours began.
    Acquired {
        /// Its fencing token.
        token: u64,
        /// `leaseTransitions`.
        term: i32,
    },
    /// Our term goes on, to the deadline in [`Output::claim`].
    Renewed,
    /// The term with this token ended.
    Lost {
        /// The fencing token of the term.
        token: u64,
        /// Why it ended.
        reason: LostReason,
    },
    /// The record names another holder than before, or none.
    LeaderChanged(Option<Identity>),
    /// Our releasing write was accepted.
    Released,
    /// A write with this [`Note`], or a later one, was accepted: every later leader finds it.
    Noted(u64),
    /// These notes will not be written any more: they were refused, or the record is no longer ours. One
    /// that was on its way may have been written.
    NotNoted(RangeInclusive<u64>),
    /// The record, or the one in its place, bears no ledger any more: another elector wrote without it,
    /// or the record was deleted. Told once each time.
    LedgerLost,
    /// The record names our identity with times that we did not write: another process uses it.
    /// The election stands still until [`Input::NewIdentity`].
    DuplicateIdentity(Identity),
}

/// Why a term ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LostReason {
    /// The renew deadline passed without an acknowledged renewal.
    Expired,
    /// The record names another holder.
    Superseded,
    /// Somebody else blanked the holder.
    Blanked,
    /// The record was deleted.
    Deleted,
    /// The record came under the API server's coordinated election (`spec.strategy`).
    Coordinated,
    /// Another process uses our identity.
    DuplicateIdentity,
    /// We were asked to step down.
    SteppedDown,
    /// The election was stopped.
    Stopped,
    /// The host process stopped responding to the election.
    HostStuck,
    /// The driver of the election failed and was restarted.
    DriverFailed,
    /// The host said that it is not healthy.
    Unhealthy,
}

impl LostReason {
    /// Why, in words for people.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Expired => "the renew deadline passed without an acknowledged renewal",
            Self::Superseded => "another process holds the lease",
            Self::Blanked => "somebody else blanked the lease's holder",
            Self::Deleted => "the lease was deleted",
            Self::Coordinated => "the lease came under the API server's coordinated election",
            Self::DuplicateIdentity => "another process uses this identity",
            Self::SteppedDown => "it was asked to step down",
            Self::Stopped => "it was stopped",
            Self::HostStuck => "the host process stopped responding",
            Self::DriverFailed => "the election thread failed and was restarted",
            Self::Unhealthy => "the host says that it is not healthy",
        }
    }
}
