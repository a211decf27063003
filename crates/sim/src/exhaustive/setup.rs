//! What a world is made of: its candidates, and how much may fail in it.

use std::time::Duration;

use super::process::Candidate;

/// A world, by name.
#[derive(Clone, Debug)]
pub struct Setup {
    /// What it is called.
    pub name: &'static str,
    /// Everything happens at multiples of this.
    pub step: Duration,
    /// Who stands.
    pub candidates: Vec<Candidate>,
    /// What is there when the world begins.
    pub begins: Begins,
    /// What wall clocks show.
    pub wall: Wall,
    /// How much longer than a retry period a follower's pause may be: one of these, each time.
    pub jitters: Vec<Jitter>,
    /// Processes start whenever they like; else at once.
    pub late_starts: bool,
    /// How much may fail on any one path.
    pub faults: Faults,
    /// How many writes may be on their way at a time that nobody waits for any more.
    pub late: usize,
}

/// What is there when the world begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// No record.
    Empty,
    /// One that nobody holds.
    Released,
    /// One that a stranger holds, for so long, or without saying for how long.
    Held(Option<Duration>),
    /// One that nobody holds and whose transitions are at the end of their range, where they stay:
    /// so a world may go on for ever and its states still come round.
    ReleasedForEver,
}

/// What wall clocks show. No decision may depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// They all stand still, so many writes carry the same times.
    Stands,
    /// They jump to a second that occurs nowhere in the world, so every write has times of its own.
    Jumps,
}

/// A draw of jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Jitter {
    /// None.
    Least,
    /// Half a retry period of one second.
    Half,
    /// As much as there may be: a whole retry period of one second, less a nanosecond.
    Most,
}

impl Jitter {
    /// The seed whose first draw it is. SplitMix64 can be turned round: these make the words 0,
    /// 500,000,000 and 999,999,999, which a retry period of one second takes as nanoseconds.
    pub(super) const fn seed(self) -> u64 {
        match self {
            Self::Least => 0x61c8_8646_80b5_83eb,
            Self::Half => 0xe5fd_1fe8_8025_eb1d,
            Self::Most => 0x589c_b198_57d7_86eb,
        }
    }
}

/// As often as it likes.
pub const ANY: u8 = 15;

/// How often each fault may happen on one path; [`ANY`]: without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// A step of time passes while an attempt waits for its reply. It may then go on, be lost on
    /// its way there or back, or, if it is a write, take effect when nobody waits any more.
    pub delays: u8,
    /// An attempt ends at once with an unknown outcome, before or after it took effect, or it may
    /// yet take effect.
    pub resets: u8,
    /// A request is refused.
    pub refusals: u8,
    /// A step of time passes while a watch has not shown something.
    pub lags: u8,
    /// A process stands still, for as long as it likes.
    pub pauses: u8,
    /// A process is killed; another starts in its place whenever it likes.
    pub crashes: u8,
    /// A process is asked to step down.
    pub step_downs: u8,
    /// A process stops in good order; another starts in its place.
    pub stops: u8,
    /// Somebody deletes the record: a released one, or one that all others know to be held.
    pub deletions: u8,
    /// Somebody edits the record's metadata.
    pub edits: u8,
    /// A process is told that the holder it knows, which is dead, is dead.
    pub proofs: u8,
    /// Something on the way sends a request twice, and the second reply is the one that comes.
    pub repeats: u8,
    /// Somebody asks the holder, by annotation, to step down.
    pub requests: u8,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Delay,
    Reset,
    Refusal,
    Lag,
    Pause,
    Crash,
    StepDown,
    Stop,
    Deletion,
    Edit,
    Proof,
    Repeat,
    Request,
}

/// How many faults may still happen: four bits for each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn of(faults: &Faults) -> Self {
        let Faults {
            delays,
            resets,
            refusals,
            lags,
            pauses,
            crashes,
            step_downs,
            stops,
            deletions,
            edits,
            proofs,
            repeats,
            requests,
        } = *faults;
        // In the order of `Fault`.
        let all = [
            delays, resets, refusals, lags, pauses, crashes, step_downs, stops, deletions, edits, proofs,
            repeats, requests,
        ];
        Self(all.iter().rev().fold(0, |budget, count| budget << 4 | u64::from(*count & 15)))
    }

    pub(super) fn left(self, fault: Fault) -> u8 {
        u8::try_from(self.0 >> (4 * fault as u32) & 15).expect("four bits")
    }

    /// What is left after a fault has happened `times`, if it may.
    pub(super) fn after(self, fault: Fault, times: u8) -> Option<Self> {
        let left = self.left(fault);
        if left == ANY || times == 0 {
            return Some(self);
        }
        left.checked_sub(times)?;
        Some(Self(self.0 - (u64::from(times) << (4 * fault as u32))))
    }
}

impl Setup {
    /// G8's bound: the lease duration, two retry periods and a round trip, in steps of the world.
    /// Nothing happens but at multiples of a step, so each wait is rounded up to them.
    pub(super) fn leader_within(&self) -> u32 {
        let slowest = self.candidates.iter().map(|it| it.clock_step).min().expect("a candidate");
        let steps =
            |wait: Duration| u32::try_from(wait.as_nanos().div_ceil(slowest.as_nanos())).expect("few");
        let longest =
            |of: fn(&Candidate) -> Duration| self.candidates.iter().map(of).max().expect("a candidate");
        let lease = steps(longest(|it| it.timing.lease_duration()));
        let retries = 2 * steps(longest(|it| it.timing.retry_period()));
        let round_trip = steps(longest(|it| it.timing.attempt_timeout()));
        lease + retries + round_trip
    }
}
