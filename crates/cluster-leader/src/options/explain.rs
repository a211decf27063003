//! Which value of each setting counts, and who gave it.

use std::time::Duration;

use election::Timing;

use super::resolve::{POD_NAMES, timing};
use super::{Environment, Given, Options, Setting, StoreChoice};
use crate::error::Error;

/// A setting, as it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Which.
    pub setting: Setting,
    /// Its value, in the form that its variable has; `None`: that is known only where the election is held.
    pub value: Option<String>,
    /// Who gave it: an option, a variable, the default.
    pub origin: String,
}

/// All settings as they count, and what a person should know of the environment.
///
/// # Errors
/// A value is bad, or the timings do not fit together.
pub fn explain(options: Options) -> Result<(Vec<Explained>, Vec<String>), Error> {
    let environment = Environment::of_process();
    let warnings = environment.unknown_variables();
    let options = options.or_environment(&environment)?;
    options.check()?;
    timing(&options)?;
    let settings = Setting::ALL.map(|setting| options.explained(setting, &environment));
    Ok((settings.into_iter().collect::<Result<_, _>>()?, warnings))
}

impl Options {
    fn explained(&self, setting: Setting, environment: &Environment) -> Result<Explained, Error> {
        let defaults = Timing::default();
        let (value, origin) = match setting {
            Setting::Election => text(self.election.as_ref()),
            Setting::Namespace => match (&self.namespace, pod_namespace(environment)?) {
                (None, Some((variable, namespace))) => (Some(namespace), variable.to_owned()),
                _ => text(self.namespace.as_ref()),
            },
            Setting::InstanceName => match (&self.instance_name, environment.first_text(&POD_NAMES)?) {
                (None, Some((variable, name))) => (Some(name.to_owned()), variable.to_owned()),
                (None, None) => (Some(environment.host_name.clone()), "the host's name".to_owned()),
                (Some(given), _) => (Some(given.value.clone()), given.origin.clone()),
            },
            Setting::Store => of(self.store.as_ref(), store, &StoreChoice::Auto),
            Setting::LeaseDuration => of(self.lease_duration.as_ref(), duration, &defaults.lease_duration()),
            Setting::RenewDeadline => of(self.renew_deadline.as_ref(), duration, &defaults.renew_deadline()),
            Setting::RetryPeriod => of(self.retry_period.as_ref(), duration, &defaults.retry_period()),
            Setting::WatchPods => of(self.watch_pods.as_ref(), ToString::to_string, &false),
            Setting::TerminationLog => of(
                self.termination_log.as_ref(),
                |file| file.display().to_string(),
                &"/dev/termination-log".into(),
            ),
            Setting::Heartbeat => of(self.heartbeat.as_ref(), duration, &Duration::ZERO),
            Setting::WaitUntilReady => of(self.wait_until_ready.as_ref(), ToString::to_string, &false),
        };
        Ok(Explained { setting, value, origin })
    }
}

const BY_DEFAULT: &str = "default";

fn of<T>(given: Option<&Given<T>>, show: impl Fn(&T) -> String, default: &T) -> (Option<String>, String) {
    match given {
        Some(Given { value, origin }) => (Some(show(value)), origin.clone()),
        None => (Some(show(default)), BY_DEFAULT.to_owned()),
    }
}

fn text(given: Option<&Given<String>>) -> (Option<String>, String) {
    match given {
        Some(Given { value, origin }) => (Some(value.clone()), origin.clone()),
        None => (None, BY_DEFAULT.to_owned()),
    }
}

fn pod_namespace(environment: &Environment) -> Result<Option<(&'static str, String)>, Error> {
    let found = environment.first_text(&["POD_NAMESPACE", "MY_POD_NAMESPACE"])?;
    Ok(found.map(|(variable, namespace)| (variable, namespace.to_owned())))
}

fn store(store: &StoreChoice) -> String {
    match store {
        StoreChoice::Auto => "auto".to_owned(),
        StoreChoice::Kubernetes => "kubernetes".to_owned(),
        StoreChoice::File(None) => "file".to_owned(),
        StoreChoice::File(Some(directory)) => format!("file:{}", directory.display()),
    }
}

/// As [`parse`](super::duration::parse) reads it.
fn duration(duration: &Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{}s", duration.as_secs())
    } else {
        format!("{}ms", duration.as_millis())
    }
}
