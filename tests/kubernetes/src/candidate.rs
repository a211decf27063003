//! The program `candidate`, and what it says.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::account::{AccountFiles, ServiceAccount};
use crate::api_server::ApiServer;
use crate::kubelet::TerminationLog;
use crate::leadership::Reign;
use crate::moment::Moment;
use crate::patience::PATIENCE;
use crate::pod::{Pod, RunningPod};
use crate::process::Process;
use cluster_leader::Timing;

/// A running candidate. Dropping kills it.
#[derive(Debug)]
pub struct Candidate {
    pod: RunningPod,
    election: String,
}

/// A term of leadership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its fencing token.
    pub token: u64,
    /// `leaseTransitions`.
    pub term: i32,
}

/// A line of the program.
enum Said {
    /// `is_leader()` said yes at this moment.
    Yes(Moment),
    /// `is_leader()` said no at this moment, and yes before.
    No(Moment),
    Acquired(Term),
    Lost {
        token: u64,
        reason: String,
    },
}

impl Candidate {
    /// Timings by which a test need not wait long.
    ///
    /// # Panics
    /// Never: they are valid.
    #[must_use]
    pub fn quick() -> Timing {
        Timing::new(Duration::from_secs(3), Duration::from_secs(2), Duration::from_millis(500))
            .expect("valid timings")
    }

    /// Timings by which a candidate that waits for a lease to run out waits for longer than a test
    /// does.
    ///
    /// # Panics
    /// Never: they are valid.
    #[must_use]
    pub fn slow() -> Timing {
        Timing::new(4 * PATIENCE, 3 * PATIENCE, Duration::from_secs(1)).expect("valid timings")
    }

    /// Starts one with a token of this account.
    #[must_use]
    pub fn start(account: &ServiceAccount<'_>, name: &str, election: &str, timing: Timing) -> Self {
        Self::start_with(account.namespace().server(), name, Some(account.files()), election, timing)
    }

    /// Starts one with these files of a service account, or without any.
    #[must_use]
    pub fn start_with(
        server: &ApiServer,
        name: &str,
        files: Option<AccountFiles>,
        election: &str,
        timing: Timing,
    ) -> Self {
        let pod = Self::surroundings(server, name, files, election, timing).start();
        Self { pod, election: election.to_owned() }
    }

    /// Starts one that watches pods, as the container's process that this log is made for.
    #[must_use]
    pub fn start_watching_pods(
        account: &ServiceAccount<'_>,
        name: &str,
        election: &str,
        timing: Timing,
        log: &TerminationLog,
    ) -> Self {
        let server = account.namespace().server();
        let pod = Self::surroundings(server, name, Some(account.files()), election, timing)
            .env("CLUSTER_LEADER_WATCH_PODS", "true")
            .env("CLUSTER_LEADER_TERMINATION_LOG", log.path())
            .start();
        Self { pod, election: election.to_owned() }
    }

    fn surroundings(
        server: &ApiServer,
        name: &str,
        files: Option<AccountFiles>,
        election: &str,
        timing: Timing,
    ) -> Pod {
        let text = |duration: Duration| format!("{}ms", duration.as_millis());
        Pod::new(server, name, files, program())
            .env("POD_NAME", name)
            .env("CLUSTER_LEADER_ELECTION", election)
            .env("CLUSTER_LEADER_LEASE_DURATION", text(timing.lease_duration()))
            .env("CLUSTER_LEADER_RENEW_DEADLINE", text(timing.renew_deadline()))
            .env("CLUSTER_LEADER_RETRY_PERIOD", text(timing.retry_period()))
    }

    /// The election that it stands in.
    #[must_use]
    pub fn election(&self) -> &str {
        &self.election
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.pod.process
    }

    /// The files of its service account.
    #[must_use]
    pub fn files(&self) -> &AccountFiles {
        self.pod.files.as_ref().expect("it was started with files")
    }

