//! What is decided where nothing is given: by where the process runs.

use super::*;
use crate::options::{Place, resolve};

#[test]
fn names_of_the_instance() {
    let all = [("HOSTNAME", "hostname"), ("POD_NAME", "pod-name"), ("MY_POD_NAME", "my-pod-name")];
    let [hostname, pod_name, my_pod_name] = all;
    for (environment, name) in [
        (host([]), "the-host"),
        (host([("HOSTNAME", "")]), "the-host"),
        (host([hostname]), "hostname"),
        (host([hostname, pod_name]), "pod-name"),
        (host(all), "my-pod-name"),
        (host([hostname, pod_name, ("MY_POD_NAME", "")]), "pod-name"),
        (host([my_pod_name, ("CLUSTER_LEADER_INSTANCE_NAME", "first")]), "first"),
    ] {
        assert_eq!(decided(Options::new(), &environment).instance_name, name);
    }
    let (name, problem) = refused(decide(Options::new(), &host([("HOSTNAME", "a\tb")])));
    assert_eq!(name, "HOSTNAME");
    assert_parts(&problem, &["\"a\\tb\"", "control character", "CLUSTER_LEADER_INSTANCE_NAME"]);
    let nameless = Environment { host_name: String::new(), ..host([]) };
    assert_eq!(refused(decide(Options::new(), &nameless)).0, "the host's name");
}

#[test]
fn namespaces_of_the_lease() {
    let all =
        [("MY_POD_NAMESPACE", "my-pod"), ("POD_NAMESPACE", "pod"), ("CLUSTER_LEADER_NAMESPACE", "ours")];
    let [my_pod, of_pod, _] = all;
    for (environment, namespace) in [
        (pod([]), None),
        (pod([my_pod]), Some("my-pod")),
        (pod([my_pod, of_pod]), Some("pod")),
        (pod([my_pod, ("POD_NAMESPACE", "")]), Some("my-pod")),
        (pod(all), Some("ours")),
    ] {
        let options = Options::new().election("x");
        assert_eq!(decided(options.clone(), &environment).site, in_cluster(namespace));
        assert_eq!(decided(options.namespace("explicit"), &environment).site, in_cluster(Some("explicit")));
    }
    let (name, problem) = refused(decide(Options::new().election("x"), &pod([("POD_NAMESPACE", "My_Team")])));
    assert_eq!(name, "POD_NAMESPACE");
    assert_parts(&problem, &["\"My_Team\" cannot be a namespace", "\"my-team\""]);
    // Files have no namespace, so a strange one does not matter.
    decided(Options::new(), &host([("POD_NAMESPACE", "My_Team")]));
}

#[test]
fn stores_by_surroundings() {
    let container =
        |environment| Environment { container: Some("/.dockerenv exists".to_owned()), ..environment };
    let kubeconfig = || Site::Kubeconfig { namespace: None };
    let state = "/home/u/.local/state/cluster-leader";
    for (store, environment, site) in [
        ("", host([]), directory(state)),
        ("auto", host([]), directory(state)),
        ("auto", host([("KUBERNETES_SERVICE_HOST", "")]), directory(state)),
        ("auto", host([("KUBECONFIG", "/home/u/.kube/config")]), directory(state)),
        ("auto", host([("XDG_STATE_HOME", "/state")]), directory("/state/cluster-leader")),
        ("", pod([]), in_cluster(None)),
        ("auto", pod([]), in_cluster(None)),
        ("auto", container(pod([])), in_cluster(None)),
        ("kubernetes", pod([]), in_cluster(None)),
        ("kubernetes", host([]), kubeconfig()),
        (
            "kubernetes",
            host([("POD_NAMESPACE", "team")]),
            Site::Kubeconfig { namespace: Some("team".to_owned()) },
        ),
        ("kubernetes", container(host([])), kubeconfig()),
        ("file", host([]), directory(state)),
        ("file", container(host([])), directory(state)),
        ("file", pod([]), directory(state)),
        ("file:/srv/x", host([]), directory("/srv/x")),
        ("file:/srv/x", container(host([])), directory("/srv/x")),
        ("file:/srv/x", pod([]), directory("/srv/x")),
    ] {
        let options = Options::new().election("x").set(Setting::Store, store, "store").unwrap();
        let decision = decided(options, &environment);
        assert_eq!(decision.site, site, "{store:?}");
        let is_default = matches!(site, Site::Directory(_)) && matches!(store, "" | "auto");
        assert_eq!(decision.by_default_here, is_default, "{store:?}");
    }
    for (store, name) in [("", "CLUSTER_LEADER_STORE"), ("auto", "cluster-leader.store")] {
        let options = Options::new().set(Setting::Store, store, "cluster-leader.store").unwrap();
        let (origin, problem) = refused(decide(options, &container(host([]))));
        assert_eq!(origin, name);
        assert_parts(
            &problem,
            &["/.dockerenv exists", "every container would elect itself", "file:DIR", "kubernetes"],
        );
    }
}

