//! Other libraries, whose programs are in `tests/interop`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use cluster_leader_tests_kubernetes::Process;
use rustix::process::Signal;
use tempfile::TempDir;
use testkit::proxy::free_port;

use crate::contender::{Contender, Program, Server};

/// client-go's or fabric8's elector, or Curator's leader latch.
#[derive(Debug)]
pub struct Peer {
    name: &'static str,
    kind: &'static str,
    version: String,
    words: Vec<OsString>,
    zookeeper: Option<ZooKeeper>,
}

/// A ZooKeeper server of one.
#[derive(Debug)]
struct ZooKeeper {
    words: Vec<OsString>,
    port: u16,
    directory: TempDir,
    /// `None` while it is killed.
    process: Mutex<Option<Process>>,
}

impl Peer {
    /// The names of all.
    pub const NAMES: [&str; 3] = ["client-go", "fabric8", "curator"];

    /// Builds one, unless it has been built before.
    ///
    /// # Errors
    /// There is none of this name, or something is missing: the words say how to get it.
    pub fn build(name: &str) -> Result<Self, String> {
        let (name, kind, file, before) = match name {
            "client-go" => ("client-go", "Go", "go.mod", "k8s.io/client-go v"),
            "fabric8" => ("fabric8", "JVM", "pom.xml", "<artifactId>kubernetes-client"),
            "curator" => ("curator", "JVM", "pom.xml", "<artifactId>curator-recipes"),
            other => {
                return Err(format!("there is no contender {other:?}, but ours, {}", Self::NAMES.join(", ")));
            }
        };
        let manifest = fs::read_to_string(directory(name).join(file)).map_err(|error| error.to_string())?;
        let zookeeper = (name == "curator").then(ZooKeeper::start).transpose()?;
        let with = zookeeper
            .as_ref()
            .map(|_| format!(", ZooKeeper {}", version_after(&manifest, "<artifactId>zookeeper<")));
        let version = format!("{name} {}{}", version_after(&manifest, before), with.unwrap_or_default());
        Ok(Self { name, kind, version, words: built(name, None)?, zookeeper })
    }
}

impl Contender for Peer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn server(&self) -> Option<&dyn Server> {
        self.zookeeper.as_ref().map(|server| -> &dyn Server { server })
    }

    fn program(&self, _: usize, _: usize) -> Program {
        Program { kind: self.kind, words: self.words.clone(), has_wall_clock: false }
    }
}

impl ZooKeeper {
    fn start() -> Result<Self, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let words = built("curator", Some("zookeeper"))?;
        let server = Self { words, port: free_port(), directory, process: Mutex::new(None) };
        server.restart();
        Ok(server)
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.as_ref().expect("it runs").signal(signal);
    }
}

impl Server for ZooKeeper {
    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn kill(&self) {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        process.expect("it runs").kill();
    }

    fn restart(&self) {
        let (program, arguments) = self.words.split_first().expect("a program has a name");
        let mut command = Command::new("setpriv");
        // It goes when we are gone, however that may be.
        command.args(["--pdeathsig", "KILL", "--"]).arg(program).args(arguments);
        command.env("ZOOKEEPER_PORT", self.port.to_string()).env("ZOOKEEPER_DATA_DIR", self.directory.path());
        let process = Process::start("ZooKeeper", &mut command);
        process.await_text("listening");
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
    }

    fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    fn thaw(&self) {
        self.signal(Signal::CONT);
    }
}

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop").join(name)
}

/// The words of the command line, which the last line of its `build.sh` is.
fn built(name: &str, what: Option<&str>) -> Result<Vec<OsString>, String> {
    let script = directory(name).join("build.sh");
    let output = Command::new(&script).args(what).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{} cannot be run: {error}", script.display()))?;
    if !output.status.success() {
        return Err(format!("no {name}: {} ended with {}", script.display(), output.status));
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(said.lines().last().unwrap_or_default().split_whitespace().map(OsString::from).collect())
}

/// The first version number after some words of a manifest.
fn version_after(manifest: &str, words: &str) -> String {
    let rest = manifest.split_once(words).map_or("", |(_, rest)| rest);
    let rest = rest.find(|c: char| c.is_ascii_digit()).map_or("", |start| &rest[start..]);
    let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].to_owned()
}
