//! A real kube-apiserver on loopback.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError};

use rustix::process::{Pid, Signal, test_kill_process};
use serde::Deserialize;

use crate::admin::Admin;
use crate::audit::Audit;
use crate::namespace::Namespace;
use crate::pod;
use crate::process::Process;
use crate::report::skipped;

/// A running server. Dropping kills it.
#[derive(Debug)]
pub struct ApiServer {
    /// `None` while it is killed.
    process: Mutex<Option<Process>>,
    name: String,
    strict: bool,
    directory: PathBuf,
    announced: Announcement,
    admin: Admin,
}

/// What the server says of itself once it is ready.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Announcement {
    host: String,
    port: u16,
    ca_file: PathBuf,
    kubeconfig: PathBuf,
    audit_log: PathBuf,
}

impl ApiServer {
    /// Starts a server with nothing in it; `None` if that, or running pods, is impossible here,
    /// which has then been said.
    pub fn start(name: &str) -> Option<Self> {
        Self::try_to_start(name, false).map_err(skipped).ok()
    }

    fn try_to_start(name: &str, strict: bool) -> Result<Self, String> {
        binary().as_ref().map_err(String::clone)?;
        pod::possible().as_ref().map_err(String::clone)?;
        let directory = new_directory(name);
        let (process, announced) = launch(name, strict, &directory);
        let admin = Admin::of_kubeconfig(&announced.kubeconfig);
        let process = Mutex::new(Some(process));
        Ok(Self { process, name: name.to_owned(), strict, directory, announced, admin })
    }

    /// Kills it as a lost machine would be. Acknowledged writes are kept.
    pub fn kill(&self) {
        self.process().take().expect("it runs").kill();
    }

    /// Starts it again after [`kill`](Self::kill), at the same address. Returns once it is ready.
    pub fn restart(&self) {
        let (process, announced) = launch(&self.name, self.strict, &self.directory);
        assert_eq!(announced, self.announced);
        *self.process() = Some(process);
    }

    /// Stops it in the midst of what it does: connections stay open, nothing answers.
    pub fn freeze(&self) {
        self.process().as_ref().expect("it runs").signal(Signal::STOP);
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.process().as_ref().expect("it runs").signal(Signal::CONT);
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its administrator.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// The file by which its administrator finds it.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.announced.kubeconfig
    }

    /// The requests that it saw.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit::of_file(self.announced.audit_log.clone())
    }

    /// Makes a namespace whose name begins with `name`.
    pub fn namespace(&self, name: &str) -> Namespace<'_> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{name}-{}", MADE.fetch_add(1, Ordering::Relaxed));
        Namespace::create(self, &name)
    }

    /// The namespace that every cluster has.
    pub fn default_namespace(&self) -> Namespace<'_> {
        Namespace::existing(self, "default")
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        format!("{}:{}", self.host(), self.port()).parse().expect("an address and a port")
    }

    /// The address that it listens at,
    #[must_use]
    pub fn host(&self) -> &str {
        &self.announced.host
    }

    /// and the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.announced.port
    }

    pub(crate) fn ca_file(&self) -> &Path {
        &self.announced.ca_file
    }
}

/// A server that several tests use at the same time, each in namespaces of its own. It runs from
/// its first use to the end of the test program.
#[derive(Debug)]
pub struct SharedServer {
    name: &'static str,
    strict: bool,
    server: OnceLock<Result<ApiServer, String>>,
}

impl SharedServer {
    /// A server that has not been started yet.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, strict: false, server: OnceLock::new() }
    }

    /// One with PodSecurity admission and with priority and fairness, as clusters have them.
    #[must_use]
    pub const fn strict(name: &'static str) -> Self {
        Self { name, strict: true, server: OnceLock::new() }
    }

    /// The server; `None` as [`ApiServer::start`].
    pub fn get(&self) -> Option<&ApiServer> {
        let server = self.server.get_or_init(|| ApiServer::try_to_start(self.name, self.strict));
        server.as_ref().map_err(skipped).ok()
    }
}

fn launch(name: &str, strict: bool, directory: &Path) -> (Process, Announcement) {
    let binary = binary().as_ref().expect("there is a server, as it was asked for before");
    // It goes when we are gone, however that may be.
    let mut command = Command::new(binary);
    command.arg("--exit-with-parent").arg("--data-dir").arg(directory);
    if strict {
        command.arg("--strict");
    }
    let process = Process::start(name, &mut command);
    let announced =
        process.await_line("that the server is ready", 0, |line| serde_json::from_str(&line.text).ok());
    (process, announced)
}

/// The server's program, built unless it has been built before. Minutes, the first time.
fn binary() -> &'static Result<PathBuf, String> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BINARY.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../apiserver/build.sh");
        let built = Command::new(&script).stderr(process::Stdio::inherit()).output();
        let built = built.map_err(|error| format!("{} cannot be run: {error}", script.display()))?;
        if !built.status.success() {
            return Err(format!("no kube-apiserver: {} ended with {}", script.display(), built.status));
        }
        Ok(PathBuf::from(String::from_utf8_lossy(&built.stdout).trim()))
    })
}

/// A directory for a server, under `target`. What the last run's servers have left, their logs among
/// it, stays for a look until now.
fn new_directory(name: &str) -> PathBuf {
    static SWEPT: Once = Once::new();
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tests-kubernetes");
    SWEPT.call_once(|| sweep(&all));
    let directory = all.join(format!("{name}-{}", process::id()));
    fs::create_dir_all(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    directory
}

/// Removes the directories of runs that are over.
fn sweep(all: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let run = name.rsplit('-').next().and_then(|pid| Pid::from_raw(pid.parse().ok()?));
        let is_over = run.is_none_or(|run| test_kill_process(run).is_err());
        // Its server may be about to notice.
        if is_over && File::open(entry.path().join("lock")).is_ok_and(|lock| lock.try_lock().is_ok()) {
            fs::remove_dir_all(entry.path()).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
