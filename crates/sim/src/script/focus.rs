//! What a world can be about: each focus stresses what could break one of the promises.

use election::LostReason;

use super::{Action, Network, Odd, Outage, Scope, Watches};
use crate::clock::{MICROSECOND, MILLISECOND, Real, SECOND};
use crate::random::Dice;

/// What a world stresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Focus {
    /// A little of everything that is lawful.
    Everything,
    /// Clocks as far apart as the promise allows, slow replies, and little else.
    ClockEdges,
    /// Readers that are held up, and claims withdrawn under their hands.
    HeldUpReaders,
    /// Outcomes nobody knows, and writes that land long after.
    UnknownOutcomes,
    /// Drivers and hosts that stand still.
    Pauses,
    /// Records deleted and made anew, lawfully and not.
    Deletions,
    /// Somebody deletes, blanks and overwrites the records of leaders.
    BrokenRules,
    /// Orderly hand-overs where nothing else goes wrong.
    HandOvers,
    /// A leader, and outages that are short enough to cost nothing.
    ShortOutages,
    /// Candidates of different configurations, as during a roll-out.
    MixedTimings,
    /// Ours beside electors that follow client-go's rules.
    MixedFleet,
    /// Many processes of one machine, and a record in a file.
    Files,
    /// Leaders that leave a ledger to each other, beside electors that keep it or drop it.
    Ledgers,
}

/// All there are.
pub const FOCUSES: &[Focus] = &[
    Focus::Everything,
    Focus::ClockEdges,
    Focus::HeldUpReaders,
    Focus::UnknownOutcomes,
    Focus::Pauses,
    Focus::Deletions,
    Focus::BrokenRules,
    Focus::HandOvers,
    Focus::ShortOutages,
    Focus::MixedTimings,
    Focus::MixedFleet,
    Focus::Files,
    Focus::Ledgers,
];

/// How often, in proportion, what happens.
type Share = (u64, fn(&mut Dice, Real) -> Action);

pub(super) fn up_to(dice: &mut Dice, most: Real) -> Real {
    // As often about a millisecond as about the most.
    let shift = dice.below(16);
    dice.below((most >> shift).max(1)) + 1
}

const COMMANDS: &[Share] = &[
    (3, |_, _| Action::StepDown),
    (1, |_, _| Action::Stop),
    (1, |_, _| Action::Suspend(LostReason::HostStuck)),
    (2, |_, _| Action::Resume),
    (3, |_, _| Action::Start),
];

const CRASHES: &[Share] =
    &[(4, |_, _| Action::Kill), (5, |_, _| Action::Start), (1, |_, _| Action::DriverFails)];

const PAUSES: &[Share] = &[
    (2, |dice, lease| Action::StallDriver(up_to(dice, 2 * lease))),
    (2, |dice, lease| Action::StallMidway(up_to(dice, 2 * lease), up_to(dice, lease))),
    (2, |dice, lease| Action::Freeze(up_to(dice, 2 * lease))),
];

const WALL_CLOCKS: &[Share] = &[
    (2, |dice, _| Action::WallJumps(i64::try_from(dice.below(200_000_000)).unwrap_or(0) - 100_000_000)),
    (1, |dice, _| Action::WallStands(dice.chance(500))),
];

const WATCHES: &[Share] =
    &[(1, |_, _| Action::BreakWatch), (1, |_, _| Action::ExpireWatch), (1, |_, _| Action::SilenceWatch)];

const METADATA: &[Share] = &[
    (4, |_, _| Action::EditMetadata),
    (2, |_, _| Action::AskToStepDown),
    (1, |dice, lease| Action::Meddle(if dice.chance(500) { 2 * lease } else { up_to(dice, 2 * lease) })),
];

const STRANGERS: &[Share] = &[
    (3, |dice, _| {
        Action::ForeignRecord(*dice.pick(&[
            Odd::Plain,
            Odd::NoDuration,
            Odd::NoTimes,
            Odd::Long,
            Odd::MostTransitions,
            Odd::Coordinated,
            Odd::StrayAnnotations,
        ]))
    }),
    (2, |_, _| Action::ForeignRelease),
    (1, |_, _| Action::Impostor),
];

const IDLE_DELETIONS: &[Share] = &[(1, |_, _| Action::DeleteIdle)];

const OUTAGES: &[Share] = &[(1, |dice, lease| {
    let kind = *dice.pick(&[Outage::BlackHole, Outage::OneWay, Outage::Refusing, Outage::Resetting]);
    Action::Outage(kind, up_to(dice, 2 * lease), *dice.pick(&[Scope::Here, Scope::Everywhere]))
})];

const READERS: &[Share] = &[
    (3, |dice, lease| Action::Read(up_to(dice, lease), up_to(dice, lease))),
    (1, |_, _| Action::Read(0, 0)),
    (1, |dice, lease| Action::Read(0, up_to(dice, lease))),
    (1, |dice, lease| Action::Read(up_to(dice, lease), 0)),
];

const LIVE_DELETIONS: &[Share] = &[(1, |_, _| Action::Delete)];

const VIOLENCE: &[Share] = &[(1, |_, _| Action::Blank), (1, |_, _| Action::Overwrite)];