    /// Its home directory.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.pod.home.path()
    }

    /// Asks it to stop standing. Waits until it has ended.
    pub fn stop(&self) {
        self.process().tell("stop");
        let status = self.process().await_exit();
        assert!(status.success(), "{}: {status}", self.process());
    }

    /// Asks it to step down.
    pub fn step_down(&self) {
        self.process().tell("step-down");
    }

    /// The terms that it has acquired so far, in order.
    #[must_use]
    pub fn terms(&self) -> Vec<Term> {
        self.said()
            .into_iter()
            .filter_map(|said| match said {
                Said::Acquired(term) => Some(term),
                _ => None,
            })
            .collect()
    }

    /// The tokens and reasons of the terms that it has lost so far, in order.
    #[must_use]
    pub fn losses(&self) -> Vec<(u64, String)> {
        self.said()
            .into_iter()
            .filter_map(|said| match said {
                Said::Lost { token, reason } => Some((token, reason)),
                _ => None,
            })
            .collect()
    }

    /// The term that it leads in, as far as it has said.
    #[must_use]
    pub fn current_term(&self) -> Option<Term> {
        self.said().into_iter().fold(None, |current, said| match said {
            Said::Acquired(term) => Some(term),
            Said::Lost { .. } => None,
            _ => current,
        })
    }

    /// Waits for the first term whose token is above `after`.
    pub fn await_term_after(&self, after: u64) -> Term {
        self.process().await_line(&format!("a term with a token above {after}"), 0, |line| {
            match line.text.parse() {
                Ok(Said::Acquired(term)) if term.token > after => Some(term),
                _ => None,
            }
        })
    }

    /// Waits for the end of the term with this token, and says why it ended.
    pub fn await_loss(&self, of: u64) -> String {
        self.process().await_line(&format!("the end of the term with token {of}"), 0, |line| {
            match line.text.parse() {
                Ok(Said::Lost { token, reason }) if token == of => Some(reason),
                _ => None,
            }
        })
    }

    /// Waits until it has said no since `moment`, where it said yes before.
    pub fn await_no_since(&self, moment: Moment) -> Moment {
        self.process().await_line("that it says no", 0, |line| match line.text.parse() {
            Ok(Said::No(at)) if at >= moment => Some(at),
            _ => None,
        })
    }

    /// When it said yes: from the first to the last of each unbroken run.
    #[must_use]
    pub fn reigns(&self) -> Vec<Reign> {
        let who = self.process().name();
        let mut reigns: Vec<Reign> = Vec::new();
        let mut unbroken = false;
        for said in self.said() {
            match (said, reigns.last_mut()) {
                (Said::Yes(at), Some(reign)) if unbroken => reign.until = at,
                (Said::Yes(at), _) => {
                    reigns.push(Reign { who: who.to_owned(), from: at, until: at });
                    unbroken = true;
                }
                (Said::No(_), _) => unbroken = false,
                _ => {}
            }
        }
        reigns
    }

    fn said(&self) -> Vec<Said> {
        self.process().with_lines(|lines| lines.iter().filter_map(|line| line.text.parse().ok()).collect())
    }
}

/// The program: Cargo builds it for the tests of this package, in the directory above theirs.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own program");
    test.ancestors().nth(2).expect("a directory above").join("candidate")
}

impl FromStr for Said {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let mut words = line.split(' ');
        let mut next = || words.next().ok_or(());
        match next()? {
            "yes" => Ok(Self::Yes(next()?.parse().map_err(drop)?)),
            "no" => Ok(Self::No(next()?.parse().map_err(drop)?)),
            "acquired" => Ok(Self::Acquired(Term {
                token: next()?.parse().map_err(drop)?,
                term: next()?.parse().map_err(drop)?,
            })),
            "lost" => Ok(Self::Lost { token: next()?.parse().map_err(drop)?, reason: next()?.to_owned() }),
            _ => Err(()),
        }
    }
}
