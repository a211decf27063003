//! Scripts from seeds.

use std::collections::BTreeSet;
use std::time::Duration;

use election::Timing;

use super::focus::{FOCUSES, Focus, up_to};
use super::{Action, Kind, Outage, Place, Planned, Scope, Script};
use crate::clock::{HostClock, MILLISECOND, Real, SECOND, nanos};
use crate::guarantees::g8;
use crate::random::Dice;
use crate::store::Flavour;

impl Script {
    /// The script of a seed: its focus too is drawn.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self::focused(seed, *Dice::of(seed, &[7]).pick(FOCUSES))
    }

    /// The script of a seed with this focus.
    #[must_use]
    pub fn focused(seed: u64, focus: Focus) -> Self {
        let mut dice = Dice::of(seed, &[8]);
        let lawful = focus.is_lawful(&mut dice);
        let places = places(focus, &mut dice);
        let lease = places.iter().map(|place| nanos(place.timing.lease_duration())).max().unwrap_or(SECOND);
        let faults_end = lease * dice.between(4, 20) + dice.below(lease);
        let flavour = if focus == Focus::Files { Flavour::File } else { Flavour::Kubernetes };
        let mut script = Self {
            seed,
            focus,
            flavour,
            lawful,
            places,
            proof_of_death: flavour == Flavour::File || dice.chance(200),
            proof_after: if flavour == Flavour::File { SECOND / 2 } else { lease / 2 },
            network: focus.network(&mut dice, lease),
            watches: focus.watches(&mut dice, lease),
            actions: Vec::new(),
            faults_end,
            steady_from: Real::MAX,
            leader_by: 0,
            hand_over_within: None,
            end: 0,
            calm: BTreeSet::new(),
        };
        match focus {
            Focus::HandOvers => script.plan_hand_overs(&mut dice, lease),
            Focus::ShortOutages => script.plan_short_outages(&mut dice, lease),
            _ => script.plan_faults(&mut dice, lease),
        }
        script.plan_start_and_end(lease);
        script
    }

    fn plan_faults(&mut self, dice: &mut Dice, lease: Real) {
        let leases = self.faults_end / lease;
        let busy = *dice.pick(&[0, 1, 2, 4]);
        for _ in 0..dice.below(leases * busy + 2) {
            let at = dice.below(self.faults_end);
            let Some(action) = self.focus.action(self.lawful, dice, lease) else { return };
            if let Some(action) = self.admitted(action, at) {
                let place = self.some_place(dice);
                let withdraws = matches!(action, Action::StepDown | Action::Stop | Action::Suspend(_));
                if self.focus == Focus::HeldUpReaders && withdraws {
                    // A reader has loaded the claim just before, and reads its clock just after.
                    let earlier = up_to(dice, lease).min(at);
                    let held_up = earlier + up_to(dice, lease);
                    self.plan(at - earlier, place, Action::Read(held_up, up_to(dice, lease)));
                }
                self.plan(at, place, action);
            }
        }
        if self.focus == Focus::Ledgers {
            self.plan_notes(dice, leases);
        }
    }

    /// Leaders note things, one by one or many at a time.
    fn plan_notes(&mut self, dice: &mut Dice, leases: Real) {
        for _ in 0..dice.below(leases * 8) + 1 {
            let mut at = dice.below(self.faults_end);
            for _ in 0..dice.between(1, 6) {
                self.plan(at, 0, Action::Note(dice.chance(500)));
                at = (at + up_to(dice, SECOND)).min(self.faults_end);
            }
        }
    }

    /// An action as it may happen at this time: over when the faults are.
    fn admitted(&self, action: Action, at: Real) -> Option<Action> {
        let left = self.faults_end - at;
        Some(match action {
            Action::StallDriver(lasting) => Action::StallDriver(lasting.min(left)),
            Action::Freeze(lasting) => Action::Freeze(lasting.min(left)),
            Action::Meddle(lasting) => Action::Meddle(lasting.min(left)),
            Action::Outage(kind, lasting, scope) => Action::Outage(kind, lasting.min(left), scope),
            Action::StallMidway(before, between) => {
                // It begins with the next decision, which is soon.
                let left = left.saturating_sub(self.longest_lease_of_ours());
                Action::StallMidway(before.min(left / 2), between.min(left / 2))
            }
            Action::DriverFails if left < 2 * SECOND => return None,
            // Processes of one machine have one wall clock; if it steps back, a file that was
            // deleted meanwhile leaves nothing to number the next one by.
            Action::WallJumps(micros) if self.flavour == Flavour::File => Action::WallJumps(micros.abs()),
            Action::WallStands(_) if self.flavour == Flavour::File => return None,
            action => action,
        })
    }

    fn longest_lease_of_ours(&self) -> Real {
        self.places.iter().map(|place| nanos(place.timing.lease_duration())).max().unwrap_or(0)
    }

    /// One after the other steps down or stops; somebody always stands by.
    fn plan_hand_overs(&mut self, dice: &mut Dice, lease: Real) {
        self.faults_end = lease * 2;
        for _ in 0..dice.between(3, 12) {
            let at = self.faults_end;
            self.faults_end += lease * 3;
            for place in 0..self.count() {
                let action = if dice.chance(700) { Action::StepDown } else { Action::Stop };
                let only_leader = Planned { at, place, action: Action::IfLeading(Box::new(action)) };
                self.actions.push(only_leader);
                self.plan(at + lease, place, Action::Start);
            }
        }
        let network = &self.network;
        let way = network.shortest + network.spread;
        let watch = self.watches.shortest + self.watches.spread;
        // One watch latency, the read and the write, the stagger within one generation, and what
        // two that meet cost each other.
        self.hand_over_within = Some(watch + 8 * way + 45 * MILLISECOND + 10 * MILLISECOND);
    }

    /// Outages as long as a leader bears, and long enough after one another.
    fn plan_short_outages(&mut self, dice: &mut Dice, lease: Real) {
        let slowest = |clock: &HostClock| f64::from(clock.rate.1) / f64::from(clock.rate.0);
        let fastest = self.places.iter().map(|place| slowest(&place.clock)).fold(f64::MAX, f64::min);
        let timing = self.places[0].timing;
        let bearable = (timing.renew_deadline() - timing.retry_period()) / 2;
        let bearable = bearable.mul_f64(fastest);
        let bearable = nanos(bearable).saturating_sub(self.places[0].timer_slack + 4 * MILLISECOND);
        let mut at = lease * 4;
        self.steady_from = at;
        for _ in 0..dice.between(3, 30) {
            at += lease + dice.below(lease);
            let kind = *dice.pick(&[Outage::BlackHole, Outage::OneWay, Outage::Refusing, Outage::Resetting]);
            let scope = *dice.pick(&[Scope::Here, Scope::Everywhere]);
            let lasting = if dice.chance(500) { bearable } else { dice.below(bearable) };
            // It may change its manner on the way.
            let first = if dice.chance(300) { dice.below(lasting) } else { lasting };
            let place = self.some_place(dice);
            self.plan(at, place, Action::Outage(kind, first, scope));
            if first < lasting {
                let kind = *dice.pick(&[Outage::BlackHole, Outage::Refusing, Outage::Resetting]);
                self.plan(at + first, place, Action::Outage(kind, lasting - first, scope));
            }
        }
        self.faults_end = at + lease;
    }

    fn plan_start_and_end(&mut self, lease: Real) {
        let faults_end = self.faults_end;
        let starts: Vec<Real> = self.places.iter().map(|place| place.starts).collect();
        for (place, starts) in (0..).zip(starts) {
            self.plan(starts.min(faults_end), place, Action::Start);
            self.plan(faults_end, place, Action::Start);
        }
        self.plan(faults_end, 0, Action::Recover);
        self.actions.sort_by_key(|planned| planned.at);
        let timings: Vec<Timing> = self.places.iter().map(|place| place.timing).collect();
        let round_trip =
            2 * (self.network.shortest + self.network.spread) + self.watches.shortest + self.watches.spread;
        let bound = g8::leader_within(&timings, self.longest_lease(), Duration::from_nanos(round_trip));
        let by_the_slowest = self.places.iter().map(|place| place.clock.real(bound)).max().unwrap_or(0);
        self.leader_by = faults_end + by_the_slowest;
        self.steady_from = self.steady_from.min(self.leader_by);
        self.end = self.leader_by + 3 * lease;
    }

    fn plan(&mut self, at: Real, place: u8, action: Action) {
        self.actions.push(Planned { at, place, action });
    }

    fn count(&self) -> u8 {
        u8::try_from(self.places.len()).expect("few places")
    }

    fn some_place(&self, dice: &mut Dice) -> u8 {
        u8::try_from(dice.below(u64::from(self.count()))).expect("few places")
    }
}

