//! Processes that stand in one election, and the judgement of what they answered.

use std::fmt;
use std::ops::Range;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use cluster_leader_tests_kubernetes::{ApiServer, Candidate, Lease, ServiceAccount, eventually};
use testkit::clock::nanos;
use testkit::history::{Answers, History, Run, judge};
use testkit::proxy::Proxy;

use crate::clock;
use crate::peer::{Kind, Peer};
use crate::record::Record;
use crate::rules::{self, Claim};
use crate::witness::Witness;

/// The election.
const ELECTION: &str = "jobs";

/// An election in which ours and others stand.
#[derive(Debug)]
pub struct Fleet<'a> {
    account: &'a ServiceAccount<'a>,
    witness: Mutex<Witness>,
}

/// What the processes of a fleet answered, compared with each other and with the Lease.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// For how long one of ours and one of theirs both said yes.
    pub beside_theirs: Duration,
    /// For how long theirs said yes while a later leader led, ours or theirs.
    pub their_stale_yes: Duration,
    /// What is not right with ours.
    pub wrongs: Vec<String>,
}

impl<'a> Fleet<'a> {
    /// An election by this account, which gets the rights that each of the libraries needs.
    #[must_use]
    pub fn new(account: &'a ServiceAccount<'a>) -> Self {
        account.allow(&["get", "update", "patch", "watch"], ELECTION);
        let witness = Mutex::new(Witness::of(account.namespace(), ELECTION));
        Self { account, witness }
    }

    /// The Lease.
    #[must_use]
    pub fn lease(&self) -> Lease<'a> {
        self.account.namespace().lease(ELECTION)
    }

    /// Starts one of ours.
    #[must_use]
    pub fn ours(&self, name: &str) -> Candidate {
        Candidate::start(self.account, name, ELECTION, Candidate::quick())
    }

    /// The API server.
    #[must_use]
    pub fn server(&self) -> &'a ApiServer {
        self.account.namespace().server()
    }

    /// Starts one of theirs.
    #[must_use]
    pub fn theirs(&self, kind: Kind, name: &str) -> Peer {
        Peer::start(kind, self.account, name, ELECTION, None)
    }

    /// Starts one of theirs, which reaches the API server by this network.
    #[must_use]
    pub fn theirs_behind(&self, network: &Proxy, kind: Kind, name: &str) -> Peer {
        Peer::start(kind, self.account, name, ELECTION, Some(network))
    }

    /// Waits until a holder leads whose name is one of these. Which?
    pub fn await_holder(&self, names: &[&str]) -> usize {
        eventually(&format!("one of {names:?} leads"), || {
            let lease = self.lease().find()?;
            let holder = lease["spec"]["holderIdentity"].as_str()?;
            names.iter().position(|name| is_of(holder, name))
        })
    }

    /// Waits until the Lease was renewed so often from now on, one time after the other, by whoever holds
    /// it.
    pub fn await_renewals(&self, count: usize) {
        let before = self.records().len();
        eventually(&format!("{count} renewals"), || {
            let records = self.records();
            let last = records.last()?;
            let renewed = records.iter().skip(before).rev();
            let renewed = renewed.take_while(|record| record.holder() == last.holder()).count();
            (!last.holder().is_empty() && renewed >= count).then_some(())
        });
    }

    /// Waits until one of these has renewed the Lease for longer than a lease, and nobody else has
    /// written it meanwhile.
    pub fn await_settled(&self, names: &[&str]) {
        let lease = nanos(Candidate::quick().lease_duration());
        eventually(&format!("one of {names:?} goes on leading"), || {
            let records = self.records();
            let last = records.last()?;
            let same = records.iter().rev().take_while(|record| record.holder() == last.holder());
            let settled = same.last()?.seen + lease < last.seen;
            (settled && names.iter().any(|name| is_of(last.holder(), name))).then_some(())
        });
    }

    /// Every state of the Lease so far.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let version = self.lease().find().map_or(0, |_| self.lease().version());
        let mut witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        witness.records(version).to_vec()
    }

    /// Compares what all have answered so far, ours and theirs.
    ///
    /// # Panics
    /// A state of the Lease is not what client-go would have made of the one before, or a process
    /// complains.
    #[must_use]
    pub fn judge(&self, ours: &[&Candidate], theirs: &[&Peer]) -> Judgement {
        for peer in theirs {
            assert_eq!(peer.complaints(), [""; 0], "{} fails on something", peer.name());
        }
        for candidate in ours {
            candidate.process().with_lines(|lines| {
                let fails =
                    |text: &str| text.contains("ERROR cluster_leader") || text.contains("panicked at");
                let failure = lines.iter().find(|line| fails(&line.text));
                assert!(failure.is_none(), "{failure:?}");
            });
        }
        let records = self.records();
        let tokens: Vec<u64> = ours.iter().flat_map(|one| one.terms()).map(|term| term.token).collect();
        rules::check(&records, &tokens);
        let is_ours = |holder: &str| ours.iter().any(|one| is_of(holder, one.process().name()));
        let claims = rules::claims(&records, is_ours);
        let robbed = rules::robbed(&records, is_ours);
        let processes =
            ours.iter().map(|one| answers_of(one)).chain(theirs.iter().map(|peer| peer.answers()));
        let history = History { processes: processes.collect(), until: u64::MAX, ..History::default() };
        Judgement::of(&history, ours.len(), &claims, &robbed)
    }
}

