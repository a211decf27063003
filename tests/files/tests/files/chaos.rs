//! Processes that are killed, stopped, ended and started again, at random, on one directory.

use std::thread::sleep;
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::{eventually, measured, noted};
use rustix::process::Signal;
use testkit::clock::boottime_nanos;
use testkit::history::Answers;
use tests_files::{Contender, Timings, World, one_leader_at_a_time};

use crate::{contender, is_long};

/// A short lease, so that there is time for many.
const TIMINGS: Timings = Timings { lease: 2_000, renew: 1_000, retry: 150 };
const PROCESSES: usize = 4;
/// In which a machine, however busy, lets some process lead.
const BOUND: Duration = Duration::from_secs(30);

/// What is done to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Kill,
    /// For this many milliseconds.
    Stop(u64),
    End,
    StepDown,
    /// Killed while it is stopped.
    StopAndKill,
}

/// Random enough, and the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

struct Chaos {
    world: World,
    random: Random,
    processes: Vec<Contender>,
    started: usize,
    answers: Vec<Answers>,
    tokens: Vec<u64>,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let mut chaos = Self {
            world: World::new(),
            random: Random(seed),
            processes: Vec::new(),
            started: 0,
            answers: Vec::new(),
            tokens: Vec::new(),
        };
        while chaos.processes.len() < PROCESSES {
            chaos.start_one();
        }
        chaos
    }

    fn start_one(&mut self) {
        self.started += 1;
        let name = format!("process-{}", self.started);
        self.processes.push(contender(&self.world, &name, TIMINGS).start());
    }

    /// The process that leads, waiting for it.
    fn leader(&self) -> usize {
        let begin = Instant::now();
        loop {
            let leads = |process: &Contender| process.tokens().len() > process.said("lost").len();
            if let Some(index) = self.processes.iter().position(leads) {
                return index;
            }
            assert!(begin.elapsed() < BOUND, "nobody leads");
            sleep(Duration::from_millis(1));
        }
    }

    fn episode(&mut self) -> (Fault, bool) {
        let leader = self.leader();
        // Leaders twice as often as all others.
        let victim = match self.random.below(3) {
            0 => usize::try_from(self.random.below(PROCESSES as u64)).unwrap(),
            _ => leader,
        };
        // At any point of a renewal and of the pause before it.
        sleep(Duration::from_micros(self.random.below(700_000)));
        let fault = match self.random.below(8) {
            0..=2 => Fault::Kill,
            3 | 4 => Fault::Stop(500 + self.random.below(3_500)),
            5 => Fault::End,
            6 => Fault::StepDown,
            _ => Fault::StopAndKill,
        };
        let process = &self.processes[victim];
        match fault {
            Fault::StepDown => process.process().tell("step-down"),
            Fault::Stop(for_ms) => {
                process.process().signal(Signal::STOP);
                sleep(Duration::from_millis(for_ms));
                process.process().signal(Signal::CONT);
            }
            Fault::Kill => process.kill(),
            Fault::StopAndKill => {
                process.process().signal(Signal::STOP);
                sleep(Duration::from_millis(self.random.below(500)));
                process.kill();
            }
            Fault::End => drop(process.end()),
        }
        if matches!(fault, Fault::Kill | Fault::StopAndKill | Fault::End) {
            let gone = self.processes.remove(victim);
            self.keep(&gone);
            self.start_one();
        }
        (fault, victim == leader)
    }

    fn keep(&mut self, process: &Contender) {
        let words = process.words();
        assert!(!words.contains("panicked") && !words.contains("another process writes as"), "{words}");
        self.answers.push(process.answers());
        self.tokens.extend(process.tokens());
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn g2_processes_killed_stopped_and_ended_at_random_never_lead_at_a_time() {
    let seed = number("CLUSTER_LEADER_TEST_SEED").unwrap_or_else(boottime_nanos);
    noted(format!("CLUSTER_LEADER_TEST_SEED={seed} chooses the same faults"));
    // An hour's worth if there is time.
    let least = number("CLUSTER_LEADER_TEST_EPISODES").unwrap_or(if is_long() { 4_000 } else { 20 });
    let (begin, mut episodes, mut of_leaders) = (Instant::now(), 0, 0);
    let mut chaos = Chaos::new(seed);
    while episodes < least {
        let (_fault, of_leader) = chaos.episode();
        episodes += 1;
        of_leaders += u32::from(of_leader);
    }
    chaos.leader();
    for process in std::mem::take(&mut chaos.processes) {
        process.end();
        chaos.keep(&process);
    }
    let mut tokens = chaos.tokens.clone();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), chaos.tokens.len(), "no two terms have the same token");
    let verdict = one_leader_at_a_time(chaos.answers);
    measured(
        "chaos",
        format!(
            "{episodes} episodes, {of_leaders} of leaders, {} terms, {} answers in {:?}: dual-leader time {:?}, stale \
             yes {:?}, nobody led for {:?}",
            tokens.len(),
            verdict.samples,
            begin.elapsed(),
            verdict.dual_leader,
            verdict.stale_yes,
            verdict.leaderless
        ),
    );
    // The last ones have ended in an orderly way, so nothing but the record is left of any of them.
    let after = contender(&chaos.world, "last", TIMINGS).start();
    after.await_leading();
    eventually("a clean directory", || (chaos.world.names().len() == 2).then_some(()));
}
