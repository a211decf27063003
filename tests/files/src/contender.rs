//! A process that stands in the election of a world.

use std::fs;
use std::process::Command;

use cluster_leader_tests_kubernetes::{Line, Process};
use rustix::process::{Pid, Signal};
use tempfile::NamedTempFile;
use testkit::history::Answers;

use crate::helpers::helper;
use crate::world::{ELECTION, World};

/// The three durations, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// Lease duration.
    pub lease: u64,
    /// Renew deadline.
    pub renew: u64,
    /// Retry period.
    pub retry: u64,
}

/// A thing that a contender does between two marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// From its start until it leads.
    Start,
    /// One renewal, when told to go.
    Renew,
    /// It steps down, when told to go, until the record is released.
    StepDown,
    /// It stops, when told to go.
    Stop,
}

/// What is to happen to a contender at one system call of its step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Harm {
    /// What.
    pub kind: HarmKind,
    /// At which call, by name.
    pub call: String,
    /// At the how manieth of that name, from 1.
    pub n: usize,
}

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HarmKind {
    /// The process is killed before the call is made.
    KillBefore,
    /// The process is killed after the call has had its effect.
    KillAfter,
    /// The call is not made and returns its k-th plausible error (from 0).
    FailBefore(usize),
    /// The call is made and returns its k-th plausible error all the same.
    FailAfter(usize),
    /// The call is made so many milliseconds later, while the other threads run on.
    HoldBefore(usize),
    /// The call is made so many milliseconds later, and the whole process stands still meanwhile.
    FreezeBefore(usize),
}

impl Harm {
    /// None: the calls are counted.
    #[must_use]
    pub fn none() -> Self {
        Self { kind: HarmKind::KillBefore, call: "none".to_owned(), n: 0 }
    }
}

/// What did happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Harmed {
    /// The harm was done, with this error (0: it was killed).
    Done(i32),
    /// The call cannot plausibly fail in so many ways.
    NoSuchError,
    /// The step is over: how many calls there were of each name.
    Over(Vec<(String, usize)>),
    /// Nothing yet.
    NotYet,
}

/// A running contender, killed when dropped.
#[derive(Debug)]
pub struct Contender {
    process: Process,
    report: Option<NamedTempFile>,
}

/// How a contender is to be started.
#[derive(Debug)]
pub struct Setup<'a> {
    program: &'a str,
    world: &'a World,
    name: &'a str,
    timings: Timings,
    step: Option<Step>,
    harm: Option<Harm>,
    environment: Vec<(String, String)>,
}

