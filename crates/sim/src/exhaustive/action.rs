//! What can happen in a world.

use std::fmt;

/// What becomes of a write that nobody waits for any more and that the store has not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There is none.
    None,
    /// It is lost.
    Lost,
    /// It may still take effect.
    Late,
}

/// What can happen. The numbers are the places of processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A step of time passes.
    Advance,
    /// A process starts.
    Start(u8),
    /// A process is woken, as it asked to be.
    Tick(u8, Fate),
    /// The store serves the request under way.
    Serve(u8),
    /// The store serves the request under way twice.
    Repeat(u8),
    /// The reply arrives.
    Deliver(u8),
    /// The attempt under way times out.
    TimeOut(u8, Fate),
    /// The attempt under way ends with an unknown outcome.
    Reset(u8, Fate),
    /// The request under way is refused.
    Refuse(u8),
    /// The watch shows the change that is so many changes back.
    Show {
        /// Whose.
        place: u8,
        /// 0: the newest.
        back: u8,
        /// What becomes of a write that the process abandons for what it sees.
        fate: Fate,
    },
    /// The host stands still.
    Pause(u8),
    /// The host goes on.
    Resume(u8),
    /// The process is killed.
    Crash(u8, Fate),
    /// The process is asked to step down.
    StepDown(u8, Fate),
    /// The process is asked to stop.
    Stop(u8, Fate),
    /// The process has stopped, and ends.
    Replace(u8),
    /// The process learns that the holder it knows is dead.
    ProveDead(u8),
    /// A write that nobody waits for any more takes effect, or not.
    Land {
        /// Who sent it.
        who: u8,
        /// Which of those on their way.
        nth: u8,
    },
    /// Somebody deletes the record.
    Delete,
    /// Somebody edits the record's metadata.
    Edit,
    /// Somebody asks the holder, by annotation, to step down.
    Ask,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |place: &u8| char::from(b'a' + place);
        match self {
            Self::Advance => write!(f, "time passes"),
            Self::Start(place) => write!(f, "{} starts", name(place)),
            Self::Tick(place, fate) => write!(f, "{} is woken{fate}", name(place)),
            Self::Serve(place) => write!(f, "{}'s request is served", name(place)),
            Self::Repeat(place) => write!(f, "{}'s request is served twice", name(place)),
            Self::Deliver(place) => write!(f, "{} gets its reply", name(place)),
            Self::TimeOut(place, fate) => write!(f, "{}'s attempt times out{fate}", name(place)),
            Self::Reset(place, fate) => write!(f, "{}'s attempt is reset{fate}", name(place)),
            Self::Refuse(place) => write!(f, "{}'s request is refused", name(place)),
            Self::Show { place, back: 0, fate } => {
                write!(f, "{}'s watch shows the newest{fate}", name(place))
            }
            Self::Show { place, back, fate } => {
                write!(f, "{}'s watch shows the newest but {back}{fate}", name(place))
            }
            Self::Pause(place) => write!(f, "{}'s host stands still", name(place)),
            Self::Resume(place) => write!(f, "{}'s host goes on", name(place)),
            Self::Crash(place, fate) => write!(f, "{} is killed{fate}", name(place)),
            Self::StepDown(place, fate) => write!(f, "{} is asked to step down{fate}", name(place)),
            Self::Stop(place, fate) => write!(f, "{} is asked to stop{fate}", name(place)),
            Self::Replace(place) => write!(f, "{} has ended", name(place)),
            Self::ProveDead(place) => write!(f, "{} learns that the holder is dead", name(place)),
            Self::Land { who, .. } => write!(f, "a late write of {}'s arrives", name(who)),
            Self::Delete => write!(f, "somebody deletes the record"),
            Self::Ask => write!(f, "somebody asks the holder to step down"),
            Self::Edit => write!(f, "somebody edits metadata"),
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Lost => write!(f, "; its write is lost"),
            Self::Late => write!(f, "; its write is still on its way"),
        }
    }
}
