//! Instances of the application.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a harness fails by panicking"
)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use cluster_leader_tests_chaos::{Chance, Timings};
use cluster_leader_tests_kubernetes::{Pod, Process, RunningPod, ServiceAccount};
use rustix::process::Signal;
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use testkit::proxy::free_port;

use crate::app::{App, java};
use crate::contender::{Contender, Ground};
use crate::count::Nanos;
use crate::record::Record;

/// The election, where there is one: the application's name.
const ELECTION: &str = "ticks";

/// A wall clock is wrong by so much at most, ahead or behind: two differ by twice as much.
pub(crate) const WRONG: Duration = Duration::from_secs(1);

/// Instances of one contender's application, each with a wall clock of its own.
#[derive(Debug)]
pub(crate) struct Fleet<'a> {
    pub(crate) contender: Contender,
    pub(crate) timings: Timings,
    pub(crate) chance: Chance,
    /// All that ever were.
    pub(crate) instances: Vec<Instance>,
    app: &'a App,
    account: Option<ServiceAccount<'a>>,
    database: Option<Database>,
    /// The records, and the files of the election.
    directory: PathBuf,
    home: TempDir,
    /// What the pods of one ReplicaSet have in common.
    generation: String,
}

/// An instance.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) name: String,
    pub(crate) record: Record,
    /// By how much its wall clock is ahead, in milliseconds.
    pub(crate) ahead: i64,
    /// It was told to end.
    pub(crate) is_leaving: bool,
    /// When it had ended.
    pub(crate) ended: Option<Nanos>,
    process: Running,
    sidecar: Option<Running>,
}

/// A process, in a pod or not.
#[derive(Debug)]
enum Running {
    Pod(RunningPod),
    Alone(Process),
}

/// A database server.
#[derive(Debug)]
struct Database {
    port: u16,
    _process: Process,
}

impl Running {
    fn process(&self) -> &Process {
        match self {
            Self::Pod(pod) => &pod.process,
            Self::Alone(process) => process,
        }
    }
}

impl<'a> Fleet<'a> {
    /// None yet. `account` may elect on the API server, where the contender does.
    pub(crate) fn new(
        contender: Contender,
        app: &'a App,
        account: Option<ServiceAccount<'a>>,
        directory: &Path,
        timings: Timings,
        mut chance: Chance,
    ) -> Self {
        if let Some(account) = &account {
            account.allow(&["get", "update", "watch", "patch", "list"], ELECTION);
        }
        // What the last run has left has been looked at.
        drop(fs::remove_dir_all(directory));
        fs::create_dir_all(directory).expect("a directory for the records");
        let database = (contender.ground == Ground::Database).then(|| Database::start(app));
        let generation = name(&mut chance, 10);
        let home = tempfile::tempdir().expect("a temporary directory");
        Self {
            contender,
            timings,
            chance,
            instances: Vec::new(),
            app,
            account,
            database,
            directory: directory.to_owned(),
            home,
            generation,
        }
    }

    /// The instances started from now on are of another ReplicaSet.
    pub(crate) fn next_generation(&mut self) {
        self.generation = name(&mut self.chance, 10);
    }

    /// Starts one, and waits until it is ready.
    pub(crate) fn start(&mut self) {
        let number = self.instances.len();
        let name = format!("ticks-{}-{}", self.generation, name(&mut self.chance, 5));
        let ahead = if self.contender.takes_clock { self.ahead(number) } else { 0 };
        let record = self.directory.join(format!("{number:02}-{name}"));
        let archive = self.app.archive(self.contender.profile, |archive| self.train(archive));
        let sidecar = (self.contender.ground == Ground::Sidecar).then(|| self.start_sidecar(&name));
        let mut words = self.words(archive.as_os_str(), "-XX:SharedArchiveFile=");
        words.extend(self.arguments(&record, ahead));
        if number == 0 {
            words.extend(self.contender.first.iter().map(OsString::from));
        }
        if let Some((_, url)) = &sidecar {
            words.push(format!("--ticks.sidecar={url}").into());
        }
        let process = self.run(&name, &words);
        process.process().await_line("that it is ready", 0, |line| (line.text == "ready").then_some(()));
        self.instances.push(Instance {
            name,
            record: Record::of(&record),
            ahead,
            is_leaving: false,
            ended: None,
            process,
            sidecar: sidecar.map(|(sidecar, _)| sidecar),
        });
    }

