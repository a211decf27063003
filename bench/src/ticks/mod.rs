//! Each tick once: what becomes of the ticks of twenty jobs in rolling updates and when leaders are killed, with ours
//! and with what one would use instead.
//!
//!     bench ticks                     measures all, and writes bench/results/ticks.json and what is made from it
//!     bench ticks --quick             two of each episode, into target/bench
//!     bench ticks --only KEY,KEY      some contenders; what was measured of the others before stays
//!     bench ticks --tables            tables and drawings anew, from the data
//!
//! The records that it counts by, and each tick that was doubled or missed, stay in target/ticks.

mod report;
mod results;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use cluster_leader_tests_chaos::Timings;
use cluster_leader_tests_kubernetes::ApiServer;
use cluster_leader_tests_ticks::{App, Contender, Ground, Judged, Outcome, Plan, play};
use jiff::Timestamp;

use crate::ticks::results::{Contest, Results, Setting, Tally};
use crate::{here, load, say};

/// Shorter than clusters run with: more fits into the time.
const TIMINGS: Timings = Timings::of(6_000, 4_000, 1_000);

const FULL: Plan =
    Plan { undisturbed: Duration::from_secs(15), updates: 10, kills: 10, timings: TIMINGS, seed: 1 };

const QUICK: Plan = Plan { undisturbed: Duration::from_secs(5), updates: 2, kills: 2, ..FULL };

/// What the command line asks for.
pub(crate) fn ticks(arguments: &[&str]) -> Result<(), String> {
    match arguments {
        [] => measure(FULL, false, &Contender::all()),
        ["--quick"] => measure(QUICK, true, &Contender::all()),
        ["--only", keys] => measure(FULL, false, &chosen(keys)?),
        ["--quick", "--only", keys] => measure(QUICK, true, &chosen(keys)?),
        ["--tables"] => report::anew(),
        _ => Err(format!("ticks {arguments:?}: see the first lines of bench/src/ticks/mod.rs")),
    }
}

fn chosen(keys: &str) -> Result<Vec<Contender>, String> {
    let all = Contender::all();
    let find = |key: &str| all.iter().copied().find(|contender| contender.key == key);
    keys.split(',').map(|key| find(key).ok_or_else(|| format!("there is no contender {key}"))).collect()
}

fn measure(plan: Plan, quick: bool, contenders: &[Contender]) -> Result<(), String> {
    let app = App::find()?;
    let on_server = |of: &Contender| matches!(of.ground, Ground::Kubernetes | Ground::Sidecar);
    let server = match contenders.iter().any(on_server) {
        true => Some(ApiServer::start("ticks").ok_or("there is no API server")?),
        false => None,
    };
    let setting = Setting {
        quick,
        cpus: available_parallelism().map_or(0, usize::from),
        lease_ms: TIMINGS.lease.as_millis(),
        renew_deadline_ms: TIMINGS.renew.as_millis(),
        retry_period_ms: TIMINGS.retry.as_millis(),
        fail_over_ms: plan.fail_over().as_millis(),
        skew_ms: plan.skew().as_millis(),
        seed: plan.seed,
        versions: versions(&app, server.as_ref()),
    };
    let mut results = report::read(quick).unwrap_or_default();
    results.run = Setting { versions: known(&results.run, &setting), ..setting };
    for contender in contenders {
        let begin = Instant::now();
        let load = load();
        let namespace = server.as_ref().map(|server| server.namespace(contender.key));
        let account = namespace.as_ref().filter(|_| on_server(contender)).map(|it| it.account("ticks"));
        let records = here("../target/ticks").join(contender.key);
        let outcome = play(*contender, &plan, &app, account, &records);
        let judged = outcome.judge();
        keep_findings(&records, &judged);
        results.put(Contest {
            key: contender.key.to_owned(),
            title: contender.title.to_owned(),
            date: Timestamp::now().strftime("%Y-%m-%d").to_string(),
            took_s: begin.elapsed().as_secs(),
            load,
            instances: outcome.instances(),
            tallies: Tally::all(&judged),
            complaints: outcome.complaints.clone(),
        });
        say_how_it_went(&outcome, &judged);
        // What has been measured is kept, whatever comes.
        report::write(&results).map_err(|error| format!("the results cannot be written: {error}"))?;
    }
    report::show(&results).map_err(|error| format!("the results cannot be written: {error}"))
}

/// Those of an earlier run that this one says nothing of, and its own.
fn known(earlier: &Setting, now: &Setting) -> BTreeMap<String, String> {
    earlier.versions.clone().into_iter().chain(now.versions.clone()).collect()
}

fn versions(app: &App, server: Option<&ApiServer>) -> BTreeMap<String, String> {
    let server = server.map(|server| {
        let version = server.admin().find("/version").unwrap_or_default();
        format!("kube-apiserver {}", version["gitVersion"].as_str().unwrap_or_default())
    });
    let all = app.versions().into_iter().chain(server);
    all.filter_map(|version| Some((version.split_once(' ')?.0.to_owned(), version))).collect()
}

fn keep_findings(records: &Path, judged: &[Judged]) {
    let findings = judged.iter().flat_map(|of| {
        let heading = format!("{:?}: {:?}, {} at stake\n", of.episode, of.counts, of.at_stake);
        [heading].into_iter().chain(of.findings.iter().map(|finding| format!("   {finding}\n")))
    });
    let written = fs::write(records.join("findings.txt"), findings.collect::<String>());
    written.unwrap_or_else(|error| panic!("{}: {error}", records.display()));
}

fn say_how_it_went(outcome: &Outcome, judged: &[Judged]) {
    for tally in Tally::all(judged) {
        say(format_args!("ticks: {}, {:?}: {:?}", outcome.contender.title, tally.kind, tally.counts));
    }
    for complaint in &outcome.complaints {
        say(format_args!("ticks: {}: {complaint}", outcome.contender.title));
    }
}

impl Results {
    /// In the place of what was measured of it before.
    fn put(&mut self, contest: Contest) {
        self.contests.retain(|other| other.key != contest.key);
        self.contests.push(contest);
        let order = |of: &Contest| Contender::all().iter().position(|contender| contender.key == of.key);
        self.contests.sort_by_key(order);
    }
}
