//! Every kind of world.

use sim::coverage::Fault;
use sim::suite::Suite;

use crate::{asked_for, play};

#[test]
fn every_promise_holds_for_ten_million_steps_and_every_fault_strikes() {
    let steps = asked_for().unwrap_or(10_000_000);
    let totals = play(Suite { steps, first_seed: 0, focus: None, threads: 1 }, Fault::ALL);
    assert!(totals.steps >= steps);
}