    /// The first are as far from each other as any may be, the others anywhere between.
    fn ahead(&mut self, number: usize) -> i64 {
        let most = i64::try_from(WRONG.as_millis()).unwrap_or(i64::MAX);
        match number {
            0 => most,
            1 => -most,
            _ => {
                let any = self.chance.between(Duration::ZERO, 2 * WRONG).as_millis();
                i64::try_from(any).unwrap_or(0) - most
            }
        }
    }

    /// Runs the application until its context is there, so that its classes can be archived.
    fn train(&self, archive: &Path) {
        let mut words = self.words(archive.as_os_str(), "-XX:ArchiveClassesAtExit=");
        words.insert(1, "-Dspring.context.exit=onRefresh".into());
        words.extend(self.arguments(&self.home.path().join("training"), 0));
        words.extend(self.contender.first.iter().map(OsString::from));
        words.push("--ticks.sidecar=http://localhost:1".into());
        let process = self.run("training", &words);
        process.process().await_exit();
    }

    fn words(&self, archive: &OsStr, how: &str) -> Vec<OsString> {
        let mut option = OsString::from(how);
        option.push(archive);
        let flags = ["-Xmx96m", "-Xss512k", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xlog:disable"];
        let flags = flags.into_iter().map(OsString::from);
        let mut words = vec![java().into_os_string()];
        words.extend(flags.chain([option, "-jar".into(), self.app.jar().into()]));
        words.push(format!("--spring.profiles.active={}", self.contender.profile).into());
        words.extend(self.contender.arguments.iter().map(OsString::from));
        words
    }

    fn arguments(&self, record: &Path, ahead: i64) -> Vec<OsString> {
        let mut to = OsString::from("--ticks.record=");
        to.push(record);
        let mut words = vec![to, format!("--ticks.skew={ahead}ms").into()];
        if let Some(database) = &self.database {
            let url = format!(
                "jdbc:h2:tcp://localhost:{}/mem:ticks;DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=10000",
                database.port
            );
            words.push(format!("--spring.datasource.url={url}").into());
            words.push("--spring.datasource.username=sa".into());
        }
        words
    }

    fn run(&self, name: &str, words: &[OsString]) -> Running {
        let millis = |duration: Duration| duration.as_millis().to_string();
        let Timings { lease, renew, retry } = self.timings;
        let mut environment = vec![
            ("HOSTNAME", OsString::from(name)),
            ("CLUSTER_LEADER_LEASE_DURATION", format!("{}ms", millis(lease)).into()),
            ("CLUSTER_LEADER_RENEW_DEADLINE", format!("{}ms", millis(renew)).into()),
            ("CLUSTER_LEADER_RETRY_PERIOD", format!("{}ms", millis(retry)).into()),
            ("ELECTION_NAME", ELECTION.into()),
            ("LEASE_DURATION_MS", millis(lease).into()),
            ("RENEW_DEADLINE_MS", millis(renew).into()),
            ("RETRY_PERIOD_MS", millis(retry).into()),
        ];
        let (program, arguments) = words.split_first().expect("a program has a name");
        if let Some(account) = &self.account {
            let namespace = account.namespace();
            environment.push(("ELECTION_NAMESPACE", namespace.name().into()));
            let mut pod = Pod::new(namespace.server(), name, Some(account.files()), program);
            for argument in arguments {
                pod = pod.arg(argument);
            }
            for (variable, value) in environment {
                pod = pod.env(variable, value);
            }
            return Running::Pod(pod.start());
        }
        let mut store = OsString::from("file:");
        store.push(self.home.path().join("election"));
        environment.push(("CLUSTER_LEADER_STORE", store));
        environment.push(("HOME", self.home.path().into()));
        environment.push(("PATH", std::env::var_os("PATH").unwrap_or_default()));
        let mut command = Command::new("setpriv");
        // It goes when we are gone, however that may be.
        command.args(["--pdeathsig", "KILL", "--"]).arg(program).args(arguments);
        command.env_clear().envs(environment).current_dir(self.home.path());
        Running::Alone(Process::start(name, &mut command))
    }

    /// The sidecar of the instance of this name, and where it answers.
    fn start_sidecar(&self, name: &str) -> (Running, String) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/client-go/build.sh");
        let built = Command::new(&script).arg("sidecar").stderr(Stdio::inherit()).output();
        let built = built.unwrap_or_else(|error| panic!("{}: {error}", script.display()));
        assert!(built.status.success(), "no sidecar: {} ended with {}", script.display(), built.status);
        let program = String::from_utf8_lossy(&built.stdout).trim().into();
        let sidecar = self.run(name, &[program]);
        let url = sidecar.process().await_line("where it listens", 0, |line| {
            line.text.strip_prefix("listening ").map(str::to_owned)
        });
        (sidecar, url)
    }

