//! Candidates of one Lease at one server.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use cluster_leader::{ChangeKind, Elector, LostReason, Options, StoreChoice};
use testkit::api::{ApiServer, Authority, Request};
use testkit::clock::boottime;

use crate::canary::{self, promise};
use crate::log;
use crate::witness::{Sample, Witness, two_leaders, unfounded_yes};

pub(crate) const LEASE_DURATION: Duration = Duration::from_secs(3);
pub(crate) const RENEW_DEADLINE: Duration = Duration::from_secs(2);
pub(crate) const RETRY_PERIOD: Duration = Duration::from_millis(500);
/// The time of an attempt: a fifth of the renew deadline.
pub(crate) const ATTEMPT: Duration = Duration::from_millis(400);

/// What a busy machine may add to anything.
pub(crate) const SLACK: Duration = Duration::from_secs(6);
/// G8: once faults stop, there is one leader within this.
pub(crate) const RECOVERY: Duration =
    LEASE_DURATION.saturating_add(RETRY_PERIOD.saturating_mul(2)).saturating_add(SLACK);

/// The three durations of an election.
#[derive(Clone, Copy)]
pub(crate) struct Timings {
    pub(crate) lease_duration: Duration,
    pub(crate) renew_deadline: Duration,
    pub(crate) retry_period: Duration,
}

pub(crate) const SHORT: Timings =
    Timings { lease_duration: LEASE_DURATION, renew_deadline: RENEW_DEADLINE, retry_period: RETRY_PERIOD };

/// A server and an election of that name.
pub(crate) struct Arena {
    pub(crate) server: ApiServer,
    pub(crate) election: String,
    pub(crate) timings: Timings,
    ca: String,
}

impl Arena {
    pub(crate) fn new(election: &str) -> Self {
        // Without one, the machine's own would be loaded, all of them, for every new connection.
        static UNUSED: LazyLock<String> = LazyLock::new(|| Authority::new().pem());
        Self::at(ApiServer::start(), election, UNUSED.clone())
    }

    /// With TLS, trusting this authority.
    pub(crate) fn trusting(authority: &Authority, server: ApiServer, election: &str) -> Self {
        Self::at(server, election, authority.pem())
    }

    fn at(server: ApiServer, election: &str, ca: String) -> Self {
        log::keep();
        canary::start();
        Self { server, election: election.to_owned(), timings: SHORT, ca }
    }

    /// A candidate, which is known to the server by its name.
    pub(crate) fn join(&self, client: &str) -> Candidate {
        let directory = tempfile::tempdir().unwrap();
        let ca = directory.path().join("ca.crt");
        std::fs::write(&ca, &self.ca).unwrap();
        let kubeconfig = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
             clusters:\n- name: here\n  cluster: {{server: '{}', certificate-authority: '{}'}}\n\
             contexts:\n- name: here\n  context: {{cluster: here, user: me, namespace: team}}\n\
             users:\n- name: me\n  user: {{token: {client}}}\n",
            self.server.url(),
            ca.display()
        );
        let file = directory.path().join("kubeconfig");
        std::fs::write(&file, kubeconfig).unwrap();
        let options = Options::new()
            .election(&*self.election)
            .instance_name(client)
            .store(StoreChoice::Kubernetes)
            .lease_duration(self.timings.lease_duration)
            .renew_deadline(self.timings.renew_deadline)
            .retry_period(self.timings.retry_period);
        // The environment of a developer, or of a pod of a build, is none of ours.
        let variables = [
            ("KUBECONFIG", Some(file.as_os_str())),
            ("KUBERNETES_SERVICE_HOST", None),
            ("POD_NAMESPACE", None),
            ("MY_POD_NAMESPACE", None),
        ];
        let elector = temp_env::with_vars(variables, || Elector::start(options)).unwrap();
        Candidate { name: client.to_owned(), elector: Arc::new(elector) }
    }

    /// With other timings than the shortest.
    pub(crate) fn with(self, timings: Timings) -> Self {
        Self { timings, ..self }
    }

    /// A leader and a follower that knows of it.
    pub(crate) fn pair(&self) -> [Candidate; 2] {
        let first = self.join("first");
        first.until("it leads", RECOVERY, Candidate::leads);
        let second = self.join("second");
        second.until("it follows", RECOVERY, |second| second.leader().as_deref() == Some("first"));
        [first, second]
    }

    /// How many requests of a client arrived from one instant to another.
    pub(crate) fn requests(&self, from: Duration, to: Duration, of: impl Fn(&Request) -> bool) -> usize {
        let within = |request: &&Request| from <= request.at && request.at < to;
        self.server.asked().iter().filter(within).filter(|request| of(request)).count()
    }

    /// Whether a line in the log says all of that.
    pub(crate) fn has_logged(&self, parts: &[&str]) -> bool {
        log::about(&self.election).iter().any(|line| parts.iter().all(|part| line.contains(part)))
    }

    /// What holds whatever the server does; returns the answers, by candidate.
    #[track_caller]
    pub(crate) fn judge(&self, witness: Witness, candidates: &[&Candidate]) -> Vec<Vec<Sample>> {
        let testimony = witness.testimony();
        let log = self.server.log();
        // Shown only if the test fails.
        for line in log::about(&self.election) {
            print!("{line}");
        }
        for asked in &log {
            println!("{asked}");
        }
        let names: Vec<&str> = candidates.iter().map(|candidate| &*candidate.name).collect();
        let wrong = two_leaders(&names, &testimony);
        promise(&self.election, wrong.is_none(), || wrong.unwrap_or_default());
        let mut tokens = Vec::new();
        for (candidate, samples) in candidates.iter().zip(&testimony) {
            let renew_deadline = self.timings.renew_deadline;
            let wrong = unfounded_yes(&candidate.name, samples, &log, renew_deadline);
            promise(&self.election, wrong.is_none(), || wrong.unwrap_or_default());
            tokens.extend(candidate.checked_terms());
        }
        // G6: no two terms have a token in common.
        let terms = tokens.len();
        tokens.sort_unstable();
        tokens.dedup();
        promise(&self.election, tokens.len() == terms, || format!("a token was used twice: {tokens:?}"));
        promise(&self.election, log::panics().is_empty(), || format!("{:?}", log::panics()));
        assert_eq!(threads_of_elections(), 1, "G11: one thread for all elections");
        testimony
    }
}

