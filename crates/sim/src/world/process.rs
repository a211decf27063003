//! One process of ours: the shipped election, and what its driver keeps beside it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use election::{Attempt, AttemptId, ClaimCell, Election, Identity, Instant, LostReason, Output, Timing};

use super::driver::Happened;
use super::notes::Notes;
use super::requests::Word;
use super::watching::{Watched, Watching};
use crate::clock::{HostClock, Real};
use crate::random::Dice;
use crate::script::Script;

/// The memory of a claim cell: one thread at a time looks at it here.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Rc<Cell<u64>>);

impl Memory {
    /// What is in it: the nanoseconds of a deadline, or 0.
    pub(super) fn get(&self) -> u64 {
        self.0.get()
    }
}

impl election::Word for Memory {
    fn load(&self) -> u64 {
        self.0.get()
    }

    fn store(&self, value: u64) {
        self.0.set(value);
    }

    fn fence() {}
}

/// What a handle asks of its election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    StepDown,
    Stop,
    /// Not a handle's, but the heartbeat's: there is no withdrawal to count.
    Suspend(LostReason),
    Resume,
    Flush,
}

impl Command {
    /// Whether it withdraws the claim before the driver hears of it.
    pub(super) const fn withdraws(self) -> bool {
        matches!(self, Self::StepDown | Self::Stop)
    }
}

/// An attempt under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnderWay {
    pub(super) id: AttemptId,
    /// What the clock said when it was decided on, before it was sent.
    pub(super) decided: Instant,
    /// It would make or keep us the holder.
    pub(super) claims: bool,
    pub(super) times_out: Real,
}

/// What has reached the process and was not taken in yet.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    pub(super) commands: VecDeque<Command>,
    pub(super) ended: Option<Word>,
    /// An outcome that the driver was told of before, or had given up.
    pub(super) repeated: VecDeque<(AttemptId, Word)>,
    pub(super) watched: VecDeque<Watched>,
    pub(super) dead: Option<Identity>,
}

/// A decision that readers and the store have not heard of yet.
#[derive(Debug)]
pub(super) struct Undone {
    pub(super) output: Output,
    pub(super) decided: Instant,
    pub(super) withdrawn: bool,
    /// The claim and the events have been published; only the attempt is left.
    pub(super) published: bool,
    /// How long the driver stands still between the two.
    pub(super) stall_before_sending: Real,
}

pub(super) struct Process {
    pub(super) place: u8,
    pub(super) start: u32,
    pub(super) timing: Timing,
    pub(super) timer_slack: Real,
    pub(super) election: Election,
    /// How many elections this process has begun: one, and one more after each failure.
    pub(super) elections: u32,
    /// How many identities this process has had.
    pub(super) identities: u32,

    /// Where readers look: the shipped cell.
    pub(super) cell: ClaimCell<Memory>,
    /// The same memory, to look into.
    pub(super) memory: Memory,
    /// Commands under way that withdraw the claim.
    pub(super) withdrawals: u32,
    pub(super) stopping: bool,
    /// The term that was announced and is not over.
    pub(super) term: Option<u64>,

    /// What its application notes.
    pub(super) notes: Notes,
    /// What it is told once the election has been handed a note.
    pub(super) next: Option<Happened>,
    pub(super) attempt: Option<UnderWay>,
    pub(super) mailbox: Mailbox,
    pub(super) wake: Real,
    pub(super) watching: Watching,
    /// Whose death would be news.
    pub(super) suspect: Option<Identity>,
    /// It was.
    pub(super) proven: bool,
    /// When the claim ends, in real time; for the count of pauses that lasted longer.
    pub(super) claimed_until: Real,

    /// The driver thread stands still until then.
    pub(super) stalled_until: Real,
    /// The whole process does.
    pub(super) frozen_until: Real,
    /// It will stand still after its next decision: before it is published, and before it is sent.
    pub(super) midway: Option<(Real, Real)>,
    pub(super) undone: Option<Undone>,
    /// The driver panicked, and begins anew then.
    pub(super) failed: bool,
    pub(super) stopped: bool,
}

impl Process {
    pub(super) fn start(script: &Script, place: u8, start: u32, clock: &HostClock, now: Real) -> Self {
        let setup = &script.places[place as usize];
        let timing = setup.timing;
        let identities = 1;
        let identity = identity(place, start, identities);
        let seed = Dice::of(script.seed, &[3, u64::from(place), u64::from(start)]).next();
        let local = clock.shows(now);
        let memory = Memory::default();
        Self {
            place,
            start,
            timing,
            timer_slack: setup.timer_slack,
            election: Election::new(identity, timing, seed, local).staggered(&seed.to_string()),
            elections: 1,
            identities,
            cell: ClaimCell::over(memory.clone()),
            memory,
            withdrawals: 0,
            stopping: false,
            term: None,
            notes: Notes::default(),
            next: None,
            attempt: None,
            mailbox: Mailbox::default(),
            wake: now,
            watching: Watching::new(timing, seed, local),
            suspect: None,
            proven: false,
            claimed_until: Real::MAX,
            stalled_until: 0,
            frozen_until: 0,
            midway: None,
            undone: None,
            failed: false,
            stopped: false,
        }
    }

    /// From when on the driver thread runs.
    pub(super) fn free_from(&self) -> Real {
        self.stalled_until.max(self.frozen_until)
    }

    /// When the driver has something to do next, unless something reaches it before.
    pub(super) fn timer(&self, clock: &HostClock) -> Real {
        let due = if self.undone.is_some() || self.failed {
            0
        } else {
            let times_out = self.attempt.map_or(Real::MAX, |attempt| attempt.times_out);
            self.wake.min(times_out).min(self.watching.due(self, clock))
        };
        due.max(self.free_from())
    }

    pub(super) fn another_identity(&mut self) -> Identity {
        self.identities += 1;
        identity(self.place, self.start, self.identities)
    }

    pub(super) fn attempt_is(&self, id: AttemptId, election: u32) -> bool {
        self.elections == election && self.attempt.is_some_and(|attempt| attempt.id == id)
    }

    /// What it would send, in words.
    pub(super) fn describe(&self, attempt: &Attempt) -> String {
        use election::Request::{Create, Read, Update};
        let ours =
            self.election.record().is_some_and(|it| it.holder.as_ref() == Some(self.election.identity()));
        match &attempt.request {
            Read => "read".to_owned(),
            Create(_) => "create".to_owned(),
            Update(record, version) if record.holder.is_none() => format!("release @{}", version.number),
            Update(_, version) if ours => format!("renew @{}", version.number),
            Update(_, version) => format!("take over @{}", version.number),
        }
    }
}

/// The same shown name for every start of a place; a suffix of its own for each.
fn identity(place: u8, start: u32, number: u32) -> Identity {
    Identity::of_start(&format!("p{place}"), &format!("{start}.{number}"))
}
