//! Where an election's Lease is, and with which credentials we ask for it.

use std::fmt;
use std::fs;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use election::Timing;
use http::HeaderValue;
use http::Uri;
use http::header::USER_AGENT;
use kube::Config;
use kube::client::ConfigExt;
use kube::config::{Kubeconfig, KubeconfigError};

use super::credentials::{Credentials, read_token};
use super::failure::chain;
use super::{ApiServers, KubernetesStore};
use crate::error::Error;
use crate::store::StoreError;

const NAME_US: &str = concat!("cluster-leader/", env!("CARGO_PKG_VERSION"));

/// A Lease of a cluster.
#[derive(Clone)]
pub(crate) struct KubernetesPlace {
    pub(super) namespace: String,
    /// The Lease's name, which is the election's.
    pub(super) name: String,
    pub(super) credentials: Credentials,
    pub(super) config: Config,
    /// The file in which to leave a proof of our death; `None`: proofs of death are not wanted.
    pub(crate) termination_log: Option<PathBuf>,
}

impl KubernetesPlace {
    /// A Lease of the cluster that this pod runs in. `host` and `port` are the API server's, the
    /// directory `service_account` holds the files `token`, `ca.crt` and `namespace`.
    ///
    /// # Errors
    /// A file is missing or cannot be used, or `host` and `port` are no address.
    pub(crate) fn in_cluster(
        host: &str,
        port: &str,
        service_account: &Path,
        namespace: Option<String>,
        election: &str,
    ) -> Result<Self, Error> {
        let token = service_account.join("token");
        read_token(&token).map_err(Error::Store)?;
        let mut config = configured(Config::new(server_url(host, port)?));
        // Trusts the CAs of this file, which is read again when it may have changed, and no others.
        let ca = service_account.join("ca.crt");
        config.root_cert = Some(Vec::new());
        config.root_cert_file = Some(ca.clone());
        check_ca(&ca, &config)?;
        Ok(Self {
            namespace: namespace.map_or_else(|| namespace_of(service_account), Ok)?,
            name: election.to_owned(),
            credentials: Credentials::ServiceAccount { token, ca },
            config,
            termination_log: None,
        })
    }

    /// A Lease of the cluster that the current context of the kubeconfig names: `KUBECONFIG`, or
    /// else `~/.kube/config`.
    ///
    /// # Errors
    /// There is no kubeconfig, or it cannot be used.
    pub(crate) fn from_kubeconfig(namespace: Option<String>, election: &str) -> Result<Self, Error> {
        let kubeconfig = Kubeconfig::read().map_err(|error| unusable_kubeconfig(&explained(&error)))?;
        Self::of_kubeconfig(kubeconfig, namespace, election)
    }

    pub(super) fn of_kubeconfig(
        kubeconfig: Kubeconfig,
        namespace: Option<String>,
        election: &str,
    ) -> Result<Self, Error> {
        let names_a_proxy = names_a_proxy(&kubeconfig);
        let mut config = configured(
            Config::try_from(kubeconfig).map_err(|error| unusable_kubeconfig(&explained(&error)))?,
        );
        if names_a_proxy {
            return Err(unusable_kubeconfig("its cluster has a proxy-url, and proxies are not supported"));
        }
        let authority = config.cluster_url.authority().map(http::uri::Authority::as_str);
        if config.cluster_url.scheme().is_none() || authority.is_none_or(|authority| authority.contains('@'))
        {
            return Err(unusable_kubeconfig(
                "its cluster's server is no URL like https://host:6443, with what you log in with kept apart",
            ));
        }
        // Otherwise the environment's, which is not meant for a cluster on this machine.
        config.proxy_url = None;
        Ok(Self {
            namespace: namespace.unwrap_or_else(|| config.default_namespace.clone()),
            name: election.to_owned(),
            credentials: Credentials::Kubeconfig,
            config,
            termination_log: None,
        })
    }

    /// What people call it.
    pub(crate) fn describe(&self) -> String {
        format!("Lease {}/{}", self.namespace, self.name)
    }

    /// The same namespace as the same user, and another Lease.
    pub(crate) fn named(&self, election: &str) -> Self {
        Self { name: election.to_owned(), ..self.clone() }
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Who asks, for people.
    pub(crate) fn user(&self) -> &'static str {
        match self.credentials {
            Credentials::ServiceAccount { .. } => "the ServiceAccount of this pod",
            Credentials::Kubeconfig => "the user of the kubeconfig",
        }
    }

    /// The API server.
    pub(crate) fn server(&self) -> String {
        let url = &self.config.cluster_url;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", url.scheme_str().unwrap_or_default(), url.host().unwrap_or_default())
    }

