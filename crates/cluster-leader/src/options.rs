//! STUB, to be replaced.
#![allow(missing_docs)]
use std::path::PathBuf;
use std::time::Duration;

use election::Timing;

use crate::error::Error;
use crate::store::{FilePlace, KubernetesPlace};

#[derive(Clone, Debug, Default)]
pub struct Options {
    election: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    Election,
    Namespace,
    InstanceName,
    Store,
    LeaseDuration,
    RenewDeadline,
    RetryPeriod,
    Heartbeat,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChoice {
    Auto,
    Kubernetes,
    File(Option<PathBuf>),
}

impl Options {
    pub fn new() -> Self {
        Self::default()
    }
    pub fn from_env() -> Result<Self, Error> {
        Ok(Self::default())
    }
    pub fn election(mut self, election: impl Into<String>) -> Self {
        self.election = Some(election.into());
        self
    }
    pub fn namespace(self, _namespace: impl Into<String>) -> Self {
        self
    }
    pub fn instance_name(self, _name: impl Into<String>) -> Self {
        self
    }
    pub fn store(self, _store: StoreChoice) -> Self {
        self
    }
    pub fn lease_duration(self, _duration: Duration) -> Self {
        self
    }
    pub fn renew_deadline(self, _duration: Duration) -> Self {
        self
    }
    pub fn retry_period(self, _duration: Duration) -> Self {
        self
    }
    /// Zero: off.
    pub fn heartbeat(self, _duration: Duration) -> Self {
        self
    }
    /// Text form, as in the environment; `origin` names where it came from, for errors.
    pub fn set(self, _setting: Setting, _value: &str, _origin: &str) -> Result<Self, Error> {
        Ok(self)
    }
}

/// What the surroundings say: captured once, so that tests can say something else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {}

impl Environment {
    pub(crate) fn of_process() -> Self {
        Self {}
    }
}

/// Everything decided.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) election: String,
    pub(crate) instance_name: String,
    pub(crate) timing: Timing,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) place: Place,
}

/// Where an election is held.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Kubernetes(KubernetesPlace),
    File(FilePlace),
}

pub(crate) fn resolve(_options: Options, _environment: &Environment) -> Result<Resolved, Error> {
    Err(Error::Stopped)
}

impl Place {
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Kubernetes(place) => place.describe(),
            Self::File(place) => place.describe(),
        }
    }
}
