//! What is going to happen in a world: everything that is not decided by the code under test.
//!
//! A script is data, made from a seed. Each request's fate and each watch's is a hash of the seed,
//! the place and a number, and can be [calmed](Script::calm) on its own: that is what makes a
//! failing world small.

mod focus;
mod generate;

use std::collections::BTreeSet;
use std::time::Duration;

use election::{LostReason, Timing};

use crate::clock::{HostClock, Real};
use crate::random::Dice;
use crate::store::Flavour;
use crate::world::LONG;

pub use focus::{FOCUSES, Focus};

/// A world's script.
#[derive(Clone, Debug)]
pub struct Script {
    /// What it was made from, and what fates are drawn from.
    pub seed: u64,
    /// What it stresses.
    pub focus: Focus,
    /// How the store numbers versions.
    pub flavour: Flavour,
    /// Nobody breaks the assumptions that G2 rests on.
    pub lawful: bool,
    /// Who stands where.
    pub places: Vec<Place>,
    /// The store proves the death of holders that are really dead.
    pub proof_of_death: bool,
    /// How long that takes at most.
    pub proof_after: Real,
    /// How requests fare.
    pub network: Network,
    /// How watches fare.
    pub watches: Watches,
    /// What else happens, in order of time.
    pub actions: Vec<Planned>,
    /// From here on nothing goes wrong any more.
    pub faults_end: Real,
    /// From here on nobody loses what it leads: G8.
    pub steady_from: Real,
    /// Until then exactly one is to lead: G8.
    pub leader_by: Real,
    /// G7: how long a hand-over may take, where nothing hinders it.
    pub hand_over_within: Option<Real>,
    /// And leads on until the end.
    pub end: Real,
    /// What is exempted from fate: it fares as in a world without faults.
    pub calm: BTreeSet<Draw>,
}

/// A host, and who stands on it.
#[derive(Clone, Debug)]
pub struct Place {
    /// Ours, or another elector.
    pub kind: Kind,
    /// Its clocks as the world begins.
    pub clock: HostClock,
    /// The three durations.
    pub timing: Timing,
    /// When its first process starts.
    pub starts: Real,
    /// How late a timer fires at most.
    pub timer_slack: Real,
}

/// Whose elector it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The shipped one.
    Ours,
    /// One that follows client-go's rules.
    ClientGo,
    /// As it, but it writes no annotation that it does not know.
    Dropping,
}

/// How requests fare: times in nanoseconds, chances in thousandths.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// The shortest time on the way, one way.
    pub shortest: Real,
    /// What comes on top, at most.
    pub spread: Real,
    /// It never arrives.
    pub request_lost: u64,
    /// It takes effect, and no reply comes.
    pub reply_lost: u64,
    /// It arrives long after its sender gave up.
    pub late: u64,
    /// How long a late one is on its way at most.
    pub latest: Real,
    /// It has no effect, and the sender is told so.
    pub refused: u64,
    /// The connection is reset: it may have had its effect.
    pub reset: u64,
    /// It, or its reply, takes up to the sender's patience and longer.
    pub slow: u64,
    /// How long a slow one takes at most.
    pub slowest: Real,
    /// A proxy sends it twice, and passes on the second reply.
    pub doubled: u64,
    /// Long after it was superseded or timed out, its outcome is reported once more.
    pub repeated: u64,
}

/// How watches fare.
#[derive(Clone, Copy, Debug)]
pub struct Watches {
    /// They are forbidden.
    pub forbidden: bool,
    /// How late a change is shown, at least.
    pub shortest: Real,
    /// What comes on top, at most.
    pub spread: Real,
    /// A watch does not open at once; in thousandths.
    pub refused: u64,
    /// One goes silent at some time without ending; in thousandths.
    pub silent: u64,
    /// One ends with "expired" rather than just ends; in thousandths.
    pub expired: u64,
    /// It first shows what was, not what is; in thousandths.
    pub stale: u64,
    /// How long a watch lasts at most.
    pub longest: Real,
}

/// One draw of fate that can be calmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Draw {
    /// The request with this number from this place.
    Request(u8, u32),
    /// The watch with this number at this place.
    Watch(u8, u32),
}

