//! A directory of its own, and commands that elect in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cluster_leader_tests_kubernetes::{Process, eventually};
use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, Mode, OFlags};
use tempfile::TempDir;
use testkit::api::ApiServer;

/// A store that no other test sees.
pub(crate) struct World {
    directory: TempDir,
    /// A cluster; otherwise files.
    pub(crate) server: Option<ApiServer>,
}

impl World {
    /// Files.
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), server: None }
    }

    /// A cluster, with a kubeconfig whose namespace is `team`.
    pub(crate) fn cluster() -> Self {
        let world = Self { server: Some(ApiServer::start()), ..Self::new() };
        world.write_kubeconfig(&world.server().url());
        world
    }

    /// One of each.
    pub(crate) fn both() -> [Self; 2] {
        [Self::new(), Self::cluster()]
    }

    pub(crate) fn server(&self) -> &ApiServer {
        self.server.as_ref().expect("a cluster")
    }

    pub(crate) fn write_kubeconfig(&self, url: &str) {
        let kubeconfig = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "x",
            "clusters": [{"name": "x", "cluster": {"server": url}}],
            "users": [{"name": "x", "user": {"token": "somebody"}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x", "namespace": "team"}}],
        });
        std::fs::write(self.path("kubeconfig"), kubeconfig.to_string()).unwrap();
    }

    /// A place for a file of the test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// Nobody can write a record while the directory is locked, as a stuck process would have it.
    pub(crate) fn lock(&self) -> OwnedFd {
        let store =
            rustix::fs::open(self.store(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        eventually("the directory's lock", || {
            rustix::fs::flock(&store, FlockOperation::NonBlockingLockExclusive).ok()
        });
        store
    }

    /// The command with nothing in its environment but where to elect, as an instance of this name.
    pub(crate) fn command(&self, instance: &str, arguments: &[&str]) -> Command {
        let mut command = bare();
        match self.server {
            Some(_) => {
                command.env("CLUSTER_LEADER_STORE", "kubernetes").env("KUBECONFIG", self.path("kubeconfig"))
            }
            None => command.env("CLUSTER_LEADER_STORE", format!("file:{}", self.store().display())),
        };
        command.env("CLUSTER_LEADER_INSTANCE_NAME", instance).args(arguments);
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

/// The command without any surroundings: another build of it where `CLUSTER_LEADER_TEST_BINARY` names one.
pub(crate) fn bare() -> Command {
    let built = env!("CARGO_BIN_EXE_cluster-leader");
    let mut command =
        Command::new(std::env::var_os("CLUSTER_LEADER_TEST_BINARY").unwrap_or_else(|| built.into()));
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
