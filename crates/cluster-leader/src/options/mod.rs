//! What an election is told: by its caller, by the environment, by default.

mod duration;
mod environment;
mod explain;
mod names;
mod resolve;
mod setting;
mod store_choice;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use duration::parse as parse_duration;
pub(crate) use environment::Environment;
pub use explain::{Explained, explain};
pub(crate) use resolve::{Opened, Place, Resolved, look_around, resolve};
pub use setting::Setting;
pub use store_choice::StoreChoice;

use crate::error::Error;

/// The settings of an election, as they are given to [`Elector::start`](crate::Elector::start).
///
/// | meaning | method | environment | Java and Spring property | default |
/// |---|---|---|---|---|
/// | the election: the name of its Lease, the same for all replicas | [`election`](Self::election) | `CLUSTER_LEADER_ELECTION` | `cluster-leader.election` | with files `default`; in Kubernetes none: an error that proposes a name |
/// | the Lease's namespace | [`namespace`](Self::namespace) | `CLUSTER_LEADER_NAMESPACE` | `cluster-leader.namespace` | `POD_NAMESPACE`, `MY_POD_NAMESPACE`, the service account's, the kubeconfig context's |
/// | the name that this process shows to others | [`instance_name`](Self::instance_name) | `CLUSTER_LEADER_INSTANCE_NAME` | `cluster-leader.instance-name` | `MY_POD_NAME`, `POD_NAME`, `HOSTNAME`, the host's name |
/// | where the record is kept: `auto`, `kubernetes`, `file`, `file:DIR` | [`store`](Self::store) | `CLUSTER_LEADER_STORE` | `cluster-leader.store` | `auto` |
/// | how long others wait before they take over | [`lease_duration`](Self::lease_duration) | `CLUSTER_LEADER_LEASE_DURATION` | `cluster-leader.lease-duration` | `15s` |
/// | how long a claim lasts without being renewed | [`renew_deadline`](Self::renew_deadline) | `CLUSTER_LEADER_RENEW_DEADLINE` | `cluster-leader.renew-deadline` | `10s` |
/// | the pause between attempts after a failure | [`retry_period`](Self::retry_period) | `CLUSTER_LEADER_RETRY_PERIOD` | `cluster-leader.retry-period` | `2s` |
/// | proof of death from pods: `true`, `false` | [`watch_pods`](Self::watch_pods) | `CLUSTER_LEADER_WATCH_PODS` | `cluster-leader.watch-pods` | `false` |
/// | this container's `terminationMessagePath` | [`termination_log`](Self::termination_log) | `CLUSTER_LEADER_TERMINATION_LOG` | `cluster-leader.termination-log` | `/dev/termination-log` |
/// | a host silent for this long is stuck and gives up; `0`: never | [`heartbeat`](Self::heartbeat) | `CLUSTER_LEADER_HEARTBEAT` | `cluster-leader.heartbeat` | `0`; in Java the lease duration |
/// | whether to stand only once the program has said that it is ready: `true`, `false` | [`wait_until_ready`](Self::wait_until_ready) | `CLUSTER_LEADER_WAIT_UNTIL_READY` | `cluster-leader.wait-until-ready` | `false` |
///
/// **What wins:** what was given by a method or by [`set`](Self::set) (the later call), else the
/// environment, else the default. Every `Options` is completed from the environment when an
/// election starts, [`Options::new`] too. An empty text or variable counts as not given.
///
/// **Durations** as text are a whole number and a unit: `15s`, `1500ms`, `1m`, `1h`; `0` needs no
/// unit. The lease duration is whole seconds, at least 1 s above the renew deadline, which is more
/// than 1.2 retry periods.
///
/// **`auto`** is Kubernetes wherever `KUBERNETES_SERVICE_HOST` is set; a missing token is an error
/// then, and never files. In any other container (told by `/.dockerenv`, `/run/.containerenv` or
/// its control group) it is an error: every container has files of its own and would elect
/// itself, so files must be asked for by name. On a plain host it is files, and the election is
/// among the processes of that machine only. A kubeconfig is used only where `kubernetes` is asked
/// for by name, outside a cluster.
///
/// **Mistakes:** a bad value, or a bad combination, is an [`Error::Configuration`] that names where
/// the value came from, the value, the rule and the fix; so is a bad value of a variable above
/// that another setting overrides. An unknown variable that begins with `CLUSTER_LEADER_` is
/// a warning in the log when an election starts, except those that Kubernetes makes for a Service
/// called `cluster-leader` (`CLUSTER_LEADER_SERVICE_HOST`, `CLUSTER_LEADER_PORT` and the like).
///
/// ```
/// use std::time::Duration;
/// use cluster_leader::{Options, Setting};
///
/// let options = Options::new()
///     .election("billing-jobs")
///     .lease_duration(Duration::from_secs(6))
///     .renew_deadline(Duration::from_secs(4))
///     .set(Setting::RetryPeriod, "800ms", "retry.period in billing.toml")?;
/// # Ok::<(), cluster_leader::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "options do nothing until an election is started with them"]
pub struct Options {
    election: Option<Given<String>>,
    namespace: Option<Given<String>>,
    instance_name: Option<Given<String>>,
    store: Option<Given<StoreChoice>>,
    lease_duration: Option<Given<Duration>>,
    renew_deadline: Option<Given<Duration>>,
    retry_period: Option<Given<Duration>>,
    watch_pods: Option<Given<bool>>,
    termination_log: Option<Given<PathBuf>>,
    heartbeat: Option<Given<Duration>>,
    heartbeat_by_default: bool,
    health_checked: bool,
    wait_until_ready: Option<Given<bool>>,
    defer_step_down: bool,
    works_in_children: bool,
}

