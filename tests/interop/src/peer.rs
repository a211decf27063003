//! A process that elects with client-go or fabric8.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use cluster_leader_tests_kubernetes::{Candidate, Pod, Process, RunningPod, ServiceAccount, eventually};
use rustix::process::Signal;
use testkit::clock::boottime_offset_nanos;
use testkit::history::Answers;
use testkit::proxy::Proxy;

/// The library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// client-go's `leaderelection`.
    ClientGo,
    /// fabric8's `LeaderElector`.
    Fabric8,
}

/// A process that elects with another library. Dropping kills it.
#[derive(Debug)]
pub struct Peer {
    kind: Kind,
    pod: RunningPod,
}

impl Kind {
    /// The words of the command line that runs it, built unless it has been built before.
    ///
    /// # Errors
    /// It cannot be built here.
    pub fn program(self) -> Result<&'static [PathBuf], String> {
        static PROGRAMS: [OnceLock<Result<Vec<PathBuf>, String>>; 2] = [const { OnceLock::new() }; 2];
        PROGRAMS[self as usize].get_or_init(|| self.build()).as_deref().map_err(Clone::clone)
    }

    fn build(self) -> Result<Vec<PathBuf>, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.to_string()).join("build.sh");
        let built = Command::new(&script).stderr(Stdio::inherit()).output();
        let built = built.map_err(|error| format!("{} cannot be run: {error}", script.display()))?;
        if !built.status.success() {
            return Err(format!("no {self}: {} ended with {}", script.display(), built.status));
        }
        let said = String::from_utf8_lossy(&built.stdout).into_owned();
        let words = said.lines().last().unwrap_or_default().split_whitespace().map(PathBuf::from);
        Ok(words.collect())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ClientGo => "client-go",
            Self::Fabric8 => "fabric8",
        })
    }
}

impl Peer {
    pub(crate) fn start(
        kind: Kind,
        account: &ServiceAccount<'_>,
        name: &str,
        election: &str,
        network: Option<&Proxy>,
    ) -> Self {
        let program = kind.program().unwrap_or_else(|why| panic!("{why}"));
        let timing = Candidate::quick();
        let namespace = account.namespace();
        let mut pod = Pod::new(namespace.server(), name, Some(account.files()), &program[0])
            .env("ELECTION_NAME", election)
            .env("ELECTION_NAMESPACE", namespace.name())
            .env("ELECTION_IDENTITY", name)
            .env("LEASE_DURATION_MS", timing.lease_duration().as_millis().to_string())
            .env("RENEW_DEADLINE_MS", timing.renew_deadline().as_millis().to_string())
            .env("RETRY_PERIOD_MS", timing.retry_period().as_millis().to_string())
            .env("ANSWERS_BOOTTIME_OFFSET_NS", boottime_offset_nanos().to_string());
        if let Some(network) = network {
            pod = pod.env("KUBERNETES_SERVICE_HOST", "127.0.0.1");
            pod = pod.env("KUBERNETES_SERVICE_PORT", network.port().to_string());
        }
        for word in &program[1..] {
            pod = pod.arg(word);
        }
        Self { kind, pod: pod.start() }
    }

    /// Its library.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.pod.process
    }

    /// Its name, with which its holder identities begin.
    #[must_use]
    pub fn name(&self) -> &str {
        self.process().name()
    }

    /// Waits until it has seen that a holder whose identity begins like this leads, or has led.
    pub fn await_holder(&self, name: &str) {
        self.process().await_text(&format!("held by \"{name}"));
    }

    /// Waits until its answer is no.
    pub fn await_no(&self) {
        eventually(&format!("{} says no", self.name()), || {
            self.answers().runs.last().is_some_and(|run| !run.yes).then_some(())
        });
    }

    /// Freezes it.
    pub fn pause(&self) {
        self.process().signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.process().signal(Signal::CONT);
    }

    /// Asks it to end, as a kubelet does.
    pub fn terminate(&self) {
        self.process().signal(Signal::TERM);
    }

    /// What it answered so far.
    #[must_use]
    pub fn answers(&self) -> Answers {
        self.process()
            .with_lines(|lines| Answers::read(self.name(), lines.iter().map(|line| line.text.as_str())))
    }

    /// What it said that sounds as if it could not make sense of what it read. That a write met
    /// another's, and that a request was given up, is none of that.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let complains = |line: &str| match self.kind {
            Kind::ClientGo => complaint_of_klog(line),
            Kind::Fabric8 => complaint_of_java(line),
        };
        self.process().with_lines(|lines| {
            lines.iter().map(|line| line.text.clone()).filter(|line| complains(line)).collect()
        })
    }
}

fn complaint_of_klog(line: &str) -> bool {
    const HARMLESS: [&str; 5] =
        ["the object has been modified", "already exists", "context canceled", "deadline", "rate limiter"];
    // A line of the level error begins with E and the date.
    let is_error = line.strip_prefix('E').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_end = line.starts_with("panic") || line.starts_with("ERROR");
    is_end || (is_error && !HARMLESS.iter().any(|text| line.contains(text)))
}

fn complaint_of_java(line: &str) -> bool {
    // Vert.x warns of threads that did not run, as those of a frozen process.
    const HARMLESS: [&str; 5] =
        ["KubernetesClientException", "TimeoutException", "java.io.", "java.net.", "VertxException"];
    // The first line of a stack trace, or of its cause.
    let thrown = line.strip_prefix("Caused by: ").unwrap_or(line);
    let class = thrown.split([':', ' ']).next().unwrap_or_default();
    let is_thrown = class.contains('.') && (class.ends_with("Exception") || class.ends_with("Error"));
    let is_end = line.contains("Exception in thread") || line.contains(" ended: ");
    is_end || (is_thrown && !HARMLESS.iter().any(|text| class.contains(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_told_from_daily_life() {
        for (line, complains) in [
            (
                "E1123 20:34:06.382111   32136 leaderelection.go:473] \"Failed\" err=\"json: cannot unmarshal\"",
                true,
            ),
            (
                "E1123 20:34:06.382111   32136 leaderelection.go:473] \"Failed\" err=\"Get: context canceled\"",
                false,
            ),
            ("I1123 20:34:06.382111   32136 main.go:1] Exception", false),
            ("panic: runtime error: invalid memory address", true),
        ] {
            assert_eq!(complaint_of_klog(line), complains, "{line}");
        }
        for (line, complains) in [
            ("java.lang.NullPointerException: Cannot invoke \"java.lang.Integer.intValue()\"", true),
            ("Caused by: java.time.format.DateTimeParseException: Text '2026'", true),
            ("io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: PUT", false),
            ("\tat io.fabric8.kubernetes.client.KubernetesClientException.copyAsCause(Some.java:205)", false),
            ("answers 1 2 3 4 yes 1", false),
            ("io.vertx.core.VertxException: Thread blocked", false),
            ("Exception in thread \"main\" java.lang.NullPointerException", true),
        ] {
            assert_eq!(complaint_of_java(line), complains, "{line}");
        }
    }
}
