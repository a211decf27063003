//! From options and surroundings to decisions.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use election::{InvalidTiming, Timing};

use super::{Environment, Given, Options, Setting, StoreChoice, names};
use crate::error::Error;
use crate::store::{FilePlace, KubernetesPlace, default_directory};

/// Everything decided.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) election: String,
    pub(crate) instance_name: String,
    pub(crate) timing: Timing,
    /// How long the host may be silent; `None`: for ever.
    pub(crate) heartbeat: Option<Duration>,
    /// The host says when it is ready to lead.
    pub(crate) wait_until_ready: bool,
    /// The host says whether it is healthy.
    pub(crate) health_checked: bool,
    /// The host decides when to honour a request to step down.
    pub(crate) defer_step_down: bool,
    pub(crate) place: Place,
}

/// Where an election is held.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Boxed: it carries a whole client configuration.
    Kubernetes(Box<KubernetesPlace>),
    File(FilePlace),
}

impl Place {
    /// The place, for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Kubernetes(place) => place.describe(),
            Self::File(place) => place.describe(),
        }
    }
}

/// Decides on everything, and says in the log what a person should know of the surroundings.
///
/// # Errors
/// A value is bad, something needed is missing, or the place of the election cannot be used.
pub(crate) fn resolve(options: Options, environment: &Environment) -> Result<Resolved, Error> {
    for warning in environment.unknown_variables() {
        tracing::warn!("{warning}");
    }
    let decision = decide(options, environment)?;
    let mut place = decision.open_place(environment)?;
    if let Place::File(place) = &mut place {
        place.holder_lock_is_inherited = decision.works_in_children;
    }
    if decision.by_default_here {
        tracing::info!("{}: elects among the processes of this machine only", place.describe());
    }
    Ok(Resolved {
        election: decision.election,
        instance_name: decision.instance_name,
        timing: decision.timing,
        heartbeat: decision.heartbeat,
        wait_until_ready: decision.wait_until_ready,
        health_checked: decision.health_checked,
        defer_step_down: decision.defer_step_down,
        place,
    })
}

/// What is decided before any place is touched.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) election: String,
    pub(super) instance_name: String,
    pub(super) timing: Timing,
    pub(super) heartbeat: Option<Duration>,
    pub(super) wait_until_ready: bool,
    pub(super) health_checked: bool,
    pub(super) defer_step_down: bool,
    pub(super) works_in_children: bool,
    /// Where to leave a proof of our death, if proofs of death are wanted.
    pub(super) termination_log: Option<PathBuf>,
    pub(super) site: Site,
    /// Whether it is files because nobody said anything else.
    pub(super) by_default_here: bool,
}

/// Where to look for the record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Site {
    InCluster { host: String, port: String, namespace: Option<String> },
    Kubeconfig { namespace: Option<String> },
    Directory(PathBuf),
}

impl Decision {
    fn open_place(&self, environment: &Environment) -> Result<Place, Error> {
        Ok(match self.site.open(environment, &self.election)? {
            Opened::Kubernetes(mut place) => {
                place.termination_log.clone_from(&self.termination_log);
                Place::Kubernetes(place)
            }
            Opened::Directory(directory) => Place::File(FilePlace::new(&directory, &self.election)?),
        })
    }
}

/// A site that can be looked at. Boxed: it carries a whole client configuration.
pub(crate) enum Opened {
    Kubernetes(Box<KubernetesPlace>),
    Directory(PathBuf),
}

impl Site {
    fn open(&self, environment: &Environment, election: &str) -> Result<Opened, Error> {
        Ok(Opened::Kubernetes(Box::new(match self {
            Self::InCluster { host, port, namespace } => {
                let (account, namespace) = (&environment.service_account, namespace.clone());
                KubernetesPlace::in_cluster(host, port, account, namespace, election)?
            }
            Self::Kubeconfig { namespace } => KubernetesPlace::from_kubeconfig(namespace.clone(), election)?,
            Self::Directory(directory) => return Ok(Opened::Directory(directory.clone())),
        })))
    }
}

