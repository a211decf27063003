//! What happened in the worlds, counted: a fault that never struck has tested nothing.

use std::fmt;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident => $text:literal,)*) => {
        /// Something worth counting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Fault { $($(#[$doc])* $name,)* }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// In words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

faults! {
    /// A request vanished.
    RequestLost => "requests lost",
    /// It took effect, and the reply vanished.
    ReplyLost => "replies lost",
    /// It was sent to arrive after its sender's patience.
    SentLate => "requests sent to arrive late",
    /// A claiming write took effect after its sender had given it up.
    LandedLate => "writes that landed late",
    /// Such a write landed later than a lease duration after it was sent.
    LandedAfterLease => "writes that landed a lease duration late",
    /// Refused without effect.
    Refused => "requests refused",
    /// The connection was reset.
    Reset => "connections reset",
    /// Slow there or back.
    Slow => "slow requests or replies",
    /// An old outcome was reported once more.
    Repeated => "outcomes reported twice",
    /// A proxy sent a request twice.
    Doubled => "requests sent twice by a proxy",
    /// A request met an outage.
    Outage => "requests into an outage",
    /// An attempt timed out.
    TimedOut => "attempts timed out",
    /// A write met another version.
    Conflict => "conflicts",
    /// A term began.
    Term => "terms begun",
    /// A term began by taking over from another holder whose lease ran out.
    TakeOver => "take-overs of a lease that ran out",
    /// A term began by taking a released record.
    TakenReleased => "take-overs of a released lease",
    /// A term began after a proof of death.
    TakenFromDead => "take-overs from a holder proven dead",
    /// A term began with a new object.
    Created => "leases created",
    /// A write of ours that had been given up was found and confirmed.
    Adopted => "late writes adopted",
    /// A claim ran out.
    Expired => "claims that ran out",
    /// A claim ran out while its driver stood still.
    PausedOverDeadline => "pauses over a deadline",
    /// A driver stood still between a decision and its publication.
    StalledMidway => "drivers stalled midway",
    /// A driver stood still.
    DriverStalled => "drivers stalled",
    /// A whole process stood still.
    Frozen => "processes frozen",
    /// A process was killed.
    Killed => "processes killed",
    /// A driver panicked.
    DriverFailed => "drivers failed",
    /// A process stepped down.
    SteppedDown => "step-downs",
    /// A leader was annotated to step down.
    AskedToStepDown => "step-downs by annotation",
    /// A process stopped in good order.
    StoppedInOrder => "processes stopped in good order",
    /// A process was suspended for want of a heartbeat.
    Suspended => "suspensions",
    /// A release took effect.
    Released => "releases",
    /// The wall clock jumped or stood still.
    WallClock => "wall clock jumps",
    /// A watch opened.
    WatchOpened => "watches opened",
    /// A watch broke.
    WatchBroke => "watches broken",
    /// A watch expired.
    WatchExpired => "watches expired",
    /// A watch was given up after silence.
    WatchSilent => "silent watches given up",
    /// A watch showed an older state first.
    WatchStale => "watches that began with stale state",
    /// A watch skipped a change.
    WatchSkipped => "changes that a watch skipped",
    /// An idle record was deleted.
    DeletedIdle => "idle leases deleted",
    /// A live record was deleted, against the rules.
    DeletedLive => "live leases deleted (unlawful)",
    /// A live record was blanked or overwritten, against the rules.
    Overwritten => "live leases blanked or overwritten (unlawful)",
    /// Somebody edited metadata after every look at it.
    Meddled => "reads followed by an edit at once",
    /// Somebody edited metadata.
    Edited => "metadata edits",
    /// Another elector led.
    ForeignTerm => "terms of other electors",
    /// Another elector released.
    ForeignRelease => "releases by other electors",
    /// A record of odd shape was met.
    OddRecord => "records of odd shape",
    /// Our identity was used by another.
    Duplicate => "duplicate identities",
    /// A leader noted something in the ledger.
    Note => "notes in the ledger",
    /// It was acknowledged.
    Noted => "notes acknowledged",
    /// It was told that it will not be.
    NotNoted => "notes given up",
    /// A write for a flush's sake.
    Flushed => "writes for a flush",
    /// A term began with what others had noted.
    LedgerHandedOn => "terms begun with a ledger",
    /// Another elector wrote without it, or the record was deleted.
    LedgerDropped => "ledgers dropped by others",
    /// A reader asked.
    Read => "readers' questions",
    /// A reader was told yes.
    ReadYes => "readers told yes",
    /// A reader was held up over a withdrawal.
    ReadOverWithdrawal => "readers held up over a withdrawal",
}

/// How often each happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage([u64; Fault::ALL.len()]);

impl Default for Coverage {
    fn default() -> Self {
        Self([0; Fault::ALL.len()])
    }
}

impl Coverage {
    /// It happened once more.
    pub const fn count(&mut self, fault: Fault) {
        self.0[fault as usize] += 1;
    }

    /// How often it happened.
    #[must_use]
    pub const fn of(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }

    /// Adds what happened in other worlds.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours += theirs;
        }
    }

    /// What never happened.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        Fault::ALL.iter().filter(|fault| self.of(**fault) == 0).map(|fault| fault.text()).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in Fault::ALL {
            writeln!(f, "{:>12}  {}", self.of(*fault), fault.text())?;
        }
        Ok(())
    }
}
