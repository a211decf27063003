//! Breadth first through every reachable state, and from each of them on without faults.

use std::fmt;
use std::hash::Hash;
use std::time::{Duration, Instant};

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// What can be explored.
pub trait Explorable {
    /// A state: small, because every one that is reached is kept.
    type State: Copy + Eq + Hash;
    /// What leads from one to the next.
    type Action: Copy + fmt::Debug + fmt::Display;

    /// Where it begins.
    fn initial(&mut self) -> Self::State;

    /// Everything that can happen next, into `next`.
    ///
    /// # Errors
    /// The action that breaks a promise.
    fn successors(
        &mut self,
        state: Self::State,
        next: &mut Vec<(Self::Action, Self::State)>,
    ) -> Result<(), Broken<Self::Action>>;

    /// What happens next if nothing fails from here on: one of the successors.
    fn without_faults(&mut self, state: Self::State) -> (Self::Action, Self::State);

    /// How many steps of time this action takes.
    fn time_taken(&self, action: Self::Action) -> u32;

    /// Who leads, if exactly one does.
    fn leader(&self, state: Self::State) -> Option<usize>;

    /// G8: after so many steps of time without faults there is one leader, for good.
    fn leader_within(&self) -> u32;

    /// A state, in a line for people.
    fn describe(&self, state: Self::State) -> String;

    /// The time between two steps.
    fn step(&self) -> Duration;
}

/// A promise that an action breaks.
#[derive(Clone, Debug)]
pub struct Broken<Action> {
    /// The action.
    pub action: Action,
    /// Which promise, and how.
    pub promise: String,
}

/// What was found in a world that keeps its promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explored {
    /// Distinct states.
    pub states: usize,
    /// Transitions between them.
    pub transitions: u64,
    /// The longest of the shortest paths to a state.
    pub depth: u32,
    /// The longest time without faults, from any state, until one leads for good.
    pub leader_after: Duration,
    /// How long the exploration took.
    pub took: Duration,
}

/// Why a world is not known to keep its promises.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It breaks one.
    Broken {
        /// Which, and how.
        promise: String,
        /// The shortest path to it, line by line.
        timeline: Vec<String>,
        /// How many states had been found.
        states: usize,
    },
    /// It has more states than we were allowed to keep.
    TooLarge {
        /// How many we were.
        states: usize,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { promise, timeline, states } => {
                for line in timeline {
                    writeln!(f, "{line}")?;
                }
                write!(f, "BROKEN: {promise}, found after {states} states")
            }
            Self::TooLarge { states } => write!(f, "more than {states} states: not explored to the end"),
        }
    }
}

/// The number of a state, in the order of discovery.
type Number = u32;

/// The states reached so far, in the order of discovery, and from where.
struct Reached<State> {
    states: IndexSet<State, FxBuildHasher>,
    from: Vec<Number>,
    transitions: u64,
    depth: u32,
}

/// Visits every reachable state, `most` of them at most.
///
/// # Errors
/// The first promise broken, with the shortest path to it; or that there are too many states.
pub fn explore<World: Explorable>(world: &mut World, most: usize) -> Result<Explored, Failure> {
    let began = Instant::now();
    let reached = reach(world, most)?;
    let leader_after = leaders_return(world, &reached)?;
    Ok(Explored {
        states: reached.states.len(),
        transitions: reached.transitions,
        depth: reached.depth,
        leader_after: world.step() * leader_after,
        took: began.elapsed(),
    })
}

fn reach<World: Explorable>(world: &mut World, most: usize) -> Result<Reached<World::State>, Failure> {
    let mut reached =
        Reached { states: IndexSet::with_hasher(FxBuildHasher), from: vec![0], transitions: 0, depth: 0 };
    reached.states.insert(world.initial());
    let mut next = Vec::new();
    let mut number = 0;
    let mut end_of_level = 1;
    while let Some(&state) = reached.states.get_index(number) {
        if number == end_of_level {
            end_of_level = reached.states.len();
            reached.depth += 1;
        }
        next.clear();
        if let Err(broken) = world.successors(state, &mut next) {
            let mut timeline = reached.timeline_to(world, number);
            timeline.push(format!("          {}", broken.action));
            let (promise, states) = (broken.promise, reached.states.len());
            return Err(Failure::Broken { promise, timeline, states });
        }
        reached.transitions += next.len() as u64;
        for (_, state) in &next {
            if reached.states.insert(*state) {
                reached.from.push(as_number(number));
            }
        }
        if reached.states.len() > most {
            return Err(Failure::TooLarge { states: most });
        }
        number += 1;
    }
    Ok(reached)
}

