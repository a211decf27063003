//! Everything that a state is made of, kept once; and every step that was ever taken, taken once.
//!
//! A state of the world is a few numbers: which state each process and the store are in. Most
//! transitions put together steps that were taken before, so the election is called only for what
//! is new.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use election::{Input, Outcome, Request, Seen, WallTime};
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::process::{Candidate, Condition, Effects, Process, start_of};
use super::setup::Jitter;
use super::store::Store;

/// A number that stands for something kept.
pub(super) type Id = u32;

/// Something that passes between a process and the store, as the store numbers versions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Message {
    Request(Request),
    Outcome(Outcome),
    Seen(Seen),
}

/// A step of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Age,
    StoreMoved,
    Start { wall: u8 },
    Tick { wall: u8 },
    Reply(Id),
    Deliver { wall: u8, jitter: Jitter },
    Unknown { wall: u8, jitter: Jitter },
    Refused { wall: u8, jitter: Jitter },
    See { change: Id, wall: u8 },
    Pause,
    Resume,
    Crash,
    HandOver { wall: u8 },
    Stop { wall: u8 },
    HolderDead { wall: u8 },
}

/// Where a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stepped {
    pub(super) to: Id,
    /// A write that nobody waits for any more, not served yet.
    pub(super) abandoned: Option<Id>,
    /// The token of the term that began.
    pub(super) acquired: Option<u64>,
}

/// A step of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum StoreStep {
    Serve(Id),
    AddLate(u8, Id),
    Land(u8),
    Delete,
    Edit,
    AskToStepDown,
    TermBegan(u64),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct StoreStepped {
    pub(super) to: Id,
    pub(super) outcome: Option<Id>,
    /// It made a new version.
    pub(super) moved: bool,
}

/// What one must know of a process to say what can happen to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) condition: Condition,
    pub(super) starts: u8,
    pub(super) leads: bool,
    pub(super) due: bool,
    pub(super) timed_out: bool,
    /// There is an attempt under way.
    pub(super) live: bool,
    /// Its request, if the store has not served it.
    pub(super) unserved: Option<Id>,
    /// The same, if it is a write.
    pub(super) unserved_write: Option<Id>,
    pub(super) unseen: u8,
    pub(super) stopped: bool,
    pub(super) knows_held: bool,
    /// The start in a place whom it knows to hold the record.
    pub(super) holder: Option<(u8, u8)>,
    pub(super) walls: u64,
}

/// What one must know of a store.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoreFacts {
    pub(super) held: bool,
    pub(super) present: bool,
    pub(super) holder: Option<(u8, u8)>,
    pub(super) late: u8,
    pub(super) walls: u64,
}

pub(super) struct Memory {
    candidates: Vec<Candidate>,
    messages: IndexSet<Message, FxBuildHasher>,
    stores: IndexSet<Store, FxBuildHasher>,
    store_facts: Vec<StoreFacts>,
    store_steps: FxHashMap<(Id, StoreStep), Result<StoreStepped, String>>,
    known: HashMap<u128, Id, FxBuildHasher>,
    processes: Vec<Process>,
    facts: Vec<Facts>,
    steps: FxHashMap<(Id, Step), Result<Stepped, String>>,
    text: String,
    told: String,
    /// Processes that were taken for others, and for which.
    twins: Vec<(Id, Process)>,
    most_twins: usize,
    merges: u64,
}

/// One of so many processes that are taken for others is remembered.
const EVERY: u64 = 17;

impl Memory {
    pub(super) fn new(candidates: Vec<Candidate>) -> Self {
        Self {
            candidates,
            messages: IndexSet::default(),
            stores: IndexSet::default(),
            store_facts: Vec::new(),
            store_steps: FxHashMap::default(),
            known: HashMap::default(),
            processes: Vec::new(),
            facts: Vec::new(),
            steps: FxHashMap::default(),
            text: String::new(),
            told: String::new(),
            twins: Vec::new(),
            most_twins: 0,
            merges: 0,
        }
    }

    pub(super) fn facts(&self, process: Id) -> &Facts {
        &self.facts[process as usize]
    }

    pub(super) fn process(&self, process: Id) -> &Process {
        &self.processes[process as usize]
    }

    pub(super) fn store_facts(&self, store: Id) -> &StoreFacts {
        &self.store_facts[store as usize]
    }

    pub(super) fn store(&self, store: Id) -> &Store {
        &self.stores[store as usize]
    }

    pub(super) fn message(&mut self, message: Message) -> Id {
        id(self.messages.insert_full(message).0)
    }

    // ---- processes ------------------------------------------------------------------------------

