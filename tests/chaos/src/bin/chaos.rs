//! Chaos for hours: ours and other libraries side by side, in one report.
//!
//!     chaos [--episodes N] [--seed N] [--timings default|short] [--elections N]
//!           [--contenders ours,client-go,fabric8,curator] [--only PART_OF_A_KIND] [--out DIR]
//!
//! Ends with 1 if anything is wrong with ours, and with 2 if it could not run.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use cluster_leader_tests_chaos::{Contender, Ours, Peer, Plan, Report, Timings, run};
use cluster_leader_tests_kubernetes::skipped;

struct Asked {
    plan: Plan,
    contenders: Vec<String>,
    out: PathBuf,
    command: String,
}

fn main() -> ExitCode {
    let asked = match asked(std::env::args().skip(1).collect()) {
        Ok(asked) => asked,
        Err(why) => {
            say(&format!("{why}\nsee the first lines of tests/chaos/src/bin/chaos.rs"));
            return ExitCode::from(2);
        }
    };
    say(&format!("seed {}", asked.plan.seed));
    let built: Result<Vec<_>, _> = asked.contenders.iter().map(|name| build(name)).collect();
    let contenders = match built {
        Ok(contenders) => contenders,
        Err(why) => {
            skipped(why);
            return ExitCode::from(2);
        }
    };
    let Some(ran) = run(&asked.plan, &contenders) else { return ExitCode::from(2) };
    let report = Report { plan: &asked.plan, ran: &ran, command: asked.command };
    if let Err(error) = report.write(&asked.out) {
        say(&format!("{}: {error}", asked.out.display()));
        return ExitCode::from(2);
    }
    say(&format!("the report is in {}", asked.out.display()));
    let wrongs: Vec<_> =
        ran.outcomes.iter().filter(|o| o.name == "ours").flat_map(|ours| report.wrongs(ours)).collect();
    wrongs.iter().for_each(|wrong| say(&format!("WRONG: {wrong}")));
    if wrongs.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn build(name: &str) -> Result<Box<dyn Contender>, String> {
    Ok(if name == "ours" { Box::new(Ours::build()?) } else { Box::new(Peer::build(name)?) })
}

fn asked(mut arguments: VecDeque<String>) -> Result<Asked, String> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
    let mut asked = Asked {
        plan: Plan { seed: clock, episodes: 200, arenas: 0, timings: Timings::DEFAULT, only: None },
        contenders: vec!["ours".to_owned()],
        out: PathBuf::from("bench/results/chaos"),
        command: String::new(),
    };
    let mut timings = "default".to_owned();
    while let Some(name) = arguments.pop_front() {
        let value = arguments.pop_front().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse().map_err(|_| format!("{name} {value}: not a number"));
        match name.as_str() {
            "--episodes" => asked.plan.episodes = number()?,
            "--seed" => {
                asked.plan.seed = value.parse().map_err(|_| format!("{name} {value}: not a number"))?;
            }
            "--elections" => asked.plan.arenas = number()?,
            "--timings" => timings.clone_from(&value),
            "--contenders" => asked.contenders = value.split(',').map(str::to_owned).collect(),
            "--only" => asked.plan.only = Some(value),
            "--out" => asked.out = PathBuf::from(&value),
            _ => return Err(format!("there is no {name}")),
        }
    }
    asked.plan.timings = match timings.as_str() {
        "default" => Timings::DEFAULT,
        "short" => Timings::SHORT,
        other => return Err(format!("--timings {other}: default or short")),
    };
    if asked.plan.arenas == 0 {
        // What two cores can bear.
        asked.plan.arenas = if asked.contenders.len() > 1 { 5 } else { 10 };
    }
    asked.command = format!(
        "cargo run -p cluster-leader-tests-chaos --bin chaos -- --episodes {} --seed {} --timings \
         {timings} --elections {} --contenders {}",
        asked.plan.episodes,
        asked.plan.seed,
        asked.plan.arenas,
        asked.contenders.join(",")
    );
    Ok(asked)
}

fn say(line: &str) {
    // Standard error is gone only with whoever asked.
    let _ = writeln!(io::stderr(), "chaos: {line}");
}
