//! What a script has happen besides the fate of requests and watches.

use super::World;
use super::process::{Command, Process};
use super::requests::Failing;
use crate::clock::{MILLISECOND, Real};
use crate::coverage::Fault;
use crate::script::{Action, Kind, Planned, Scope};

impl World<'_> {
    /// The next planned action is due.
    pub(super) fn act(&mut self) {
        let Planned { place, action, .. } = &self.script.actions[self.next_action];
        self.next_action += 1;
        let place = *place;
        match action {
            Action::Start => self.start(place),
            Action::StepDown => self.command(place, Command::StepDown),
            Action::Stop => self.command(place, Command::Stop),
            Action::Suspend(reason) => self.command(place, Command::Suspend(*reason)),
            Action::Resume => self.command(place, Command::Resume),
            Action::Kill => {
                self.nature.count(Fault::Killed);
                self.end(usize::from(place), "is killed");
            }
            Action::DriverFails => self.driver_fails(place),
            Action::StallDriver(lasting) => self.stall(place, *lasting, false),
            Action::Freeze(lasting) => self.stall(place, *lasting, true),
            Action::StallMidway(before, between) => {
                if let Some(process) = &mut self.sites[usize::from(place)].occupant {
                    process.midway = Some((*before, *between));
                }
            }
            Action::Outage(kind, lasting, scope) => {
                let until = self.nature.now + lasting;
                let here = (*scope == Scope::Here).then_some(place);
                self.nature
                    .tell_all(|| format!("outage: {kind:?}, {scope:?}, for {} ms", lasting / MILLISECOND));
                self.nature.outages.push(Failing { kind: *kind, until, place: here });
            }
            _ => {}
        }
    }

    fn start(&mut self, place: u8) {
        let index = usize::from(place);
        let setup = &self.script.places[index];
        let site = &mut self.sites[index];
        if site.occupant.is_some() || setup.kind != Kind::Ours {
            return;
        }
        site.starts += 1;
        let process = Process::start(self.script, place, site.starts, &site.clock, self.nature.now);
        let identity = process.election.identity();
        self.nature.tell(place, || format!("starts as {identity}"));
        let now = site.clock.shows(self.nature.now);
        self.nature.guarantees.starts(place, site.starts, identity, process.timing, now);
        site.occupant = Some(Box::new(process));
        self.let_run(index);
    }

    /// A handle asks something of its election: the claim is withdrawn before the driver hears of it.
    fn command(&mut self, place: u8, command: Command) {
        let index = usize::from(place);
        let site = &mut self.sites[index];
        let Some(process) = &mut site.occupant else { return };
        self.nature.tell(place, || format!("{command:?} is asked of it"));
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