    /// A store for one candidate, which shares what it can with those that were opened with the same
    /// `servers`. Must be called, and used, within one [`tokio::task::LocalSet`]; nothing is sent before
    /// the first request.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub(crate) fn open(&self, timing: &Timing, servers: &ApiServers) -> Result<KubernetesStore, StoreError> {
        let timeout = timing.attempt_timeout();
        // Just below the attempt's own: "never connected" is then known to be without effect.
        KubernetesStore::new(self.clone(), servers.of(self, timeout * 9 / 10), timeout)
    }
}

/// The credentials in the configuration are nobody's business.
impl fmt::Debug for KubernetesPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KubernetesPlace({} at {})", self.describe(), self.server())
    }
}

/// What all configurations have in common.
fn configured(mut config: Config) -> Config {
    // kube takes the process's provider of cryptography. If the host has installed one, so be it.
    drop(rustls::crypto::ring::default_provider().install_default());
    // When to try again is the election's decision.
    config.default_retry = false;
    config.headers.push((USER_AGENT, HeaderValue::from_static(NAME_US)));
    config
}

fn server_url(host: &str, port: &str) -> Result<Uri, Error> {
    let wrong = |name: &str, value: &str, rule: &str| Error::Configuration {
        name: name.to_owned(),
        problem: format!(
            "{value:?} is not {rule}. Kubernetes sets it in every container; leave it as it was"
        ),
    };
    let number: u16 =
        port.parse().map_err(|_| wrong("KUBERNETES_SERVICE_PORT", port, "a port from 0 to 65535"))?;
    let host_part = match host.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.to_owned(),
    };
    let url = format!("https://{host_part}:{number}").parse::<Uri>().ok();
    url.filter(|url| url.host().is_some_and(|found| !found.is_empty() && found == host_part))
        .ok_or_else(|| wrong("KUBERNETES_SERVICE_HOST", host, "a host name or an IP address"))
}

/// Loads the CA as every connection will.
fn check_ca(ca: &Path, config: &Config) -> Result<(), Error> {
    let unusable = |problem: &str| {
        Error::Store(format!(
            "the CA of the API server, {}, {problem}. Kubernetes puts it beside the service account's token \
             (ConfigMap kube-root-ca.crt): see that nothing else is mounted there",
            ca.display()
        ))
    };
    fs::read(ca).map_err(|error| unusable(&format!("cannot be read: {error}")))?;
    config
        .rustls_client_config()
        .map_err(|error| unusable(&format!("is not a file of PEM certificates: {}", chain(&error))))?;
    Ok(())
}

fn namespace_of(service_account: &Path) -> Result<String, Error> {
    let file: PathBuf = service_account.join("namespace");
    let missing = |problem: &str| Error::Configuration {
        name: "CLUSTER_LEADER_NAMESPACE".to_owned(),
        problem: format!(
            "is not set, and the file {} that would tell the namespace {problem}. Set it to the namespace of \
             the Lease",
            file.display()
        ),
    };
    let text = fs::read_to_string(&file).map_err(|error| missing(&format!("cannot be read: {error}")))?;
    match text.trim() {
        "" => Err(missing("is empty")),
        namespace => Ok(namespace.to_owned()),
    }
}

/// Whether the cluster of the current context is to be reached through a proxy.
fn names_a_proxy(kubeconfig: &Kubeconfig) -> bool {
    let current = kubeconfig.current_context.as_ref();
    let context = kubeconfig.contexts.iter().find(|context| Some(&context.name) == current);
    let cluster = context.and_then(|context| context.context.as_ref()).map(|context| &context.cluster);
    kubeconfig
        .clusters
        .iter()
        .filter(|named| Some(&named.name) == cluster)
        .filter_map(|named| named.cluster.as_ref()?.proxy_url.as_ref())
        .any(|proxy| !proxy.is_empty())
}

fn unusable_kubeconfig(problem: &str) -> Error {
    Error::Store(format!(
        "the kubeconfig (KUBECONFIG, or else ~/.kube/config) cannot be used: {problem}. See that `kubectl get \
         leases` works, or elect among the processes of this machine with CLUSTER_LEADER_STORE=file"
    ))
}

/// Where a kubeconfig is not well-formed is said by line and column only: the text around may be
/// a password.
pub(super) fn explained(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => {
                format!("it is not the YAML of a kubeconfig at line {}, column {}", at.line(), at.column())
            }
            None => "it is not the YAML of a kubeconfig".to_owned(),
        },
        error => chain(error),
    }
}