/// One candidate.
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) elector: Arc<Elector>,
}

impl Candidate {
    pub(crate) fn leads(&self) -> bool {
        self.elector.is_leader()
    }

    pub(crate) fn leader(&self) -> Option<String> {
        self.elector.status().leader
    }

    pub(crate) fn problem(&self) -> Option<String> {
        self.elector.status().last_problem
    }

    /// Why its terms ended, in their order.
    pub(crate) fn losses(&self) -> Vec<LostReason> {
        let lost = |kind| match kind {
            ChangeKind::Lost { reason, .. } => Some(reason),
            _ => None,
        };
        self.elector.changes(0).into_iter().filter_map(|change| lost(change.kind)).collect()
    }

    /// G9: acquired and lost take turns, with one token a term, each larger than the one before.
    #[track_caller]
    fn checked_terms(&self) -> Vec<u64> {
        let mut tokens = Vec::new();
        let mut open = None;
        for change in self.elector.changes(0) {
            match change.kind {
                ChangeKind::Acquired { token, .. } => {
                    assert_eq!(open, None, "{} acquired twice", self.name);
                    assert!(tokens.last().is_none_or(|last| *last < token), "{tokens:?}, then {token}");
                    tokens.push(token);
                    open = Some(token);
                }
                ChangeKind::Lost { token, reason } => {
                    assert_eq!(open.take(), Some(token), "{}: {reason:?}", self.name);
                    assert_ne!(reason, LostReason::DriverFailed, "{}", self.name);
                }
                _ => {}
            }
        }
        tokens
    }

    #[track_caller]
    pub(crate) fn until(&self, what: &str, within: Duration, reached: impl Fn(&Self) -> bool) {
        eventually(&format!("{}: {what}", self.name), within, || reached(self));
    }
}

fn threads_of_elections() -> usize {
    let names = std::fs::read_dir("/proc/self/task").unwrap().filter_map(|task| {
        // A thread may end in the meantime.
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    });
    names.filter(|name| name.trim_end() == "cluster-leader").count()
}

/// Waits for something, and returns how long it took.
#[track_caller]
pub(crate) fn eventually(what: &str, within: Duration, reached: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !reached() {
        assert!(begun.elapsed() < within, "not within {within:?}: {what}");
        thread::sleep(Duration::from_millis(2));
    }
    begun.elapsed()
}

/// Waits until an instant of [`boottime`].
pub(crate) fn sleep_until(instant: Duration) {
    thread::sleep(instant.saturating_sub(boottime()));
}

/// Runs all rows of a table at once, each in a thread that bears its name, which is its election's
/// too, and fails if one does. A row during which the machine stood still is run again, unless it broke
/// what holds on any machine.
pub(crate) fn all_at_once<R: Send + Sync>(rows: &[R], name: impl Fn(&R) -> String, run: impl Fn(&R) + Sync) {
    let run = &run;
    let failed: Vec<String> = thread::scope(|scope| {
        let started: Vec<_> = rows
            .iter()
            .map(|row| {
                let name = name(row);
                let election = name.clone();
                let thread = thread::Builder::new()
                    .name(name.clone())
                    .spawn_scoped(scope, move || on_a_machine_that_moves(&election, || run(row)))
                    .unwrap();
                (name, thread)
            })
            .collect();
        started.into_iter().filter_map(|(name, row)| row.join().err().map(|_| name)).collect()
    });
    assert!(failed.is_empty(), "failed, see above: {failed:?}");
}

/// Runs a test of one election, again if the machine stood still.
pub(crate) fn on_a_machine_that_moves(election: &str, test: impl Fn()) {
    const ENOUGH: Duration = Duration::from_millis(500);
    const MOST: usize = 4;
    for _ in 1..MOST {
        let begun = boottime();
        let Err(failure) = panic::catch_unwind(AssertUnwindSafe(&test)) else { return };
        let stood_still = canary::stood_still_since(begun);
        if stood_still < ENOUGH || canary::is_broken(election) {
            panic::resume_unwind(failure);
        }
        println!("{election}: failed while the machine stood still for {stood_still:?}: once more");
    }
    test();
}