#[test]
fn no_home_is_an_error_that_asks_for_a_directory() {
    for store in ["auto", "file"] {
        let options = Options::new().set(Setting::Store, store, "store").unwrap();
        let (name, problem) = refused(decide(options, &Environment::of([])));
        assert_eq!(name, "CLUSTER_LEADER_STORE");
        assert_parts(&problem, &["HOME", "XDG_STATE_HOME", "file:DIR"]);
    }
}

#[test]
fn in_a_cluster_without_a_token_it_is_an_error_and_never_files() {
    let home = tempfile::tempdir().unwrap();
    let mut environment = pod([]);
    environment.variables.insert("HOME".into(), home.path().into());
    environment.service_account = home.path().join("service-account");
    for store in ["auto", "kubernetes"] {
        let options = Options::new().election("x").set(Setting::Store, store, "store").unwrap();
        let error = resolve(options, &environment).unwrap_err().to_string();
        assert_parts(&error, &["service-account", "token"]);
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn files_are_ready_when_they_are_chosen() {
    let state = tempfile::tempdir().unwrap();
    let options = Options::new().election("billing-jobs").store(StoreChoice::File(Some(state.path().into())));
    let resolved = resolve(options, &pod([])).unwrap();
    assert!(matches!(resolved.place, Place::File(_)));
    assert_parts(&resolved.place.describe(), &["billing-jobs", state.path().to_str().unwrap()]);
}

#[test]
fn in_a_cluster_the_port_is_needed() {
    for (port, part) in [("", "not set"), ("https", "\"https\" is not a port"), ("0", "is not a port")] {
        let mut environment = pod([]);
        environment.variables.insert("KUBERNETES_SERVICE_PORT".into(), port.into());
        let (name, problem) = refused(decide(Options::new().election("x"), &environment));
        assert_eq!(name, "KUBERNETES_SERVICE_PORT");
        assert_parts(&problem, &[part, "\"10.0.0.1\"", "443"]);
    }
}

#[test]
fn in_kubernetes_an_election_must_be_named_and_is_never_guessed() {
    let deployed = "billing-7d9f8c6b5-x2x4z";
    for (environment, example) in [
        (pod([]), "\"billing-jobs\""),
        (pod([("HOSTNAME", deployed)]), "\"billing\""),
        (pod([("POD_NAME", deployed), ("HOSTNAME", "node-1")]), "\"billing\""),
        (pod([("HOSTNAME", "billing-0")]), "\"billing-jobs\""),
        (Environment { host_name: deployed.to_owned(), ..pod([]) }, "\"billing\""),
        (host([("CLUSTER_LEADER_STORE", "kubernetes")]), "\"billing-jobs\""),
    ] {
        let (name, problem) = refused(decide(Options::new(), &environment));
        assert_eq!(name, "CLUSTER_LEADER_ELECTION");
        assert_parts(&problem, &["not set", "cluster-leader.election", "all replicas", example]);
    }
}
