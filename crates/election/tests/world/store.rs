//! One record with compare-and-set, in memory.

use election::{Outcome, Record, Request, Seen, Version};

/// A store that keeps its promise: writes to the record are linearizable.
#[derive(Clone)]
pub(crate) struct Store {
    object: Option<(Record, Version)>,
    last_number: u64,
    objects: u64,
    changes: Vec<Seen>,
}

impl Store {
    /// An empty store; the first write makes version 101.
    pub(crate) fn empty() -> Self {
        Self { object: None, last_number: 100, objects: 0, changes: Vec::new() }
    }

    pub(crate) fn record(&self) -> Option<&Record> {
        self.object.as_ref().map(|(record, _)| record)
    }

    /// Every change there ever was, as a watch shows it.
    pub(crate) fn changes(&self) -> &[Seen] {
        &self.changes
    }

    /// Serves a request.
    pub(crate) fn serve(&mut self, request: &Request) -> Outcome {
        match (request, &self.object) {
            (Request::Read, object) => Outcome::Read(object.clone()),
            (Request::Create(_), Some(_)) => Outcome::AlreadyExists,
            (Request::Update(..), None) => Outcome::NotFound,
            (Request::Update(_, guard), Some((_, version))) if guard != version => Outcome::Conflict,
            (Request::Create(record) | Request::Update(record, _), _) => {
                Outcome::Accepted(self.put(record.clone()))
            }
        }
    }

    /// Somebody creates the record or replaces what it says.
    pub(crate) fn put(&mut self, record: Record) -> Version {
        let number = self.next_number();
        let uid = match &self.object {
            Some((_, version)) => version.uid.clone(),
            None => {
                self.objects += 1;
                format!("object-{}", self.objects).into()
            }
        };
        let version = Version { uid, number };
        self.changes.push(Seen::Present(record.clone(), version.clone()));
        self.object = Some((record, version.clone()));
        version
    }

    /// Somebody deletes the record.
    pub(crate) fn delete(&mut self) {
        let (_, version) = self.object.take().expect("there is a record to delete");
        let number = self.next_number();
        self.changes.push(Seen::Deleted(Version { number, ..version }));
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}
