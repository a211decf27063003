//! G5, patience: what one process has been shown, and from when it may take the record.
//!
//! Kept apart from the election's own knowledge, and simpler: here every observation carries its
//! true place in the store's history, so that there is no doubt which of two is the newer one.

use std::time::Duration;

use election::{Identity, Instant, Record, Request, Version};

use crate::store::Store;

/// When a process was shown something.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// How many changes the store had seen when that was true.
    pub as_of: usize,
    /// It led.
    pub leading: bool,
    /// By its own clock.
    pub now: Instant,
    /// The store's true history.
    pub store: &'a Store,
}

/// What one process has been shown.
#[derive(Clone, Debug)]
pub struct Patience {
    us: Identity,
    lease_duration: Duration,
    /// How many changes the store had seen when the newest observation was true.
    newest: usize,
    /// The largest version number that it was shown.
    largest: u64,
    known: Option<Shown>,
    /// What is known was shown by a watch that lags behind a read that found nothing.
    doubtful: bool,
    /// Somebody deleted or blanked a live record: its holder may lead until then.
    deleted_holder_until: Instant,
    dead: Option<Identity>,
}

#[derive(Clone, Debug)]
struct Shown {
    record: Record,
    version: Version,
    since: Instant,
}

impl Patience {
    /// A process that has been shown nothing yet.
    #[must_use]
    pub fn new(us: Identity, lease_duration: Duration) -> Self {
        Self {
            us,
            lease_duration,
            newest: 0,
            largest: 0,
            known: None,
            doubtful: false,
            deleted_holder_until: Instant::default(),
            dead: None,
        }
    }

    /// It takes another name.
    pub fn stands_as(&mut self, us: Identity) {
        self.us = us;
    }

    /// It was proven to it that this holder is dead.
    pub fn proven_dead(&mut self, holder: Identity) {
        self.dead = Some(holder);
    }

    /// Its watch showed it the deletion that has this number.
    pub fn shown_deleted(&mut self, number: u64, at: Sight<'_>) {
        self.take_in(None, number, at);
    }

    /// It was shown the record, or that there is none.
    pub fn shown(&mut self, found: Option<(&Record, &Version)>, at: Sight<'_>) {
        self.take_in(found, found.map_or(0, |(_, version)| version.number), at);
    }

    fn take_in(&mut self, found: Option<(&Record, &Version)>, number: u64, at: Sight<'_>) {
        let Sight { as_of, leading, now, store } = at;
        // A read that finds nothing brings no number: a watch that lags behind it cannot be told
        // from one that shows a new record.
        let seems_new = (self.known.is_none() || self.doubtful) && number > self.largest;
        let older = as_of < self.newest;
        if older && !seems_new {
            return;
        }
        self.doubtful = older;
        self.newest = self.newest.max(as_of);
        self.largest = self.largest.max(number);
        let same = match (&self.known, found) {
            (Some(known), Some((_, version))) => known.version.uid == version.uid,
            _ => false,
        };
        if !same && self.known.as_ref().is_some_and(|known| store.was_held_to_the_end(&known.version.uid)) {
            self.deletion_noticed(leading, now);
        }
        if let Some((record, _)) = found.filter(|_| same) {
            self.blanking_noticed(record, now);
        }
        if found.map(|(_, version)| version) != self.version() {
            self.known = found.map(|(record, version)| Shown {
                record: record.clone(),
                version: version.clone(),
                since: now,
            });
        }
    }

    /// A holder that releases takes back its token. If that is still there somebody else has
    /// blanked the record, and the holder may not know.
    fn blanking_noticed(&mut self, now_shown: &Record, now: Instant) {
        let Some(Shown { record, .. }) = &self.known else { return };
        let (Some(holder), Some((owner, _))) = (&record.holder, &now_shown.token) else { return };
        let other = *holder != self.us && self.dead.as_ref() != Some(holder);
        if now_shown.holder.is_none() && owner == holder && other {
            let until = now + record.lease_duration.unwrap_or(self.lease_duration);
            self.deleted_holder_until = self.deleted_holder_until.max(until);
        }
    }

    fn deletion_noticed(&mut self, leading: bool, now: Instant) {
        let Some(Shown { record, .. }) = &self.known else { return };
        let Some(holder) = &record.holder else { return };
        let may_lead = if *holder == self.us { !leading } else { self.dead.as_ref() != Some(holder) };
        if may_lead {
            let until = now + record.lease_duration.unwrap_or(self.lease_duration);
            self.deleted_holder_until = self.deleted_holder_until.max(until);
        }
    }

