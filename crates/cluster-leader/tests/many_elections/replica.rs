//! A process that stands in many elections: this program once more, told by its standard input what to
//! do.

use std::env;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use cluster_leader::{ChangeKind, Elector, Options, StoreChoice};
use tempfile::TempDir;
use testkit::api::{ApiServer, Authority};

const PART: &str = "MANY_ELECTIONS_TEST_PART";

/// Lease duration, renew deadline, retry period, as the environment names them.
pub(crate) type Timings = [(&'static str, &'static str); 3];

pub(crate) const DEFAULT: Timings = timings("15s", "10s", "2s");

pub(crate) const fn timings(
    lease_duration: &'static str,
    renew_deadline: &'static str,
    retry_period: &'static str,
) -> Timings {
    [
        ("CLUSTER_LEADER_LEASE_DURATION", lease_duration),
        ("CLUSTER_LEADER_RENEW_DEADLINE", renew_deadline),
        ("CLUSTER_LEADER_RETRY_PERIOD", retry_period),
    ]
}

/// What a process has told of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    /// In how many elections it leads.
    pub(crate) leads: usize,
    /// How many terms have ended.
    pub(crate) lost: usize,
    /// In how many it knows another to lead.
    pub(crate) follows: usize,
    pub(crate) threads: usize,
    /// Kibibytes.
    pub(crate) resident: usize,
    /// What the thread of the elections has used.
    pub(crate) cpu: Duration,
}

/// Another process, which is killed when this is dropped.
pub(crate) struct Replica {
    child: Child,
    tell: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    _directory: TempDir,
}

impl Replica {
    /// A process that is known to the server by its name.
    pub(crate) fn start(server: &ApiServer, name: &str, timings: Timings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let kubeconfig = directory.path().join("kubeconfig");
        // Without one, the machine's own would be loaded, all of them, for every new connection.
        let ca = directory.path().join("ca.crt");
        std::fs::write(&ca, Authority::new().pem()).unwrap();
        std::fs::write(
            &kubeconfig,
            format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
                 clusters:\n- name: here\n  cluster: {{server: '{}', certificate-authority: '{}'}}\n\
                 contexts:\n- name: here\n  context: {{cluster: here, user: me, namespace: team}}\n\
                 users:\n- name: me\n  user: {{token: {name}}}\n",
                server.url(),
                ca.display()
            ),
        )
        .unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "replica::part", "--nocapture", "--quiet"])
            .env(PART, name)
            .envs(timings)
            .env("KUBECONFIG", &kubeconfig)
            .env_remove("KUBERNETES_SERVICE_HOST")
            .env_remove("POD_NAMESPACE")
            .env_remove("MY_POD_NAMESPACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, told) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut replica =
            Self { child, tell: Some(tell), lines: BufReader::new(told).lines(), _directory: directory };
        replica.join(1);
        replica
    }

    /// Has it stand in that many elections.
    pub(crate) fn join(&mut self, elections: usize) {
        self.ask(&format!("join {elections}"));
    }

    pub(crate) fn step_down(&mut self, election: usize) {
        self.ask(&format!("step-down {election}"));
    }

    pub(crate) fn report(&mut self) -> Report {
        let line = self.ask("report");
        let numbers: Vec<usize> = line.split(' ').map(|number| number.parse().unwrap()).collect();
        let [leads, lost, follows, threads, resident, micros] = numbers[..] else { panic!("{line}") };
        let cpu = Duration::from_micros(u64::try_from(micros).unwrap());
        Report { leads, lost, follows, threads, resident, cpu }
    }

    /// Has it end as a program does that is done.
    pub(crate) fn end(mut self) {
        drop(self.tell.take());
        assert!(self.child.wait().unwrap().success());
    }

    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, reached: impl Fn(&Report) -> bool) -> Report {
        const PATIENCE: Duration = Duration::from_secs(60);
        let begun = Instant::now();
        loop {
            let report = self.report();
            if reached(&report) {
                return report;
            }
            assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}: {report:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask(&mut self, command: &str) -> String {
        writeln!(self.tell.as_mut().unwrap(), "{command}").unwrap();
        loop {
            // The test harness says something too.
            let line = self.lines.next().expect("the process is alive").unwrap();
            if let Some(answer) = line.split_once("answer: ").map(|(_, answer)| answer) {
                return answer.to_owned();
            }
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The part of the other process; nothing where no part is given.
#[test]
fn part() {
    let Ok(name) = env::var(PART) else { return };
    let mut electors: Vec<Elector> = Vec::new();
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let (command, number) = line.split_once(' ').unwrap_or((&line, "0"));
        let number: usize = number.parse().unwrap();
        let answer = match command {
            "join" => {
                electors.extend((electors.len()..number).map(|election| join(&name, election)));
                "joined".to_owned()
            }
            "step-down" => {
                electors[number].step_down();
                "stepped down".to_owned()
            }
            "report" => report(&electors),
            _ => panic!("{line}"),
        };
        println!("answer: {answer}");
    }
}

/// What an election is called.
pub(crate) fn election(number: usize) -> String {
    format!("election-{number}")
}

fn join(name: &str, number: usize) -> Elector {
    let options = Options::from_env().unwrap();
    let options = options.election(election(number)).instance_name(name).store(StoreChoice::Kubernetes);
    Elector::start(options).unwrap()
}

fn report(electors: &[Elector]) -> String {
    let leads = electors.iter().filter(|elector| elector.is_leader()).count();
    let changes = electors.iter().flat_map(|elector| elector.changes(0));
    let lost = changes.filter(|change| matches!(change.kind, ChangeKind::Lost { .. })).count();
    let follows =
        electors.iter().map(Elector::status).filter(|status| !status.leading && status.leader.is_some());
    let resident = field("/proc/self/status", "VmRSS:");
    let threads = field("/proc/self/status", "Threads:");
    format!("{leads} {lost} {} {threads} {resident} {}", follows.count(), cpu().as_micros())
}

fn field(file: &str, name: &str) -> usize {
    let text = std::fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// What the thread of the elections has used so far.
fn cpu() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path());
    let ours = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim_end() == "cluster-leader")
    };
    threads
        .filter(ours)
        .map(|path| {
            // Nanoseconds on a processor come first.
            let times = std::fs::read_to_string(path.join("schedstat")).unwrap();
            Duration::from_nanos(times.split(' ').next().unwrap().parse().unwrap())
        })
        .sum()
}
