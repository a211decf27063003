//! Scripts from seeds.

use std::collections::BTreeSet;

use election::Timing;

use super::{Action, Kind, Network, Outage, Place, Planned, Scope, Script, Watches};
use crate::clock::{HostClock, MICROSECOND, MILLISECOND, Real, SECOND, nanos};
use crate::random::Dice;
use crate::store::Flavour;

/// What a world stresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// A little of everything.
    Everything,
}

/// All there are.
pub const FOCUSES: &[Focus] = &[Focus::Everything];

impl Script {
    /// The script of a seed: its focus too is drawn.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::of(seed, &[0xf0]);
        Self::focused(seed, *dice.pick(FOCUSES))
    }

    /// The script of a seed with this focus.
    #[must_use]
    pub fn focused(seed: u64, focus: Focus) -> Self {
        let mut dice = Dice::of(seed, &[0]);
        let timing = Timing::default();
        let count = dice.between(2, 4);
        let places: Vec<Place> = (0..count).map(|_| place(timing, &mut dice)).collect();
        let lease = nanos(timing.lease_duration());
        let faults_end = lease * dice.between(4, 20);
        let mut actions = Vec::new();
        for (index, place) in places.iter().enumerate() {
            let index = u8::try_from(index).expect("few places");
            actions.push(Planned { at: place.starts, place: index, action: Action::Start });
            actions.push(Planned { at: faults_end, place: index, action: Action::Start });
        }
        for _ in 0..dice.below(30) {
            let at = dice.below(faults_end);
            let place = u8::try_from(dice.below(count)).expect("few places");
            actions.push(Planned { at, place, action: action(&mut dice, lease) });
        }
        actions.sort_by_key(|planned| planned.at);
        let bound = timing.lease_duration()
            + timing.retry_period() * 2
            + timing.attempt_timeout()
            + timing.renew_interval();
        let leader_by = faults_end + nanos(bound) * 3 / 2 + SECOND * 60;
        Self {
            seed,
            focus,
            flavour: Flavour::Kubernetes,
            lawful: true,
            places,
            proof_of_death: false,
            proof_after: SECOND,
            network: network(&mut dice, lease),
            watches: watches(&mut dice, lease),
            actions,
            faults_end,
            leader_by,
            hand_over_within: None,
            end: leader_by + lease * 2,
            calm: BTreeSet::new(),
        }
    }
}

fn place(timing: Timing, dice: &mut Dice) -> Place {
    let rate = if dice.chance(300) {
        *dice.pick(&[(1, 1), (3, 2)])
    } else {
        (1000 + u32::try_from(dice.below(501)).unwrap_or(0), 1000)
    };
    Place {
        kind: Kind::Ours,
        clock: HostClock { rate, origin: dice.below(1000 * SECOND), wall_ahead: 0, wall_stands: None },
        timing,
        starts: dice.below(5 * SECOND),
        timer_slack: dice.below(2 * MILLISECOND),
        sheltered: false,
    }
}

fn network(dice: &mut Dice, lease: Real) -> Network {
    Network {
        shortest: 20 * MICROSECOND,
        spread: *dice.pick(&[0, MILLISECOND, 50 * MILLISECOND, SECOND]),
        request_lost: dice.below(60),
        reply_lost: dice.below(60),
        late: dice.below(40),
        latest: 2 * lease,
        refused: dice.below(30),
        reset: dice.below(30),
        slow: dice.below(60),
        slowest: lease / 2,
        repeated: 0,
    }
}

fn watches(dice: &mut Dice, lease: Real) -> Watches {
    Watches {
        forbidden: dice.chance(100),
        shortest: 20 * MICROSECOND,
        spread: *dice.pick(&[0, MILLISECOND, SECOND, lease / 3]),
        refused: 100,
        silent: 100,
        expired: 300,
        stale: 300,
        longest: lease * 6,
    }
}

fn action(dice: &mut Dice, lease: Real) -> Action {
    let long = |dice: &mut Dice| dice.below(2 * lease);
    match dice.below(10) {
        0 => Action::StepDown,
        1 => Action::Stop,
        2 => Action::Kill,
        3 => Action::DriverFails,
        4 => Action::StallDriver(long(dice)),
        5 => Action::Freeze(long(dice)),
        6 => Action::StallMidway(long(dice), dice.below(lease)),
        7 => Action::Start,
        _ => Action::Outage(
            *dice.pick(&[Outage::BlackHole, Outage::OneWay, Outage::Refusing, Outage::Resetting]),
            long(dice),
            *dice.pick(&[Scope::Here, Scope::Everywhere]),
        ),
    }
}
