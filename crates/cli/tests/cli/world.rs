//! A directory of its own, and commands that elect in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cluster_leader_tests_kubernetes::Process;
use tempfile::TempDir;

/// A store of files that no other test sees.
pub(crate) struct World {
    directory: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    /// A place for a file of the test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// The command with nothing in its environment but where to elect, as an instance of this name.
    pub(crate) fn command(&self, instance: &str, arguments: &[&str]) -> Command {
        let mut command = bare();
        command
            .env("CLUSTER_LEADER_STORE", format!("file:{}", self.store().display()))
            .env("CLUSTER_LEADER_INSTANCE_NAME", instance)
            .args(arguments);
        command
    }

    pub(crate) fn start(&self, instance: &str, arguments: &[&str]) -> Process {
        Process::start(instance, &mut self.command(instance, arguments))
    }

    /// Runs it to its end.
    pub(crate) fn output(&self, arguments: &[&str]) -> Said {
        said(&mut self.command("asker", arguments))
    }
}

/// The command without any surroundings.
pub(crate) fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cluster-leader"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn said(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Said {
        code: status.code().unwrap_or_else(|| panic!("{command:?}: {status}")),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// Whether there is such a process, zombies not counted.
pub(crate) fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