    // ---- who is there ------------------------------------------------------------------------------------

    /// Reads what all have done, and sees who has ended.
    pub(crate) fn look(&mut self) {
        for instance in &mut self.instances {
            if instance.ended.is_none() && instance.process.process().has_ended() {
                instance.ended = Some(now());
            }
            instance.record.catch_up().unwrap_or_else(|error| panic!("{}: {error}", instance.name));
        }
    }

    /// Those that are to stay, the eldest first.
    pub(crate) fn staying(&self) -> Vec<usize> {
        let stays = |i: &usize| !self.instances[*i].is_leaving && self.instances[*i].ended.is_none();
        (0..self.instances.len()).filter(stays).collect()
    }

    /// Whether any has yet to go that was told to.
    pub(crate) fn is_any_leaving(&self) -> bool {
        self.instances.iter().any(|instance| instance.is_leaving && instance.ended.is_none())
    }

    /// The one that is to be killed: the one that began a run last where one runs all jobs, else any.
    pub(crate) fn victim(&mut self) -> usize {
        self.look();
        let staying = self.staying();
        if !self.contender.has_leader {
            return self.chance.one_of(&staying);
        }
        let last_begin = |i: &usize| self.instances[*i].record.last_begin();
        staying.into_iter().max_by_key(last_begin).expect("somebody stays")
    }

    // ---- what is done to them ----------------------------------------------------------------------------

    /// Tells one to end, as a kubelet does: all of its containers.
    pub(crate) fn terminate(&mut self, instance: usize) {
        let instance = &mut self.instances[instance];
        instance.is_leaving = true;
        for process in instance.sidecar.iter().chain([&instance.process]) {
            process.process().signal(Signal::TERM);
        }
    }

    /// Kills one.
    pub(crate) fn kill(&mut self, instance: usize) {
        let instance = &mut self.instances[instance];
        instance.is_leaving = true;
        for process in instance.sidecar.iter().chain([&instance.process]) {
            process.process().signal(Signal::KILL);
        }
        instance.process.process().await_exit();
        instance.ended = Some(now());
    }

    /// Kills all that are left, and writes down what each said.
    pub(crate) fn end(&mut self) {
        for i in 0..self.instances.len() {
            if self.instances[i].ended.is_none() {
                self.kill(i);
            }
            let said = self.instances[i].process.process().with_lines(|lines| {
                lines.iter().map(|line| format!("{} {}\n", line.at, line.text)).collect::<String>()
            });
            let log = self.directory.join(format!("{i:02}-{}.log", self.instances[i].name));
            fs::write(log, said).expect("a log can be written");
        }
        self.look();
    }
}

impl Database {
    fn start(app: &App) -> Self {
        let port = free_port();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(java());
        command.args(["-Xmx256m", "-XX:+UseSerialGC", "-cp"]).arg(app.jar());
        command.args(["org.h2.tools.Server", "-tcp", "-ifNotExists", "-tcpPort", &port.to_string()]);
        let process = Process::start("H2", &mut command);
        process.await_text("TCP server running");
        Self { port, _process: process }
    }
}

/// The clock that all processes of the host share: Java's `System.nanoTime()`.
pub(crate) fn now() -> Nanos {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Letters and digits, as Kubernetes makes names of.
fn name(chance: &mut Chance, length: usize) -> String {
    const ALL: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..length).map(|_| char::from(chance.one_of(ALL))).collect()
}