impl<State: Copy + Eq + Hash> Reached<State> {
    /// The shortest path to a state, for people.
    fn timeline_to<World: Explorable<State = State>>(&self, world: &mut World, number: usize) -> Vec<String> {
        let mut path = vec![number];
        let mut at = number;
        while at != 0 {
            at = self.from[at] as usize;
            path.push(at);
        }
        path.reverse();
        let mut timeline = vec![format!("   0.00 s {}", world.describe(self.states[0]))];
        let mut steps = 0;
        let mut next = Vec::new();
        for pair in path.windows(2) {
            let (before, after) = (self.states[pair[0]], self.states[pair[1]]);
            next.clear();
            world.successors(before, &mut next).expect("it was explored");
            let (action, _) = *next.iter().find(|(_, state)| *state == after).expect("it was reached so");
            steps += world.time_taken(action);
            timeline.push(line(world, steps, action, after));
        }
        timeline
    }
}

fn line<World: Explorable>(world: &World, steps: u32, action: World::Action, after: World::State) -> String {
    let seconds = (world.step() * steps).as_secs_f64();
    format!("{seconds:7.2} s {:42} {}", action.to_string(), world.describe(after))
}

/// Not known yet.
const UNKNOWN: u32 = u32::MAX;
/// On the way from the state that we are at.
const ON_THE_WAY: u32 = u32::MAX - 1;

/// G8: from every state on, without faults, one leads for good; and the longest time until then.
///
/// Without faults each state has one successor, itself explored. So the way from each leads into a
/// circle, on which one and the same must lead, and what is known of a state holds for all that
/// lead to it.
fn leaders_return<World: Explorable>(
    world: &mut World,
    reached: &Reached<World::State>,
) -> Result<u32, Failure> {
    let mut after = vec![UNKNOWN; reached.states.len()];
    let mut way: Vec<(usize, u32)> = Vec::new();
    let mut longest = 0;
    for number in 0..reached.states.len() {
        let mut at = number;
        while after[at] == UNKNOWN {
            after[at] = ON_THE_WAY;
            let (action, next) = world.without_faults(reached.states[at]);
            way.push((at, world.time_taken(action)));
            at = reached.states.get_index_of(&next).expect("what happens without faults was explored too");
        }
        if after[at] == ON_THE_WAY {
            let circle = way.iter().position(|(on_way, _)| *on_way == at).expect("it is on the way");
            let leader = world.leader(reached.states[at]);
            let one = way[circle..].iter().all(|(on_way, _)| world.leader(reached.states[*on_way]) == leader);
            if leader.is_none() || !one {
                return Err(stuck(world, reached, number, "G8: without faults nobody leads for good"));
            }
            if way[circle..].iter().all(|(_, time)| *time == 0) {
                return Err(stuck(world, reached, number, "G10: something is done again and again at once"));
            }
            for (on_way, _) in way.drain(circle..) {
                after[on_way] = 0;
            }
        }
        let mut known = after[at];
        let mut later = at;
        while let Some((on_way, time)) = way.pop() {
            let leader = world.leader(reached.states[on_way]);
            let goes_on = leader.is_some() && leader == world.leader(reached.states[later]);
            known = if known == 0 && goes_on { 0 } else { known + time };
            after[on_way] = known;
            later = on_way;
        }
        longest = longest.max(after[number]);
        if longest > world.leader_within() {
            let late = format!(
                "G8: without faults one leads for good only after {:?}, not {:?}",
                world.step() * longest,
                world.step() * world.leader_within()
            );
            return Err(stuck(world, reached, number, &late));
        }
    }
    Ok(longest)
}

/// The path to a state, and what happens from there on without faults.
fn stuck<World: Explorable>(
    world: &mut World,
    reached: &Reached<World::State>,
    number: usize,
    promise: &str,
) -> Failure {
    let mut timeline = reached.timeline_to(world, number);
    timeline.push("         - no faults from here on".to_owned());
    let mut state = reached.states[number];
    let mut steps = 0;
    while steps <= world.leader_within() + 4 && timeline.len() < 500 {
        let (action, next) = world.without_faults(state);
        steps += world.time_taken(action);
        state = next;
        timeline.push(line(world, steps, action, state));
    }
    Failure::Broken { promise: promise.to_owned(), timeline, states: reached.states.len() }
}

fn as_number(number: usize) -> Number {
    Number::try_from(number).expect("fewer states than numbers")
}
