//! The surroundings of the process: its variables and the few files that say where it runs.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Setting;
use crate::error::Error;

/// Every variable of ours begins with this.
const PREFIX: &str = "CLUSTER_LEADER_";

/// What means nothing here, and is no slip of the finger.
const OF_OTHERS: [&str; 14] = [
    // What a Spring application takes from the environment.
    "CLUSTER_LEADER_DRAIN_TIMEOUT",
    "CLUSTER_LEADER_ENABLED",
    "CLUSTER_LEADER_ENDPOINT_STEP_DOWN",
    "CLUSTER_LEADER_HEALTH_DOWN_AFTER",
    "CLUSTER_LEADER_INTERRUPT_ON_LOSS",
    "CLUSTER_LEADER_JOIN_WHEN",
    "CLUSTER_LEADER_NATIVE_PATH",
    "CLUSTER_LEADER_NATIVE_WORKDIR",
    "CLUSTER_LEADER_SCHEDULED_DELIVERY",
    "CLUSTER_LEADER_SCHEDULED_LEADER_ONLY",
    "CLUSTER_LEADER_SCHEDULED_MISFIRE",
    "CLUSTER_LEADER_SCHEDULED_MISFIRE_THRESHOLD",
    // What `cluster-leader run` tells the command that it runs.
    "CLUSTER_LEADER_FENCING_TOKEN",
    "CLUSTER_LEADER_TERM",
];

/// What the surroundings say: captured once, so that one start decides on one picture, and so that
/// tests can say something else.
///
/// Not `Debug`: other people's variables hold secrets.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    pub(super) variables: BTreeMap<OsString, OsString>,
    /// The host's own name; empty if it has none.
    pub(super) host_name: String,
    /// How one can tell that this is a container, if it is one.
    pub(super) container: Option<String>,
    /// Where Kubernetes puts the token of a pod.
    pub(super) service_account: PathBuf,
}

impl Environment {
    /// The surroundings of this process, as they are now.
    pub(crate) fn of_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            host_name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            container: container_sign(Path::new("/")),
            service_account: PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount"),
        }
    }

    /// The value of a variable. An empty one counts as not set.
    pub(super) fn get(&self, variable: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(variable)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable, as text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub(super) fn text(&self, variable: &str) -> Result<Option<&str>, Error> {
        let Some(value) = self.get(variable) else { return Ok(None) };
        value.to_str().map(Some).ok_or_else(|| Error::Configuration {
            name: variable.to_owned(),
            problem: format!("{value:?} is not UTF-8 text, as every value must be: set it anew, or unset it"),
        })
    }

    /// The first of `variables` that is set, with its name.
    pub(super) fn first_text(
        &self,
        variables: &[&'static str],
    ) -> Result<Option<(&'static str, &str)>, Error> {
        for variable in variables {
            if let Some(value) = self.text(variable)? {
                return Ok(Some((variable, value)));
            }
        }
        Ok(None)
    }

    /// A warning for every variable that begins as ours do and is none of them: a misspelt setting
    /// has no effect, and nobody would notice.
    pub(super) fn unknown_variables(&self) -> Vec<String> {
        self.variables
            .keys()
            .map(|variable| variable.to_string_lossy())
            .filter_map(|variable| {
                let rest = variable.strip_prefix(PREFIX)?;
                let is_known = known().any(|known| known == variable);
                (!is_known && !is_of_a_service(rest)).then(|| unknown(&variable, rest))
            })
            .collect()
    }
}

fn known() -> impl Iterator<Item = &'static str> {
    Setting::ALL.into_iter().map(Setting::variable).chain(OF_OTHERS)
}

/// Whether Kubernetes makes a variable of this ending for a Service called `cluster-leader`.
fn is_of_a_service(rest: &str) -> bool {
    matches!(rest, "SERVICE_HOST" | "SERVICE_PORT" | "PORT")
        || rest.starts_with("SERVICE_PORT_")
        || rest.starts_with("PORT_")
}

fn unknown(variable: &str, rest: &str) -> String {
    /// Two slips of the finger and a letter lost: more is another word.
    const FARTHEST: usize = 3;
    let nearest = known()
        .map(|known| (strsim::osa_distance(known.strip_prefix(PREFIX).unwrap_or(known), rest), known))
        .min()
        .filter(|(distance, _)| *distance <= FARTHEST);
    match nearest {
        Some((_, known)) => {
            format!("the environment variable {variable} is unknown and has no effect. Did you mean {known}?")
        }
        None => format!(
            "the environment variable {variable} is unknown and has no effect. Known are {}",
            Setting::ALL.map(Setting::variable).join(", ")
        ),
    }
}

