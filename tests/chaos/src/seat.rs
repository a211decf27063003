//! A place in an election, and the process that sits in it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::Duration;

use cluster_leader_tests_kubernetes::{Pod, RunningPod, ServiceAccount};
use rustix::process::Signal;
use tempfile::TempDir;
use testkit::clock::{boottime_nanos, boottime_offset_nanos};
use testkit::history::{Answers, Run};
use testkit::proxy::Proxy;

use crate::contender::{Program, Timings};
use crate::spawner;

/// A reader says something each 200 ms. On a busy machine, what it said last may be a little older.
const RECENT: Duration = Duration::from_millis(700);

/// A place in an election.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) name: String,
    pub(crate) proxy: Proxy,
    program: Program,
    pod: Option<RunningPod>,
    starts: u32,
    /// The process is stopped by a signal.
    is_stopped: bool,
    /// It was told to end, or killed.
    is_to_end: bool,
    wall_clock: TempDir,
    /// What the processes answered that sat here before.
    past: Vec<Past>,
}

/// What a process said.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) answers: Answers,
    /// The fencing tokens of its terms, each with the time of the answers that the line came after.
    pub(crate) tokens: Vec<(u64, u64)>,
    /// What voids its record.
    pub(crate) complaint: Option<String>,
}

impl Seat {
    pub(crate) fn new(number: usize, program: Program, server: SocketAddr) -> Self {
        Self {
            name: format!("{} {}", program.kind, number + 1),
            proxy: Proxy::to(server),
            program,
            pod: None,
            starts: 0,
            is_stopped: false,
            is_to_end: false,
            wall_clock: tempfile::tempdir().expect("a temporary directory"),
            past: Vec::new(),
        }
    }

    /// Starts a process as the kubelet would, with an identity of its own.
    pub(crate) fn start(&mut self, account: &ServiceAccount<'_>, election: &str, timings: Timings) {
        self.retire();
        self.set_wall_clock(0);
        self.starts += 1;
        let identity = format!("{}-{}", self.name.replace(' ', "-").to_lowercase(), self.starts);
        let (first, rest) = self.program.words.split_first().expect("a program has a name");
        let namespace = account.namespace();
        let millis = |duration: Duration| duration.as_millis().to_string();
        let mut pod = Pod::new(namespace.server(), &identity, Some(account.files()), first);
        for word in rest {
            pod = pod.arg(word);
        }
        let pod = pod
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .env("KUBERNETES_SERVICE_PORT", self.proxy.port().to_string())
            .env("ZOOKEEPER_CONNECT", format!("127.0.0.1:{}", self.proxy.port()))
            .env("ELECTION_NAME", election)
            .env("ELECTION_NAMESPACE", namespace.name())
            .env("ELECTION_IDENTITY", &identity)
            .env("LEASE_DURATION_MS", millis(timings.lease))
            .env("RENEW_DEADLINE_MS", millis(timings.renew))
            .env("RETRY_PERIOD_MS", millis(timings.retry))
            .env("SESSION_TIMEOUT_MS", millis(timings.lease))
            .env("ANSWERS_BOOTTIME_OFFSET_NS", boottime_offset_nanos().to_string())
            .env("FAKETIME_TIMESTAMP_FILE", self.wall_clock_file());
        self.pod = Some(spawner::start(pod));
    }

    /// Whether it answers yes: `None` if it says nothing.
    pub(crate) fn leads(&self) -> Option<bool> {
        let last: Run = self
            .pod
            .as_ref()?
            .process
            .with_lines(|lines| lines.iter().rev().find_map(|line| line.text.parse().ok()))?;
        let age = Duration::from_nanos(boottime_nanos().saturating_sub(last.last_after));
        (age < RECENT).then_some(last.yes)
    }

    /// Whether a process runs here.
    pub(crate) fn is_running(&self) -> bool {
        self.pod.as_ref().is_some_and(|pod| !pod.process.has_ended())
    }

    pub(crate) fn has_wall_clock(&self) -> bool {
        self.program.has_wall_clock
    }

