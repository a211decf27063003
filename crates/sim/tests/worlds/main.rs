//! Simulated worlds, dedicated to one guarantee each, and ten million steps of all of them.
//!
//! `SIM_STEPS=100000000 cargo test --profile sim -p cluster-leader-sim --test worlds` looks further.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod all;
mod g1;
mod g10;
mod g12;
mod g13;
mod g2;
mod g3;
mod g4;
mod g5;
mod g6;
mod g7;
mod g8;
mod g9;
mod harness;

use sim::coverage::Fault;
use sim::script::Focus;
use sim::suite::{Suite, Totals};

/// How many steps each of the dedicated tests takes, unless `SIM_STEPS` asks for another number.
const STEPS: u64 = 300_000;

fn asked_for() -> Option<u64> {
    let steps = std::env::var("SIM_STEPS").ok()?;
    Some(steps.replace('_', "").parse().expect("SIM_STEPS is a number"))
}

/// Plays worlds about `focus`. Every promise must hold in them, and all of this must have happened.
fn hold(focus: Focus, happened: &[Fault]) -> Totals {
    play(
        Suite { steps: asked_for().unwrap_or(STEPS), first_seed: 1_000_000, focus: Some(focus), threads: 1 },
        happened,
    )
}

fn play(suite: Suite, happened: &[Fault]) -> Totals {
    let totals = suite.run();
    if let Some(failure) = &totals.failure {
        panic!("{}", failure.story());
    }
    assert_eq!(totals.dual_leader_time, 0);
    for fault in happened {
        assert!(totals.coverage.of(*fault) > 0, "{}: never happened", fault.text());
    }
    totals
}
