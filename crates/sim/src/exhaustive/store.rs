//! The store, and the writes that are still on their way to it.

use election::{Identity, Outcome, Record, Request, Seen, Version};

use super::canonical::REACH;
use super::process::{HISTORY, NEWEST};

/// A linearizable store of one record, which numbers versions downwards from its newest: that is
/// always [`NEWEST`], so two stores with the same future are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) record: Option<Record>,
    /// How many objects there have been: names their uids.
    objects: u8,
    /// The newest changes, the newest first.
    changes: Vec<Seen>,
    /// Writes that nobody waits for and that may still take effect, and who sent them.
    pub(super) late: Vec<(u8, Request)>,
    /// G6: the largest token of all terms so far.
    largest_token: u64,
}

impl Store {
    pub(super) fn new(record: Option<Record>) -> Self {
        let objects = u8::from(record.is_some());
        Self { record, objects, changes: Vec::new(), late: Vec::new(), largest_token: NEWEST - REACH }
    }

    fn version(&self) -> Version {
        Version { uid: format!("object {}", self.objects).into(), number: NEWEST }
    }

    /// Serves a request; whether that made a new version.
    pub(super) fn serve(&mut self, request: &Request) -> (Outcome, bool) {
        match (request, &self.record) {
            (Request::Read, None) => (Outcome::Read(None), false),
            (Request::Read, Some(record)) => (Outcome::Read(Some((record.clone(), self.version()))), false),
            (Request::Create(_), Some(_)) => (Outcome::AlreadyExists, false),
            (Request::Update(..), None) => (Outcome::NotFound, false),
            (Request::Update(_, guard), Some(_)) if *guard != self.version() => (Outcome::Conflict, false),
            (Request::Create(record) | Request::Update(record, _), _) => {
                self.put(record.clone());
                (Outcome::Accepted(self.version()), true)
            }
        }
    }

    /// Somebody creates the record or replaces what it says.
    pub(super) fn put(&mut self, record: Record) {
        if self.record.is_none() {
            self.objects += 1;
        }
        self.changed(Some(record));
    }

    /// Somebody deletes the record.
    pub(super) fn delete(&mut self) {
        self.changed(None);
    }

    fn changed(&mut self, record: Option<Record>) {
        self.largest_token = (self.largest_token - 1).max(NEWEST - REACH);
        for change in &mut self.changes {
            let (Seen::Present(_, version) | Seen::Deleted(version)) = change;
            version.number -= 1;
        }
        self.record = record;
        let version = self.version();
        self.changes.insert(
            0,
            match &self.record {
                Some(record) => Seen::Present(record.clone(), version),
                None => Seen::Deleted(version),
            },
        );
        self.changes.truncate(HISTORY);
        // An update of an older version never takes effect any more.
        self.late.retain(|(_, request)| matches!(request, Request::Create(_)));
    }

    /// The change that is so many changes back.
    pub(super) fn change(&self, back: usize) -> Option<&Seen> {
        self.changes.get(back)
    }

    /// A write is on its way that nobody waits for any more.
    pub(super) fn add_late(&mut self, who: u8, request: Request) {
        let in_vain = matches!(&request, Request::Update(_, guard) if *guard != self.version());
        if !in_vain && !self.late.contains(&(who, request.clone())) {
            self.late.push((who, request));
            self.late.sort_by_key(|late| format!("{late:?}"));
        }
    }

    /// G6: a term with this token began.
    pub(super) fn term_began(&mut self, token: u64) -> Result<(), String> {
        if token <= self.largest_token {
            return Err("G6: a term whose token is not larger than those of all terms before".to_owned());
        }
        self.largest_token = token;
        Ok(())
    }

    pub(super) fn holder(&self) -> Option<&Identity> {
        self.record.as_ref()?.holder.as_ref()
    }

    /// Which seconds of wall time occur in it.
    pub(super) fn walls(&self) -> u64 {
        let records = self.record.iter().chain(self.changes.iter().filter_map(|change| match change {
            Seen::Present(record, _) => Some(record),
            Seen::Deleted(_) => None,
        }));
        let late = self.late.iter().filter_map(|(_, request)| match request {
            Request::Create(record) | Request::Update(record, _) => Some(record),
            Request::Read => None,
        });
        let times = records.chain(late).flat_map(|record| [record.acquire_time, record.renew_time]);
        times.flatten().fold(0, |walls, time| walls | 1 << (time.as_micros() / 1_000_000).min(63))
    }
}
