//! What we know of the record, and how long we must be patient before we may take it.

use std::time::Duration;

use crate::io::Seen;
use crate::record::{Identity, Record, Version};
use crate::time::Instant;

/// The newest state of the record that reached us.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Known {
    /// We have not read yet.
    Nothing,
    /// There is no record.
    Absent {
        /// The version number of the deletion, or a lower bound of it.
        deleted_at: u64,
        /// When that first reached us.
        since: Instant,
    },
    /// There is one.
    Present {
        record: Record,
        version: Version,
        /// When this version first reached us.
        since: Instant,
    },
}

/// What an observation taught us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Nothing: we knew it, or know something newer.
    No,
    /// The record changed, was created or was deleted.
    Yes,
    /// The record that we knew was deleted, and there is another one.
    Replaced,
    /// It contradicts something learnt while the read was under way: read again.
    Doubtful,
}

/// Who we are while observing, as far as the wait for a holder who may be unaware depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observer<'a> {
    pub(crate) us: &'a Identity,
    /// Our claim stands at this instant, so nobody else's does.
    pub(crate) leading: bool,
    pub(crate) lease_duration: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Knowledge {
    known: Known,
    /// Before this instant the holder of a record that was deleted, or blanked by somebody else, may
    /// still lead, whatever later records say.
    unaware_holder_may_lead_until: Instant,
    /// The last holder that is proven dead, and when that was.
    dead: Option<(Identity, Instant)>,
    /// Who held the record last, where nobody does.
    holder_before: Option<Identity>,
}

impl Knowledge {
    pub(crate) fn nothing() -> Self {
        Self {
            known: Known::Nothing,
            unaware_holder_may_lead_until: Instant::default(),
            dead: None,
            holder_before: None,
        }
    }

    pub(crate) const fn known(&self) -> &Known {
        &self.known
    }

    pub(crate) const fn record(&self) -> Option<&Record> {
        match &self.known {
            Known::Present { record, .. } => Some(record),
            _ => None,
        }
    }

    pub(crate) const fn version(&self) -> Option<&Version> {
        match &self.known {
            Known::Present { version, .. } => Some(version),
            _ => None,
        }
    }

    pub(crate) fn holder(&self) -> Option<&Identity> {
        self.record().and_then(|record| record.holder.as_ref())
    }

    /// Who holds the record, or held it last.
    pub(crate) fn last_holder(&self) -> Option<&Identity> {
        self.holder().or(self.holder_before.as_ref())
    }

    /// The largest version number that we know of.
    pub(crate) const fn newest_number(&self) -> u64 {
        match &self.known {
            Known::Nothing => 0,
            Known::Absent { deleted_at, .. } => *deleted_at,
            Known::Present { version, .. } => version.number,
        }
    }

    /// A consistent read replied `found`. If a watch taught us something while the read was under
    /// way (`learnt_meanwhile`), a reply that contradicts it may be older or newer than that.
    pub(crate) fn read(
        &mut self,
        found: Option<(Record, Version)>,
        learnt_meanwhile: bool,
        observer: Observer<'_>,
        now: Instant,
    ) -> News {
        match found {
            None if learnt_meanwhile && self.version().is_some() => News::Doubtful,
            None => self.absent(0, observer, now),
            Some((_, version))
                if learnt_meanwhile
                    && version.number < self.newest_number()
                    && self.version().is_none_or(|newest| newest.uid != version.uid) =>
            {
                News::Doubtful
            }
            // Nothing that we know can be newer: the store was put back to an older state.
            Some((record, version)) if !learnt_meanwhile && version.number < self.newest_number() => {
                self.replaced(record, version, observer, now)
            }
            Some((record, version)) => self.present(record, version, observer, now),
        }
    }

    /// The watch showed `seen`. It may lag behind what we know: numbers tell, across deletions too.
    pub(crate) fn watched(&mut self, seen: Seen, observer: Observer<'_>, now: Instant) -> News {
        match seen {
            Seen::Present(_, version) | Seen::Deleted(version) if version.number < self.newest_number() => {
                News::No
            }
            Seen::Present(record, version) => self.present(record, version, observer, now),
            Seen::Deleted(version) => self.absent(version.number, observer, now),
        }
    }

    pub(crate) fn proven_dead(&mut self, holder: Identity, now: Instant) {
        self.dead = Some((holder, now));
    }

