//! Plays worlds and says what came of them: `sim --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

use std::process::ExitCode;
use std::time::Instant;

use sim::clock::SECOND;
use sim::script::Focus;
use sim::suite::{Failure, Suite, Totals, script_of};
use sim::world::{Keep, play};

const HELP: &str = "\
Simulated worlds for the election. Exit code 0: every promise held; 1: one broke; 2: bad usage.

sim [--steps N] [--seed N] [--focus NAME] [--threads N]
    plays worlds from this seed on until N protocol steps were taken (default 10,000,000)
sim [--focus NAME] --replay SEED
    prints the timeline of one world
sim [--focus NAME] --shrink SEED
    prints the timeline of the smallest form of a failing world
";

enum Task {
    Play(Suite),
    Replay { seed: u64, focus: Option<Focus> },
    Shrink { seed: u64, focus: Option<Focus> },
    Help,
}

fn main() -> ExitCode {
    match task(std::env::args().skip(1)) {
        Ok(Task::Play(suite)) => run(&suite),
        Ok(Task::Replay { seed, focus }) => replay(seed, focus),
        Ok(Task::Shrink { seed, focus }) => show_small(seed, focus),
        Ok(Task::Help) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprint!("{problem}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn task(mut arguments: impl Iterator<Item = String>) -> Result<Task, String> {
    let mut suite = Suite { steps: 10_000_000, first_seed: 0, focus: None, threads: 1 };
    let (mut to_replay, mut to_shrink) = (None, None);
    while let Some(option) = arguments.next() {
        if option == "--help" || option == "-h" {
            return Ok(Task::Help);
        }
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
        let number = || {
            value.replace(['_', ','], "").parse::<u64>().map_err(|error| format!("{option} {value}: {error}"))
        };
        match option.as_str() {
            "--steps" => suite.steps = number()?,
            "--seed" => suite.first_seed = number()?,
            "--threads" => suite.threads = usize::try_from(number()?).unwrap_or(1),
            "--replay" => to_replay = Some(number()?),
            "--shrink" => to_shrink = Some(number()?),
            "--focus" => {
                suite.focus = Some(Focus::named(&value).ok_or_else(|| {
                    let names: Vec<_> = sim::script::FOCUSES.iter().map(|focus| focus.name()).collect();
                    format!("--focus {value}: there is none of that name, but {}", names.join(", "))
                })?);
            }
            _ => return Err(format!("{option}: there is no such option")),
        }
    }
    let focus = suite.focus;
    Ok(match (to_replay, to_shrink) {
        (Some(seed), _) => Task::Replay { seed, focus },
        (None, Some(seed)) => Task::Shrink { seed, focus },
        (None, None) => Task::Play(suite),
    })
}

fn run(suite: &Suite) -> ExitCode {
    let begun = Instant::now();
    let totals = suite.run();
    let took = begun.elapsed().as_secs_f64();
    print!("{}", totals.coverage);
    let Totals { worlds, steps, dual_leader_time, world_time, .. } = totals;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "for people"
    )]
    let speed = (steps as f64 / took) as u64;
    println!(
        "\n{worlds} worlds, {} s of their time, {steps} steps in {took:.1} s: {speed} steps/s",
        world_time / SECOND
    );
    println!("dual-leader time {dual_leader_time} ns");
    if let Some(failure) = totals.failure {
        println!("\n{}", failure.story());
        return ExitCode::FAILURE;
    }
    println!("stale yes 0; every promise held");
    ExitCode::SUCCESS
}

fn replay(seed: u64, focus: Option<Focus>) -> ExitCode {
    let run = play(&script_of(seed, focus), Keep { timeline: true, draws: false });
    if let Some(timeline) = run.timeline {
        print!("{timeline}");
    }
    match run.violation {
        Some(violation) => {
            println!("{violation}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

fn show_small(seed: u64, focus: Option<Focus>) -> ExitCode {
    let script = script_of(seed, focus);
    let Some(violation) = play(&script, Keep::default()).violation else {
        println!("every promise held in the world of seed {seed}");
        return ExitCode::SUCCESS;
    };
    println!("{}", Failure { seed, script, violation }.story());
    ExitCode::FAILURE
}