    /// The number of this state of a process. Of several with the same future the first is kept.
    pub(super) fn keep(&mut self, process: Process) -> Id {
        let candidate = &self.candidates[process.place as usize];
        let walls = process.canonical(candidate, &mut self.text, &mut self.told);
        let key = fingerprint(&self.told);
        if let Some(known) = self.known.get(&key) {
            let known = *known;
            self.merges += 1;
            if self.twins.len() < self.most_twins && self.merges.is_multiple_of(EVERY) {
                self.twins.push((known, process));
            }
            return known;
        }
        let number = id(self.processes.len());
        self.known.insert(key, number);
        let facts = self.facts_of(&process, walls);
        self.facts.push(facts);
        self.processes.push(process);
        number
    }

    fn facts_of(&mut self, process: &Process, walls: u64) -> Facts {
        let runs = process.condition != Condition::Down;
        let live = process.live.as_ref().filter(|_| runs);
        let unserved =
            live.filter(|live| live.reply.is_none()).map(|live| process.request_in_store(&live.request));
        let write = unserved.as_ref().is_some_and(|request| *request != Request::Read);
        let unserved = unserved.map(|request| self.message(Message::Request(request)));
        let known = process.election.record().filter(|_| runs);
        let watches = self.candidates[process.place as usize].watches;
        Facts {
            condition: process.condition,
            starts: process.starts,
            leads: process.leads(),
            due: process.is_due(),
            timed_out: process.has_timed_out(),
            live: live.is_some(),
            unserved,
            unserved_write: unserved.filter(|_| write),
            unseen: if watches && runs { process.unseen() } else { 0 },
            stopped: process.election.is_stopped(),
            knows_held: known.is_some_and(|record| record.holder.is_some()),
            holder: known.and_then(|record| record.holder.as_ref()).and_then(start_of),
            walls,
        }
    }

    /// Takes a step of a process, or remembers where it led.
    pub(super) fn step(&mut self, process: Id, step: Step) -> Result<Stepped, String> {
        if let Some(stepped) = self.steps.get(&(process, step)) {
            return stepped.clone();
        }
        let mut next = self.processes[process as usize].clone();
        let stepped = self.take(&mut next, step).map(|effects| self.stepped(next, effects));
        self.steps.insert((process, step), stepped.clone());
        stepped
    }

    fn stepped(&mut self, next: Process, effects: Effects) -> Stepped {
        Stepped {
            to: self.keep(next),
            abandoned: effects.abandoned.map(|request| self.message(Message::Request(request))),
            acquired: effects.acquired,
        }
    }

    fn take(&mut self, process: &mut Process, step: Step) -> Result<Effects, String> {
        let candidate = &self.candidates[process.place as usize];
        let wall = |second: u8| WallTime::from_micros(i64::from(second) * 1_000_000);
        let nothing = Ok(Effects::default());
        let mut effects = match step {
            Step::Age => {
                process.age(candidate);
                nothing
            }
            Step::StoreMoved => {
                process.store_moved();
                nothing
            }
            Step::Start { wall: second } => process.start(candidate, wall(second)),
            Step::Tick { wall: second } => process.handle(Input::Tick, candidate, wall(second), 0),
            Step::Reply(outcome) => {
                if let Message::Outcome(outcome) = &self.messages[outcome as usize] {
                    let outcome = process.outcome_from_store(outcome);
                    process.live.as_mut().expect("a request was served").reply = Some(outcome);
                }
                nothing
            }
            Step::Deliver { wall: second, jitter } => {
                let outcome = process.live.as_mut().and_then(|live| live.reply.take());
                process.finish(outcome.expect("there is a reply"), candidate, wall(second), jitter.seed())
            }
            Step::Unknown { wall: second, jitter } => {
                process.finish(Outcome::Unknown, candidate, wall(second), jitter.seed())
            }
            Step::Refused { wall: second, jitter } => {
                process.finish(Outcome::Refused, candidate, wall(second), jitter.seed())
            }
            Step::See { change, wall: second } => {
                let Message::Seen(seen) = &self.messages[change as usize] else { return nothing };
                let seen = process.seen_from_store(seen);
                process.sees(seen, candidate, wall(second))
            }
            Step::Pause => {
                process.condition = Condition::Paused;
                nothing
            }
            Step::Resume => {
                process.condition = Condition::Runs;
                nothing
            }
            Step::Crash => {
                *process = Process::down(process.place, process.starts + 1, candidate);
                nothing
            }
            Step::HandOver { wall: second } => process.handle(Input::StepDown, candidate, wall(second), 0),
            Step::Stop { wall: second } => process.handle(Input::Stop, candidate, wall(second), 0),
            Step::HolderDead { wall: second } => process.holder_dead(candidate, wall(second)),
        }?;
        effects.abandoned = effects.abandoned.map(|request| process.request_in_store(&request));
        Ok(effects)
    }