    fn signal(&self, signal: Signal) {
        if let Some(pod) = self.pod.as_ref().filter(|pod| !pod.process.has_ended()) {
            pod.process.signal(signal);
        }
    }

    pub(crate) fn stop(&mut self) {
        self.signal(Signal::STOP);
        self.is_stopped = true;
    }

    pub(crate) fn go_on(&mut self) {
        if self.is_stopped {
            self.signal(Signal::CONT);
        }
        self.is_stopped = false;
    }

    /// Asks it to end.
    pub(crate) fn terminate(&mut self) {
        self.is_to_end = true;
        self.signal(Signal::TERM);
    }

    /// Kills it without a chance to say good-bye.
    pub(crate) fn kill(&mut self) {
        self.is_to_end = true;
        self.signal(Signal::KILL);
        self.is_stopped = false;
    }

    /// Sets its wall clock so many seconds ahead of the machine's.
    pub(crate) fn set_wall_clock(&self, ahead: i64) {
        let new = self.wall_clock.path().join("new");
        fs::write(&new, format!("{ahead:+}s\n")).expect("a temporary file can be written");
        fs::rename(new, self.wall_clock_file()).expect("a temporary file can be renamed");
    }

    /// How far ahead of the machine's its wall clock is, in seconds, as it has said itself.
    pub(crate) fn wall_clock(&self) -> i64 {
        let ahead = self.pod.as_ref().and_then(|pod| {
            pod.process.with_lines(|lines| {
                let mut lines = lines.iter().rev();
                lines.find_map(|line| line.text.strip_prefix("wall ")?.parse::<i64>().ok())
            })
        });
        (ahead.unwrap_or(0) + 500).div_euclid(1000)
    }

    fn wall_clock_file(&self) -> PathBuf {
        self.wall_clock.path().join("ahead")
    }

    /// Ends the process, if there is one, and keeps what it said.
    fn retire(&mut self) {
        let Some(pod) = self.pod.take() else { return };
        let mut past = past(&self.name, &pod);
        if pod.process.has_ended() {
            let status = pod.process.await_exit();
            // A JVM ends with 143 on SIGTERM.
            let is_well = status.success() || status.code() == Some(143) || status.signal() == Some(9);
            if !self.is_to_end || !is_well {
                past.complaint.get_or_insert(format!("{} ended with {status}", self.name));
            }
        } else {
            pod.process.kill();
        }
        self.is_to_end = false;
        self.past.push(past);
    }

    /// Ends the process. What all processes said that sat here.
    pub(crate) fn end(mut self) -> Vec<Past> {
        self.retire();
        self.past
    }

    /// The last lines that the process said, the record apart.
    pub(crate) fn last_words(&self) -> String {
        let words = self.pod.as_ref().map(|pod| {
            pod.process.with_lines(|lines| {
                let spoken = lines.iter().filter(|line| !line.text.starts_with("answers "));
                let spoken: Vec<_> = spoken.map(|line| format!("    {}", line.text)).collect();
                spoken[spoken.len().saturating_sub(12)..].join("\n")
            })
        });
        format!("  {}:\n{}", self.name, words.unwrap_or_default())
    }
}

fn past(row: &str, pod: &RunningPod) -> Past {
    pod.process.with_lines(|lines| {
        let texts = || lines.iter().map(|line| line.text.as_str());
        let mut tokens: Vec<(u64, u64)> = Vec::new();
        let mut at = 0;
        for text in texts() {
            if let Ok(run) = text.parse::<Run>() {
                at = run.last_after;
            } else if let Some(token) = text.strip_prefix("acquired ").and_then(|rest| rest.split(' ').next())
            {
                let token = token.parse().ok();
                // A single no within a term, when a read meets the publication of a renewal.
                let new = token.filter(|token| tokens.last().is_none_or(|(_, last)| last != token));
                tokens.extend(new.map(|token| (at, token)));
            }
        }
        let complaint = texts().find(|text| text.contains("boottime FAKED") || text.contains("panicked at"));
        Past { answers: Answers::read(row, texts()), tokens, complaint: complaint.map(str::to_owned) }
    })
}