impl Contender {
    /// Begins to set one up. `program` is the path of `bin/contender.rs`, which tests alone know.
    #[must_use]
    pub fn of<'a>(program: &'a str, world: &'a World, name: &'a str, timings: Timings) -> Setup<'a> {
        Setup { program, world, name, timings, step: None, harm: None, environment: Vec::new() }
    }

    /// The process. Where it is to come to harm, that which harms it.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// What became of the harm.
    #[must_use]
    pub fn harmed(&self) -> Harmed {
        let path = self.report.as_ref().expect("it was to come to harm").path();
        let report = fs::read_to_string(path).expect("the report can be read");
        let mut calls = Vec::new();
        for line in report.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let words: Vec<_> = line.split(' ').collect();
            match words.as_slice() {
                ["hit", error] => return Harmed::Done(error.parse().expect("a number")),
                ["none"] => return Harmed::NoSuchError,
                ["seen", call, count] => {
                    calls.push(((*call).to_owned(), count.parse().expect("a number")));
                }
                ["over"] => return Harmed::Over(calls),
                _ => panic!("{report:?}"),
            }
        }
        Harmed::NotYet
    }

    /// Waits until it leads and says so; the token of its term.
    pub fn await_leading(&self) -> u64 {
        self.process.await_line("leading", 0, token_of)
    }

    /// Has it do what it was started for.
    pub fn go(&self) {
        self.process.tell("go");
    }

    /// Waits until it has done what it was started for, or cannot any more.
    pub fn await_through(&self) {
        self.process.await_line("the end of the step", 0, |line| (line.text == "went through").then_some(()));
    }

    /// Whether it has done what it was started for.
    #[must_use]
    pub fn is_through(&self) -> bool {
        self.process.with_lines(|lines| lines.iter().any(|line| line.text == "went through"))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        let pid = self.process.await_line("its process id", 0, |line| {
            Some(line.text.strip_prefix("pid ")?.parse().expect("a number"))
        });
        Pid::from_raw(pid).expect("a process id")
    }

    /// Waits until it has lost a term: the reason.
    pub fn await_loss(&self, token: u64) -> String {
        let lost = format!("lost {token} ");
        self.process.await_line("the end of the term", 0, |line| {
            Some(line.text.strip_prefix(lost.as_str())?.to_owned())
        })
    }

    /// Ends it as one ends a program, by SIGTERM: what it answered, to the last.
    pub fn end(&self) -> Answers {
        self.process.signal(Signal::TERM);
        self.process.await_exit();
        self.answers()
    }

    /// What it answered, as far as it has written that. Of a killed one a little is lost.
    #[must_use]
    pub fn answers(&self) -> Answers {
        self.process.with_lines(|lines| {
            Answers::read(self.process.name(), lines.iter().map(|line| line.text.as_str()))
        })
    }

    /// Kills it, and waits until it is gone.
    pub fn kill(&self) {
        self.process.signal(Signal::KILL);
        self.process.await_exit();
    }

    /// The lines that begin with this word, without it.
    #[must_use]
    pub fn said(&self, word: &str) -> Vec<String> {
        self.process.with_lines(|lines| {
            let said = lines.iter().filter_map(|line| line.text.strip_prefix(word)?.strip_prefix(' '));
            said.map(str::to_owned).collect()
        })
    }

    /// Everything it said that is no record of answers.
    #[must_use]
    pub fn words(&self) -> String {
        self.process.with_lines(|lines| {
            let words = lines.iter().map(|line| line.text.as_str());
            words.filter(|line| !line.starts_with("answers ")).collect::<Vec<_>>().join("\n")
        })
    }

    /// The tokens of its terms, in order.
    #[must_use]
    pub fn tokens(&self) -> Vec<u64> {
        self.process.with_lines(|lines| lines.iter().filter_map(token_of).collect())
    }
}

fn token_of(line: &Line) -> Option<u64> {
    let (token, _term) = line.text.strip_prefix("acquired ")?.split_once(' ')?;
    Some(token.parse().expect("a number"))
}

impl Setup<'_> {
    /// What it is to do between two marks.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.step = Some(step);
        self
    }

    /// What is to happen to it.
    #[must_use]
    pub fn harm(mut self, harm: Harm) -> Self {
        self.harm = Some(harm);
        self
    }

    /// Adds a variable to its environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Starts it.
    #[must_use]
    pub fn start(self) -> Contender {
        let (mut command, report) = match self.harm {
            None => (
                self.world
                    .disk()
                    .map_or_else(|| Command::new(self.program), |disk| disk.command(self.program)),
                None,
            ),
            Some(harm) => {
                let report = NamedTempFile::new().expect("a file for the report");
                let mut command = Command::new(helper("stepper", false));
                let (kind, k) = match harm.kind {
                    HarmKind::KillBefore => ("kill-before", 0),
                    HarmKind::KillAfter => ("kill-after", 0),
                    HarmKind::FailBefore(k) => ("fail-before", k),
                    HarmKind::FailAfter(k) => ("fail-after", k),
                    HarmKind::HoldBefore(milliseconds) => ("hold-before", milliseconds),
                    HarmKind::FreezeBefore(milliseconds) => ("freeze-before", milliseconds),
                };
                command.args([kind, &harm.call, &harm.n.to_string(), &k.to_string()]);
                command.arg(report.path()).arg(self.program);
                (command, Some(report))
            }
        };
        if let Some(step) = self.step {
            command.arg(match step {
                Step::Start => "start",
                Step::Renew => "renew",
                Step::StepDown => "step-down",
                Step::Stop => "stop",
            });
        }
        let Timings { lease, renew, retry } = self.timings;
        command
            .env("CLUSTER_LEADER_STORE", format!("file:{}", self.world.directory().display()))
            .env("CLUSTER_LEADER_ELECTION", ELECTION)
            .env("CLUSTER_LEADER_INSTANCE_NAME", self.name)
            .env("CLUSTER_LEADER_LEASE_DURATION", format!("{lease}ms"))
            .env("CLUSTER_LEADER_RENEW_DEADLINE", format!("{renew}ms"))
            .env("CLUSTER_LEADER_RETRY_PERIOD", format!("{retry}ms"))
            .envs(self.environment);
        Contender { process: Process::start(self.name, &mut command), report }
    }
}
