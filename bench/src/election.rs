//! Three processes that stand for one Lease, each asked all the time whether it leads.

use std::thread::sleep;
use std::time::{Duration, Instant};

use cluster_leader_tests_chaos::Timings;
use cluster_leader_tests_kubernetes::{
    Namespace, Pod, PodObject, Process, RunningPod, ServiceAccount, TerminationLog, terminated,
};
use rustix::process::Signal;
use serde_json::json;
use testkit::clock::{boottime_nanos, boottime_offset_nanos};
use testkit::history::{Answers, Run};

use crate::contestants::{Contestant, Pods};

/// The name of every election.
pub(crate) const NAME: &str = "bench";

/// As clusters run.
pub(crate) const TIMINGS: Timings = Timings::DEFAULT;

/// Beyond what must come anyway, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long after its first answer a process is taken for a follower that knows the record: most poll.
const SETTLED: Duration = Duration::from_secs(3);

/// How often one looks.
const GLANCE: Duration = Duration::from_millis(10);

/// How often each process is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Each millisecond.
    AllTheTime,
    /// Each second: what asking costs is not what is measured.
    NowAndThen,
}

#[derive(Debug)]
pub(crate) struct Election<'a> {
    pub(crate) contestant: &'a Contestant,
    pub(crate) seats: Vec<Seat<'a>>,
    asked: Asked,
    started: u32,
    /// Told to end.
    leaving: Vec<RunningPod>,
    complaints: Vec<String>,
}

/// A place in an election, and the process in it.
#[derive(Debug)]
pub(crate) struct Seat<'a> {
    pub(crate) account: ServiceAccount<'a>,
    row: String,
    pod: RunningPod,
    kubelet: Option<Kubelet<'a>>,
}

/// What a kubelet has of a pod.
#[derive(Debug)]
struct Kubelet<'a> {
    object: PodObject<'a>,
    log: TerminationLog,
}

impl<'a> Election<'a> {
    /// Starts three processes.
    pub(crate) fn open(contestant: &'a Contestant, namespace: &'a Namespace<'a>, asked: Asked) -> Self {
        let mut election = Self {
            contestant,
            seats: Vec::new(),
            asked,
            started: 0,
            leaving: Vec::new(),
            complaints: Vec::new(),
        };
        for number in 1..=3 {
            let account = namespace.account(&format!("candidate-{number}"));
            account.allow(&["get", "update", "watch", "patch", "list"], NAME);
            if contestant.pods == Pods::Watched {
                account.allow_pods();
            }
            let (pod, kubelet) = election.start(&account);
            election.seats.push(Seat { account, row: format!("process {number}"), pod, kubelet });
        }
        election
    }

    fn start(&mut self, account: &ServiceAccount<'a>) -> (RunningPod, Option<Kubelet<'a>>) {
        self.started += 1;
        let name = self.contestant.pod_name(self.started);
        let kubelet = (self.contestant.pods == Pods::Watched).then(|| Kubelet {
            object: account.namespace().pod(&name, json!({})),
            log: TerminationLog::new(),
        });
        let mut pod = surroundings(self.contestant, account, &name, self.asked);
        if let Some(kubelet) = &kubelet {
            pod = pod
                .env("CLUSTER_LEADER_WATCH_PODS", "true")
                .env("CLUSTER_LEADER_TERMINATION_LOG", kubelet.log.path());
        }
        (pod.start(), kubelet)
    }

    /// Another process in a seat, as a kubelet would start it.
    pub(crate) fn replace(&mut self, seat: usize) {
        let account = self.seats[seat].account.clone();
        let (pod, kubelet) = self.start(&account);
        self.seats[seat].kubelet = kubelet;
        self.leaving.push(std::mem::replace(&mut self.seats[seat].pod, pod));
    }

    /// Waits until one leads and two have followed for a while.
    pub(crate) fn await_settled(&mut self) -> usize {
        let (mut begin, mut again) = (Instant::now(), true);
        loop {
            self.leaving.retain(|pod| !pod.process.has_ended());
            for seat in 0..self.seats.len() {
                if self.seats[seat].pod.process.has_ended() {
                    self.complain(&format!("{} ended by itself", self.seats[seat].row));
                    self.replace(seat);
                }
            }
            let says: Vec<_> = self.seats.iter().map(|seat| seat.says(self.asked)).collect();
            let leaders: Vec<_> = (0..says.len()).filter(|seat| says[*seat] == Some(true)).collect();
            if let [leader] = leaders[..]
                && self.leaving.is_empty()
                && !says.contains(&None)
            {
                return leader;
            }
            if begin.elapsed() > PATIENCE {
                self.complain(&format!("not one leader and two followers within {PATIENCE:?}: {says:?}"));
                assert!(again, "{:?}", self.complaints);
                (begin, again) = (Instant::now(), false);
                (0..self.seats.len()).for_each(|seat| self.replace(seat));
                self.leaving.clear();
            }
            sleep(GLANCE);
        }
    }

