//! What a script has happen besides the fate of requests and watches.

use super::World;
use super::foreign::Foreigner;
use super::process::{Command, Process};
use super::requests::Failing;
use crate::clock::{MILLISECOND, Real};
use crate::coverage::Fault;
use crate::script::{Action, Kind, Planned, Scope};
use crate::store::Flavour;

impl World<'_> {
    /// The next planned action is due.
    pub(super) fn act(&mut self) {
        let Planned { place, action, .. } = &self.script.actions[self.next_action];
        self.next_action += 1;
        self.perform(*place, action);
    }

    fn perform(&mut self, place: u8, action: &Action) {
        match action {
            Action::IfLeading(action) => {
                if self.nature.guarantees.leads(place, self.nature.now) {
                    self.perform(place, action);
                }
            }
            Action::Start => self.start(place),
            Action::Note(flush) => self.note(*flush),
            Action::StepDown => self.command(place, Command::StepDown),
            Action::Stop => self.command(place, Command::Stop),
            Action::Suspend(reason) => self.command(place, Command::Suspend(*reason)),
            Action::Resume => self.command(place, Command::Resume),
            Action::Kill => self.kill(place),
            Action::DriverFails => self.driver_fails(place),
            Action::StallDriver(lasting) => self.stall(place, *lasting, false),
            Action::Freeze(lasting) => self.stall(place, *lasting, true),
            Action::StallMidway(before, between) => {
                if let Some(process) = &mut self.sites[usize::from(place)].occupant {
                    process.midway = Some((*before, *between));
                }
            }
            Action::WallJumps(micros) => {
                self.nature.count(Fault::WallClock);
                let one_machine = self.script.flavour == Flavour::File;
                for (index, site) in self.sites.iter_mut().enumerate() {
                    if one_machine || index == usize::from(place) {
                        site.clock.wall_ahead = site.clock.wall_ahead.saturating_add(*micros);
                    }
                }
            }
            Action::WallStands(stands) => {
                self.nature.count(Fault::WallClock);
                let clock = &mut self.sites[usize::from(place)].clock;
                clock.wall_stands = stands.then(|| clock.wall(self.nature.now));
            }
            Action::BreakWatch => self.end_watch(place, false),
            Action::ExpireWatch => self.end_watch(place, true),
            Action::SilenceWatch => self.silence_watch(place),
            Action::Read(before, after) => self.read(place, *before, *after),
            Action::Outage(kind, lasting, scope) => {
                let until = self.nature.now + lasting;
                let here = (*scope == Scope::Here).then_some(place);
                self.nature
                    .tell_all(|| format!("outage: {kind:?}, {scope:?}, for {} ms", lasting / MILLISECOND));
                self.nature.outages.push(Failing { kind: *kind, until, place: here });
            }
            Action::Meddle(lasting) => self.meddling_until = self.nature.now + lasting,
            Action::Recover => self.recover(),
            Action::DeleteIdle | Action::ForeignRecord(_) | Action::Impostor => {
                self.interfere_soon(place, action);
            }
            Action::EditMetadata
            | Action::AskToStepDown
            | Action::ForeignRelease
            | Action::Delete
            | Action::Blank
            | Action::Overwrite => {
                self.interfere(place, action);
            }
        }
    }

    fn start(&mut self, place: u8) {
        let index = usize::from(place);
        let setup = &self.script.places[index];
        let site = &mut self.sites[index];
        if site.is_occupied() {
            return;
        }
        site.starts += 1;
        let (start, now) = (site.starts, self.nature.now);
        if setup.kind != Kind::Ours {
            let drops = setup.kind == Kind::Dropping;
            let foreigner = Foreigner::start(self.script.seed, place, start, setup.timing, drops, now);
            self.nature.tell(place, || format!("starts as {}, by client-go's rules", foreigner.identity));
            site.foreigner = Some(Box::new(foreigner));
            return;
        }
        let process = Process::start(self.script, place, start, &site.clock, now);
        let identity = process.election.identity();
        self.nature.tell(place, || format!("starts as {identity}"));
        self.nature.guarantees.starts(place, start, identity, process.timing, site.clock.shows(now));
        site.occupant = Some(Box::new(process));
        self.let_run(index);
    }

    /// Whoever of ours leads, as far as its readers know, notes something.
    fn note(&mut self, flush: bool) {
        for index in 0..self.sites.len() {
            let place = u8::try_from(index).unwrap_or(u8::MAX);
            if self.nature.guarantees.leads(place, self.nature.now) {
                self.with(place, |nature, process| process.note(flush, nature));
            }
        }
    }

    fn kill(&mut self, place: u8) {
        let index = usize::from(place);
        if self.sites[index].is_occupied() {
            self.nature.count(Fault::Killed);
            self.end_foreigner(index);
            self.end(index, "is killed");
        }
    }

    fn end_watch(&mut self, place: u8, expired: bool) {
        self.with(place, |nature, process| {
            if let Some(number) = process.watching.stream.as_ref().map(|stream| stream.number) {
                nature.watch_ends(process, number, Some(expired));
            }
        });
    }

    fn silence_watch(&mut self, place: u8) {
        self.with(place, |nature, process| {
            if let Some(stream) = &mut process.watching.stream {
                nature.tell(place, || "its watch goes silent".to_owned());
                stream.silent_from = nature.now;
            }
        });
    }

    /// The faults are over. A half-open connection is reset at last, and whoever had given up
    /// watching, or was told to stand back, tries again.
    fn recover(&mut self) {
        self.nature.tell_all(|| "the faults are over".to_owned());
        self.nature.outages.clear();
        self.waiting.clear();
        for index in 0..self.sites.len() {
            let place = u8::try_from(index).unwrap_or(u8::MAX);
            self.with(place, |nature, process| nature.reset_silent_watch(process));
            self.command(place, Command::Resume);
        }
        let coordinated = self.nature.store.record().is_some_and(|record| record.strategy.is_some());
        if coordinated {
            self.interfere(0, &Action::ForeignRelease);
        }
    }

    /// A handle asks something of its election: the claim is withdrawn before the driver hears of it.
    fn command(&mut self, place: u8, command: Command) {
        let index = usize::from(place);
        let site = &mut self.sites[index];
        if let Some(foreigner) = &mut site.foreigner {
            if command.withdraws() {
                foreigner.stop(&mut self.nature);
            }
            return;
        }
        let Some(process) = &mut site.occupant else { return };
        self.nature.tell(place, || format!("{command:?} is asked of it"));
        match command {
            Command::StepDown => self.nature.count(Fault::SteppedDown),
            Command::Suspend(_) => self.nature.count(Fault::Suspended),
            Command::Stop | Command::Resume | Command::Flush => {}
        }
        if command.withdraws() {
            process.withdrawals += 1;
            process.set_cell(None, &site.clock, &mut self.nature);
        }
        process.stopping |= command == Command::Stop;
        process.mailbox.commands.push_back(command);
        self.let_run(index);
    }

    fn driver_fails(&mut self, place: u8) {
        let index = usize::from(place);
        let site = &mut self.sites[index];
        let Some(process) = &mut site.occupant else { return };
        self.nature.count(Fault::DriverFailed);
        self.nature.tell(place, || "its driver panics".to_owned());
        process.fail(&site.clock, &mut self.nature);
        self.let_run(index);
    }

    fn stall(&mut self, place: u8, lasting: Real, whole: bool) {
        let now = self.nature.now;
        let Some(process) = &mut self.sites[usize::from(place)].occupant else { return };
        let what = if whole { "freezes" } else { "its driver stalls" };
        self.nature.tell(place, || format!("{what} for {} ms", lasting / MILLISECOND));
        self.nature.count(if whole { Fault::Frozen } else { Fault::DriverStalled });
        let until = if whole { &mut process.frozen_until } else { &mut process.stalled_until };
        *until = (*until).max(now + lasting);
    }
}
