//! What others do to the record, lawfully or not.

use std::time::Duration;

use election::{Ledger, Record};

use super::World;
use super::nature::in_words;
use crate::clock::{HostClock, Real};
use crate::coverage::Fault;
use crate::script::{Action, Odd};
use crate::store::Writer;

impl World<'_> {
    /// Somebody does something to the record, now or as soon as it is lawful.
    pub(super) fn interfere_soon(&mut self, place: u8, action: &Action) {
        if !self.interfere(place, action) && self.nature.now < self.script.faults_end {
            self.waiting.push((place, action.clone()));
        }
    }

    /// Somebody does something to the record, if that is lawful now; whether it was.
    pub(super) fn interfere(&mut self, place: u8, action: &Action) -> bool {
        let record = self.nature.store.record().cloned();
        let holder = record.as_ref().and_then(|record| record.holder.clone());
        match (action, record) {
            (Action::EditMetadata, Some(record)) => {
                self.nature.count(Fault::Edited);
                self.put(record, "somebody edits metadata");
            }
            (Action::AskToStepDown, Some(record)) if holder.is_some() => {
                self.nature.count(Fault::AskedToStepDown);
                self.put(Record { step_down: holder, ..record }, "the holder is asked to step down");
            }
            (Action::DeleteIdle, Some(record)) if self.is_idle(&record) => {
                self.nature.count(Fault::DeletedIdle);
                self.delete();
            }
            (Action::ForeignRecord(odd), record) if holder.is_none() && self.is_free(record.as_ref()) => {
                let stranger = self.stranger(*odd, &record.unwrap_or_default());
                self.nature.count(Fault::OddRecord);
                self.leads_as_stranger(&stranger);
                self.put(stranger, "a stranger takes it");
            }
            (Action::ForeignRelease, Some(record)) if holder == Some(STRANGER.into()) => {
                self.nature.guarantees.claims(self.sites.len(), None, self.nature.now);
                self.put(Record { holder: None, strategy: None, ..record }, "the stranger releases it");
            }
            // Where deaths are proven, the name's first owner may end: a name that two had proves
            // nothing.
            (Action::Impostor, Some(record)) if holder.is_none() && !self.script.proof_of_death => {
                let Some(process) = &self.sites[usize::from(place)].occupant else { return false };
                let identity = process.election.identity().clone();
                let impostor = Record { holder: Some(identity), ..self.stranger(Odd::Plain, &record) };
                self.leads_as_stranger(&impostor);
                self.put(impostor, "an impostor takes it");
            }
            (Action::Delete, Some(_)) => {
                self.nature.count(Fault::DeletedLive);
                self.delete();
            }
            (Action::Blank, Some(record)) if holder.is_some() => {
                self.nature.count(Fault::Overwritten);
                self.put(Record { holder: None, ..record }, "somebody blanks it");
            }
            (Action::Overwrite, Some(record)) => {
                self.nature.count(Fault::Overwritten);
                let usurper = self.stranger(Odd::Plain, &record);
                self.put(usurper, "somebody writes another holder into it");
            }
            _ => return false,
        }
        true
    }

    /// Nobody leads by this record, and nobody can any more: its holder has released it, or every
    /// claim that it, or a reply still on its way, could support is over.
    fn is_idle(&self, record: &Record) -> bool {
        let now = self.nature.now;
        if self.nature.guarantees.all_claims_over_at() > now {
            return false;
        }
        let longest = record.lease_duration.unwrap_or_default().max(self.script.longest_lease());
        let unchanged_since = self.nature.store.changes().last().map_or(0, |change| change.at);
        let by_the_slowest = self.sites.iter().map(|site| site.clock.real(longest)).max().unwrap_or(0);
        record.holder.is_none() || unchanged_since + by_the_slowest <= now
    }

    /// A stranger who waits as it should may take it at once.
    fn is_free(&self, record: Option<&Record>) -> bool {
        self.nature.guarantees.all_claims_over_at() <= self.nature.now
            && record.is_none_or(|record| record.strategy.is_none())
    }

    fn stranger(&self, odd: Odd, before: &Record) -> Record {
        // Its clock is nobody's: times equal to ours to the microsecond would be taken for ours.
        let clock = HostClock { wall_ahead: 777_777_777, ..HostClock::TRUE };
        let wall = clock.wall(self.nature.now);
        let plain = Record {
            holder: Some(STRANGER.into()),
            lease_duration: Some(Duration::from_secs(15)),
            acquire_time: Some(wall),
            renew_time: Some(wall),
            transitions: before.transitions.saturating_add(1),
            ..Record::default()
        };
        match odd {
            Odd::Plain => plain,
            Odd::NoDuration => Record { lease_duration: None, ..plain },
            Odd::NoTimes => Record { acquire_time: None, renew_time: None, transitions: 0, ..plain },
            Odd::Long => Record { lease_duration: Some(LONG), ..plain },
            Odd::MostTransitions => Record { transitions: i32::MAX, ..plain },
            Odd::Coordinated => Record { strategy: Some("OldestEmulationVersion".into()), ..plain },
            Odd::StrayAnnotations => Record {
                token: Some(("somebody_else".into(), u64::MAX)),
                step_down: Some("somebody_else".into()),
                ledger: Some(Ledger {
                    text: "what?".into(),
                    age: Duration::from_millis(u64::MAX),
                    handed_over: false,
                }),
                ..plain
            },
        }
    }

    /// It leads for as long as everybody must wait: they see it now at the earliest.
    fn leads_as_stranger(&mut self, record: &Record) {
        let now = self.nature.now;
        let waits = self.script.places.iter().zip(&self.sites).map(|(place, site)| {
            site.clock.real(record.lease_duration.unwrap_or_else(|| place.timing.lease_duration()))
        });
        let until = now + waits.min().unwrap_or(0);
        self.nature.guarantees.claims(self.sites.len(), Some(until), now);
    }

    fn put(&mut self, record: Record, what: &str) {
        let writer = self.bystander();
        self.nature.tell_all(|| format!("{what}: {}", in_words(&record)));
        self.nature.store.put(record, writer, self.nature.now);
        self.nature.others_changed_the_ledger();
        self.changed();
    }

    fn delete(&mut self) {
        let writer = self.bystander();
        self.nature.tell_all(|| "the record is deleted".to_owned());
        self.nature.store.delete(writer, self.nature.now);
        self.nature.others_changed_the_ledger();
        self.changed();
    }

    /// Somebody with a right clock who looks before writing.
    fn bystander(&self) -> Writer {
        let newest = self.nature.store.last_number();
        Writer { newest, wall: wall_nanos(&self.sites[0].clock, self.nature.now) }
    }
}

const STRANGER: &str = "stranger_1";

/// The duration of a record that says longer than anybody's own.
pub(crate) const LONG: Duration = Duration::from_secs(40);

/// A wall clock in nanoseconds, as the file store numbers versions by it.
pub(super) fn wall_nanos(clock: &HostClock, now: Real) -> u64 {
    u64::try_from(clock.wall(now).as_micros()).unwrap_or(0).saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_nobody_of_ours() {
        assert!(!STRANGER.starts_with('p'));
    }
}
