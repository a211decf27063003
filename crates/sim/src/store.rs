//! The store: compare-and-set on one record, and everything it ever held.

use std::sync::Arc;

use election::{Outcome, Record, Request, Seen, Version};

use crate::clock::Real;
use crate::random::Dice;

/// How a store numbers versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// One counter for all objects of the cluster, which others move too.
    Kubernetes,
    /// The larger of the writer's newest known number plus one, and its wall clock's nanoseconds.
    File,
}

/// What a writer brings along besides its request.
#[derive(Clone, Copy, Debug)]
pub struct Writer {
    /// The largest version number it has seen.
    pub newest: u64,
    /// Its wall clock, in nanoseconds.
    pub wall: u64,
}

impl Writer {
    /// Who is dead knows nothing; what it had sent is numbered by the server.
    pub const OF_THE_DEAD: Self = Self { newest: 0, wall: 0 };
}

/// A state that the store has been in.
#[derive(Clone, Debug)]
pub struct Change {
    /// Since when.
    pub at: Real,
    /// What it was.
    pub seen: Seen,
}

impl Change {
    /// The object that changed.
    #[must_use]
    pub const fn uid(&self) -> &Arc<str> {
        match &self.seen {
            Seen::Present(_, version) | Seen::Deleted(version) => &version.uid,
        }
    }

    /// The number of the version that the change made.
    #[must_use]
    pub const fn number(&self) -> u64 {
        match &self.seen {
            Seen::Present(_, version) | Seen::Deleted(version) => version.number,
        }
    }
}

/// A linearizable store of one record.
#[derive(Debug)]
pub struct Store {
    flavour: Flavour,
    object: Option<(Record, Version)>,
    last_number: u64,
    objects: u64,
    dice: Dice,
    changes: Vec<Change>,
}

impl Store {
    /// A store without the record.
    #[must_use]
    pub fn empty(flavour: Flavour, seed: u64) -> Self {
        Self {
            flavour,
            object: None,
            last_number: 100,
            objects: 0,
            dice: Dice::of(seed, &[0x5708]),
            changes: Vec::new(),
        }
    }

    /// The record as it is now.
    #[must_use]
    pub const fn object(&self) -> Option<&(Record, Version)> {
        self.object.as_ref()
    }

    /// The record as it is now, without its version.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.object.as_ref().map(|(record, _)| record)
    }

    /// The number of the newest version that there ever was.
    #[must_use]
    pub const fn last_number(&self) -> u64 {
        self.last_number
    }

    /// Every state there ever was, oldest first.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether this object, which is gone, still named a holder when it was deleted.
    #[must_use]
    pub fn was_held_to_the_end(&self, uid: &Arc<str>) -> bool {
        let last = self.changes.iter().rev().find_map(|change| match &change.seen {
            Seen::Present(record, version) if version.uid == *uid => Some(record),
            _ => None,
        });
        last.is_none_or(|record| record.holder.is_some())
    }

    /// Serves a request.
    pub fn serve(&mut self, request: &Request, writer: Writer, now: Real) -> Outcome {
        match (request, &self.object) {
            (Request::Read, object) => Outcome::Read(object.clone()),
            (Request::Create(_), Some(_)) => Outcome::AlreadyExists,
            (Request::Update(..), None) => Outcome::NotFound,
            (Request::Update(_, guard), Some((_, version))) if guard != version => Outcome::Conflict,
            (Request::Create(record) | Request::Update(record, _), _) => {
                Outcome::Accepted(self.put(record.clone(), writer, now))
            }
        }
    }

    /// The record is created, or what it says is replaced.
    pub fn put(&mut self, record: Record, writer: Writer, now: Real) -> Version {
        let number = self.next_number(writer);
        let uid = match &self.object {
            Some((_, version)) => Arc::clone(&version.uid),
            None => {
                self.objects += 1;
                Arc::from(format!("object-{}", self.objects))
            }
        };
        let version = Version { uid, number };
        self.changes.push(Change { at: now, seen: Seen::Present(record.clone(), version.clone()) });
        self.object = Some((record, version.clone()));
        version
    }

    /// The record is deleted, if there is one.
    pub fn delete(&mut self, writer: Writer, now: Real) {
        if let Some((_, version)) = self.object.take() {
            // A file leaves no number behind when it is removed.
            let number = match self.flavour {
                Flavour::Kubernetes => self.next_number(writer),
                Flavour::File => version.number,
            };
            self.changes.push(Change { at: now, seen: Seen::Deleted(Version { number, ..version }) });
        }
    }

    fn next_number(&mut self, writer: Writer) -> u64 {
        self.last_number = match self.flavour {
            Flavour::Kubernetes => self.last_number + 1 + self.dice.below(4) / 3,
            Flavour::File => (writer.newest + 1).max(writer.wall),
        };
        self.last_number
    }
}
