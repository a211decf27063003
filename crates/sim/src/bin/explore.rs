//! Explores small worlds to the end.
//!
//! `cargo run --profile sim -p cluster-leader-sim --bin explore -- [--world NAME] [--long]`. Ends with
//! 0 if every promise is kept in every state, with 1 and the shortest path if one is broken, with 2 if
//! a world could not be explored to the end.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for developers: its output is its purpose"
)]

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use sim::exhaustive::{Failure, Setup, World, explore, worlds};

/// 6 GB of states, at most.
const MOST: usize = 90_000_000;

fn main() -> ExitCode {
    let Some((name, long)) = arguments() else {
        eprintln!("usage: explore [--world NAME | --all] [--long], NAME one of:");
        for [setup, _] in worlds::all() {
            eprintln!("  {}", setup.name);
        }
        return ExitCode::from(2);
    };
    // No word of this stands where a violation's would: programs read that.
    println!(
        "{:22} {:>15} {:>12} {:>5} {:>13} {:>8}",
        "", "distinct-states", "transitions", "depth", "leader-after", "seconds"
    );
    let mut found = false;
    let (mut states, mut transitions) = (0, 0);
    for [small, large] in worlds::all() {
        let setup = if long { large } else { small };
        if name.as_ref().is_some_and(|name| *name != setup.name) {
            continue;
        }
        found = true;
        match try_world(setup) {
            Ok(explored) => {
                states += explored.states;
                transitions += explored.transitions;
            }
            Err(code) => return ExitCode::from(code),
        }
    }
    if !found {
        eprintln!("explore: no such world");
        return ExitCode::from(2);
    }
    println!("{:22} {states:15} {transitions:12}", "all");
    ExitCode::SUCCESS
}

/// Which world, all if none, and whether the large ones.
fn arguments() -> Option<(Option<String>, bool)> {
    let (mut name, mut long) = (None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--all" => name = None,
            "--long" => long = true,
            "--world" => name = Some(arguments.next()?),
            _ => return None,
        }
    }
    Some((name, long))
}

fn try_world(setup: Setup) -> Result<sim::exhaustive::Explored, u8> {
    let name = setup.name;
    let result = panic::catch_unwind(AssertUnwindSafe(|| explore(&mut World::new(setup), MOST)));
    match result {
        Ok(Ok(explored)) => {
            println!(
                "{name:22} {:15} {:12} {:5} {:>13} {:8.1}",
                explored.states,
                explored.transitions,
                explored.depth,
                format!("{:?}", explored.leader_after),
                explored.took.as_secs_f64()
            );
            Ok(explored)
        }
        Ok(Err(failure)) => {
            println!("{failure} in world {name}");
            Err(if matches!(failure, Failure::Broken { .. }) { 1 } else { 2 })
        }
        Err(_) => {
            println!("BROKEN: G11: the election or the exploration panicked in world {name}");
            Err(1)
        }
    }
}
