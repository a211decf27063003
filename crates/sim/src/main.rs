//! Plays worlds and says what came of them.
#![allow(clippy::print_stdout, reason = "it is a command")]

use std::time::Instant;

use sim::coverage::Coverage;
use sim::script::Script;
use sim::world::{Keep, play};

fn main() {
    let steps: u64 = std::env::args().nth(2).map_or(1_000_000, |n| n.parse().expect("a number"));
    let begun = Instant::now();
    let first: u64 = std::env::args().nth(4).map_or(0, |n| n.parse().expect("a number"));
    let (mut done, mut seed, mut coverage) = (0, first, Coverage::default());
    while done < steps {
        let run = play(&Script::of(seed), Keep::default());
        done += run.steps;
        coverage.add(&run.coverage);
        if let Some(violation) = run.violation {
            println!("seed {seed}: {:?} {violation}", Script::of(seed).focus);
            let run = play(&Script::of(seed), Keep { timeline: true, draws: false });
            if let Some(timeline) = run.timeline {
                println!("{timeline}");
            }
            std::process::exit(1);
        }
        seed += 1;
    }
    println!("{coverage}");
    println!("{seed} worlds, {done} steps, {:.0} steps/s", done as f64 / begun.elapsed().as_secs_f64());
}
