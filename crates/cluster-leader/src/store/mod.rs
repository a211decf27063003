//! Where the record is kept.

mod file;
mod kubernetes;
mod lease;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use election::{Identity, Outcome, Record, Seen, Version};

pub(crate) use file::{FilePlace, default_directory};
pub(crate) use kubernetes::{ApiServers, KubernetesPlace, KubernetesStore};
#[cfg(test)]
pub(crate) use lease::ledger_of;
pub(crate) use lease::{is_labelled, record_of, version_of};

/// A place for one election's record, with compare-and-set.
///
/// One store serves one election and is used from the driver thread only. Every method makes one
/// attempt and repeats nothing: when to try again is the election's decision. A future may be
/// dropped at any point; what it had sent may still take effect.
pub(crate) trait Store {
    /// Where the record is, for people.
    fn describe(&self) -> String;

    /// Reads the record, consistently: the reply is no older than the call.
    fn read(&self) -> impl Future<Output = Result<Option<(Record, Version)>, StoreError>>;

    /// As [`read`](Self::read), for somebody else than the election, which learns nothing of it.
    fn verify(&self) -> impl Future<Output = Result<Option<Record>, StoreError>> {
        async { Ok(self.read().await?.map(|(record, _)| record)) }
    }

    /// Creates the record if there is none.
    fn create(&self, record: &Record) -> impl Future<Output = Result<Version, StoreError>>;

    /// Replaces the record if it still is of `version`. What the record holds beside the
    /// election's own fields (labels, annotations of others) stays.
    fn update(&self, record: &Record, version: &Version)
    -> impl Future<Output = Result<Version, StoreError>>;

    /// Waits for the next change, opening the watch if it is not open.
    ///
    /// Cancel-safe: a change is not lost when the future is dropped. After an error the next call
    /// opens the watch anew, from where it broke if that is possible.
    fn watch(&self) -> impl Future<Output = Result<Watched, StoreError>>;

    /// Closes the watch, so that the next call of [`watch`](Self::watch) opens it anew.
    fn close_watch(&self);

    /// Completes once it is *proven* that `holder`, named by the newest record, cannot be running
    /// any more. Pending for ever where there is no such proof: likelihood does not count.
    fn proof_of_death(&self, holder: &Identity) -> impl Future<Output = ()>;

    /// An attempt timed out: do not trust open connections any more.
    fn reconnect(&self);

    /// What is asked now will be given up after `timeout`. If it is `urgent` it goes before what others
    /// ask, and does not wait for a server that is busy.
    fn begin_attempt(&self, _timeout: Duration, _urgent: bool) {}

    /// Takes care that others can prove our death once we stand with this identity.
    fn stand_as(&self, identity: &Identity) -> impl Future<Output = Result<(), StoreError>>;
}

/// What a watch tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// It is open: from now on every change will be shown.
    Opened,
    /// The record changed.
    Seen(Seen),
    /// Nothing changed, but the watch is alive (a bookmark).
    Alive,
}

/// Why an attempt did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreError {
    /// What the election must know.
    pub(crate) kind: StoreErrorKind,
    /// What a person must know: what was tried, on what, what came back, and what would help.
    pub(crate) message: String,
}

/// The kinds of failure that an election tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreErrorKind {
    /// The record is of another version.
    Conflict,
    /// There is no record to update.
    NotFound,
    /// There is a record already.
    AlreadyExists,
    /// The attempt had no effect and never will: refused, or never sent.
    Refused,
    /// The attempt may have had its effect, or may have it yet.
    Unknown,
    /// The watch cannot continue from where it was: read the record, then open it anew.
    WatchExpired,
}

impl StoreError {
    pub(crate) fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Refused, message)
    }

    pub(crate) fn unknown(message: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Unknown, message)
    }

    /// The outcome that the election is told.
    pub(crate) const fn outcome(&self) -> Outcome {
        match self.kind {
            StoreErrorKind::Conflict => Outcome::Conflict,
            StoreErrorKind::NotFound => Outcome::NotFound,
            StoreErrorKind::AlreadyExists => Outcome::AlreadyExists,
            StoreErrorKind::Refused => Outcome::Refused,
            StoreErrorKind::Unknown | StoreErrorKind::WatchExpired => Outcome::Unknown,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {}