/// How one can tell that the file system under `root` is a container's.
///
/// A file that cannot be read is no sign: a host may hide its `/proc`.
fn container_sign(root: &Path) -> Option<String> {
    let marker = [".dockerenv", "run/.containerenv"].into_iter().find(|file| root.join(file).exists());
    if let Some(marker) = marker {
        return Some(format!("/{marker} exists"));
    }
    ["proc/self/cgroup", "proc/1/cgroup"].into_iter().find_map(|file| {
        let content = std::fs::read(root.join(file)).ok()?;
        let group = container_group(&String::from_utf8_lossy(&content))?.to_owned();
        Some(format!("/{file} names {group:?}"))
    })
}

/// The first control group that a container runtime made.
///
/// The runtime's own service (`/system.slice/docker.service`) is a plain host's.
fn container_group(content: &str) -> Option<&str> {
    const RUNTIMES: [&str; 5] = ["docker", "kubepods", "containerd", "lxc", "libpod"];
    content
        .lines()
        .filter_map(|line| line.splitn(3, ':').nth(2))
        .flat_map(|path| path.split('/'))
        .find(|group| !group.ends_with(".service") && RUNTIMES.iter().any(|runtime| group.contains(runtime)))
}

#[cfg(test)]
impl Environment {
    /// A plain host with these variables and nothing else.
    pub(crate) fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self {
            variables: variables.map(|(name, value)| (name.into(), value.into())).into(),
            host_name: "the-host".to_owned(),
            container: None,
            service_account: PathBuf::from("/nonexistent/service-account"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn unknown_variables_are_warned_about_with_the_nearest_known_one() {
        for (variable, nearest) in [
            ("CLUSTER_LEADER_ELECTON", Some("CLUSTER_LEADER_ELECTION")),
            ("CLUSTER_LEADER_LEASE_DURATOIN", Some("CLUSTER_LEADER_LEASE_DURATION")),
            ("CLUSTER_LEADER_LEASEDURATION", Some("CLUSTER_LEADER_LEASE_DURATION")),
            ("CLUSTER_LEADER_RETRY_PEROID", Some("CLUSTER_LEADER_RETRY_PERIOD")),
            ("CLUSTER_LEADER_STOER", Some("CLUSTER_LEADER_STORE")),
            ("CLUSTER_LEADER_STORES", Some("CLUSTER_LEADER_STORE")),
            ("CLUSTER_LEADER_HEART_BEAT", Some("CLUSTER_LEADER_HEARTBEAT")),
            ("CLUSTER_LEADER_NAMESPACES", Some("CLUSTER_LEADER_NAMESPACE")),
            ("CLUSTER_LEADER_JOIN_WEHN", Some("CLUSTER_LEADER_JOIN_WHEN")),
            ("CLUSTER_LEADER_SCHEDULED_LEADERONLY", Some("CLUSTER_LEADER_SCHEDULED_LEADER_ONLY")),
            ("CLUSTER_LEADER_FAVOURITE_COLOUR", None),
            ("CLUSTER_LEADER_XY", None),
            ("CLUSTER_LEADER_", None),
        ] {
            let warnings = Environment::of([(variable, "x")]).unknown_variables();
            let [warning] = warnings.as_slice() else { panic!("{variable}: {warnings:?}") };
            assert!(warning.contains(&format!("{variable} is unknown and has no effect")), "{warning}");
            match nearest {
                Some(known) => assert!(warning.ends_with(&format!("Did you mean {known}?")), "{warning}"),
                None => assert!(warning.contains("Known are CLUSTER_LEADER_ELECTION, "), "{warning}"),
            }
        }
    }

    #[test]
    fn known_variables_other_peoples_and_those_of_a_service_of_our_name_are_not_warned_about() {
        for known in known() {
            assert_eq!(Environment::of([(known, "x")]).unknown_variables(), [""; 0]);
        }
        let environment = Environment::of([
            ("CLUSTER_LEADER_DRAIN_TIMEOUT", "5s"), // To a Spring application.
            ("CLUSTER_LEADER_SERVICE_HOST", "10.0.0.7"),
            ("CLUSTER_LEADER_SERVICE_PORT", "80"),
            ("CLUSTER_LEADER_SERVICE_PORT_HTTP", "80"),
            ("CLUSTER_LEADER_PORT", "tcp://10.0.0.7:80"),
            ("CLUSTER_LEADER_PORT_80_TCP", "tcp://10.0.0.7:80"),
            ("CLUSTER_LEADER_PORT_80_TCP_ADDR", "10.0.0.7"),
            ("CLUSTER_LEADER_TERM", "3"),
            ("CLUSTER_LEADER_FENCING_TOKEN", "7"),
            ("CLUSTER_LEADER", "x"),
            ("CLUSTER_NAME", "x"),
            ("PATH", "/bin"),
        ]);
        assert_eq!(environment.unknown_variables(), [""; 0]);
        for almost in ["CLUSTER_LEADER_PORTS", "CLUSTER_LEADER_SERVICE_HOSTS", "CLUSTER_LEADER_SERVICE"] {
            assert_eq!(Environment::of([(almost, "x")]).unknown_variables().len(), 1, "{almost}");
        }
    }

    #[test]
    fn empty_is_not_set_and_what_is_not_utf8_is_an_error_that_names_the_variable() {
        let mut environment = Environment::of([("A", ""), ("B", "b")]);
        environment.variables.insert("C".into(), OsString::from_vec(vec![b'x', 0xff]));
        assert_eq!(environment.first_text(&["A", "B"]).unwrap(), Some(("B", "b")));
        assert_eq!(environment.first_text(&["A", "Z"]).unwrap(), None);
        let error = environment.text("C").unwrap_err().to_string();
        assert!(error.starts_with("C: ") && error.contains("not UTF-8"), "{error}");
        environment.variables.insert(OsString::from_vec(b"CLUSTER_LEADER_\xff".to_vec()), "x".into());
        assert_eq!(environment.unknown_variables().len(), 1);
    }

    #[test]
    fn control_groups_of_containers() {
        for (content, group) in [
            ("12:pids:/docker/3f1c0d\n", Some("docker")),
            ("0::/system.slice/docker-3f1c0d.scope\n", Some("docker-3f1c0d.scope")),
            ("3:cpu:/kubepods/besteffort/pod1/3f\n", Some("kubepods")),
            ("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-3f.scope", Some("kubepods.slice")),
            (
                "0::/system.slice/containerd.service/kubepods-pod1:cri-containerd:3f",
                Some("kubepods-pod1:cri-containerd:3f"),
            ),
            ("0::/system.slice/cri-containerd-3f.scope", Some("cri-containerd-3f.scope")),
            ("4:memory:/lxc/web\n", Some("lxc")),
            ("0::/lxc.payload.web/init.scope", Some("lxc.payload.web")),
            ("0::/user.slice/user@1000.service/libpod-3f.scope/container", Some("libpod-3f.scope")),
            ("0::/\n", None),
            ("0::/init.scope\n", None),
            ("0::/user.slice/user-1000.slice/session-2.scope\n", None),
            ("0::/system.slice/docker.service\n", None),
            ("0::/system.slice/containerd.service\n", None),
            ("0::/system.slice/lxcfs.service\n", None),
            ("1:name=docker:/\n", None),
            ("garbage docker\n", None),
            ("", None),
        ] {
            assert_eq!(container_group(content), group, "{content:?}");
        }
    }

    #[test]
    fn signs_of_a_container() {
        for (file, content, sign) in [
            (".dockerenv", "", Some("/.dockerenv exists")),
            ("run/.containerenv", "engine=podman", Some("/run/.containerenv exists")),
            ("proc/self/cgroup", "0::/docker/3f\n", Some("/proc/self/cgroup names \"docker\"")),
            ("proc/1/cgroup", "0::/lxc/web\n", Some("/proc/1/cgroup names \"lxc\"")),
            ("proc/1/cgroup", "0::/init.scope\n", None),
            ("etc/hostname", "x", None),
        ] {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
            assert_eq!(container_sign(root.path()).as_deref(), sign, "{file}: {content:?}");
        }
    }

    #[test]
    fn the_process_has_surroundings() {
        let environment = Environment::of_process();
        assert!(environment.get("PATH").is_some());
        assert!(!environment.host_name.is_empty());
        assert_eq!(environment.service_account, Path::new("/var/run/secrets/kubernetes.io/serviceaccount"));
    }
}
