//! G5, checked from outside: what a process was told, and when, kept beside its election.

use std::time::Duration;

use election::{Identity, Instant, Outcome, Record, Request, Seen, Version};

/// What a process was told of the record, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    newest: Option<Newest>,
    /// The version of the last deletion that it was told of, or a lower bound of it.
    deleted_at: u64,
    deleted_holder_may_lead_until: Instant,
    dead: Option<Identity>,
}

/// The newest version that it was told of.
#[derive(Clone, Debug)]
struct Newest {
    record: Record,
    version: Version,
    since: Instant,
}

/// Who is told, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listener<'a> {
    pub(super) us: &'a Identity,
    pub(super) leads: bool,
    pub(super) lease_duration: Duration,
    pub(super) now: Instant,
}

impl Told {
    /// The newest version.
    pub(super) fn version(&self) -> Option<&Version> {
        self.newest.as_ref().map(|newest| &newest.version)
    }

    fn number(&self) -> Option<u64> {
        self.version().map(|version| version.number)
    }

    /// The outcome of an attempt; `known_when_sent` is the newest version known then.
    pub(super) fn outcome(
        &mut self,
        request: &Request,
        outcome: &Outcome,
        known_when_sent: Option<&Version>,
        listener: Listener<'_>,
    ) {
        match (request, outcome) {
            (_, Outcome::Read(Some((record, version)))) => self.present(record, version, listener),
            (Request::Create(record) | Request::Update(record, _), Outcome::Accepted(version)) => {
                self.present(record, version, listener);
            }
            // Unless the record that we know was made while the attempt was under way.
            (_, Outcome::Read(None) | Outcome::NotFound) if known_when_sent == self.version() => {
                self.deletion(listener);
            }
            _ => {}
        }
    }

    pub(super) fn seen(&mut self, seen: &Seen, listener: Listener<'_>) {
        match seen {
            Seen::Present(record, version) => self.present(record, version, listener),
            Seen::Deleted(version) if Some(version.number) > self.number() => {
                self.deletion(listener);
                self.deleted_at = self.deleted_at.max(version.number);
            }
            Seen::Deleted(_) => {}
        }
    }

    pub(super) fn death(&mut self, holder: Identity) {
        self.dead = Some(holder);
    }

    fn present(&mut self, record: &Record, version: &Version, listener: Listener<'_>) {
        if version.number < self.deleted_at || self.number() >= Some(version.number) {
            return;
        }
        if self.newest.as_ref().is_some_and(|newest| newest.version.uid != version.uid) {
            self.deletion(listener);
        }
        self.deleted_at = 0;
        let (record, version) = (record.clone(), version.clone());
        self.newest = Some(Newest { record, version, since: listener.now });
    }

    /// Its holder, or one that took over unseen, may lead for its duration from now.
    fn deletion(&mut self, listener: Listener<'_>) {
        let Some(Newest { record, version, .. }) = self.newest.take() else { return };
        self.deleted_at = version.number + 1;
        let Some(holder) = &record.holder else { return };
        let nobody_can =
            if holder == listener.us { listener.leads } else { self.dead.as_ref() == Some(holder) };
        if !nobody_can {
            let until = listener.now + record.lease_duration.unwrap_or(listener.lease_duration);
            self.deleted_holder_may_lead_until = self.deleted_holder_may_lead_until.max(until);
        }
    }

    /// Whether the holder of a deleted record may lead now.
    pub(super) fn check_deletion(&self, now: Instant) -> Result<(), String> {
        if now < self.deleted_holder_may_lead_until {
            return Err("G5: a claim while the holder of a deleted record may lead".to_owned());
        }
        Ok(())
    }

    /// A write of this version, in our name, is being sent.
    pub(super) fn check_take_over(&self, guard: &Version, listener: Listener<'_>) -> Result<(), String> {
        let Some(newest) = self.newest.as_ref().filter(|newest| newest.version == *guard) else {
            return Ok(()); // of an older version, it takes no effect
        };
        let holder = newest.record.holder.as_ref();
        let Some(holder) =
            holder.filter(|holder| *holder != listener.us && self.dead.as_ref() != Some(*holder))
        else {
            return Ok(());
        };
        let wait = newest.record.lease_duration.unwrap_or(listener.lease_duration);
        if newest.since + wait > listener.now {
            return Err(format!(
                "G5: takes over from {holder} before its record stood unchanged for {wait:?}"
            ));
        }
        Ok(())
    }
}
