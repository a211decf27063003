//! What may stand on the command line.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cluster_leader::{Error, Options, Setting};

use crate::exit;

/// Leader election on a Kubernetes Lease or on files: see it, move it, diagnose it, run any program under it,
/// answer over HTTP.
///
/// All is configured by the environment (CLUSTER_LEADER_ELECTION, CLUSTER_LEADER_STORE and so on), as the library
/// is; what is said by an option counts before it.
#[derive(Debug, Parser)]
#[command(name = "cluster-leader", version, max_term_width = 100, after_long_help = exit::CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How it is said.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Output {
    /// How data is printed
    #[arg(short, long, global = true, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) output: Format,
    /// Says more on standard error
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// How data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For people with wide screens: every column
    Wide,
    /// For programs: fields are added, never renamed or removed
    Json,
}

/// The settings of an election.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Settings {
    /// The election: the name of its Lease [env: CLUSTER_LEADER_ELECTION]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) election: Option<String>,
    /// The Lease's namespace [env: CLUSTER_LEADER_NAMESPACE]
    #[arg(long, global = true, value_name = "NAME", visible_alias = "election-namespace")]
    pub(crate) namespace: Option<String>,
    /// The name that is shown to others: the pod's [env: CLUSTER_LEADER_INSTANCE_NAME]
    #[arg(long, global = true, value_name = "NAME", visible_alias = "id")]
    pub(crate) instance_name: Option<String>,
    /// Where the record is kept: auto, kubernetes, file, file:DIR [env: CLUSTER_LEADER_STORE]
    #[arg(long, global = true, value_name = "STORE")]
    pub(crate) store: Option<String>,
    /// How long others wait before they take over; whole seconds [env: CLUSTER_LEADER_LEASE_DURATION]
    #[arg(long, global = true, value_name = "DURATION")]
    pub(crate) lease_duration: Option<String>,
    /// How long a claim lasts that is not renewed [env: CLUSTER_LEADER_RENEW_DEADLINE]
    #[arg(long, global = true, value_name = "DURATION")]
    pub(crate) renew_deadline: Option<String>,
    /// The pause between attempts after a failure [env: CLUSTER_LEADER_RETRY_PERIOD]
    #[arg(long, global = true, value_name = "DURATION")]
    pub(crate) retry_period: Option<String>,
    /// Replaces a leader at once whose container has ended [env: CLUSTER_LEADER_WATCH_PODS]
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) watch_pods: Option<String>,
}

impl Settings {
    /// What was given by options, each with the option's name.
    pub(crate) fn given(&self) -> impl Iterator<Item = (Setting, &str, &'static str)> {
        [
            (Setting::Election, &self.election, "--election"),
            (Setting::Namespace, &self.namespace, "--namespace"),
            (Setting::InstanceName, &self.instance_name, "--instance-name"),
            (Setting::Store, &self.store, "--store"),
            (Setting::LeaseDuration, &self.lease_duration, "--lease-duration"),
            (Setting::RenewDeadline, &self.renew_deadline, "--renew-deadline"),
            (Setting::RetryPeriod, &self.retry_period, "--retry-period"),
            (Setting::WatchPods, &self.watch_pods, "--watch-pods"),
        ]
        .into_iter()
        .filter_map(|(setting, value, option)| Some((setting, value.as_deref()?, option)))
    }

    /// As the library wants them. What is not given here comes from the environment.
    ///
    /// # Errors
    /// A value is bad.
    pub(crate) fn options(&self) -> Result<Options, Error> {
        self.given()
            .try_fold(Options::new(), |options, (setting, value, option)| options.set(setting, value, option))
    }

    /// For commands that stand in the election: they need no heartbeat, and are ready from the start.
    ///
    /// # Errors
    /// A value is bad.
    pub(crate) fn options_to_stand(&self) -> Result<Options, Error> {
        Ok(self.options()?.heartbeat(Duration::ZERO).wait_until_ready(false))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(crate::serve::Arguments),
    Run(crate::run::Arguments),
    Status(crate::status::Arguments),
    Watch(crate::watch::Arguments),
    StepDown(crate::step_down::Arguments),
    Doctor(crate::doctor::Arguments),
    Manifest(crate::manifest::Arguments),
    Completions(crate::pages::Completions),
    Man(crate::pages::ManPages),
    /// What run starts in its place: becomes the command, and dies with its parent
    #[command(name = crate::run::EXEC, hide = true)]
    Exec {
        parent: i32,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}