    /// Waits for the first yes of anybody else after an instant; when its answer was there.
    pub(crate) fn await_another(&mut self, than: usize, after: u64) -> Option<u64> {
        let begin = Instant::now();
        let most = 3 * TIMINGS.lease;
        while begin.elapsed() < most {
            let others = self.seats.iter().enumerate().filter(|(seat, _)| *seat != than);
            if let Some(at) = others.filter_map(|(_, seat)| seat.first_yes(after)).min() {
                return Some(at);
            }
            sleep(GLANCE);
        }
        self.complain(&format!("nobody led within {most:?}"));
        None
    }

    pub(crate) fn complain(&mut self, of: &str) {
        self.complaints.push(format!("{}: {of}", self.contestant.title));
    }

    /// Ends the processes. What should not have happened.
    pub(crate) fn end(self) -> Vec<String> {
        self.complaints
    }

    /// What each answered.
    pub(crate) fn answers(&self) -> Vec<Answers> {
        self.seats.iter().map(Seat::answers).collect()
    }
}

impl Seat<'_> {
    pub(crate) fn row(&self) -> &str {
        &self.row
    }

    pub(crate) fn process(&self) -> &Process {
        &self.pod.process
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.pod.process.signal(signal);
    }

    /// Kills it, and reports it as its kubelet would. When it is about to.
    pub(crate) fn kill_and_report(&self) -> u64 {
        self.pod.process.kill();
        let about_to = boottime_nanos();
        if let Some(Kubelet { object, log }) = &self.kubelet {
            object.report_container(&terminated(&log.message()), &json!({}));
        }
        about_to
    }

    /// When it began to release, by its own clock reading.
    pub(crate) fn release(&self) -> Option<u64> {
        self.pod.process.with_lines(|lines| {
            lines.iter().rev().find_map(|line| line.text.strip_prefix("release ")?.parse().ok())
        })
    }

    fn answers(&self) -> Answers {
        self.pod.process.with_lines(|lines| Answers::read(&self.row, lines.iter().map(|line| &*line.text)))
    }

    /// What it has been saying of late; `None` if it began to answer only now.
    fn says(&self, asked: Asked) -> Option<bool> {
        let recent = match asked {
            Asked::AllTheTime => Duration::from_millis(700),
            Asked::NowAndThen => Duration::from_millis(2_500),
        };
        let age = |at: u64| Duration::from_nanos(boottime_nanos().saturating_sub(at));
        self.pod.process.with_lines(|lines| {
            let run = |text: &str| text.parse::<Run>().ok();
            let first = lines.iter().find_map(|line| run(&line.text))?;
            let last = lines.iter().rev().find_map(|line| run(&line.text))?;
            (age(first.first_after) > SETTLED && age(last.last_after) < recent).then_some(last.yes)
        })
    }

    fn first_yes(&self, after: u64) -> Option<u64> {
        self.pod.process.with_lines(|lines| {
            let runs = lines.iter().rev().filter_map(|line| line.text.parse::<Run>().ok());
            let since = runs.take_while(|run| run.last_after > after);
            since.filter(|run| run.yes && run.first_after > after).map(|run| run.first_after).min()
        })
    }
}

pub(crate) fn surroundings(
    contestant: &Contestant,
    account: &ServiceAccount<'_>,
    name: &str,
    asked: Asked,
) -> Pod {
    let (program, arguments) = contestant.words.split_first().expect("a program has a name");
    let namespace = account.namespace();
    let millis = |duration: Duration| duration.as_millis().to_string();
    let interval = match asked {
        Asked::AllTheTime => "1",
        Asked::NowAndThen => "1000",
    };
    let mut pod = Pod::new(namespace.server(), name, Some(account.files()), program);
    for argument in arguments {
        pod = pod.arg(argument);
    }
    if let Some(zookeeper) = contestant.zookeeper {
        pod = pod.env("ZOOKEEPER_CONNECT", zookeeper.to_string());
    }
    pod.env("ELECTION_NAME", NAME)
        .env("ELECTION_NAMESPACE", namespace.name())
        .env("ELECTION_IDENTITY", name)
        .env("LEASE_DURATION_MS", millis(TIMINGS.lease))
        .env("RENEW_DEADLINE_MS", millis(TIMINGS.renew))
        .env("RETRY_PERIOD_MS", millis(TIMINGS.retry))
        .env("SESSION_TIMEOUT_MS", millis(TIMINGS.lease))
        .env("ANSWERS_BOOTTIME_OFFSET_NS", boottime_offset_nanos().to_string())
        .env("ANSWERS_INTERVAL_MS", interval)
}
