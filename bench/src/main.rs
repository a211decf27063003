//! Ours beside what one would use instead, in one run on one kube-apiserver.
//!
//!     bench [--quick] [--out DIR]
//!
//! Writes `results.json` and drawings to DIR (`bench/results`), and the tables of `bench/README.md`.
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

use std::collections::VecDeque;
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

use crate::contest::{crashes, hand_overs, pauses};
use crate::contestants::{Contestant, Field};
use crate::election::{Asked, Election, TIMINGS};
use crate::growth::growth;
use crate::plot::{Plot, Scale};
use crate::read::{Questions, read};
use crate::results::{Contest, Pause, Results, Setting, Versions};
use crate::steady::AtRest;
use crate::tables::{put_into, tables};

/// How much of everything.
#[derive(Clone, Copy, Debug)]
struct Amount {
    quick: bool,
    /// Hand-overs of ours; one in three of the others.
    hand_overs: usize,
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
        crashes: 5,
        pauses: 3,
        growth_pairs: 5,
        questions: Questions { rounds: 5, warm_up_seconds: 2, seconds: 3 },
        steady: Duration::from_secs(300),
    };
    const QUICK: Self = Self {
        quick: true,
        hand_overs: 6,
        crashes: 1,
        pauses: 1,
        growth_pairs: 1,
        questions: Questions { rounds: 1, warm_up_seconds: 1, seconds: 2 },
        steady: Duration::from_secs(60),
    };
}

fn main() -> ExitCode {
    match asked(std::env::args().skip(1).collect()).and_then(|(amount, out)| bench(amount, &out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            skipped(why);
            ExitCode::from(2)
        }
    }
}

fn asked(mut arguments: VecDeque<String>) -> Result<(Amount, PathBuf), String> {
    let (mut amount, mut out) = (Amount::FULL, here("results"));
    while let Some(name) = arguments.pop_front() {
        match name.as_str() {
            "--quick" => amount = Amount::QUICK,
            "--out" => out = arguments.pop_front().ok_or("--out needs a directory")?.into(),
            _ => return Err(format!("there is no {name}: see the first lines of bench/src/main.rs")),
        }
    }
    Ok((amount, out))
}

/// A file of this folder.
fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn bench(amount: Amount, out: &Path) -> Result<(), String> {
    let begin = Instant::now();
    let load = load();
    let field = Field::build()?;
    let server = ApiServer::start("bench").ok_or("there is no API server")?;
    let mut complaints = Vec::new();
    let growth = growth(&field.library(), &server, amount.growth_pairs)?;
    let (elections, worst_pauses) = contests(amount, &field, &server, &mut complaints);
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
        crash_with_status_ms: Vec::new(),
        growth,
        read,
    };
    write(&results, &worst_pauses, out).map_err(|error| format!("{}: {error}", out.display()))
}

/// All that is measured on the API server, and the worst pause of each contestant.
fn contests(
    amount: Amount,
    field: &Field,
    server: &ApiServer,
    complaints: &mut Vec<String>,
) -> (Vec<Contest>, Vec<Panel>) {
    let contestants = &field.contestants;
    let namespaces = |purpose: &str| -> Vec<Namespace<'_>> {
        contestants.iter().map(|of| server.namespace(&format!("{purpose}-{}", of.key))).collect()
    };
    let (quiet, rough) = (namespaces("quiet"), namespaces("rough"));
    // These stand beside all that follows, and nothing happens to them.
    let mut resting = open(contestants, &quiet, Asked::NowAndThen);
    let mut elections = open(contestants, &rough, Asked::AllTheTime);
    say("all processes are started");
    let at_rest = AtRest::begin(&mut resting);
    let hand_overs = hand_overs(&mut elections, amount.hand_overs, 3);
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
        worst.extend(
            panel.map(|(_, history)| Panel { title: contestant.version.clone(), history: history.clone() }),
        );
        contests.push(Contest {
            key: contestant.key.to_owned(),
            title: contestant.title.to_owned(),
            hand_over_ms,
            crash_ms,
            pauses: pauses.into_iter().map(|(pause, _)| pause).collect(),
            steady,
        });
    }
    (contests, worst)
}

fn open<'a>(
    contestants: &'a [Contestant],
    namespaces: &'a [Namespace<'a>],
    asked: Asked,
) -> Vec<Election<'a>> {
    contestants.iter().zip(namespaces).map(|(of, namespace)| Election::open(of, namespace, asked)).collect()
}

fn write(results: &Results, worst_pauses: &[Panel], out: &Path) -> io::Result<()> {
    fs::create_dir_all(out)?;
    let data = serde_json::to_string_pretty(results)?;
    fs::write(out.join("results.json"), data + "\n")?;
    for (name, plot) in plots(results) {
        if let Some(drawn) = plot.draw() {
            fs::write(out.join(name), drawn)?;
        }
    }
    let drawn = draw("A leader is frozen for 25 s, and wakes: the worst time of each", worst_pauses);
    fs::write(out.join("pause.svg"), drawn)?;
    let tables = tables(results);
    if out == here("results") {
        put_into(&here("README.md"), &tables)?;
    }
    io::stdout().write_all(tables.as_bytes())
}

fn plots(results: &Results) -> [(&'static str, Plot); 4] {
    let of = |values: &dyn Fn(&Contest) -> Vec<f64>| -> Vec<(String, Vec<f64>)> {
        results.elections.iter().map(|contest| (contest.title.clone(), values(contest))).collect()
    };
    let mut crashes = of(&|contest| contest.crash_ms.clone());
    crashes.insert(0, ("ours, pods watched".to_owned(), results.crash_with_status_ms.clone()));
    let a_minute = |contest: &Contest, followers: bool| -> Vec<f64> {
        let Some(steady) = &contest.steady else { return Vec::new() };
        let processes = if followers { &steady.followers[..] } else { std::slice::from_ref(&steady.leader) };
        processes.iter().filter_map(|process| Some(steady.a_minute(process.requests?))).collect()
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
