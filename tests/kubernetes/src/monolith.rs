//! The Spring Boot example, and what it says.

use std::env;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::account::AccountFiles;
use crate::api_server::ApiServer;
use crate::moment::Moment;
use crate::patience::eventually;
use crate::pod::{Pod, RunningPod};
use crate::process::{Line, Process};

/// A JVM that runs the example. Dropping kills it.
#[derive(Debug)]
pub struct Monolith {
    pod: RunningPod,
}

/// A job that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Which.
    pub job: String,
    /// By the instance of this name.
    pub instance: String,
    /// When it said so, in milliseconds of the wall clock.
    pub millis: i64,
}

/// The jobs: what each says when it has run, and how many milliseconds are between two ticks.
const JOBS: [(&str, &str, i64); 3] = [
    ("InvoiceJob", "Sent the invoices", 1000),
    ("ReminderMailJob", "Sent the reminders", 2000),
    ("CleanUpJob", "Cleaned up", 5000),
];

impl Run {
    /// The tick that it is: the last whole multiple of its period. A timer may be early, by as little as clocks are adjusted.
    #[must_use]
    pub fn tick(&self) -> i64 {
        let period = JOBS.iter().find(|(job, ..)| *job == self.job).map_or(1, |(.., period)| *period);
        (self.millis + 20) / period * period
    }
}

impl Monolith {
    /// The example's jar.
    ///
    /// # Errors
    /// It has not been built.
    pub fn jar() -> Result<PathBuf, String> {
        let file = format!(
            "../../examples/spring-monolith/target/spring-monolith-{}.jar",
            env!("CARGO_PKG_VERSION")
        );
        let jar = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
        jar.canonicalize().map_err(|error| format!("{}: {error}: `make example` builds it", jar.display()))
    }

    /// Starts it in a pod with these files and this environment.
    #[must_use]
    pub fn start(
        server: &ApiServer,
        name: &str,
        jar: &Path,
        files: AccountFiles,
        environment: Vec<(String, String)>,
    ) -> Self {
        let java = env::var_os("JAVA_HOME")
            .map_or_else(|| PathBuf::from("java"), |home| PathBuf::from(home).join("bin/java"));
        let mut pod = Pod::new(server, name, Some(files), java);
        for (variable, value) in environment {
            pod = pod.env(&variable, value);
        }
        Self { pod: pod.arg("-Xmx128m").arg("-XX:TieredStopAtLevel=1").arg("-jar").arg_file(jar).start() }
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.pod.process
    }

    /// Waits until its jobs are being called, whether they run or not.
    pub fn await_ticks(&self) {
        self.process().await_line("a tick", 0, |line| {
            (line.text.contains("so won't execute the job") || run_of(line, "").is_some()).then_some(())
        });
    }

    /// When it said that it leads, if it did.
    #[must_use]
    pub fn leads_since(&self) -> Option<Moment> {
        let says_so = |line: &&Line| line.text.contains("This node is the cluster leader now");
        self.process().with_lines(|lines| lines.iter().find(says_so).map(|line| line.at))
    }

    /// Waits for so many more runs of jobs.
    pub fn await_runs(&self, count: usize) {
        let before = self.runs().len();
        eventually(&format!("{count} runs on {}", self.process()), || {
            (self.runs().len() >= before + count).then_some(())
        });
    }

    /// The jobs that it has run so far.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        let name = self.process().name();
        self.process().with_lines(|lines| lines.iter().filter_map(|line| run_of(line, name)).collect())
    }
}

/// The run that a line of the log tells of. Such a line begins with its time.
fn run_of(line: &Line, instance: &str) -> Option<Run> {
    let (job, ..) = JOBS.iter().find(|(_, said, _)| line.text.ends_with(said))?;
    let time = line.text.split_whitespace().next()?;
    let time: Timestamp = time.parse().expect("a line of the log begins with its time");
    Some(Run { job: (*job).to_owned(), instance: instance.to_owned(), millis: time.as_millisecond() })
}