/// Lease duration, renew deadline and retry period, in milliseconds.
const TIMINGS: [(u64, u64, u64); 9] = [
    (15_000, 10_000, 2_000),
    (15_000, 10_000, 2_000),
    (15_000, 10_000, 500),
    (15_000, 10_000, 8_000),
    (6_000, 4_000, 1_000),
    (3_000, 2_000, 500),
    (2_000, 1_000, 200),
    (10_000, 9_000, 2_000),
    (60_000, 40_000, 5_000),
];

/// Those with which a leader renews less often than once a second: client-go sees no more.
const SLOW_TIMINGS: &[(u64, u64, u64)] = TIMINGS.split_at(5).0;

fn some_timing(focus: Focus, dice: &mut Dice) -> Timing {
    let timings = if matches!(focus, Focus::MixedFleet | Focus::Ledgers) { SLOW_TIMINGS } else { &TIMINGS };
    let (lease, deadline, retry) = *dice.pick(timings);
    let [lease, deadline, retry] = [lease, deadline, retry].map(Duration::from_millis);
    Timing::new(lease, deadline, retry).expect("valid timings")
}

fn places(focus: Focus, dice: &mut Dice) -> Vec<Place> {
    let count = match focus {
        Focus::HandOvers => dice.between(3, 5),
        _ if dice.chance(100) => dice.between(5, 7),
        _ => dice.between(2, 4),
    };
    let common = some_timing(focus, dice);
    let mut timings: Vec<Timing> = (0..count).map(|_| common).collect();
    if focus == Focus::MixedTimings {
        timings.iter_mut().for_each(|timing| *timing = some_timing(focus, dice));
    }
    let foreigners = match focus {
        Focus::MixedFleet => dice.between(1, count - 1),
        Focus::Ledgers if dice.chance(400) => 1,
        _ => 0,
    };
    let foreign =
        if focus == Focus::Ledgers { [Kind::ClientGo, Kind::Dropping] } else { [Kind::ClientGo; 2] };
    for timing in timings.iter_mut().take(usize::try_from(foreigners).unwrap_or(0)) {
        *timing = Timing::default();
    }
    // The clocks may differ by what the leader with the least to spare allows.
    let spare = |timing: &Timing| (timing.lease_duration().as_millis(), timing.renew_deadline().as_millis());
    let tightest = timings.iter().map(spare).min_by(|(d1, v1), (d2, v2)| (d1 * v2).cmp(&(d2 * v1)));
    let tightest = tightest.unwrap_or((3, 2));
    let edge = focus == Focus::ClockEdges || dice.chance(300);
    let one_machine = focus == Focus::Files;
    let wall_ahead = |dice: &mut Dice| i64::try_from(dice.below(200_000_000)).unwrap_or(0) - 100_000_000;
    let common_wall = wall_ahead(dice);
    timings
        .into_iter()
        .enumerate()
        .map(|(index, timing)| Place {
            kind: if (index as u64) < foreigners {
                foreign[usize::from(common_wall % 2 == 0)]
            } else {
                Kind::Ours
            },
            clock: HostClock {
                rate: rate(tightest, edge, dice),
                origin: dice.below(100_000 * SECOND),
                wall_ahead: if one_machine { common_wall } else { wall_ahead(dice) },
                wall_stands: None,
            },
            timing,
            starts: if dice.chance(500) { dice.below(MILLISECOND) } else { dice.below(30 * SECOND) },
            timer_slack: *dice.pick(&[0, 0, MILLISECOND]),
        })
        .collect()
}

/// How fast a clock ticks: the fastest by lease duration to renew deadline faster than the slowest.
fn rate((lease, deadline): (u128, u128), edge: bool, dice: &mut Dice) -> (u32, u32) {
    let narrow = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
    if edge {
        return if dice.chance(500) { (1, 1) } else { (narrow(lease), narrow(deadline)) };
    }
    let more = 100_000 * (lease - deadline) / deadline;
    (100_000 + narrow(u128::from(dice.below(u64::try_from(more).unwrap_or(0) + 1))), 100_000)
}
