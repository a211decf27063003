//! Other processes: this test binary once more, playing a part.

use std::env;
use std::io::{self, BufRead, BufReader, Lines, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use election::Identity;
use rustix::process::{Pid, Signal};

use super::{ELECTION, World, held_by, run};
use crate::store::file::{FilePlace, FileStore};
use crate::store::{Store, StoreErrorKind};

const PART: &str = "FILE_STORE_TEST_PART";
const DIRECTORY: &str = "FILE_STORE_TEST_DIRECTORY";

/// What a child process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Holds the record as `other-process` until it is killed.
    Lead,
    /// As [`Lead`](Self::Lead), with a program started meanwhile that says it is there.
    LeadAndStart,
    /// As [`LeadAndStart`](Self::LeadAndStart); the program keeps the holder's file open.
    LeadAndBequeath,
    /// Renews the record for ever and reports the versions.
    Renew,
    /// Counts the record's transitions up this often, then ends.
    Count(u32),
}

impl Part {
    fn text(self) -> String {
        match self {
            Self::Lead => "lead".to_owned(),
            Self::LeadAndStart => "start".to_owned(),
            Self::LeadAndBequeath => "bequeath".to_owned(),
            Self::Renew => "renew".to_owned(),
            Self::Count(times) => times.to_string(),
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "lead" => Self::Lead,
            "start" => Self::LeadAndStart,
            "bequeath" => Self::LeadAndBequeath,
            "renew" => Self::Renew,
            times => Self::Count(times.parse().unwrap()),
        }
    }
}

/// A child process, killed when dropped.
pub(super) struct Actor {
    child: Child,
    /// Closed when we end, which ends the child too.
    _stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Actor {
    pub(super) fn start(world: &World, part: Part) -> Self {
        let module = module_path!();
        let (_, module) = module.split_once("::").unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                &format!("{module}::the_part_of_a_child_process"),
                "--exact",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(PART, part.text())
            .env(DIRECTORY, world.directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, _stdin: stdin, lines }
    }

    /// What the child reports next; `None` once it has ended.
    pub(super) fn report(&mut self) -> Option<String> {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        lines.find_map(|line| Some(line.split_once("REPORT ")?.1.to_owned()))
    }

    /// Kills the child and returns once it is gone.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for the child to end by itself.
    pub(super) fn end(mut self) {
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A program that an actor started, killed when dropped.
pub(super) struct Grandchild(Pid);

impl Grandchild {
    pub(super) fn of(report: &str) -> Self {
        Self(Pid::from_raw(report.parse().unwrap()).unwrap())
    }

    pub(super) fn is_running(&self) -> bool {
        rustix::process::test_kill_process(self.0).is_ok()
    }
}

impl Drop for Grandchild {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = rustix::process::kill_process(self.0, Signal::KILL);
    }
}

/// Not a test of its own: the other tests start it in processes of its own, and say what to do.
#[test]
fn the_part_of_a_child_process() {
    let (Ok(part), Some(directory)) = (env::var(PART), env::var_os(DIRECTORY)) else { return };
    let store = FilePlace::new(&PathBuf::from(directory), ELECTION).unwrap().open();
    match Part::of(&part) {
        Part::Lead => {
            lead(&store);
            report("leads");
            wait_for_parents_end();
        }
        Part::LeadAndStart => lead_and_start(&store),
        Part::LeadAndBequeath => {
            run(store.stand_as(&Identity::from("other-process"))).unwrap();
            store.bequeath_holder_lock();
            lead_and_start(&store);
        }
        Part::Renew => renew(&store),
        Part::Count(times) => (0..times).for_each(|_| count_up(&store)),
    }
}

#[allow(clippy::zombie_processes)] // we are killed before it ends
fn lead_and_start(store: &FileStore) {
    lead(store);
    let sleeper =
        Command::new("sleep").arg("600").stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    report(&sleeper.id().to_string());
    wait_for_parents_end();
}

fn lead(store: &FileStore) {
    let us = held_by("other-process");
    run(async {
        store.stand_as(us.holder.as_ref().unwrap()).await.unwrap();
        match store.read().await.unwrap() {
            None => store.create(&us).await.unwrap(),
            Some((_, version)) => store.update(&us, &version).await.unwrap(),
        };
    });
}

fn renew(store: &FileStore) {
    lead(store);
    report("leads");
    loop {
        run(async {
            let (record, version) = store.read().await.unwrap().unwrap();
            let version = store.update(&record, &version).await.unwrap();
            report(&version.number.to_string());
        });
    }
}

/// One more transition, whatever it takes.
pub(super) fn count_up(store: &FileStore) {
    run(async {
        loop {
            let (mut record, version) = store.read().await.unwrap().unwrap();
            record.transitions += 1;
            match store.update(&record, &version).await {
                Ok(_) => return,
                Err(problem) => assert_eq!(problem.kind, StoreErrorKind::Conflict, "{problem}"),
            }
        }
    });
}

fn report(text: &str) {
    println!("REPORT {text}");
}

fn wait_for_parents_end() {
    drop(io::stdin().read_to_end(&mut Vec::new()));
}
