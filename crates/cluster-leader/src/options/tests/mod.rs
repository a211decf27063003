//! Options and surroundings, and what is decided on them.

mod mistakes;
mod surroundings;

use super::resolve::{Decision, Site, decide};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A plain host with a home and these variables.
fn host<const N: usize>(variables: [(&str, &str); N]) -> Environment {
    let mut environment = Environment::of(variables);
    environment.variables.entry("HOME".into()).or_insert_with(|| "/home/u".into());
    environment
}

/// A pod with these variables.
fn pod<const N: usize>(variables: [(&str, &str); N]) -> Environment {
    let mut environment = host(variables);
    environment.variables.insert("KUBERNETES_SERVICE_HOST".into(), "10.0.0.1".into());
    environment.variables.insert("KUBERNETES_SERVICE_PORT".into(), "443".into());
    environment
}

fn decided(options: Options, environment: &Environment) -> Decision {
    decide(options, environment).unwrap()
}

/// The name and the problem of the error.
#[track_caller]
fn refused<T>(result: Result<T, Error>) -> (String, String) {
    match result.map(|_| ()) {
        Err(Error::Configuration { name, problem }) => (name, problem),
        other => panic!("not a configuration error: {other:?}"),
    }
}

#[track_caller]
fn assert_parts(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

fn in_cluster(namespace: Option<&str>) -> Site {
    Site::InCluster {
        host: "10.0.0.1".to_owned(),
        port: "443".to_owned(),
        namespace: namespace.map(str::to_owned),
    }
}

fn directory(path: &str) -> Site {
    Site::Directory(path.into())
}

#[test]
fn defaults() {
    let decision = decided(Options::new(), &host([]));
    assert_eq!(decision.election, "default");
    assert_eq!(decision.instance_name, "the-host");
    assert_eq!(decision.timing, election::Timing::default());
    assert_eq!(decision.heartbeat, None);
    assert_eq!(decision.site, directory("/home/u/.local/state/cluster-leader"));
    assert!(decision.by_default_here);
}

#[test]
fn every_variable_is_read() {
    let decision = decided(
        Options::new(),
        &pod([
            ("CLUSTER_LEADER_ELECTION", "billing-jobs"),
            ("CLUSTER_LEADER_NAMESPACE", "team"),
            ("CLUSTER_LEADER_INSTANCE_NAME", "first"),
            ("CLUSTER_LEADER_STORE", "kubernetes"),
            ("CLUSTER_LEADER_LEASE_DURATION", "1m"),
            ("CLUSTER_LEADER_RENEW_DEADLINE", "40s"),
            ("CLUSTER_LEADER_RETRY_PERIOD", "1500ms"),
            ("CLUSTER_LEADER_WATCH_PODS", "true"),
            ("CLUSTER_LEADER_TERMINATION_LOG", "/log"),
            ("CLUSTER_LEADER_HEARTBEAT", "20s"),
            ("CLUSTER_LEADER_WAIT_UNTIL_READY", "true"),
        ]),
    );
    assert_eq!(decision.election, "billing-jobs");
    assert_eq!(decision.instance_name, "first");
    assert_eq!(decision.site, in_cluster(Some("team")));
    assert_eq!(decision.timing.lease_duration(), 60 * SECOND);
    assert_eq!(decision.timing.renew_deadline(), 40 * SECOND);
    assert_eq!(decision.timing.retry_period(), Duration::from_millis(1500));
    assert_eq!(decision.heartbeat, Some(20 * SECOND));
    assert_eq!(decision.termination_log.as_deref(), Some(Path::new("/log")));
    assert!(decision.wait_until_ready && !decision.by_default_here);
}

#[test]
fn every_option_is_read_and_wins_over_the_environment() {
    let environment = pod([
        ("CLUSTER_LEADER_ELECTION", "other"),
        ("CLUSTER_LEADER_NAMESPACE", "other"),
        ("CLUSTER_LEADER_INSTANCE_NAME", "other"),
        ("CLUSTER_LEADER_STORE", "file:/other"),
        ("CLUSTER_LEADER_LEASE_DURATION", "90s"),
        ("CLUSTER_LEADER_RENEW_DEADLINE", "80s"),
        ("CLUSTER_LEADER_RETRY_PERIOD", "7s"),
        ("CLUSTER_LEADER_HEARTBEAT", "70s"),
        ("CLUSTER_LEADER_WAIT_UNTIL_READY", "false"),
    ]);
    let by_methods = Options::new()
        .election("billing-jobs")
        .namespace("team")
        .instance_name("first")
        .store(StoreChoice::Kubernetes)
        .lease_duration(60 * SECOND)
        .renew_deadline(40 * SECOND)
        .retry_period(3 * SECOND)
        .watch_pods(true)
        .termination_log("/log")
        .heartbeat(20 * SECOND)
        .wait_until_ready(true);
    let by_texts = [
        (Setting::Election, "billing-jobs"),
        (Setting::Namespace, "team"),
        (Setting::InstanceName, "first"),
        (Setting::Store, "kubernetes"),
        (Setting::LeaseDuration, "60s"),
        (Setting::RenewDeadline, "40s"),
        (Setting::RetryPeriod, "3s"),
        (Setting::WatchPods, "true"),
        (Setting::TerminationLog, "/log"),
        (Setting::Heartbeat, "20s"),
        (Setting::WaitUntilReady, "true"),
    ]
    .into_iter()
    .fold(Options::new(), |options, (setting, text)| options.set(setting, text, setting.property()).unwrap());
    for options in [by_methods, by_texts] {
        let decision = decided(options, &environment);
        assert_eq!(decision.election, "billing-jobs");
        assert_eq!(decision.instance_name, "first");
        assert_eq!(decision.site, in_cluster(Some("team")));
        assert_eq!(decision.timing, election::Timing::new(60 * SECOND, 40 * SECOND, 3 * SECOND).unwrap());
        assert_eq!(decision.heartbeat, Some(20 * SECOND));
        assert_eq!(decision.termination_log.as_deref(), Some(Path::new("/log")));
        assert!(decision.wait_until_ready);
    }
}

#[test]
fn pods_are_watched_where_that_is_asked_for() {
    for (options, variables, termination_log) in [
        (Options::new(), &[][..], None),
        (Options::new(), &[("CLUSTER_LEADER_WATCH_PODS", "false")], None),
        (Options::new(), &[("CLUSTER_LEADER_TERMINATION_LOG", "/log")], None),
        (Options::new(), &[("CLUSTER_LEADER_WATCH_PODS", "true")], Some("/dev/termination-log")),
        (Options::new().watch_pods(false), &[("CLUSTER_LEADER_WATCH_PODS", "true")], None),
        (Options::new().watch_pods(true), &[("CLUSTER_LEADER_TERMINATION_LOG", "/log")], Some("/log")),
    ] {
        let mut environment = host([]);
        environment.variables.extend(variables.iter().map(|(name, value)| (name.into(), value.into())));
        let decision = decided(options, &environment);
        assert_eq!(decision.termination_log.as_deref(), termination_log.map(Path::new), "{variables:?}");
    }
}

#[test]
fn what_is_given_later_wins_and_what_is_empty_gives_nothing() {
    let environment = host([("CLUSTER_LEADER_ELECTION", "by-environment"), ("CLUSTER_LEADER_NAMESPACE", "")]);
    let property =
        |options: Options, text| options.set(Setting::Election, text, "cluster-leader.election").unwrap();
    for (options, election) in [
        (Options::new(), "by-environment"),
        (property(Options::new(), "by-property"), "by-property"),
        (property(Options::new(), "by-property").election("by-method"), "by-method"),
        (property(Options::new(), ""), "by-environment"),
        (Options::new().election(""), "by-environment"),
        (property(Options::new(), "by-property").election(""), "by-property"),
        (property(Options::new().election("by-method"), ""), "by-method"),
    ] {
        assert_eq!(decided(options, &environment).election, election);
    }
    let empty = host(Setting::ALL.map(|setting| (setting.variable(), "")));
    assert_eq!(decided(Options::new(), &empty).election, "default");
}

#[test]
fn heartbeats() {
    let spoken = |text| host([("CLUSTER_LEADER_HEARTBEAT", text)]);
    for (options, environment, heartbeat) in [
        (Options::new(), host([]), None),
        (Options::new(), spoken("20s"), Some(20 * SECOND)),
        (Options::new(), spoken("0"), None),
        (Options::new().heartbeat_by_default(), host([]), Some(15 * SECOND)),
        (Options::new().heartbeat_by_default().lease_duration(30 * SECOND), host([]), Some(30 * SECOND)),
        (Options::new().heartbeat_by_default(), spoken("20s"), Some(20 * SECOND)),
        (Options::new().heartbeat_by_default(), spoken("0"), None),
        (Options::new().heartbeat_by_default(), spoken("0s"), None),
        (Options::new().heartbeat_by_default().heartbeat(Duration::ZERO), spoken("20s"), None),
        (Options::new().heartbeat(3 * SECOND).heartbeat_by_default(), spoken("0"), Some(3 * SECOND)),
    ] {
        assert_eq!(decided(options, &environment).heartbeat, heartbeat);
    }
}
