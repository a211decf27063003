//! Ours beside what one would use instead, in one run on one kube-apiserver.
//!
//!     bench              measures, and writes bench/results and the tables of bench/README.md
//!     bench --quick      a little of everything, into target/bench, the tables to standard output
//!     bench --tables     writes tables and drawings anew, from the data in bench/results
//!
//! Ends with 2 if it could not run; what was measured never makes it fail.
//!
//! | file | what |
//! |---|---|
//! | `contestants.rs`, `election.rs` | who is measured: three processes of each on one Lease |
//! | `contest.rs` | leaders that are told to go, killed and frozen |
//! | `steady.rs` | requests, processor time, memory and threads where nothing happens |
//! | `growth.rs` | what a process grows by |
//! | `read.rs` | what a question costs, by JMH |
//! | `results.rs`, `spread.rs` | the data |
//! | `bars.rs`, `tables.rs`, `plot.rs` | what was promised, the tables, the drawings |
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness fails by panicking"
)]

mod bars;
mod contest;
mod contestants;
mod election;
mod growth;
mod plot;
mod read;
mod results;
mod spread;
mod steady;
mod tables;

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::{ApiServer, Namespace, skipped};
use jiff::Timestamp;
use testkit::history::{History, Panel, draw};

use crate::contest::{crashes, hand_overs, pauses, reported_crashes};
use crate::contestants::{Contestant, Field};
use crate::election::{Asked, Election, TIMINGS};
use crate::growth::growth;
use crate::plot::{Plot, Scale};
use crate::read::{Questions, read};
use crate::results::{Contest, Pause, Results, Setting, Versions};
use crate::steady::AtRest;
use crate::tables::{put_into, tables};

/// Beside the drawings that are made from it.
const DATA: &str = "results.json";

/// How much of everything.
#[derive(Clone, Copy, Debug)]
struct Amount {
    quick: bool,
    /// Hand-overs of ours; one in three of the others.
    hand_overs: usize,
    reported_crashes: usize,
    crashes: usize,
    pauses: usize,
    growth_pairs: usize,
    questions: Questions,
    /// At least.
    steady: Duration,
}

impl Amount {
    const FULL: Self = Self {
        quick: false,
        hand_overs: 60,
        reported_crashes: 20,
        crashes: 5,
        pauses: 3,
        growth_pairs: 5,
        questions: Questions { rounds: 5, warm_up_seconds: 2, seconds: 3 },
        steady: Duration::from_secs(300),
    };
    const QUICK: Self = Self {
        quick: true,
        hand_overs: 6,
        reported_crashes: 3,
        crashes: 1,
        pauses: 1,
        growth_pairs: 1,
        questions: Questions { rounds: 1, warm_up_seconds: 1, seconds: 2 },
        steady: Duration::from_secs(60),
    };
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [] => bench(Amount::FULL),
        ["--quick"] => bench(Amount::QUICK),
        ["--tables"] => tables_anew(),
        _ => Err(format!("{arguments:?}: see the first lines of bench/src/main.rs")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            skipped(why);
            ExitCode::from(2)
        }
    }
}

/// A file of this folder.
fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn bench(amount: Amount) -> Result<(), String> {
    let begin = Instant::now();
    let load = load();
    if load > 0.5 {
        say(format_args!("the machine is busy (load {load}): its own figures suffer, ratios less"));
    }
    let field = Field::build()?;
    let server = ApiServer::start("bench").ok_or("there is no API server")?;
    let mut complaints = Vec::new();
    let growth = growth(&field.library(), &server, amount.growth_pairs)?;
    let Measured { elections, crash_with_status_ms, worst_pauses } =
        contests(amount, &field, &server, &mut complaints);
    let mut versions = versions(&field, &server);
    drop(server);
    drop(field);
    let (read, tools) = read(amount.questions)?;
    versions.extend(tools);
    let results = Results {
        run: Setting {
            date: Timestamp::now().strftime("%Y-%m-%d").to_string(),
            quick: amount.quick,
            took_s: begin.elapsed().as_secs(),
            cpus: available_parallelism().map_or(0, usize::from),
            load,
            versions,
            lease_ms: TIMINGS.lease.as_millis(),
            renew_deadline_ms: TIMINGS.renew.as_millis(),
            retry_period_ms: TIMINGS.retry.as_millis(),
            complaints,
        },
        elections,
        crash_with_status_ms,
        growth,
        read,
    };
    write(&results, &worst_pauses).map_err(|error| format!("the results cannot be written: {error}"))
}

/// What was measured on the API server.
struct Measured {
    elections: Vec<Contest>,
    crash_with_status_ms: Vec<f64>,
    /// Of each contestant.
    worst_pauses: Vec<Panel>,
}

