//! Who says yes when, and whether that is right.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cluster_leader::Elector;
use testkit::api::Asked;
use testkit::clock::boottime;
use testkit::history::{Answers, History, Run, judge};

/// One answer: true at some instant from `before` to `after`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) before: Duration,
    pub(crate) after: Duration,
    /// How long it leads at least; zero: it does not.
    pub(crate) remaining: Duration,
}

impl Sample {
    pub(crate) fn yes(&self) -> bool {
        !self.remaining.is_zero()
    }
}

/// Asks electors all the time whether they lead.
pub(crate) struct Witness {
    done: Arc<AtomicBool>,
    asking: JoinHandle<Vec<Vec<Sample>>>,
}

impl Witness {
    /// The pause between two rounds.
    const PAUSE: Duration = Duration::from_millis(1);

    pub(crate) fn of(electors: Vec<Arc<Elector>>) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let asking = thread::spawn({
            let done = Arc::clone(&done);
            move || {
                let mut samples = vec![Vec::new(); electors.len()];
                while !done.load(Ordering::Relaxed) {
                    for (elector, samples) in electors.iter().zip(&mut samples) {
                        let before = boottime();
                        let remaining = elector.remaining();
                        samples.push(Sample { before, after: boottime(), remaining });
                    }
                    thread::sleep(Self::PAUSE);
                }
                samples
            }
        });
        Self { done, asking }
    }

    /// All answers, by elector.
    pub(crate) fn testimony(self) -> Vec<Vec<Sample>> {
        self.done.store(true, Ordering::Relaxed);
        self.asking.join().unwrap()
    }
}

/// G2: what is wrong if there are ever two yes at an instant.
pub(crate) fn two_leaders(names: &[&str], testimony: &[Vec<Sample>]) -> Option<String> {
    let runs = |samples: &Vec<Sample>| samples.iter().map(run).collect();
    let processes =
        names.iter().zip(testimony).map(|(name, of)| Answers { row: (*name).to_owned(), runs: runs(of) });
    let history = History { processes: processes.collect(), until: u64::MAX, ..History::default() };
    let verdict = judge(&history);
    (!verdict.is_right()).then(|| format!("two leaders: {:?} {:?}", verdict.overlaps, verdict.stale))
}

fn run(sample: &Sample) -> Run {
    let [before, after] = [sample.before, sample.after].map(|at| u64::try_from(at.as_nanos()).unwrap());
    Run {
        first_before: before,
        first_after: after,
        last_before: before,
        last_after: after,
        yes: sample.yes(),
        count: 1,
    }
}

/// G1: the first yes that was not given before the deadline of a write that the server had
/// acknowledged to this client. The leader counts from before it sent, and the request arrived no
/// earlier.
pub(crate) fn unfounded_yes(
    client: &str,
    samples: &[Sample],
    log: &[Asked],
    renew_deadline: Duration,
) -> Option<String> {
    let claims: Vec<Duration> = log
        .iter()
        .filter(|asked| asked.acknowledged() && asked.request.client() == client)
        .filter(|asked| asked.request.holder().is_some_and(|holder| !holder.is_empty()))
        .map(|asked| asked.request.at)
        .collect();
    samples.iter().filter(|sample| sample.yes()).find_map(|sample| {
        let last = claims.iter().rev().find(|at| **at <= sample.after);
        let founded = last.is_some_and(|at| sample.before < *at + renew_deadline);
        let said = sample.before;
        (!founded).then(|| {
            format!("{client} said yes at {said:?}; its last acknowledged claim arrived at {last:?}")
        })
    })
}

/// A claim that nobody withdraws lasts until its deadline: no `no` before the end that a `yes` told.
#[track_caller]
pub(crate) fn assert_claims_last(client: &str, samples: &[Sample]) {
    let mut promised = Duration::ZERO;
    for sample in samples {
        if sample.yes() {
            promised = sample.before + sample.remaining;
        } else {
            assert!(sample.after >= promised, "{client} said no at {:?}, before {promised:?}", sample.after);
        }
    }
}