impl Focus {
    /// What it is called on a command line: `ClockEdges`.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// The focus of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FOCUSES.iter().copied().find(|focus| focus.name().eq_ignore_ascii_case(name))
    }

    /// Whether such a world keeps the assumptions of G2, where there is a choice.
    pub(super) fn is_lawful(self, dice: &mut Dice) -> bool {
        match self {
            Self::BrokenRules => false,
            Self::Deletions => dice.chance(300),
            _ => true,
        }
    }

    /// What happens, in which proportions.
    fn mix(self, lawful: bool) -> &'static [(u64, &'static [Share])] {
        match self {
            Self::Everything | Self::Files | Self::MixedTimings => &[
                (3, COMMANDS),
                (3, CRASHES),
                (2, PAUSES),
                (1, WALL_CLOCKS),
                (1, WATCHES),
                (2, METADATA),
                (2, STRANGERS),
                (1, IDLE_DELETIONS),
                (2, OUTAGES),
                (1, READERS),
            ],
            Self::ClockEdges => &[(1, COMMANDS), (2, CRASHES), (2, PAUSES), (1, STRANGERS)],
            Self::HeldUpReaders => &[(4, COMMANDS), (1, CRASHES), (1, PAUSES), (1, METADATA), (12, READERS)],
            Self::UnknownOutcomes => {
                &[(1, COMMANDS), (1, CRASHES), (1, METADATA), (1, WATCHES), (4, OUTAGES), (1, WALL_CLOCKS)]
            }
            Self::Pauses => &[(1, COMMANDS), (1, CRASHES), (8, PAUSES), (1, OUTAGES), (2, READERS)],
            Self::Deletions if lawful => {
                &[(2, COMMANDS), (3, CRASHES), (1, OUTAGES), (1, STRANGERS), (6, IDLE_DELETIONS)]
            }
            Self::Deletions => {
                &[(2, COMMANDS), (3, CRASHES), (1, OUTAGES), (1, PAUSES), (1, WATCHES), (6, LIVE_DELETIONS)]
            }
            Self::BrokenRules => &[
                (2, COMMANDS),
                (2, CRASHES),
                (1, PAUSES),
                (1, METADATA),
                (1, WATCHES),
                (1, OUTAGES),
                (2, LIVE_DELETIONS),
                (4, VIOLENCE),
            ],
            // Not the wall clock: where it stands still `renewTime` goes to and fro between two
            // seconds, and client-go, which sees no more, may look at one of them only.
            Self::Ledgers => &[
                (3, COMMANDS),
                (3, CRASHES),
                (2, PAUSES),
                (1, WATCHES),
                (1, METADATA),
                (2, STRANGERS),
                (1, IDLE_DELETIONS),
                (3, OUTAGES),
            ],
            Self::MixedFleet => &[(3, COMMANDS), (3, CRASHES), (2, PAUSES), (2, METADATA), (2, OUTAGES)],
            Self::HandOvers | Self::ShortOutages => &[],
        }
    }

    /// One of the things that happen in such a world; `lease` is a lease duration.
    pub(super) fn action(self, lawful: bool, dice: &mut Dice, lease: Real) -> Option<Action> {
        let shares = drawn(self.mix(lawful), dice, |(share, _)| *share)?;
        let (_, make) = drawn(shares.1, dice, |(share, _)| *share)?;
        Some(make(dice, lease))
    }

    /// How requests fare.
    pub(super) fn network(self, dice: &mut Dice, lease: Real) -> Network {
        let calm = Network {
            shortest: 20 * MICROSECOND,
            spread: MILLISECOND,
            request_lost: 0,
            reply_lost: 0,
            late: 0,
            latest: 4 * lease,
            refused: 0,
            reset: 0,
            slow: 0,
            slowest: lease / 2,
            doubled: 0,
            repeated: 0,
        };
        match self {
            Self::HandOvers | Self::ShortOutages => calm,
            Self::ClockEdges => Network { slow: dice.below(500), slowest: lease / 5, ..calm },
            _ => {
                let worst = if self == Self::UnknownOutcomes { 150 } else { 50 };
                Network {
                    spread: *dice.pick(&[0, MILLISECOND, 50 * MILLISECOND, SECOND]),
                    request_lost: dice.below(worst),
                    reply_lost: dice.below(worst),
                    late: dice.below(worst),
                    refused: dice.below(worst),
                    reset: dice.below(worst),
                    slow: dice.below(worst),
                    doubled: dice.below(worst),
                    repeated: dice.below(worst),
                    ..calm
                }
            }
        }
    }

    /// How watches fare.
    pub(super) fn watches(self, dice: &mut Dice, lease: Real) -> Watches {
        let calm = Watches {
            forbidden: false,
            shortest: 20 * MICROSECOND,
            spread: MILLISECOND,
            refused: 0,
            silent: 0,
            expired: 0,
            stale: 0,
            longest: Real::MAX / 4,
        };
        match self {
            Self::HandOvers | Self::ShortOutages => calm,
            Self::ClockEdges => Watches { longest: lease * 10, ..calm },
            _ => Watches {
                forbidden: dice.chance(150),
                spread: *dice.pick(&[0, MILLISECOND, SECOND, lease / 3, lease]),
                refused: dice.below(300),
                silent: dice.below(300),
                expired: dice.below(600),
                stale: dice.below(1000),
                longest: lease * dice.between(1, 10),
                ..calm
            },
        }
    }
}

/// One of several, by their shares.
fn drawn<'a, T>(from: &'a [T], dice: &mut Dice, share: impl Fn(&T) -> u64) -> Option<&'a T> {
    let mut left = dice.below(from.iter().map(&share).sum());
    from.iter().find(|it| {
        let hit = left < share(it);
        left = left.saturating_sub(share(it));
        hit
    })
}