/// What an observer is to look at: an election, if one is named, and where it is.
pub(crate) fn look_around(
    options: Options,
    environment: &Environment,
) -> Result<(Option<String>, Opened), Error> {
    for warning in environment.unknown_variables() {
        tracing::warn!("{warning}");
    }
    let options = options.or_environment(environment)?;
    options.check()?;
    let named = options.election.map(|given| given.value);
    let site = site(options.store.as_ref(), options.namespace, environment)?;
    let opened = site.open(environment, named.as_deref().unwrap_or_default())?;
    Ok((named, opened))
}

pub(super) fn decide(options: Options, environment: &Environment) -> Result<Decision, Error> {
    let options = options.or_environment(environment)?;
    options.check()?;
    let timing = timing(&options)?;
    let default_heartbeat =
        if options.heartbeat_by_default { timing.lease_duration() } else { Duration::ZERO };
    let heartbeat = options.heartbeat.map_or(default_heartbeat, |given| given.value);
    let site = site(options.store.as_ref(), options.namespace, environment)?;
    Ok(Decision {
        election: election(options.election, &site, environment)?,
        instance_name: instance_name(options.instance_name, environment)?,
        timing,
        wait_until_ready: options.wait_until_ready.is_some_and(|given| given.value),
        health_checked: options.health_checked,
        defer_step_down: options.defer_step_down,
        works_in_children: options.works_in_children,
        termination_log: termination_log(options.watch_pods, options.termination_log),
        heartbeat: Some(heartbeat).filter(|heartbeat| !heartbeat.is_zero()),
        by_default_here: matches!(site, Site::Directory(_)) && is_auto(options.store.as_ref()),
        site,
    })
}

pub(super) fn timing(options: &Options) -> Result<Timing, Error> {
    let defaults = Timing::default();
    let given = [
        ("lease duration", options.lease_duration.as_ref(), defaults.lease_duration()),
        ("renew deadline", options.renew_deadline.as_ref(), defaults.renew_deadline()),
        ("retry period", options.retry_period.as_ref(), defaults.retry_period()),
    ];
    let [lease_duration, renew_deadline, retry_period] =
        given.map(|(_, given, default)| given.map_or(default, |given| given.value));
    Timing::new(lease_duration, renew_deadline, retry_period).map_err(
        |InvalidTiming { field, value, rule }| {
            let sources = given.map(|(name, given, default)| match given {
                Some(Given { value, origin }) => format!("{name} {value:?} by {origin}"),
                None => format!("{name} {default:?} by default"),
            });
            let origins: Vec<_> =
                given.iter().filter_map(|(_, given, _)| given.map(|given| given.origin.as_str())).collect();
            Error::Configuration {
                name: origins.join(", "),
                problem: format!(
                    "the {field} is {value:?}, but {rule}. The timings are: {}. \
                 Change them together, for example to 6s, 4s and 800ms",
                    sources.join(", ")
                ),
            }
        },
    )
}

fn termination_log(watch_pods: Option<Given<bool>>, file: Option<Given<PathBuf>>) -> Option<PathBuf> {
    let watch_pods = watch_pods.is_some_and(|given| given.value);
    watch_pods.then(|| file.map_or_else(|| PathBuf::from("/dev/termination-log"), |given| given.value))
}

fn is_auto(store: Option<&Given<StoreChoice>>) -> bool {
    store.is_none_or(|store| store.value == StoreChoice::Auto)
}

fn site(
    store: Option<&Given<StoreChoice>>,
    namespace: Option<Given<String>>,
    environment: &Environment,
) -> Result<Site, Error> {
    let host = environment.text("KUBERNETES_SERVICE_HOST")?;
    match (store.map_or(&StoreChoice::Auto, |store| &store.value), host) {
        (StoreChoice::File(Some(directory)), _) => Ok(Site::Directory(directory.clone())),
        (StoreChoice::File(None), _) => own_directory(environment),
        (StoreChoice::Auto | StoreChoice::Kubernetes, Some(host)) => Ok(Site::InCluster {
            host: host.to_owned(),
            port: api_port(host, environment)?,
            namespace: namespace_of_pod(namespace, environment)?,
        }),
        (StoreChoice::Kubernetes, None) => {
            Ok(Site::Kubeconfig { namespace: namespace_of_pod(namespace, environment)? })
        }
        (StoreChoice::Auto, None) => match &environment.container {
            Some(sign) => Err(in_a_container(store, sign)),
            None => own_directory(environment),
        },
    }
}

