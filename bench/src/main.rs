//! Ours beside what one would use instead, in one run on one kube-apiserver.
//!
//!     bench              measures, and writes bench/results and the tables of bench/README.md
//!     bench --quick      a little of everything, into target/bench, the tables to standard output
//!     bench --questions  asks the questions anew, all of them, and leaves the rest of bench/results as it is
//!     bench --rolling-update  measures one, for README.md: bench/results/rolling-update.json and docs/rolling-update.svg
//!     bench --tables     writes tables and drawings anew, from the data in bench/results
//!     bench ticks ...    each tick once, under chaos: see ticks/mod.rs
//!
//! Ends with 2 if it could not run; what was measured never makes it fail.
//!
//! | file | what |
//! |---|---|
//! | `contestants.rs`, `election.rs` | who is measured: three processes of each on one Lease |
//! | `run.rs`, `contest.rs` | their elections, and leaders that are told to go, killed and frozen |
//! | `steady.rs` | requests, processor time, memory and threads where nothing happens |
//! | `growth.rs` | what a process grows by |
//! | `read.rs` | what a question costs, by JMH |
//! | `results.rs`, `spread.rs` | the data |
//! | `rolling.rs`, `timeline.rs` | a rolling update, beside what a sidecar makes of it; the drawing |
//! | `ticks/` | another run, with results of its own: what becomes of the ticks of scheduled jobs |
//! | `report.rs`, `bars.rs`, `tables.rs`, `plot.rs` | what was promised, the tables, the drawings |
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
mod report;
mod results;
mod rolling;
mod run;
mod spread;
mod steady;
mod tables;
mod ticks;
mod timeline;

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::{ApiServer, skipped};
use jiff::Timestamp;

use crate::contestants::Field;
use crate::election::TIMINGS;
use crate::growth::growth;
use crate::read::{Questions, read};
use crate::results::{Results, Setting, Versions};
use crate::run::run;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    pub(crate) quick: bool,
    /// Hand-overs of each of ours.
    pub(crate) hand_overs: usize,
    pub(crate) hand_overs_of_others: usize,
    pub(crate) reported_crashes: usize,
    pub(crate) crashes: usize,
    pub(crate) pauses: usize,
    pub(crate) growth_pairs: usize,
    pub(crate) questions: Questions,
    /// At least.
    pub(crate) steady: Duration,
}

impl Amount {
    const FULL: Self = Self {
        quick: false,
        hand_overs: 60,
        hand_overs_of_others: 30,
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
        hand_overs_of_others: 2,
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
        ["--questions"] => read(Amount::FULL.questions).and_then(|(read, tools)| {
            report::anew(|results| {
                results.read = read;
                results.run.versions.extend(tools);
            })
        }),
        ["--rolling-update"] => rolling::bench(),
        ["--tables"] => report::anew(|_| ()).and_then(|()| rolling::draw_anew()),
        ["ticks", ref rest @ ..] => ticks::ticks(rest),
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
pub(crate) fn here(name: &str) -> PathBuf {
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
    let growth = growth(&field.library(), &server, amount.growth_pairs)?;
    let ran = run(amount, &field, &server);
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
            complaints: ran.complaints,
        },
        elections: ran.elections,
        crash_with_status_ms: ran.crash_with_status_ms,
        growth,
        read,
    };
    report::write(&results, &ran.worst_pauses)
        .map_err(|error| format!("the results cannot be written: {error}"))
}

fn versions(field: &Field, server: &ApiServer) -> Versions {
    let version = server.admin().find("/version").unwrap_or_default();
    let version = version["gitVersion"].as_str().unwrap_or_default().to_owned();
    let contestants = field.contestants.iter().map(|of| (of.title.to_owned(), of.version.clone()));
    contestants.chain([("kube-apiserver".to_owned(), format!("kube-apiserver {version}"))]).collect()
}

/// The last minute's average.
pub(crate) fn load() -> f64 {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

/// To whoever waits.
pub(crate) fn say(what: impl Display) {
    // Standard error is gone only with whoever asked.
    let _ = writeln!(io::stderr(), "bench: {what}");
}