    /// The newest version that it was shown.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        self.known.as_ref().map(|known| &known.version)
    }

    /// The newest record that it was shown.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.known.as_ref().map(|known| &known.record)
    }

    /// Whether it may decide on this request now.
    ///
    /// # Errors
    /// It is impatient.
    pub fn check_request(&self, request: &Request, leading: bool, now: Instant) -> Result<(), String> {
        let (Request::Create(record) | Request::Update(record, _)) = request else { return Ok(()) };
        if record.holder.is_none() || leading {
            return Ok(());
        }
        self.check_acquired(now)?;
        let Some(Shown { record, since, .. }) = &self.known else { return Ok(()) };
        if record.strategy.is_some() {
            return Err("a take-over of a record under coordinated election".to_owned());
        }
        let Some(holder) = &record.holder else { return Ok(()) };
        if *holder == self.us || self.dead.as_ref() == Some(holder) {
            return Ok(());
        }
        let from = *since + record.lease_duration.unwrap_or(self.lease_duration);
        if now < from {
            return Err(format!("a take-over from {holder}, {:?} too early", from.since(now)));
        }
        Ok(())
    }

    /// Whether a term of its own may begin now.
    ///
    /// # Errors
    /// The holder of a record that was deleted may still lead.
    pub fn check_acquired(&self, now: Instant) -> Result<(), String> {
        if now < self.deleted_holder_until {
            let early = self.deleted_holder_until.since(now);
            return Err(format!("{early:?} too early after the deletion of a live record"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Flavour;

    const OURS: Duration = Duration::from_secs(15);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn version(uid: &str, number: u64) -> Version {
        Version { uid: uid.into(), number }
    }

    fn held(holder: &str, seconds: u64) -> Record {
        let lease_duration = (seconds > 0).then_some(Duration::from_secs(seconds));
        Record { holder: Some(holder.into()), lease_duration, ..Record::default() }
    }

    fn patience() -> Patience {
        Patience::new("us".into(), OURS)
    }

    /// A store in which every object that there ever was was held when it was deleted.
    fn store() -> Store {
        Store::empty(Flavour::Kubernetes, 1)
    }

    fn sight(store: &Store, as_of: usize, leading: bool, now: Instant) -> Sight<'_> {
        Sight { as_of, leading, now, store }
    }

    fn may_take(patience: &Patience, now: Instant) -> bool {
        let request = match patience.version() {
            Some(version) => Request::Update(held("us", 15), version.clone()),
            None => Request::Create(held("us", 15)),
        };
        patience.check_request(&request, false, now).is_ok()
    }

    #[test]
    fn g5_a_record_is_taken_after_its_own_duration_since_it_was_first_shown() {
        for (duration, waits) in [(20, 20), (3, 3), (0, 15)] {
            let mut patience = patience();
            patience
                .shown(Some((&held("x", duration), &version("a", 7))), sight(&store(), 1, false, at(100)));
            patience
                .shown(Some((&held("x", duration), &version("a", 7))), sight(&store(), 1, false, at(102)));
            assert!(!may_take(&patience, at(99 + waits)), "{duration}");
            assert!(may_take(&patience, at(100 + waits)), "{duration}");
            patience
                .shown(Some((&held("x", duration), &version("a", 8))), sight(&store(), 2, false, at(101)));
            assert!(!may_take(&patience, at(100 + waits)), "it was renewed");
        }
    }

    #[test]
    fn g5_a_released_record_our_own_and_that_of_the_dead_are_taken_at_once() {
        let mut patience = patience();
        patience.shown(Some((&Record::default(), &version("a", 7))), sight(&store(), 1, false, at(100)));
        assert!(may_take(&patience, at(100)));
        patience.shown(Some((&held("us", 15), &version("a", 8))), sight(&store(), 2, false, at(100)));
        assert!(may_take(&patience, at(100)));
        patience.shown(Some((&held("x", 15), &version("a", 9))), sight(&store(), 3, false, at(100)));
        assert!(!may_take(&patience, at(100)));
        patience.proven_dead("x".into());
        assert!(may_take(&patience, at(100)));
    }

    #[test]
    fn g5_the_deletion_of_a_live_record_is_waited_out_whatever_comes_next() {
        let live = held("x", 20);
        for next in [None, Some((Record::default(), version("b", 9)))] {
            let mut patience = patience();
            patience.shown(Some((&live, &version("a", 7))), sight(&store(), 1, false, at(100)));
            patience.shown(
                next.as_ref().map(|(record, version)| (record, version)),
                sight(&store(), 3, false, at(150)),
            );
            assert!(!may_take(&patience, at(169)) && may_take(&patience, at(170)));
            patience.shown(Some((&live, &version("a", 7))), sight(&store(), 1, false, at(171)));
            assert!(may_take(&patience, at(171)), "an older observation changes nothing");
        }
    }

    #[test]
    fn g5_after_a_read_that_found_nothing_a_larger_number_is_believed() {
        let mut patience = patience();
        patience.shown(Some((&held("x", 15), &version("a", 7))), sight(&store(), 1, false, at(100)));
        patience.shown(None, sight(&store(), 3, false, at(101)));
        patience.shown(Some((&held("x", 15), &version("a", 7))), sight(&store(), 1, false, at(102)));
        assert_eq!(patience.version(), None, "that is older");
        patience.shown(Some((&held("x", 15), &version("a", 8))), sight(&store(), 2, false, at(103)));
        assert!(patience.version().is_some() && !may_take(&patience, at(117)));
    }

    #[test]
    fn g5_the_deletion_of_our_own_record_is_waited_out_unless_we_led() {
        for (leading, from) in [(true, 150), (false, 165)] {
            let mut patience = patience();
            patience.shown(Some((&held("us", 15), &version("a", 7))), sight(&store(), 1, true, at(100)));
            patience.shown(None, sight(&store(), 2, leading, at(150)));
            assert!(may_take(&patience, at(from)));
            assert!(leading || !may_take(&patience, at(from - 1)));
        }
    }

    #[test]
    fn g5_a_record_that_somebody_else_blanked_is_waited_out() {
        let mut patience = patience();
        patience.shown(Some((&held("x", 15), &version("a", 7))), sight(&store(), 1, false, at(100)));
        let blanked = Record { token: Some(("x".into(), 7)), ..Record::default() };
        patience.shown(Some((&blanked, &version("a", 8))), sight(&store(), 2, false, at(105)));
        assert!(!may_take(&patience, at(119)) && may_take(&patience, at(120)));
    }

    #[test]
    fn g5_nobody_takes_a_record_under_coordinated_election() {
        let mut patience = patience();
        let record = Record { strategy: Some("OldestEmulationVersion".into()), ..Record::default() };
        patience.shown(Some((&record, &version("a", 7))), sight(&store(), 1, false, at(100)));
        assert!(!may_take(&patience, at(1000)));
    }
}
