//! The command: its start, its end, and the ends of all that it has started.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{fs, thread};

use cluster_leader::surface::block_all_in_this_thread;
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, getppid, kill_process, kill_process_group,
    set_child_subreaper, set_parent_process_death_signal, wait,
};

use crate::exit::{self, Failure};

/// A term of leadership, as the command is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) election: String,
    pub(super) term: i32,
    pub(super) token: u64,
}

/// The command, running. It is a process group of its own.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    pub(super) term: Term,
}

/// What became of a process of ours.
pub(super) enum Reaped {
    /// The command ended, with this exit code.
    Command(u8),
    /// Something that it had started, and left to us.
    Orphan,
    /// Nothing ended, but there are processes of ours.
    NothingYet,
    /// There is no process of ours.
    NoneLeft,
}

/// What the command leaves behind becomes ours to reap, and to kill.
pub(super) fn adopt_orphans() -> Result<(), Failure> {
    set_child_subreaper(Some(getpid()))
        .map_err(|error| Failure::new(format!("the command's children cannot be watched over: {error}")))
}

impl Child {
    /// Starts the command. Must be called on the main thread: the command dies with the thread that started it.
    pub(super) fn start(command: &[OsString], term: Term) -> io::Result<Self> {
        let child = Command::new("/proc/self/exe")
            .arg(super::EXEC)
            .arg(getpid().to_string())
            .arg("--")
            .args(command)
            .env("CLUSTER_LEADER_ELECTION", &term.election)
            .env("CLUSTER_LEADER_TERM", term.term.to_string())
            .env("CLUSTER_LEADER_FENCING_TOKEN", term.token.to_string())
            .process_group(0)
            .spawn()?;
        let started = Self { pid: Pid::from_child(&child), term };
        started.take_terminal();
        Ok(started)
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends a signal to the command and all of its process group.
    pub(super) fn signal(&self, signal: Signal) {
        match kill_process_group(self.pid, signal) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => tracing::warn!("process group {}: {signal:?} cannot be sent: {error}", self.pid),
        }
    }

    /// A terminal's keys are the command's, as they would be without us.
    fn take_terminal(&self) {
        if !io::stdin().is_terminal() {
            return;
        }
        give_terminal_to(self.pid);
        // It may have read too early, and been stopped for it.
        self.signal(Signal::CONT);
    }

    /// The next process of ours that has ended.
    pub(super) fn reap(&self) -> Reaped {
        match wait(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
            Ok(Some((pid, status))) if pid == self.pid => {
                if let Some(code) = exit_code(status) {
                    return Reaped::Command(code);
                }
                // Ctrl-Z: whoever leads does not rest.
                if status.stopping_signal() == Some(Signal::TSTP.as_raw()) {
                    self.signal(Signal::CONT);
                }
                Reaped::NothingYet
            }
            Ok(Some(_)) => Reaped::Orphan,
            Ok(None) => Reaped::NothingYet,
            Err(Errno::CHILD) => Reaped::NoneLeft,
            Err(Errno::INTR) => Reaped::NothingYet,
            Err(error) => {
                tracing::warn!("processes cannot be waited for: {error}");
                Reaped::NothingYet
            }
        }
    }

    /// Kills the command, its process group, and whatever else was left to us.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
        kill_orphans();
    }
}

/// Kills what the command has left to us, in whatever process group.
pub(super) fn kill_orphans() {
    for orphan in children_of(getpid()) {
        match kill_process(orphan, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => tracing::warn!("process {orphan} cannot be killed: {error}"),
        }
    }
}

/// The terminal is ours again.
pub(super) fn take_terminal_back() {
    if io::stdin().is_terminal() {
        give_terminal_to(rustix::process::getpgrp());
    }
}

/// From a thread without signals: whoever is in the background would be stopped for it.
fn give_terminal_to(group: Pid) {
    let given = thread::spawn(move || {
        block_all_in_this_thread()?;
        rustix::termios::tcsetpgrp(io::stdin(), group).map_err(io::Error::from)
    });
    match given.join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("the terminal's process group: {error}"),
        Err(_) => tracing::debug!("the terminal's process group: no thread"),
    }
}

/// What a shell would make of it; `None` if it has not ended.
fn exit_code(status: WaitStatus) -> Option<u8> {
    let code = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => return None,
    };
    Some(u8::try_from(code).unwrap_or(exit::FAILED))
}

/// The processes whose parent this is, as `/proc` tells.
fn children_of(parent: Pid) -> Vec<Pid> {
    let parent = parent.to_string();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes
        .filter_map(|process| process.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|process| {
            // After the name, which may contain anything, come the state and the parent.
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            after_name.split_whitespace().nth(1) == Some(&*parent)
        })
        .filter_map(Pid::from_raw)
        .collect()
}

/// Becomes the command, which is killed should its parent end before it. Returns only if that cannot be done.
pub(crate) fn exec(parent: i32, command: &[OsString]) -> Failure {
    let Some((program, arguments)) = command.split_first() else {
        return Failure::wrong("no command was given: write it after --");
    };
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return Failure {
            code: exit::NOT_STARTED,
            message: format!("a death signal cannot be set: {error}"),
        };
    }
    if getppid().map(Pid::as_raw_pid) != Some(parent) {
        return Failure {
            code: exit::NOT_STARTED,
            message: "its parent has ended before it began".to_owned(),
        };
    }
    let error = Command::new(program).args(arguments).exec();
    let code = if error.kind() == io::ErrorKind::NotFound { exit::NOT_FOUND } else { exit::NOT_EXECUTABLE };
    Failure {
        code,
        message: format!(
            "{}: cannot be executed: {error}. Write the command and its arguments after --, as in \
             `cluster-leader run --election NAME -- CMD ARGS`; for what a shell does, -- sh -c 'exec ...'",
            program.display()
        ),
    }
}