    /// From when on we may take the record; `None`: not as far as we know.
    ///
    /// Our own record may be taken, that is renewed, as soon as no deleted one stands against it.
    pub(crate) fn may_acquire_from(&self, us: &Identity, lease_duration: Duration) -> Option<Instant> {
        let record_allows = match &self.known {
            Known::Nothing => return None,
            Known::Present { record, .. } if record.strategy.is_some() => return None,
            Known::Present { record, since, .. } if self.holder_may_lead(record, us) => {
                *since + record.duration_or(lease_duration)
            }
            Known::Present { record, since, .. } => {
                let died = self.dead.as_ref().filter(|(dead, _)| record.holder.as_ref() == Some(dead));
                died.map_or(*since, |(_, died)| *since.max(died))
            }
            Known::Absent { since, .. } => *since,
        };
        Some(record_allows.max(self.unaware_holder_may_lead_until))
    }

    /// Whether the record has a holder that is neither us nor dead.
    fn holder_may_lead(&self, record: &Record, us: &Identity) -> bool {
        let dead = self.dead.as_ref().map(|(holder, _)| holder);
        record.holder.as_ref().is_some_and(|holder| holder != us && dead != Some(holder))
    }

    fn present(&mut self, record: Record, version: Version, observer: Observer<'_>, now: Instant) -> News {
        if version.number > self.newest_number() {
            self.wait_out_blanked_holder(&record, observer, now);
        }
        match self.version() {
            Some(newest) if version.uid != newest.uid => self.replaced(record, version, observer, now),
            Some(newest) if version.number <= newest.number => News::No,
            _ => {
                self.now_present(record, version, now);
                News::Yes
            }
        }
    }

    fn replaced(&mut self, record: Record, version: Version, observer: Observer<'_>, now: Instant) -> News {
        self.wait_out_deleted_holder(observer, now);
        self.now_present(record, version, now);
        News::Replaced
    }

    fn now_present(&mut self, record: Record, version: Version, now: Instant) {
        self.holder_before = self.last_holder().filter(|_| record.holder.is_none()).cloned();
        self.known = Known::Present { record, version, since: now };
    }

    fn absent(&mut self, deleted_at: u64, observer: Observer<'_>, now: Instant) -> News {
        self.wait_out_deleted_holder(observer, now);
        let known_since = match self.known {
            Known::Absent { since, .. } => Some(since),
            _ => None,
        };
        // A watch that lags behind must not bring the deleted record back.
        let deleted_after = self.newest_number().saturating_add(u64::from(self.version().is_some()));
        let deleted_at = deleted_at.max(deleted_after);
        self.holder_before = self.last_holder().cloned();
        self.known = Known::Absent { deleted_at, since: known_since.unwrap_or(now) };
        if known_since.is_some() { News::No } else { News::Yes }
    }

    /// A holder that releases takes back what it said of itself. If that is still there, somebody
    /// else has blanked the record, as client-go does when it is stopped after it was superseded
    /// unawares, and the holder may lead for its duration from now.
    fn wait_out_blanked_holder(&mut self, blanked: &Record, observer: Observer<'_>, now: Instant) {
        let Some(record) = self.record() else { return };
        let says_token = blanked.token.as_ref().map(|(holder, _)| holder);
        if blanked.holder.is_none()
            && says_token == record.holder.as_ref()
            && self.holder_may_lead(record, observer.us)
        {
            self.wait_out(now + record.duration_or(observer.lease_duration));
        }
    }

    /// The record that we knew is gone. Its holder, or one who renewed or took over unseen
    /// before the deletion, may lead for its duration from now. Nobody can if we led until now.
    fn wait_out_deleted_holder(&mut self, observer: Observer<'_>, now: Instant) {
        let Some(record) = self.record() else { return };
        let ours = record.holder.as_ref() == Some(observer.us);
        if (ours && !observer.leading) || self.holder_may_lead(record, observer.us) {
            self.wait_out(now + record.duration_or(observer.lease_duration));
        }
    }

    /// A holder who may be unaware that the record is gone or blanked may lead until then.
    fn wait_out(&mut self, until: Instant) {
        self.unaware_holder_may_lead_until = self.unaware_holder_may_lead_until.max(until);
    }
}
