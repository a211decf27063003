//! What an election costs in which nothing happens.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::{Moment, Process as Child, Request};
use rustix::param::clock_ticks_per_second;

use crate::election::Election;
use crate::results::{Process, Steady, round};

/// After its start, for a JVM to come to rest.
const WARM_UP: Duration = Duration::from_secs(15);

/// An election that has come to rest.
#[derive(Debug)]
pub(crate) struct AtRest {
    leader: usize,
    begin: Instant,
    from: Moment,
    cpu_ms: Vec<f64>,
}

impl AtRest {
    /// From now on.
    pub(crate) fn begin(elections: &mut [Election<'_>]) -> Vec<Self> {
        elections.iter_mut().map(Election::await_settled).for_each(drop);
        sleep(WARM_UP);
        let begin = |election: &mut Election<'_>| Self {
            leader: election.await_settled(),
            begin: Instant::now(),
            from: Moment::now(),
            cpu_ms: election.seats.iter().map(|seat| cpu_ms(seat.process())).collect(),
        };
        elections.iter_mut().map(begin).collect()
    }

    /// Until now, but for at least so long.
    pub(crate) fn end(self, least: Duration, election: &mut Election<'_>) -> Option<Steady> {
        sleep(least.saturating_sub(self.begin.elapsed()));
        if election.await_settled() != self.leader {
            election.complain("another leads, although nothing was done");
            return None;
        }
        let (until, seconds) = (Moment::now(), self.begin.elapsed().as_secs_f64());
        let mut followers: Vec<Process> = (0..election.seats.len())
            .map(|i| {
                let seat = &election.seats[i];
                let audit = seat.account.namespace().server().audit();
                let requests: Option<Vec<Request>> = election.contestant.zookeeper.is_none().then(|| {
                    let all = audit.of_user(&seat.account.user()).into_iter();
                    all.filter(|request| self.from <= request.received && request.received < until).collect()
                });
                let watches = |of: &Vec<Request>| of.iter().filter(|one| one.verb == "watch").count();
                Process {
                    watches: requests.as_ref().map(watches),
                    requests_a_minute: requests.as_ref().map(|of| round(a_minute(of, seconds))),
                    requests: requests.map(|requests| requests.len()),
                    cpu_ms: round(cpu_ms(seat.process()) - self.cpu_ms[i]),
                    rss_kib: status(seat.process(), "VmRSS:"),
                    threads: status(seat.process(), "Threads:"),
                }
            })
            .collect();
        let leader = followers.remove(self.leader);
        Some(Steady { seconds: round(seconds), leader, followers })
    }
}

/// The rate of what comes at intervals, or of what comes seldom.
fn a_minute(requests: &[Request], seconds: f64) -> f64 {
    let received = || requests.iter().map(|request| request.received);
    let span = received().max().zip(received().min()).map(|(last, first)| last.since(first).as_secs_f64());
    match span {
        Some(span) if requests.len() >= 10 => (requests.len() - 1) as f64 * 60.0 / span,
        _ => requests.len() as f64 * 60.0 / seconds,
    }
}

/// The processor time of all its threads.
fn cpu_ms(process: &Child) -> f64 {
    let stat = proc(process, "stat");
    // The second field, the program's name, may have anything in it.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks: u64 = [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<u64>().ok()).sum();
    ticks as f64 * 1000.0 / clock_ticks_per_second() as f64
}

/// A number of `/proc/PID/status`.
fn status(process: &Child, name: &str) -> u64 {
    let status = proc(process, "status");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a number")
}

fn proc(process: &Child, file: &str) -> String {
    let path = format!("/proc/{}/{file}", process.id());
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