fn own_directory(environment: &Environment) -> Result<Site, Error> {
    default_directory(|variable| environment.get(variable).map(OsStr::to_owned)).map(Site::Directory).ok_or_else(
        || Error::Configuration {
            name: Setting::Store.variable().to_owned(),
            problem: "there is no directory to keep the election's files in: neither XDG_STATE_HOME nor HOME is \
                      set to an absolute path. Set CLUSTER_LEADER_STORE to file:DIR with a directory that all \
                      candidates share, for example file:/var/lib/cluster-leader"
                .to_owned(),
        },
    )
}

fn api_port(host: &str, environment: &Environment) -> Result<String, Error> {
    const PORT: &str = "KUBERNETES_SERVICE_PORT";
    let problem = match environment.text(PORT)? {
        Some(port) if port.parse::<u16>().is_ok_and(|port| port > 0) => return Ok(port.to_owned()),
        Some(port) => format!("{} is not a port", super::quoted(port)),
        None => "not set".to_owned(),
    };
    Err(Error::Configuration {
        name: PORT.to_owned(),
        problem: format!(
            "{problem}, though KUBERNETES_SERVICE_HOST is {}: Kubernetes sets both in every pod. \
             Set it to the API server's port, which is 443 as a rule; outside Kubernetes unset both",
            super::quoted(host)
        ),
    })
}

/// Every container has files of its own: with them each would elect itself.
fn in_a_container(store: Option<&Given<StoreChoice>>, sign: &str) -> Error {
    Error::Configuration {
        name: store.map_or_else(|| Setting::Store.variable().to_owned(), |store| store.origin.clone()),
        problem: format!(
            "auto cannot choose a store: this is a container ({sign}) outside Kubernetes \
             (KUBERNETES_SERVICE_HOST is not set), and with files of its own every container would elect itself. \
             Set it to file:DIR with a directory that all containers share as a mount, to file if this container \
             alone runs all candidates, or to kubernetes to use a kubeconfig"
        ),
    }
}

/// `None`: Kubernetes itself knows, by the service account or the kubeconfig.
fn namespace_of_pod(
    given: Option<Given<String>>,
    environment: &Environment,
) -> Result<Option<String>, Error> {
    if let Some(given) = given {
        return Ok(Some(given.value));
    }
    let Some((variable, namespace)) = environment.first_text(&["POD_NAMESPACE", "MY_POD_NAMESPACE"])? else {
        return Ok(None);
    };
    names::check_namespace(namespace)
        .map(|()| Some(namespace.to_owned()))
        .map_err(|problem| Error::Configuration { name: variable.to_owned(), problem })
}

/// The variables that may name the pod.
pub(super) const POD_NAMES: [&str; 3] = ["MY_POD_NAME", "POD_NAME", "HOSTNAME"];

fn election(given: Option<Given<String>>, site: &Site, environment: &Environment) -> Result<String, Error> {
    match (given, site) {
        (Some(given), _) => Ok(given.value),
        (None, Site::Directory(_)) => Ok("default".to_owned()),
        (None, Site::InCluster { .. } | Site::Kubeconfig { .. }) => {
            let pod =
                environment.first_text(&POD_NAMES)?.map_or(environment.host_name.as_str(), |(_, pod)| pod);
            Err(Error::Configuration {
                name: Setting::Election.variable().to_owned(),
                problem: format!(
                    "not set, and in Kubernetes an election has no name by default: replicas that guessed \
                     different names would all lead. Set it (or the option election, or the property {}) to one \
                     name for all replicas, which becomes the name of a Lease, for example {:?}",
                    Setting::Election.property(),
                    names::deployment_of(pod).unwrap_or("billing-jobs")
                ),
            })
        }
    }
}

fn instance_name(given: Option<Given<String>>, environment: &Environment) -> Result<String, Error> {
    if let Some(given) = given {
        return Ok(given.value);
    }
    let (origin, name) =
        environment.first_text(&POD_NAMES)?.unwrap_or(("the host's name", &environment.host_name));
    names::check_instance_name(name)
        .map(|()| name.to_owned())
        .map_err(|problem| Error::Configuration { name: origin.to_owned(), problem })
}