/// A value, and who gave it: errors name both.
#[derive(Clone, Debug)]
struct Given<T> {
    value: T,
    origin: String,
}

impl Options {
    /// Options of which nothing is given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`new`](Self::new), with what the environment says now.
    ///
    /// # Errors
    /// [`Error::Configuration`]: a variable has a bad value. Whether the timings fit together is
    /// checked when an election starts.
    pub fn from_env() -> Result<Self, Error> {
        Self::new().or_environment(&Environment::of_process())
    }

    /// The election: the name of its Lease (a DNS-1123 subdomain), the same for all candidates.
    /// File names have room for 180 of its at most 253 characters.
    pub fn election(mut self, election: impl Into<String>) -> Self {
        give_text(&mut self.election, Setting::Election, election.into());
        self
    }

    /// The namespace of the Lease (a DNS-1123 label). The file store has none.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        give_text(&mut self.namespace, Setting::Namespace, namespace.into());
        self
    }

    /// The name that this process shows to others: the pod's name, as a rule. At most 200
    /// characters, no control characters. It need not be unique: what tells candidates apart is
    /// this name and random characters.
    pub fn instance_name(mut self, name: impl Into<String>) -> Self {
        give_text(&mut self.instance_name, Setting::InstanceName, name.into());
        self
    }

    /// Where the record is kept.
    pub fn store(mut self, store: StoreChoice) -> Self {
        self.store = Some(Given::by_option(Setting::Store, store));
        self
    }

    /// How long others wait, from their own observation of the record, before they take over from
    /// a holder that has stopped renewing it. Whole seconds.
    pub fn lease_duration(mut self, duration: Duration) -> Self {
        self.lease_duration = Some(Given::by_option(Setting::LeaseDuration, duration));
        self
    }

    /// How long a claim lasts, from just before the write that made it.
    pub fn renew_deadline(mut self, duration: Duration) -> Self {
        self.renew_deadline = Some(Given::by_option(Setting::RenewDeadline, duration));
        self
    }

    /// The pause between attempts after a failure.
    pub fn retry_period(mut self, duration: Duration) -> Self {
        self.retry_period = Some(Given::by_option(Setting::RetryPeriod, duration));
        self
    }

    /// Whether a leader whose container Kubernetes reports terminated is replaced at once, and not
    /// only when its lease has run out. On a Lease only; files have a proof of their own.
    ///
    /// Two halves: this process writes its holder identity into the
    /// [termination log](Self::termination_log) of its container, so that others can know of its
    /// death; and it watches the pod of whoever leads, which needs the right to `watch` pods in the
    /// Lease's namespace. The shown name must be the pod's name, as it is by default. What is written
    /// takes the place of the log's tail that `terminationMessagePolicy: FallbackToLogsOnError` shows.
    /// Wherever a half does not work, one warning says so, and the lease is waited out as without.
    pub fn watch_pods(mut self, watch: bool) -> Self {
        self.watch_pods = Some(Given::by_option(Setting::WatchPods, watch));
        self
    }

    /// Where this container's termination log is, an absolute path: what `terminationMessagePath`
    /// says, if it says something else than `/dev/termination-log`. Used with
    /// [`watch_pods`](Self::watch_pods) only.
    pub fn termination_log(mut self, file: impl Into<PathBuf>) -> Self {
        self.termination_log = Some(Given::by_option(Setting::TerminationLog, file.into()));
        self
    }

    /// How long the host may go without calling [`Elector::beat`](crate::Elector::beat) before it
    /// counts as stuck and gives leadership up until it calls again. At least 2 s; zero: never.
    pub fn heartbeat(mut self, duration: Duration) -> Self {
        self.heartbeat = Some(Given::by_option(Setting::Heartbeat, duration));
        self
    }

    /// For hosts that always beat: unless a heartbeat is given, here or in the environment, it is
    /// the lease duration, and not off.
    pub fn heartbeat_by_default(mut self) -> Self {
        self.heartbeat_by_default = true;
        self
    }

    /// For hosts that check their own health: this process stands only while they
    /// [say](crate::Elector::set_healthy) that they are healthy, and not before they first said so.
    pub fn health_checked(mut self) -> Self {
        self.health_checked = true;
        self
    }

    /// Whether to stand only once the host has called [`Elector::ready`](crate::Elector::ready): an
    /// instance that still warms up is of no use as a leader. Until then the election is
    /// [`Starting`](crate::State::Starting), asks the store nothing, and the answer is no. A program that never
    /// says so never leads.
    pub fn wait_until_ready(mut self, wait: bool) -> Self {
        self.wait_until_ready = Some(Given::by_option(Setting::WaitUntilReady, wait));
        self
    }

    /// For hosts whose work takes time to end: what somebody else asks for with the annotation
    /// `cluster-leader.io/step-down` is shown in
    /// [`Status::asked_to_step_down`](crate::Status::asked_to_step_down), and leadership is kept until the
    /// host, having ended its work, calls [`Elector::step_down`](crate::Elector::step_down).
    pub fn defer_step_down(mut self) -> Self {
        self.defer_step_down = true;
        self
    }

    /// For hosts whose work is done by child processes: on files, this process counts as dead only once
    /// every child has ended too that was started meanwhile. Without effect on a Lease.
    pub fn works_in_children(mut self) -> Self {
        self.works_in_children = true;
        self
    }

    /// Gives a setting as text, in the form that its environment variable has. `origin` says for
    /// errors where the text is from: the name of a property, a flag, a line of a file. An empty
    /// text gives nothing.
    ///
    /// # Errors
    /// [`Error::Configuration`], with `origin` as its name: the text is no good value.
    pub fn set(mut self, setting: Setting, text: &str, origin: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Ok(self);
        }
        let words = || Some(Given { value: text.to_owned(), origin: origin.to_owned() });
        match setting {
            Setting::Election => self.election = words(),
            Setting::Namespace => self.namespace = words(),
            Setting::InstanceName => self.instance_name = words(),
            Setting::Store => self.store = Some(Given::parsed(text, origin, StoreChoice::parse)?),
            Setting::LeaseDuration => {
                self.lease_duration = Some(Given::parsed(text, origin, duration::parse)?);
            }
            Setting::RenewDeadline => {
                self.renew_deadline = Some(Given::parsed(text, origin, duration::parse)?);
            }
            Setting::RetryPeriod => self.retry_period = Some(Given::parsed(text, origin, duration::parse)?),
            Setting::Heartbeat => self.heartbeat = Some(Given::parsed(text, origin, duration::parse)?),
            Setting::WatchPods => self.watch_pods = Some(Given::parsed(text, origin, parse_switch)?),
            Setting::WaitUntilReady => {
                self.wait_until_ready = Some(Given::parsed(text, origin, parse_switch)?);
            }
            Setting::TerminationLog => {
                self.termination_log = Some(Given { value: PathBuf::from(text), origin: origin.to_owned() });
            }
        }
        self.check()?;
        Ok(self)
    }

    /// Completes what is not given from the environment.
    ///
    /// # Errors
    /// A variable has a bad value, even if something else overrides it.
    fn or_environment(self, environment: &Environment) -> Result<Self, Error> {
        let mut there = Self::default();
        for setting in Setting::ALL {
            if let Some(text) = environment.text(setting.variable())? {
                there = there.set(setting, text, setting.variable())?;
            }
        }
        Ok(Self {
            election: self.election.or(there.election),
            namespace: self.namespace.or(there.namespace),
            instance_name: self.instance_name.or(there.instance_name),
            store: self.store.or(there.store),
            lease_duration: self.lease_duration.or(there.lease_duration),
            renew_deadline: self.renew_deadline.or(there.renew_deadline),
            retry_period: self.retry_period.or(there.retry_period),
            watch_pods: self.watch_pods.or(there.watch_pods),
            termination_log: self.termination_log.or(there.termination_log),
            heartbeat: self.heartbeat.or(there.heartbeat),
            heartbeat_by_default: self.heartbeat_by_default,
            health_checked: self.health_checked,
            wait_until_ready: self.wait_until_ready.or(there.wait_until_ready),
            defer_step_down: self.defer_step_down,
            works_in_children: self.works_in_children,
        })
    }

    /// Checks each value for itself.
    fn check(&self) -> Result<(), Error> {
        check(self.election.as_ref(), |name| names::check_election(name))?;
        check(self.namespace.as_ref(), |name| names::check_namespace(name))?;
        check(self.instance_name.as_ref(), |name| names::check_instance_name(name))?;
        check(self.store.as_ref(), StoreChoice::check)?;
        check(self.termination_log.as_ref(), |file| check_termination_log(file))?;
        check(self.heartbeat.as_ref(), |heartbeat| check_heartbeat(*heartbeat))
    }
}

