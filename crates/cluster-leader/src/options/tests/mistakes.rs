//! What is refused, and in which words.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::*;

#[test]
fn timings_that_do_not_fit_together() {
    let text = |setting: Setting, text| (setting.variable(), text);
    for (variables, name, parts) in [
        (
            vec![text(Setting::LeaseDuration, "10s")],
            "CLUSTER_LEADER_LEASE_DURATION",
            &[
                "renew deadline is 10s",
                "1s less than the lease duration (10s)",
                "lease duration 10s by CLUSTER_LEADER_LEASE_DURATION",
                "renew deadline 10s by default",
            ][..],
        ),
        (
            vec![text(Setting::LeaseDuration, "10s"), text(Setting::RenewDeadline, "12s")],
            "CLUSTER_LEADER_LEASE_DURATION, CLUSTER_LEADER_RENEW_DEADLINE",
            &["renew deadline is 12s", "for example to 6s, 4s and 800ms"],
        ),
        (
            vec![text(Setting::LeaseDuration, "15500ms")],
            "CLUSTER_LEADER_LEASE_DURATION",
            &["lease duration is 15.5s", "whole seconds"],
        ),
        (
            vec![text(Setting::LeaseDuration, "0")],
            "CLUSTER_LEADER_LEASE_DURATION",
            &["lease duration is 0ns", "from 1s"],
        ),
        (
            vec![text(Setting::RetryPeriod, "9s")],
            "CLUSTER_LEADER_RETRY_PERIOD",
            &["renew deadline is 10s", "1.2 times the retry period (9s)"],
        ),
        (
            vec![text(Setting::RetryPeriod, "0")],
            "CLUSTER_LEADER_RETRY_PERIOD",
            &["retry period is 0ns", "greater than zero"],
        ),
        (
            vec![text(Setting::RenewDeadline, "2s")],
            "CLUSTER_LEADER_RENEW_DEADLINE",
            &["renew deadline is 2s", "1.2 times the retry period (2s)", "retry period 2s by default"],
        ),
    ] {
        let mut environment = host([]);
        environment.variables.extend(variables.into_iter().map(|(name, text)| (name.into(), text.into())));
        let (origin, problem) = refused(decide(Options::new(), &environment));
        assert_eq!(origin, name);
        assert_parts(&problem, parts);
    }
    let (origin, problem) = refused(decide(Options::new().lease_duration(5 * SECOND), &host([])));
    assert_eq!(origin, "lease_duration");
    assert_parts(&problem, &["lease duration 5s by lease_duration"]);
    decided(
        Options::new().lease_duration(6 * SECOND).renew_deadline(4 * SECOND).retry_period(SECOND * 4 / 5),
        &host([]),
    );
}

#[test]
fn a_heartbeat_is_off_or_longer_than_hosts_take_to_beat() {
    for heartbeat in [Duration::ZERO, SECOND * 2] {
        decided(Options::new().heartbeat(heartbeat), &host([]));
    }
    let (origin, problem) = refused(decide(Options::new().heartbeat(SECOND), &host([])));
    assert_eq!(origin, "heartbeat");
    assert_parts(&problem, &["1s", "0 (off)", "at least 2s"]);
}

#[test]
fn bad_values_name_their_origin_the_value_the_rule_and_the_fix() {
    for (setting, text, parts) in [
        (
            Setting::Election,
            "Billing_Jobs",
            &["\"Billing_Jobs\"", "name of a Lease", "lower-case", "\"billing-jobs\""][..],
        ),
        (Setting::Namespace, "My_Team", &["\"My_Team\"", "at most 63", "\"my-team\""]),
        (Setting::InstanceName, "a\nb", &["\"a\\nb\"", "control character", "1 to 200"]),
        (Setting::Store, "etcd", &["\"etcd\"", "auto, kubernetes, file", "file:/var/lib/cluster-leader"]),
        (Setting::Store, "file:x", &["\"x\"", "not absolute", "file:/var/lib/cluster-leader"]),
        (Setting::LeaseDuration, "15", &["\"15\"", "a unit", "Did you mean 15s?"]),
        (Setting::RenewDeadline, "ten seconds", &["\"ten seconds\"", "for example 15s, 1500ms or 1m"]),
        (Setting::RetryPeriod, "1.5s", &["\"1.5s\"", "a whole number"]),
        (Setting::Heartbeat, "99999999999999999999h", &["too long"]),
        (Setting::Heartbeat, "off", &["\"off\"", "for example 15s"]),
        (Setting::WatchPods, "yes", &["\"yes\"", "neither true nor false"]),
        (Setting::WaitUntilReady, "1", &["\"1\"", "neither true nor false"]),
        (Setting::TerminationLog, "log", &["\"log\"", "not absolute", "terminationMessagePath"]),
    ] {
        // As a property: at once. In the environment: at the start, and even if it is overridden.
        let (name, problem) = refused(Options::new().set(setting, text, setting.property()));
        assert_eq!(name, setting.property());
        assert_parts(&problem, parts);
        let environment = host([(setting.variable(), text)]);
        let overriding = Options::new()
            .election("x")
            .namespace("x")
            .instance_name("x")
            .store(StoreChoice::File(None))
            .heartbeat(Duration::ZERO);
        for options in [Options::new(), overriding] {
            let (name, problem) = refused(decide(options, &environment));
            assert_eq!(name, setting.variable());
            assert_parts(&problem, parts);
        }
    }
    for (options, name) in [
        (Options::new().election("Billing_Jobs"), "election"),
        (Options::new().namespace("My_Team"), "namespace"),
        (Options::new().instance_name("a\nb"), "instance_name"),
        (Options::new().store(StoreChoice::File(Some("x".into()))), "store"),
        (Options::new().store(StoreChoice::File(Some("".into()))), "store"),
        (Options::new().termination_log("log"), "termination_log"),
    ] {
        assert_eq!(refused(decide(options, &host([]))).0, name);
    }
}

#[test]
fn a_variable_that_is_not_text_is_an_error_that_names_it() {
    let not_text = || OsString::from_vec(b"a\xffb".to_vec());
    for variable in
        Setting::ALL.map(Setting::variable).into_iter().chain(["HOSTNAME", "KUBERNETES_SERVICE_HOST"])
    {
        let mut environment = host([]);
        environment.variables.insert(variable.into(), not_text());
        let (name, problem) = refused(decide(Options::new(), &environment));
        assert_eq!(name, variable);
        assert_parts(&problem, &["\"a\\xFFb\"", "UTF-8"]);
    }
    // One of somebody else's does not matter.
    let mut environment = host([]);
    environment.variables.insert("LESSOPEN".into(), not_text());
    decided(Options::new(), &environment);
}

#[test]
fn very_long_values_are_cut_in_errors() {
    let long = "ä".repeat(100_000);
    let (_, problem) = refused(Options::new().set(Setting::LeaseDuration, &long, "x"));
    assert!(problem.len() < 500, "{} bytes", problem.len());
    assert_parts(&problem, &["... (100000 characters)"]);
}

#[test]
fn from_env_fails_on_a_bad_value_at_once() {
    // What `from_env` does, on an environment that other tests do not share.
    let (name, _) = refused(Options::new().or_environment(&host([("CLUSTER_LEADER_STORE", "etcd")])));
    assert_eq!(name, "CLUSTER_LEADER_STORE");
    let taken = Options::new().or_environment(&host([("CLUSTER_LEADER_STORE", "file:/then")])).unwrap();
    let decision = decided(taken, &host([("CLUSTER_LEADER_STORE", "file:/now")]));
    assert_eq!(decision.site, directory("/then"));
}