/// Something that happens at a time.
#[derive(Clone, Debug)]
pub struct Planned {
    /// When.
    pub at: Real,
    /// Where, if it concerns a place.
    pub place: u8,
    /// What.
    pub action: Action,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process starts here, if none runs.
    Start,
    /// Whoever of ours leads notes something in the ledger, and asks for a flush or does not.
    Note(bool),
    /// It is asked to step down.
    StepDown,
    /// It is asked to stop, and ends once it has.
    Stop,
    /// It is killed.
    Kill,
    /// The driver thread panics and is restarted.
    DriverFails,
    /// The host's heartbeat is missing.
    Suspend(LostReason),
    /// It beats again.
    Resume,
    /// The driver thread alone stands still.
    StallDriver(Real),
    /// The driver thread stands still right after its next decision: before readers see it, then
    /// again before a request is sent.
    StallMidway(Real, Real),
    /// The whole process stands still.
    Freeze(Real),
    /// The wall clock jumps by this many microseconds.
    WallJumps(i64),
    /// The wall clock stands still, or goes on.
    WallStands(bool),
    /// The watch breaks.
    BreakWatch,
    /// The watch ends as expired.
    ExpireWatch,
    /// The watch shows nothing any more, and does not end.
    SilenceWatch,
    /// A reader asks, and is held up before and after it reads the clock.
    Read(Real, Real),
    /// Somebody edits the record's metadata.
    EditMetadata,
    /// Somebody annotates the record: whoever holds it is to step down.
    AskToStepDown,
    /// Somebody deletes the record, if that is lawful now.
    DeleteIdle,
    /// Somebody takes a record that nobody holds, and leads for 10 s; one of the odd shapes.
    ForeignRecord(Odd),
    /// Whoever took it so releases it.
    ForeignRelease,
    /// Another process that has this place's present identity takes a record that nobody holds.
    Impostor,
    /// For this long somebody edits metadata after every look at the record.
    Meddle(Real),
    /// Requests do not get through for this long, in this way; from everywhere or only from here.
    Outage(Outage, Real, Scope),
    /// This, if the process at the place leads.
    IfLeading(Box<Self>),
    /// The faults are over.
    Recover,
    /// Against the rules: the record is deleted, whoever leads.
    Delete,
    /// Against the rules: the holder is blanked.
    Blank,
    /// Against the rules: another holder is written into it.
    Overwrite,
}

/// How far an outage reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This place only.
    Here,
    /// Everybody.
    Everywhere,
}

/// What an outage does to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// They vanish.
    BlackHole,
    /// They take effect, but replies vanish.
    OneWay,
    /// They are refused at once.
    Refusing,
    /// Connections are reset at once, without effect.
    Resetting,
}

/// Odd but lawful records of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// As client-go writes it.
    Plain,
    /// Without a duration.
    NoDuration,
    /// Without times.
    NoTimes,
    /// A longer duration than anybody's own.
    Long,
    /// As many transitions as there can be.
    MostTransitions,
    /// Under the API server's coordinated election.
    Coordinated,
    /// With annotations of ours that belong to somebody else, or to nobody.
    StrayAnnotations,
}

impl Script {
    /// What a request with this number from this place draws, unless it is calm.
    #[must_use]
    pub fn dice_for(&self, draw: Draw) -> Option<Dice> {
        if !self.calm.is_empty() && self.calm.contains(&draw) {
            return None;
        }
        Some(match draw {
            Draw::Request(place, number) => Dice::of(self.seed, &[1, u64::from(place), u64::from(number)]),
            Draw::Watch(place, number) => Dice::of(self.seed, &[2, u64::from(place), u64::from(number)]),
        })
    }

    /// Whether somebody else uses a name of ours.
    #[must_use]
    pub fn has_impostors(&self) -> bool {
        self.actions.iter().any(|planned| planned.action == Action::Impostor)
    }

    /// The longest lease duration that may stand in a record.
    #[must_use]
    pub fn longest_lease(&self) -> Duration {
        let ours = self.places.iter().map(|place| place.timing.lease_duration()).max();
        let is_long = |planned: &Planned| planned.action == Action::ForeignRecord(Odd::Long);
        let of_others = if self.actions.iter().any(is_long) { LONG } else { Duration::from_secs(15) };
        ours.unwrap_or(of_others).max(of_others)
    }
}
