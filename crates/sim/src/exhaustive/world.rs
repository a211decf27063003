//! Everything that can happen in a world, and what is checked of all processes together.

use std::time::Duration;

use election::Record;

use super::action::{Action, Fate};
use super::explorer::{Broken, Explorable};
use super::memory::{Facts, Id, Memory, Step, StoreStep};
use super::process::{Condition, Process};
use super::setup::{Begins, Budget, Fault, Jitter, Setup, Wall};
use super::store::Store;

/// The most processes of a world.
const MOST: usize = 3;

/// A state of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Which state each process is in.
    processes: [Id; MOST],
    store: Id,
    budget: Budget,
}

/// A world that can be explored.
pub struct World {
    setup: Setup,
    memory: Memory,
    initial: State,
}

type Next = Vec<(Action, State)>;

impl World {
    /// A world as set up, before anything happened.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let mut memory = Memory::new(setup.candidates.clone());
        let record = match setup.begins {
            Begins::Empty => None,
            Begins::Released => Some(Record::default()),
            Begins::Held(lease_duration) => {
                Some(Record { holder: Some("stranger".into()), lease_duration, ..Record::default() })
            }
            Begins::ReleasedForEver => Some(Record { transitions: i32::MAX, ..Record::default() }),
        };
        let mut processes = [0; MOST];
        for (place, candidate) in setup.candidates.iter().enumerate() {
            processes[place] = memory.keep(Process::down(u8::try_from(place).expect("few"), 1, candidate));
        }
        let store = memory.keep_store(Store::new(record));
        let initial = State { processes, store, budget: Budget::of(&setup.faults) };
        Self { setup, memory, initial }
    }

    /// Remembers so many processes that are taken for others, to compare them later.
    pub fn remember_twins(&mut self, most: usize) {
        self.memory.remember_twins(most);
    }

    /// Whether the processes remembered have the same future as those for which they were taken:
    /// every step explored leads both to the same. Returns how many steps were compared.
    ///
    /// # Errors
    /// What leads elsewhere.
    pub fn compare_twins(&mut self) -> Result<u64, String> {
        self.memory.compare_twins()
    }

    fn places(&self) -> std::ops::Range<u8> {
        0..u8::try_from(self.setup.candidates.len()).expect("few")
    }

    fn facts(&self, state: State, place: u8) -> Facts {
        *self.memory.facts(state.processes[usize::from(place)])
    }

    /// The second that wall clocks show a process.
    fn wall(&self, state: State, place: u8) -> u8 {
        match self.setup.wall {
            Wall::Stands => 0,
            Wall::Jumps => {
                let used = self.facts(state, place).walls | self.memory.store_facts(state.store).walls;
                let free = used.trailing_ones();
                assert!(free < 60, "more times in use than told apart");
                u8::try_from(free).expect("less than 60")
            }
        }
    }

    // ---- one thing that happens -------------------------------------------------------------------

    /// A step of one process, which may leave a write behind that nobody waits for.
    fn step(
        &mut self,
        state: State,
        place: u8,
        step: Step,
        fates: &Fates<'_>,
        next: &mut Next,
    ) -> Result<(), String> {
        let stepped = self.memory.step(state.processes[usize::from(place)], step)?;
        let mut after = state;
        after.processes[usize::from(place)] = stepped.to;
        let leaders = self.places().filter(|place| self.facts(after, *place).leads).count();
        if leaders > 1 {
            return Err(format!("G2: {leaders} processes' readers are told yes at a time"));
        }
        if let Some(token) = stepped.acquired {
            after.store = self.memory.store_step(after.store, StoreStep::TermBegan(token))?.to;
        }
        let abandoned = fates.abandoned.or(stepped.abandoned);
        let Some(write) = abandoned else {
            next.push(((fates.action)(Fate::None), after));
            return Ok(());
        };
        next.push(((fates.action)(Fate::Lost), after));
        if usize::from(self.memory.store_facts(after.store).late) < self.setup.late {
            after.store = self.memory.store_step(after.store, StoreStep::AddLate(place, write))?.to;
            next.push(((fates.action)(Fate::Late), after));
        }
        Ok(())
    }

    /// A step that leaves no write behind.
    fn plain(
        &mut self,
        state: State,
        place: u8,
        step: Step,
        action: Action,
        next: &mut Next,
    ) -> Result<(), String> {
        self.step(state, place, step, &Fates { abandoned: None, action: &|_| action }, next)
    }

    /// The same with each draw of jitter.
    fn with_jitter(
        &mut self,
        state: State,
        place: u8,
        step: impl Fn(u8, Jitter) -> Step,
        fates: &Fates<'_>,
        next: &mut Next,
    ) -> Result<(), String> {
        let wall = self.wall(state, place);
        for at in 0..self.setup.jitters.len() {
            let jitter = self.setup.jitters[at];
            self.step(state, place, step(wall, jitter), fates, next)?;
        }
        Ok(())
    }

    /// The store takes a step; everybody's versions are one further back if that made a new one.
    fn store_step(&mut self, state: State, step: StoreStep) -> Result<(State, Option<Id>), String> {
        let stepped = self.memory.store_step(state.store, step)?;
        let mut after = State { store: stepped.to, ..state };
        if stepped.moved {
            for place in self.places() {
                if self.facts(after, place).condition != Condition::Down {
                    let process = &mut after.processes[usize::from(place)];
                    *process = self.memory.step(*process, Step::StoreMoved)?.to;
                }
            }
        }
        Ok((after, stepped.outcome))
    }

    /// G3: a write of this process took effect on what the store held.
    fn check_overwritten(&self, before: State, after: State, who: u8) -> Result<(), String> {
        let holder_of = |state: State| self.memory.store_facts(state.store).holder;
        let (was, is) = (holder_of(before), holder_of(after));
        match was {
            Some((place, start)) if was != is && place != who => {
                let overwritten = self.facts(before, place);
                if overwritten.starts == start && overwritten.leads {
                    return Err("G3: overwrites another's live claim".to_owned());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The store serves a request so many times; the last outcome is the one that comes.
    fn serve(&mut self, state: State, place: u8, request: Id, times: u8) -> Result<State, String> {
        let (mut after, mut outcome) = self.store_step(state, StoreStep::Serve(request))?;
        self.check_overwritten(state, after, place)?;
        for _ in 1..times {
            // As it numbers versions now: it names the version that it was decided on.
            let repeated = self.facts(after, place).unserved.expect("still under way");
            (after, outcome) = self.store_step(after, StoreStep::Serve(repeated))?;
        }
        let process = &mut after.processes[usize::from(place)];
        *process = self.memory.step(*process, Step::Reply(outcome.expect("an outcome")))?.to;
        Ok(after)
    }

    // ---- all that can happen ----------------------------------------------------------------------

    fn happens_to(
        &mut self,
        state: State,
        place: u8,
        at: &mut Action,
        next: &mut Next,
    ) -> Result<(), String> {
        let facts = self.facts(state, place);
        let wall = self.wall(state, place);
        let write = facts.unserved_write;
        if let (Some(request), true) = (facts.unserved, facts.condition != Condition::Down) {
            *at = Action::Serve(place);
            let after = self.serve(state, place, request, 1)?;
            next.push((*at, after));
            if let (Some(_), Some(budget)) = (write, state.budget.after(Fault::Repeat, 1)) {
                *at = Action::Repeat(place);
                let after = self.serve(State { budget, ..state }, place, request, 2)?;
                next.push((*at, after));
            }
        }
        match facts.condition {
            Condition::Down => {
                *at = Action::Start(place);
                return self.plain(state, place, Step::Start { wall }, *at, next);
            }
            Condition::Paused => {
                *at = Action::Resume(place);
                self.plain(state, place, Step::Resume, *at, next)?;
            }
            Condition::Runs => self.happens_to_running(state, place, at, next)?,
        }
        if let Some(budget) = state.budget.after(Fault::Crash, 1) {
            *at = Action::Crash(place, Fate::None);
            let fates = &Fates { abandoned: write, action: &|fate| Action::Crash(place, fate) };
            self.step(State { budget, ..state }, place, Step::Crash, fates, next)?;
        }
        Ok(())
    }

    fn happens_to_running(
        &mut self,
        state: State,
        place: u8,
        at: &mut Action,
        next: &mut Next,
    ) -> Result<(), String> {
        let facts = self.facts(state, place);
        let wall = self.wall(state, place);
        let write = facts.unserved_write;
        if facts.live && facts.unserved.is_none() {
            *at = Action::Deliver(place);
            let fates = &Fates { abandoned: None, action: &|_| Action::Deliver(place) };
            self.with_jitter(state, place, |wall, jitter| Step::Deliver { wall, jitter }, fates, next)?;
        }
        let unknown = |wall, jitter| Step::Unknown { wall, jitter };
        if facts.live && facts.timed_out {
            *at = Action::TimeOut(place, Fate::None);
            let fates = &Fates { abandoned: write, action: &|fate| Action::TimeOut(place, fate) };
            self.with_jitter(state, place, unknown, fates, next)?;
        }
        if facts.live
            && let Some(budget) = state.budget.after(Fault::Reset, 1)
        {
            *at = Action::Reset(place, Fate::None);
            let fates = &Fates { abandoned: write, action: &|fate| Action::Reset(place, fate) };
            self.with_jitter(State { budget, ..state }, place, unknown, fates, next)?;
        }
        if facts.unserved.is_some()
            && let Some(budget) = state.budget.after(Fault::Refusal, 1)
        {
            *at = Action::Refuse(place);
            let fates = &Fates { abandoned: None, action: &|_| Action::Refuse(place) };
            let refused = |wall, jitter| Step::Refused { wall, jitter };
            self.with_jitter(State { budget, ..state }, place, refused, fates, next)?;
        }
        let abandoned = None; // but what the step itself abandons
        if facts.due {
            *at = Action::Tick(place, Fate::None);
            let fates = &Fates { abandoned, action: &|fate| Action::Tick(place, fate) };
            self.step(state, place, Step::Tick { wall }, fates, next)?;
        }
        for back in (0..facts.unseen).rev() {
            *at = Action::Show { place, back, fate: Fate::None };
            let change = self.memory.change(state.store, back).expect("it is in the history");
            let fates = &Fates { abandoned, action: &|fate| Action::Show { place, back, fate } };
            self.step(state, place, Step::See { change, wall }, fates, next)?;
        }
        if facts.stopped {
            *at = Action::Replace(place);
            let fates = &Fates { abandoned: write, action: &|_| Action::Replace(place) };
            return self.step(state, place, Step::Crash, fates, next);
        }
        if let Some(budget) = state.budget.after(Fault::Pause, 1) {
            *at = Action::Pause(place);
            self.plain(State { budget, ..state }, place, Step::Pause, *at, next)?;
        }
        if let Some(budget) = state.budget.after(Fault::StepDown, 1) {
            *at = Action::StepDown(place, Fate::None);
            let fates = &Fates { abandoned, action: &|fate| Action::StepDown(place, fate) };
            self.step(State { budget, ..state }, place, Step::HandOver { wall }, fates, next)?;
        }
        if let Some(budget) = state.budget.after(Fault::Stop, 1) {
            *at = Action::Stop(place, Fate::None);
            let fates = &Fates { abandoned, action: &|fate| Action::Stop(place, fate) };
            self.step(State { budget, ..state }, place, Step::Stop { wall }, fates, next)?;
        }
        if let (Some(holder), Some(budget)) = (facts.holder, state.budget.after(Fault::Proof, 1))
            && self.is_dead(state, holder)
        {
            *at = Action::ProveDead(place);
            self.plain(State { budget, ..state }, place, Step::HolderDead { wall }, *at, next)?;
        }
        Ok(())
    }

    fn is_dead(&self, state: State, (place, start): (u8, u8)) -> bool {
        start < self.facts(state, place).starts
    }

    /// What happens to the store by itself.
    fn happens_to_store(&mut self, state: State, at: &mut Action, next: &mut Next) -> Result<(), String> {
        let facts = *self.memory.store_facts(state.store);
        for nth in 0..facts.late {
            let who = self.memory.store(state.store).late[usize::from(nth)].0;
            *at = Action::Land { who, nth };
            let (after, _) = self.store_step(state, StoreStep::Land(nth))?;
            self.check_overwritten(state, after, who)?;
            next.push((*at, after));
        }
        if facts.present
            && let Some(budget) = state.budget.after(Fault::Deletion, 1)
            && self.may_be_deleted(state)
        {
            *at = Action::Delete;
            let (after, _) = self.store_step(State { budget, ..state }, StoreStep::Delete)?;
            next.push((*at, after));
        }
        if facts.present
            && let Some(budget) = state.budget.after(Fault::Edit, 1)
        {
            *at = Action::Edit;
            let (after, _) = self.store_step(State { budget, ..state }, StoreStep::Edit)?;
            next.push((*at, after));
        }
        if facts.held
            && let Some(budget) = state.budget.after(Fault::Request, 1)
        {
            *at = Action::Ask;
            let (after, _) = self.store_step(State { budget, ..state }, StoreStep::AskToStepDown)?;
            next.push((*at, after));
        }
        Ok(())
    }

    /// A5: a live record is deleted only if everybody else knows one that is held.
    fn may_be_deleted(&self, state: State) -> bool {
        let facts = self.memory.store_facts(state.store);
        let holder = facts.holder.map(|(place, _)| place);
        !facts.held || self.places().all(|place| Some(place) == holder || self.facts(state, place).knows_held)
    }

    /// Time passes, unless something must happen before.
    fn advance(&mut self, state: State, next: &mut Next) -> Result<(), String> {
        let (mut late_replies, mut lags) = (0, 0);
        for place in self.places() {
            let facts = self.facts(state, place);
            match facts.condition {
                Condition::Down if !self.setup.late_starts => return Ok(()),
                Condition::Runs if facts.due || (facts.live && facts.timed_out) || facts.stopped => {
                    return Ok(());
                }
                Condition::Runs => {
                    late_replies += u8::from(facts.live);
                    lags += u8::from(facts.unseen > 0);
                }
                Condition::Down | Condition::Paused => {}
            }
        }
        let budget = state.budget.after(Fault::Delay, late_replies);
        let budget = budget.and_then(|budget| budget.after(Fault::Lag, lags));
        let Some(budget) = budget else { return Ok(()) };
        let mut after = State { budget, ..state };
        for place in self.places() {
            let process = &mut after.processes[usize::from(place)];
            *process = self.memory.step(*process, Step::Age)?.to;
        }
        next.push((Action::Advance, after));
        Ok(())
    }
}

/// How a step is called, by what becomes of the write that it leaves behind, and that write.
struct Fates<'a> {
    abandoned: Option<Id>,
    action: &'a dyn Fn(Fate) -> Action,
}

impl Explorable for World {
    type State = State;
    type Action = Action;

    fn initial(&mut self) -> State {
        self.initial
    }

    fn successors(&mut self, state: State, next: &mut Next) -> Result<(), Broken<Action>> {
        let mut at = Action::Advance;
        let mut everything = || {
            for place in self.places() {
                self.happens_to(state, place, &mut at, next)?;
            }
            self.happens_to_store(state, &mut at, next)?;
            at = Action::Advance;
            self.advance(state, next)
        };
        everything().map_err(|promise: String| Broken { action: at, promise })
    }

    fn without_faults(&mut self, state: State) -> (Action, State) {
        let mut next = Vec::new();
        self.successors(state, &mut next).expect("it was explored");
        // The last of those that come first in this order.
        let rank = |action: Action| match action {
            Action::Start(_) | Action::Resume(_) => Some(0),
            Action::Deliver(_) => Some(1),
            Action::Serve(_) => Some(2),
            // In order: none is skipped.
            Action::Show { place, back, .. } if back + 1 == self.facts(state, place).unseen => Some(3),
            Action::Tick(..) => Some(4),
            Action::Replace(_) => Some(5),
            Action::Advance => Some(6),
            _ => None,
        };
        let ranked = next.into_iter().filter_map(|(action, state)| Some((rank(action)?, action, state)));
        let first = ranked.rev().min_by_key(|(rank, ..)| *rank);
        let (_, action, state) = first.expect("something happens without faults");
        (action, state)
    }

    fn time_taken(&self, action: Action) -> u32 {
        u32::from(matches!(action, Action::Advance))
    }

    fn leader(&self, state: State) -> Option<usize> {
        let mut leaders = self.places().filter(|place| self.facts(state, *place).leads);
        leaders.next().filter(|_| leaders.next().is_none()).map(usize::from)
    }

    fn leader_within(&self) -> u32 {
        self.setup.leader_within()
    }

    fn describe(&self, state: State) -> String {
        let store = self.memory.store(state.store);
        let holder = match &store.record {
            None => "no record".to_owned(),
            Some(record) => record.holder.as_ref().map_or("released".to_owned(), ToString::to_string),
        };
        let mut text = format!("[{holder}");
        for (_, request) in &store.late {
            text += &format!("; late: {}", super::process::describe(request));
        }
        text += "]";
        for place in self.places() {
            let process = self.memory.process(state.processes[usize::from(place)]);
            text += &format!(" | {}", process.describe());
        }
        text
    }

    fn step(&self) -> Duration {
        self.setup.step
    }
}
