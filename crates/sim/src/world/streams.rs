//! The server's side of watches.

use super::agenda::Happening;
use super::nature::Nature;
use super::process::Process;
use super::watching::{Stream, Watched};
use crate::clock::Real;
use crate::coverage::Fault;
use crate::random::Dice;
use crate::script::Draw;
use crate::store::Flavour;

impl Nature<'_> {
    /// A client begins to open its watch with this number.
    pub(super) fn open_watch(&mut self, place: u8, number: u32) -> Stream {
        let watches = self.script.watches;
        let mut stream = Stream {
            number,
            open: false,
            position: 0,
            scheduled: false,
            silent_from: Real::MAX,
            lag: watches.shortest,
            shown: None,
        };
        let healthy = self.now >= self.script.faults_end;
        let dice = if healthy { None } else { self.script.dice_for(Draw::Watch(place, number)) };
        let Some(mut dice) = dice else {
            let fails = watches.forbidden;
            self.agenda.add(self.now + self.script.network.shortest, after_opening(place, number, fails));
            return stream;
        };
        let opens_after = self.script.network.shortest + dice.below(self.script.network.spread + 1);
        let refused = watches.forbidden || dice.chance(watches.refused) || self.outage_at(place).is_some();
        stream.lag += dice.below(watches.spread + 1);
        if dice.chance(watches.silent) {
            stream.silent_from = self.now + dice.below(watches.longest);
        }
        self.agenda.add(self.now + opens_after, after_opening(place, number, refused));
        if !refused {
            let lasts = opens_after + dice.below(watches.longest);
            self.agenda.add(self.now + lasts, Happening::WatchEnds(place, number));
        }
        if refused || stream.silent_from < Real::MAX {
            self.drew(Draw::Watch(place, number));
        }
        stream
    }

    fn dice_of_watch(&self, place: u8, number: u32) -> Option<Dice> {
        // Another stream of draws than that of `open_watch`.
        self.script.dice_for(Draw::Watch(place, number)).map(|mut dice| Dice::of(dice.next(), &[4]))
    }

    /// The watch opens, if the client still waits for it.
    pub(super) fn watch_opens(&mut self, process: &mut Process, number: u32) {
        let resume_from = process.watching.resume_from();
        let Some(stream) = process.watching.stream.as_mut().filter(|it| it.number == number) else { return };
        if stream.silent_from <= self.now {
            return;
        }
        self.count(Fault::WatchOpened);
        stream.open = true;
        process.mailbox.watched.push_back(Watched::Opened);
        match (self.script.flavour, resume_from) {
            (Flavour::File, _) => process.mailbox.watched.push_back(Watched::Look),
            (Flavour::Kubernetes, Some(from)) => {
                stream.position = self.store.changes().partition_point(|change| change.number() <= from);
            }
            (Flavour::Kubernetes, None) => {
                let now = self.store.changes().len();
                stream.position = now.saturating_sub(1);
                let dice = self.dice_of_watch(process.place, number);
                let stale = dice.is_some_and(|mut dice| dice.chance(self.script.watches.stale));
                if stale && now >= 2 && self.now < self.script.faults_end {
                    stream.position = now - 2;
                    self.count(Fault::WatchStale);
                    self.drew(Draw::Watch(process.place, number));
                } else if self.store.object().is_none() {
                    stream.position = now; // what is not there is not shown
                }
            }
        }
        self.show_changes(process);
    }

    /// Has an open watch show what it has not shown yet, when it is time.
    pub(super) fn show_changes(&mut self, process: &mut Process) {
        let Some(stream) = process.watching.stream.as_mut().filter(|it| it.open && !it.scheduled) else {
            return;
        };
        let Some(next) = self.store.changes().get(stream.position) else { return };
        let healthy = self.now >= self.script.faults_end;
        let lag = if healthy { self.script.watches.shortest } else { stream.lag };
        let at = self.now.max(next.at + lag);
        if at < stream.silent_from {
            stream.scheduled = true;
            self.agenda.add(at, Happening::WatchShows(process.place, stream.number));
        }
    }

    /// It is time for a watch to show its next change.
    pub(super) fn watch_shows(&mut self, process: &mut Process, number: u32) {
        let Some(stream) = process.watching.stream.as_mut().filter(|it| it.number == number) else { return };
        stream.scheduled = false;
        match self.script.flavour {
            Flavour::Kubernetes => {
                process.mailbox.watched.push_back(Watched::Change(stream.position));
                stream.position += 1;
            }
            Flavour::File => {
                let all = self.store.changes().len();
                if all > stream.position + 1 {
                    self.coverage.count(Fault::WatchSkipped);
                }
                stream.position = all;
                process.mailbox.watched.push_back(Watched::Look);
            }
        }
        self.show_changes(process);
    }

    /// A watch ends. An expired one goes on from what is then: what happened between is skipped.
    pub(super) fn watch_ends(&mut self, process: &mut Process, number: u32, expired: Option<bool>) {
        let Some(stream) = process.watching.stream.as_ref().filter(|it| it.number == number) else { return };
        if self.now >= stream.silent_from {
            return;
        }
        let drawn = || {
            let dice = self.dice_of_watch(process.place, number);
            dice.is_some_and(|mut dice| dice.next() % 1000 < self.script.watches.expired)
        };
        let expired = expired.unwrap_or_else(drawn);
        process.mailbox.watched.push_back(Watched::Broke { expired });
        if let Some(stream) = &mut process.watching.stream {
            stream.open = false;
            stream.number = 0;
        }
    }

    /// A connection that had gone silent is reset at last.
    pub(super) fn reset_silent_watch(&mut self, process: &mut Process) {
        let silent = process.watching.stream.as_mut().filter(|stream| stream.silent_from < Real::MAX);
        if let Some(stream) = silent {
            let number = stream.number;
            stream.silent_from = Real::MAX;
            self.watch_ends(process, number, Some(false));
        }
    }
}

/// What comes of opening a watch.
const fn after_opening(place: u8, number: u32, fails: bool) -> Happening {
    if fails { Happening::WatchEnds(place, number) } else { Happening::WatchOpens(place, number) }
}