impl<T> Given<T> {
    fn by_option(setting: Setting, value: T) -> Self {
        Self { value, origin: setting.option().to_owned() }
    }

    fn parsed(
        text: &str,
        origin: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Self, Error> {
        match parse(text) {
            Ok(value) => Ok(Self { value, origin: origin.to_owned() }),
            Err(problem) => Err(Error::Configuration { name: origin.to_owned(), problem }),
        }
    }
}

fn give_text(place: &mut Option<Given<String>>, setting: Setting, text: String) {
    if !text.is_empty() {
        *place = Some(Given::by_option(setting, text));
    }
}

fn check<T>(given: Option<&Given<T>>, rule: impl FnOnce(&T) -> Result<(), String>) -> Result<(), Error> {
    let Some(Given { value, origin }) = given else { return Ok(()) };
    rule(value).map_err(|problem| Error::Configuration { name: origin.clone(), problem })
}

/// A JVM beats once a second: with less than two it would lead and be taken for stuck in turns.
fn check_heartbeat(heartbeat: Duration) -> Result<(), String> {
    const SHORTEST: Duration = Duration::from_secs(2);
    if heartbeat.is_zero() || heartbeat >= SHORTEST {
        return Ok(());
    }
    Err(format!(
        "{heartbeat:?} is too short for hosts that beat once a second: it must be 0 (off) or at least 2s"
    ))
}

fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("{} is neither true nor false: set it to one of these, or unset it", quoted(text))),
    }
}

fn check_termination_log(file: &Path) -> Result<(), String> {
    if file.is_absolute() {
        return Ok(());
    }
    Err(format!(
        "{} is not absolute: set it to the terminationMessagePath of this container, or unset it if that is \
         /dev/termination-log",
        quoted(&file.to_string_lossy())
    ))
}

/// A value as errors show it: what cannot be seen is escaped, what is very long is cut.
fn quoted(value: &str) -> String {
    const MOST: usize = 80;
    match value.char_indices().nth(MOST) {
        None => format!("{value:?}"),
        Some((end, _)) => {
            format!("{:?}... ({} characters)", value.get(..end).unwrap_or_default(), value.chars().count())
        }
    }
}

#[cfg(test)]
mod tests;