    /// Remembers so many processes that are taken for others.
    pub(super) fn remember_twins(&mut self, most: usize) {
        self.most_twins = most;
    }

    /// Takes with each process that was taken for another every step that was taken with that
    /// other: all must lead to the same. Returns how many steps that were.
    pub(super) fn compare_twins(&mut self) -> Result<u64, String> {
        let mut steps_of: FxHashMap<Id, Vec<Step>> = FxHashMap::default();
        for (process, step) in self.steps.keys() {
            steps_of.entry(*process).or_default().push(*step);
        }
        self.most_twins = 0;
        let mut compared = 0;
        for (known, twin) in std::mem::take(&mut self.twins) {
            for step in steps_of.get(&known).into_iter().flatten() {
                let expected = self.step(known, *step);
                let mut next = twin.clone();
                let got = self.take(&mut next, *step).map(|effects| self.stepped(next, effects));
                if got != expected {
                    return Err(self.difference(known, &twin, *step, &expected, &got));
                }
                compared += 1;
            }
        }
        Ok(compared)
    }

    fn difference(
        &mut self,
        known: Id,
        twin: &Process,
        step: Step,
        expected: &Result<Stepped, String>,
        got: &Result<Stepped, String>,
    ) -> String {
        let mut told = |process: &Process| {
            process.canonical(&self.candidates[process.place as usize], &mut self.text, &mut self.told);
            format!("{}\n{}", self.told, self.text)
        };
        let known = told(&self.processes[known as usize]);
        let twin = told(twin);
        let mut result = |stepped: &Result<Stepped, String>| match stepped {
            Ok(stepped) => format!("{stepped:?}: {}", told(&self.processes[stepped.to as usize])),
            Err(broken) => broken.clone(),
        };
        let (expected, got) = (result(expected), result(got));
        format!("{step:?} of\n{known}\nleads to\n{expected}\n\nbut of\n{twin}\nto\n{got}")
    }

    // ---- the store ------------------------------------------------------------------------------

    pub(super) fn keep_store(&mut self, store: Store) -> Id {
        let facts = StoreFacts {
            held: store.holder().is_some(),
            present: store.record.is_some(),
            holder: store.holder().and_then(start_of),
            late: u8::try_from(store.late.len()).expect("a few"),
            walls: store.walls(),
        };
        let (number, new) = self.stores.insert_full(store);
        if new {
            self.store_facts.push(facts);
        }
        id(number)
    }

    /// Takes a step of the store, or remembers where it led.
    pub(super) fn store_step(&mut self, store: Id, step: StoreStep) -> Result<StoreStepped, String> {
        if let Some(stepped) = self.store_steps.get(&(store, step)) {
            return stepped.clone();
        }
        let mut next = self.stores[store as usize].clone();
        let mut served = None;
        let request = |message: Id| match &self.messages[message as usize] {
            Message::Request(request) => request.clone(),
            other => panic!("{other:?} is no request"),
        };
        let mut moved = false;
        let result = match step {
            StoreStep::Serve(message) => {
                served = Some(next.serve(&request(message)));
                Ok(())
            }
            StoreStep::AddLate(who, message) => {
                next.add_late(who, request(message));
                Ok(())
            }
            StoreStep::Land(nth) => {
                let (_, request) = next.late.remove(nth.into());
                served = Some(next.serve(&request));
                Ok(())
            }
            StoreStep::Delete => {
                next.delete();
                moved = true;
                Ok(())
            }
            StoreStep::Edit => {
                let record = next.record.clone().expect("a record to edit");
                next.put(record);
                moved = true;
                Ok(())
            }
            StoreStep::AskToStepDown => {
                let mut record = next.record.clone().expect("a record to edit");
                record.step_down.clone_from(&record.holder);
                next.put(record);
                moved = true;
                Ok(())
            }
            StoreStep::TermBegan(token) => next.term_began(token),
        };
        let stepped = result.map(|()| {
            moved |= served.as_ref().is_some_and(|(_, moved)| *moved);
            let outcome = served.map(|(outcome, _)| self.message(Message::Outcome(outcome)));
            StoreStepped { to: self.keep_store(next), outcome, moved }
        });
        self.store_steps.insert((store, step), stepped.clone());
        stepped
    }

    /// The change that is so many changes back, as a message.
    pub(super) fn change(&mut self, store: Id, back: u8) -> Option<Id> {
        let seen = self.stores[store as usize].change(back.into())?.clone();
        Some(self.message(Message::Seen(seen)))
    }
}

/// 128 bits: two texts that share them by chance are not to be expected in any number of states
/// that fits into a memory.
fn fingerprint(text: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        text.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

fn id(index: usize) -> Id {
    Id::try_from(index).expect("fewer things than numbers")
}