fn contests(amount: Amount, field: &Field, server: &ApiServer, complaints: &mut Vec<String>) -> Measured {
    let contestants = &field.contestants;
    let namespaces = |purpose: &str| -> Vec<Namespace<'_>> {
        contestants.iter().map(|of| server.namespace(&format!("{purpose}-{}", of.key))).collect()
    };
    let of_watched = server.namespace("watched");
    let (quiet, rough) = (namespaces("quiet"), namespaces("rough"));
    // These stand beside all that follows, and nothing happens to them.
    let mut resting = open(contestants, &quiet, Asked::NowAndThen);
    let mut elections = open(contestants, &rough, Asked::AllTheTime);
    let mut watched = Election::open(&field.watched, &of_watched, Asked::AllTheTime);
    say("all processes are started");
    let at_rest = AtRest::begin(&mut resting);
    let hand_overs = hand_overs(&mut elections, amount.hand_overs, 3);
    let crash_with_status_ms = reported_crashes(&mut watched, amount.reported_crashes);
    complaints.append(&mut watched.complaints);
    drop(watched);
    let crashes = crashes(&mut elections, amount.crashes);
    let pauses = pauses(&mut elections, amount.pauses);
    complaints.extend(elections.drain(..).flat_map(|election| election.complaints));
    let steady: Vec<_> = at_rest
        .into_iter()
        .zip(&mut resting)
        .map(|(at_rest, election)| at_rest.end(amount.steady, election))
        .collect();
    complaints.extend(resting.drain(..).flat_map(|election| election.complaints));

    let (mut contests, mut worst) = (Vec::new(), Vec::new());
    let measured = hand_overs.into_iter().zip(crashes).zip(pauses).zip(steady);
    for (contestant, (((hand_over_ms, crash_ms), pauses), steady)) in contestants.iter().zip(measured) {
        let latest = |of: &&(Pause, History)| of.0.latest_stale_yes_ms;
        let panel = pauses.iter().max_by(|one, other| latest(one).total_cmp(&latest(other)));
        worst.extend(panel.map(|(_, history)| Panel {
            title: format!("{} ({})", contestant.title, contestant.version),
            history: history.clone(),
        }));
        contests.push(Contest {
            key: contestant.key.to_owned(),
            title: contestant.title.to_owned(),
            hand_over_ms,
            crash_ms,
            pauses: pauses.into_iter().map(|(pause, _)| pause).collect(),
            steady,
        });
    }
    Measured { elections: contests, crash_with_status_ms, worst_pauses: worst }
}

fn open<'a>(
    contestants: &'a [Contestant],
    namespaces: &'a [Namespace<'a>],
    asked: Asked,
) -> Vec<Election<'a>> {
    contestants.iter().zip(namespaces).map(|(of, namespace)| Election::open(of, namespace, asked)).collect()
}

fn write(results: &Results, worst_pauses: &[Panel]) -> io::Result<()> {
    let out = here(if results.run.quick { "../target/bench" } else { "results" });
    fs::create_dir_all(&out)?;
    let data = serde_json::to_string_pretty(results)?;
    fs::write(out.join(DATA), data + "\n")?;
    let drawn = draw("A leader is frozen for 25 s, and wakes: the worst time of each", worst_pauses);
    fs::write(out.join("pause.svg"), drawn)?;
    show(results, &out)
}

/// Tables and drawings, as far as they are made from the data.
fn show(results: &Results, out: &Path) -> io::Result<()> {
    for (name, plot) in plots(results) {
        if let Some(drawn) = plot.draw() {
            fs::write(out.join(name), drawn)?;
        }
    }
    let tables = tables(results);
    if !results.run.quick {
        put_into(&here("README.md"), &tables)?;
    }
    io::stdout().write_all(tables.as_bytes())
}

fn tables_anew() -> Result<(), String> {
    let out = here("results");
    let data = fs::read(out.join(DATA)).map_err(|error| format!("{DATA}: {error}"))?;
    let results = serde_json::from_slice(&data).map_err(|error| format!("{DATA}: {error}"))?;
    show(&results, &out).map_err(|error| error.to_string())
}

fn plots(results: &Results) -> [(&'static str, Plot); 4] {
    let of = |values: &dyn Fn(&Contest) -> Vec<f64>| -> Vec<(String, Vec<f64>)> {
        results.elections.iter().map(|contest| (contest.title.clone(), values(contest))).collect()
    };
    let mut crashes = of(&|contest| contest.crash_ms.clone());
    crashes.insert(0, ("ours, from its pod's report".to_owned(), results.crash_with_status_ms.clone()));
    let a_minute = |contest: &Contest, followers: bool| -> Vec<f64> {
        let Some(steady) = &contest.steady else { return Vec::new() };
        let processes = if followers { &steady.followers[..] } else { std::slice::from_ref(&steady.leader) };
        processes.iter().filter_map(|process| process.requests_a_minute).collect()
    };
    let requests = [("leader", false), ("followers", true)].into_iter().flat_map(|(role, followers)| {
        let rows = of(&|contest| a_minute(contest, followers)).into_iter();
        rows.map(move |(title, values)| (format!("{title}, {role}"), values))
    });
    let reads = results.read.iter().map(|read| {
        let role = read.role.as_ref().map(|role| format!(", {role}")).unwrap_or_default();
        (format!("{}{role}", read.what), read.ns.clone())
    });
    let plot = |title, unit, scale, rows| Plot { title, unit, scale, rows };
    [
        (
            "hand-over.svg",
            plot(
                "Clean hand-over: from the release to the next yes",
                "ms",
                Scale::Logarithmic,
                of(&|contest| contest.hand_over_ms.clone()),
            ),
        ),
        ("crash.svg", plot("Crash: from SIGKILL to the next yes", "ms", Scale::Logarithmic, crashes)),
        ("requests.svg", plot("Requests a minute to the API server", "", Scale::Linear, requests.collect())),
        ("read.svg", plot("What a question costs", "ns", Scale::Logarithmic, reads.collect())),
    ]
}

fn versions(field: &Field, server: &ApiServer) -> Versions {
    let version = server.admin().find("/version").unwrap_or_default();
    let version = version["gitVersion"].as_str().unwrap_or_default().to_owned();
    let contestants = field.contestants.iter().map(|of| (of.title.to_owned(), of.version.clone()));
    contestants.chain([("kube-apiserver".to_owned(), format!("kube-apiserver {version}"))]).collect()
}

fn load() -> f64 {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

/// To whoever waits.
pub(crate) fn say(what: impl Display) {
    // Standard error is gone only with whoever asked.
    let _ = writeln!(io::stderr(), "bench: {what}");
}