impl Judgement {
    /// Judges a history in which the first `ours` processes are ours.
    fn of(history: &History, ours: usize, claims: &[Claim], robbed: &[Range<u64>]) -> Self {
        let verdict = judge(history);
        let mut judgement = Self::default();
        let name = |process: usize| &history.processes[process].row;
        for overlap in &verdict.overlaps {
            let [one, other] = overlap.processes;
            let length = Duration::from_nanos(overlap.until - overlap.from);
            match (one < ours, other < ours) {
                (true, true) => judgement.wrongs.push(format!(
                    "{} and {} both said yes for {length:?}",
                    name(one),
                    name(other)
                )),
                (false, false) => {}
                _ => judgement.beside_theirs += length,
            }
        }
        for stale in &verdict.stale {
            let length = Duration::from_nanos(stale.until - stale.from);
            let was_robbed = robbed.iter().any(|it| it.start <= stale.from && stale.until <= it.end);
            if stale.process < ours && stale.leader >= ours && was_robbed {
                continue; // the overlap is counted above
            }
            if stale.process < ours {
                let wrong = format!("{} said yes for {length:?} while", name(stale.process));
                judgement.wrongs.push(format!("{wrong} {} was the later leader", name(stale.leader)));
            } else {
                judgement.their_stale_yes += length;
            }
        }
        for reign in verdict.reigns.iter().filter(|reign| reign.process < ours) {
            for claim in claims {
                let (from, until) = (reign.first_after.max(claim.from), reign.last_before.min(claim.until));
                if from < until {
                    let length = Duration::from_nanos(until - from);
                    let wrong = format!("{} said yes for {length:?} while", name(reign.process));
                    judgement.wrongs.push(format!("{wrong} the Lease was {}'s by the rules", claim.holder));
                }
            }
        }
        judgement
    }

    /// Checks that ours never led beside another of ours, nor beside one of theirs that keeps the
    /// rules.
    ///
    /// # Panics
    /// They did.
    pub fn assert_ours_are_right(&self) {
        assert!(self.wrongs.is_empty(), "{:#?}", self.wrongs);
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
        write!(
            f,
            "ours and theirs both for {:.1} ms, theirs stale for {:.1} ms",
            millis(self.beside_theirs),
            millis(self.their_stale_yes)
        )
    }
}

/// Builds the program that is ours, which Cargo does for the tests of its own package only.
///
/// # Panics
/// It cannot be built.
pub fn build_ours() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").expect("the tests are run by Cargo");
        let mut command = Command::new(cargo);
        command.args([
            "build",
            "--quiet",
            "--package",
            "cluster-leader-tests-kubernetes",
            "--bin",
            "candidate",
        ]);
        if !cfg!(debug_assertions) {
            command.arg("--release");
        }
        let status = command.stdout(Stdio::null()).status().expect("Cargo can be run");
        assert!(status.success(), "{command:?}: {status}");
    });
}

/// Whether a holder identity is of a process with this name.
fn is_of(holder: &str, name: &str) -> bool {
    holder.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'))
}

/// What one of ours answered: a yes at both ends of each reign and a no after it are enough.
fn answers_of(candidate: &Candidate) -> Answers {
    let at = |instant: u64, other: u64, yes: bool| Run {
        first_before: instant,
        first_after: instant,
        last_before: other,
        last_after: other,
        yes,
        count: 2,
    };
    let runs = candidate.reigns().into_iter().flat_map(|reign| {
        let (from, until) = (clock::at(reign.from), clock::at(reign.until));
        [at(from, until, true), at(until, until, false)]
    });
    Answers { row: candidate.process().name().to_owned(), runs: runs.collect() }
}
