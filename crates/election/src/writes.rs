//! Which records are writes of ours.

use std::sync::Arc;

use crate::record::{Record, Version};
use crate::time::WallTime;

/// What tells our writes apart from each other and from those of an impostor: their times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Mark {
    acquire_time: Option<WallTime>,
    renew_time: Option<WallTime>,
}

impl Mark {
    fn of(record: &Record) -> Self {
        Self { acquire_time: record.acquire_time, renew_time: record.renew_time }
    }
}

/// A write that may have taken effect, or may yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Unresolved {
    mark: Mark,
    /// The version that it replaces; `None` for a create.
    guard: Option<Version>,
    /// It has met another version, which may be its own: something on the way sent it twice.
    conflicted: bool,
}

impl Unresolved {
    /// Whether it can have made this record. A create makes an object whose uid nobody knows yet.
    fn can_have_made(&self, mark: Mark, version: &Version) -> bool {
        self.mark == mark && self.guard.as_ref().is_none_or(|guard| guard.uid == version.uid)
    }

    /// Whether it can still take effect on a record that has reached `version`.
    fn can_land_after(&self, version: &Version) -> bool {
        self.guard.as_ref().is_none_or(|guard| guard == version)
    }
}

/// Our claiming writes (creates, take-overs, renewals): the acknowledged one that the record
/// holds, as far as we know, and those whose outcome is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct OwnWrites {
    acknowledged: Option<(Mark, Arc<str>)>,
    unresolved: Vec<Unresolved>,
}

impl OwnWrites {
    /// How many open outcomes are remembered: with the default timing for twice as long as an API server
    /// holds on to a request (a minute). One that is forgotten and lands all the same looks like a
    /// duplicate identity: safe, and answered by taking a new one.
    const MOST_UNRESOLVED: usize = 64;

    /// `record` is being sent.
    pub(crate) fn sending(&mut self, record: &Record, guard: Option<&Version>) {
        if self.unresolved.len() >= Self::MOST_UNRESOLVED {
            self.unresolved.remove(0);
        }
        let (mark, guard) = (Mark::of(record), guard.cloned());
        self.unresolved.push(Unresolved { mark, guard, conflicted: false });
    }

    /// `record` was acknowledged.
    pub(crate) fn accepted(&mut self, record: &Record, version: &Version) {
        self.acknowledged = Some((Mark::of(record), version.uid.clone()));
        self.failed(record);
        self.unresolved.retain(|write| write.can_land_after(version));
    }

    /// `record` was refused: it has no effect and never will.
    pub(crate) fn failed(&mut self, record: &Record) {
        if let Some(index) = self.open(record) {
            self.unresolved.remove(index);
        }
    }

    /// `record` met another version: a read will tell which.
    pub(crate) fn conflicted(&mut self, record: &Record) {
        if let Some(write) = self.open(record).and_then(|index| self.unresolved.get_mut(index)) {
            write.conflicted = true;
        }
    }

    /// Where `record` is among those whose outcome is open. A release never is, though on a wall
    /// clock that stands still it has the times of a take-over.
    fn open(&self, record: &Record) -> Option<usize> {
        record.holder.as_ref()?;
        self.unresolved.iter().rposition(|write| write.mark == Mark::of(record))
    }

    /// A read has shown `record`: what met another version has made that, or never will.
    pub(crate) fn conflicts_are_read(&mut self, record: Option<&Record>) {
        let mark = record.map(Mark::of);
        self.unresolved.retain(|write| !write.conflicted || Some(write.mark) == mark);
    }

    /// Whether the record that names us is our acknowledged one or one that was open. A watch that
    /// lags behind may show either even after we know that it was deleted.
    pub(crate) fn recognise(&self, record: &Record, version: &Version) -> bool {
        let mark = Mark::of(record);
        let acknowledged =
            self.acknowledged.as_ref().is_some_and(|(of, uid)| *of == mark && *uid == version.uid);
        acknowledged || self.unresolved.iter().any(|write| write.can_have_made(mark, version))
    }

    /// The record reached `version`: updates of other versions can no longer take effect, and
    /// unless it is ours our acknowledged write is history.
    pub(crate) fn observed(&mut self, record: &Record, version: &Version, ours: bool) {
        let mark = Mark::of(record);
        self.unresolved.retain(|write| (ours && write.mark == mark) || write.can_land_after(version));
        if !ours {
            self.acknowledged = None;
        }
    }

    /// Whether a write of ours might still take effect.
    pub(crate) fn any_unresolved(&self) -> bool {
        !self.unresolved.is_empty()
    }
}
