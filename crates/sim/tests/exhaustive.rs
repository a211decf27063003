//! Every state of the small worlds keeps every promise; and the exploration itself is what it claims.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::fmt;
use std::time::Duration;

use sim::exhaustive::{Broken, Explorable, Failure, World, explore, worlds};

/// 1.5 GB, at most.
const MOST: usize = 15_000_000;

fn every_state_keeps_every_promise(name: &str) {
    let [setup, _] =
        worlds::all().into_iter().find(|[setup, _]| setup.name == name).expect("a world of this name");
    match explore(&mut World::new(setup), MOST) {
        Ok(explored) => assert!(explored.states > 4_000, "{name}: nothing much happened: {explored:?}"),
        Err(failure) => panic!("{failure} in world {name}"),
    }
}

macro_rules! worlds {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            every_state_keeps_every_promise($name);
        })*

        #[test]
        fn every_world_is_tested() {
            let mut tested = vec![$($name),*];
            let mut all: Vec<_> = worlds::all().iter().map(|[setup, _]| setup.name).collect();
            tested.sort_unstable();
            all.sort_unstable();
            assert_eq!(all, tested);
        }
    };
}

worlds! {
    g2_slow_replies_polling: "slow-replies-polling",
    g2_slow_replies_watching: "slow-replies-watching",
    g2_half_seconds: "half-seconds",
    g2_late_starts: "late-starts",
    g4_creation: "creation",
    g4_unknown_outcomes: "unknown-outcomes",
    g1_pauses: "pauses",
    g5_deaths: "deaths",
    g7_hand_overs: "hand-overs",
    g7_hand_overs_polling: "hand-overs-polling",
    g7_stops: "stops",
    g3_edits: "edits",
    g6_deletions: "deletions",
    g5_deletions_polling: "deletions-polling",
    g5_unequal_durations: "unequal-durations",
    g5_unequal_deletions: "unequal-deletions",
    g5_strangers: "strangers",
    g8_three: "three",
    g9_three_deaths: "three-deaths",
}

// ---- the exploration itself --------------------------------------------------------------------

/// Processes that are taken for each other have the same future, step by step.
#[test]
fn states_taken_for_the_same_have_the_same_future() {
    let mut compared = 0;
    for name in ["half-seconds", "strangers", "unknown-outcomes", "edits", "deletions-polling"] {
        let [setup, _] =
            worlds::all().into_iter().find(|[setup, _]| setup.name == name).expect("a world of this name");
        let mut world = World::new(setup);
        world.remember_twins(500);
        explore(&mut world, MOST).unwrap_or_else(|failure| panic!("{failure}"));
        compared += world.compare_twins().unwrap_or_else(|difference| panic!("{name}: {difference}"));
    }
    assert!(compared > 2_000, "{compared}");
}

#[test]
fn two_explorations_find_the_same() {
    let [once, again] = [(), ()].map(|()| {
        let [setup, _] =
            worlds::all().into_iter().find(|[setup, _]| setup.name == "half-seconds").expect("it");
        let explored = explore(&mut World::new(setup), MOST).unwrap_or_else(|failure| panic!("{failure}"));
        (explored.states, explored.transitions, explored.depth, explored.leader_after)
    });
    assert_eq!(once, again);
}

/// Somebody walks along a row of places. In the last he leads, or turns round, or breaks a promise.
struct Walk {
    places: u32,
    then: Then,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    Leads,
    TurnsRound,
    StaysWithoutLeading,
    LoopsInNoTime,
    Breaks,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Move {
    On,
    Stay,
    Back,
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Explorable for Walk {
    type State = u32;
    type Action = Move;

    fn initial(&mut self) -> u32 {
        0
    }

    fn successors(&mut self, place: u32, next: &mut Vec<(Move, u32)>) -> Result<(), Broken<Move>> {
        if place + 1 < self.places {
            next.push((Move::On, place + 1));
            next.push((Move::Stay, place));
            return Ok(());
        }
        match self.then {
            Then::Breaks => return Err(Broken { action: Move::Stay, promise: "G2: he broke it".to_owned() }),
            Then::TurnsRound | Then::LoopsInNoTime => next.push((Move::Back, place - 1)),
            Then::Leads | Then::StaysWithoutLeading => next.push((Move::Stay, place)),
        }
        Ok(())
    }

    fn without_faults(&mut self, place: u32) -> (Move, u32) {
        let mut next = Vec::new();
        assert!(self.successors(place, &mut next).is_ok());
        next.swap_remove(0)
    }

    fn time_taken(&self, _: Move) -> u32 {
        u32::from(self.then != Then::LoopsInNoTime)
    }

    fn leader(&self, place: u32) -> Option<usize> {
        let leads = match self.then {
            Then::LoopsInNoTime => true,
            Then::StaysWithoutLeading => false,
            _ => place + 1 == self.places,
        };
        leads.then_some(0)
    }

    fn leader_within(&self) -> u32 {
        5
    }

    fn describe(&self, place: u32) -> String {
        format!("at {place}")
    }

    fn step(&self) -> Duration {
        Duration::from_secs(1)
    }
}

#[test]
fn a_walk_is_explored_to_its_end() {
    let explored = explore(&mut Walk { places: 6, then: Then::Leads }, 100).expect("it keeps its promises");
    assert_eq!((explored.states, explored.transitions, explored.depth), (6, 11, 5));
    assert_eq!(explored.leader_after, Duration::from_secs(5));
}

#[test]
fn a_walk_that_breaks_a_promise_goes_red() {
    let red = [
        (4, Then::Breaks, "G2: he broke it"),
        (4, Then::TurnsRound, "G8: without faults nobody leads for good"),
        (4, Then::StaysWithoutLeading, "G8: without faults nobody leads for good"),
        (4, Then::LoopsInNoTime, "G10: something is done again and again at once"),
        (7, Then::Leads, "G8: without faults one leads for good only after 6s, not 5s"),
    ];
    for (places, then, expected) in red {
        let failure = explore(&mut Walk { places, then }, 100).expect_err("it is broken");
        let Failure::Broken { promise, .. } = failure else { panic!("{failure}") };
        assert_eq!(promise, expected);
    }
}

#[test]
fn a_violation_is_told_by_its_shortest_path() {
    let failure = explore(&mut Walk { places: 3, then: Then::Breaks }, 100).expect_err("it is broken");
    let Failure::Broken { timeline, states, .. } = failure else { panic!("{failure}") };
    let told: Vec<_> =
        timeline.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(told, ["0.00 s at 0", "1.00 s On at 1", "2.00 s On at 2", "Stay"]);
    assert_eq!(states, 3);
}

#[test]
fn a_world_that_is_too_large_is_not_called_explored() {
    let failure = explore(&mut Walk { places: 6, then: Then::Leads }, 5).expect_err("it has more states");
    assert!(matches!(failure, Failure::TooLarge { states: 5 }), "{failure}");
}
