//! `doctor` names the cause, and `manifest` what Kubernetes must be told.

use std::process::Command;

use serde_json::{Value, json};
use testkit::api::{Answer, ApiServer, Fault, Injection, Request};

use crate::serve::Sidecar;
use crate::world::{Said, World, said};

fn findings(said: &Said) -> Vec<String> {
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|it| format!("{} {}", it["problem"].as_str().unwrap(), it["fix"].as_str().unwrap()))
        .collect()
}

/// What a healthy API server says of rights, but for these verbs.
fn grants(server: &ApiServer, denied: &'static [&'static str], headers: &'static str) -> [Injection; 2] {
    let answer = |body: Value| Fault::instead(Answer::Reply(201, headers, body.to_string()));
    let reviews = |request: &Request| request.target.contains("selfsubjectaccessreviews");
    let denies = move |request: &Request| {
        let asked: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let verb = asked["spec"]["resourceAttributes"]["verb"].as_str().unwrap_or_default();
        denied.contains(&verb)
    };
    [
        server.inject(answer(json!({"status": {"allowed": false}})), move |request| {
            reviews(request) && denies(request)
        }),
        server.inject(answer(json!({"status": {"allowed": true}})), reviews),
    ]
}

fn lease(spec: &Value) -> Value {
    json!({"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "spec": spec})
}

/// A wall clock's time.
fn in_seconds(seconds: i64) -> String {
    format!("{:.6}", jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds))
}

fn held(renewed: i64, more: &Value) -> Value {
    let mut spec = json!({
        "holderIdentity": "app-0_k4ev6mxrjhjj", "leaseDurationSeconds": 15, "leaseTransitions": 3,
        "acquireTime": in_seconds(-100), "renewTime": in_seconds(renewed),
    });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut lease = lease(&spec);
    lease["metadata"] = json!({"labels": {"cluster-leader.io/election": "true"}});
    lease
}

#[test]
fn all_is_well_where_it_is() {
    for world in World::both() {
        let _grants = world.server.as_ref().map(|server| grants(server, &[], ""));
        let leader = Sidecar::at_any_port(&world, "app-0");
        leader.await_leading();
        let said = world.output(&["doctor", "--election=jobs", "-o", "json"]);
        assert_eq!((said.code, findings(&said)), (0, vec![]), "{said:?}");
        let said = world.output(&["doctor", "--election=jobs"]);
        for part in
            ["all is well", "held by app-0", "CLUSTER_LEADER_ELECTION", "--election", "15s", "default"]
        {
            assert!(said.out.contains(part), "{part:?} is missing: {said:?}");
        }
    }
}

#[test]
fn the_cause_is_named_with_what_would_help() {
    struct Case {
        what: &'static str,
        prepare: fn(&World, &mut Command),
        denied: &'static [&'static str],
        headers: &'static str,
        lease: Option<Value>,
        parts: &'static [&'static str],
    }
    fn nothing(_: &World, _: &mut Command) {}
    let case = |what, parts| Case { what, prepare: nothing, denied: &[], headers: "", lease: None, parts };
    let cases = [
        Case {
            denied: &["update"],
            ..case(
                "a verb is missing",
                &["may not update leases/jobs", "kubectl apply -f -", "resourceNames"],
            )
        },
        Case {
            denied: &["create", "watch"],
            ..case(
                "two verbs",
                &["create leases, watch leases/jobs", "manifest --election jobs --namespace team"],
            )
        },
        Case {
            prepare: |_, command| {
                command.env("CLUSTER_LEADER_WATCH_PODS", "true");
            },
            denied: &["watch"],
            ..case("pods", &["watch pods", "--watch-pods", "pods"])
        },
        Case {
            headers: "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n",
            ..case("our clock is ahead", &["ahead of that of the API server", "NTP"])
        },
        Case {
            headers: "Date: Fri, 01 Jan 2100 00:00:00 GMT\r\n",
            ..case("our clock is behind", &["behind that of the API server", "NTP"])
        },
        Case {
            prepare: |_, command| {
                command.env_remove("CLUSTER_LEADER_ELECTION");
            },
            ..case("no election", &["no election is named", "CLUSTER_LEADER_ELECTION"])
        },
        Case {
            prepare: |_, command| {
                command.env("CLUSTER_LEADER_ELECTON", "x");
            },
            ..case("a slip", &["CLUSTER_LEADER_ELECTON is unknown", "CLUSTER_LEADER_ELECTION"])
        },
        Case {
            prepare: |_, command| {
                command.env("CLUSTER_LEADER_LEASE_DURATION", "15");
            },
            ..case("no unit", &["CLUSTER_LEADER_LEASE_DURATION", "\"15\"", "15s"])
        },
        Case {
            prepare: |_, command| {
                command.env("CLUSTER_LEADER_RENEW_DEADLINE", "20s");
            },
            ..case("timings", &["20s", "15s by default"])
        },
        Case {
            prepare: |_, command| {
                command.env("CLUSTER_LEADER_LEASE_DURATION", "3s").env("CLUSTER_LEADER_RENEW_DEADLINE", "2s");
                command.env("CLUSTER_LEADER_RETRY_PERIOD", "500ms");
            },
            ..case("odd timings", &["lease duration is 3s", "15s, 10s and 2s"])
        },
        Case {
            prepare: |_, command| {
                command.env("POD_NAME", "app-7");
            },
            ..case("one name for all", &["CLUSTER_LEADER_INSTANCE_NAME is \"asker\"", "metadata.name"])
        },
        Case {
            prepare: |_, command| {
                command.env("KUBECONFIG", "/nonexistent/kubeconfig");
            },
            ..case("no kubeconfig", &["kubeconfig", "/nonexistent"])
        },
        Case {
            prepare: |world, _| world.write_kubeconfig("http://127.0.0.1:1"),
            ..case("nobody answers", &["http://127.0.0.1:1 cannot be asked", "NetworkPolicy"])
        },
        Case {
            lease: Some(held(-100, &json!({}))),
            ..case("nobody stands", &["has not renewed it for 1m", "kubectl get pods"])
        },
        Case {
            lease: Some(held(60, &json!({}))),
            ..case("the holder's clock is ahead", &["in the future", "NTP"])
        },
        Case {
            lease: Some(held(0, &json!({"leaseDurationSeconds": 40}))),
            ..case("other timings", &["lease duration of 40s", "one of 15s"])
        },
        Case {
            lease: Some(held(0, &json!({"strategy": "OldestEmulationVersion"}))),
            ..case("coordinated", &["coordinated election", "/spec/strategy"])
        },
        Case {
            lease: Some(lease(
                &json!({"holderIdentity": "client-go", "leaseDurationSeconds": 15, "renewTime": in_seconds(0)}),
            )),
            ..case("another elector", &["another elector", "Lease of its own"])
        },
        Case {
            lease: Some(lease(&json!({"holderIdentity": "sloppy"}))),
            ..case("a sloppy elector", &["leaseDurationSeconds and renewTime"])
        },
    ];
    for Case { what, prepare, denied, headers, lease, parts } in cases {
        let world = World::cluster();
        let _grants = grants(world.server(), denied, headers);
        if let Some(lease) = lease {
            world.server().add("team", "jobs", lease);
        }
        let mut command = world.command("asker", &["doctor", "-o", "json"]);
        command.env("CLUSTER_LEADER_ELECTION", "jobs");
        prepare(&world, &mut command);
        let said = said(&mut command);
        assert_eq!(said.code, 3, "{what}: {said:?}");
        let found = findings(&said).join("\n");
        for part in parts {
            assert!(found.contains(part), "{what}: {part:?} is missing in\n{found}");
        }
        assert!(
            world
                .server()
                .asked()
                .iter()
                .all(|request| !request.target.contains("leases") || !request.writes())
        );
    }
}

#[test]
fn on_files_the_directory_and_whoever_stands_there_are_looked_at() {
    let world = World::new();
    let twins = ["twin", "twin"].map(|name| Sidecar::at_any_port(&world, name));
    cluster_leader_tests_kubernetes::eventually("one of them leads", || {
        twins.iter().any(|twin| twin.get("/is-leader").0 == 200).then_some(())
    });
    let mut command = world.command("asker", &["doctor", "--election=jobs", "-o", "json"]);
    command.env("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    cluster_leader_tests_kubernetes::eventually("both are seen", || {
        let found = findings(&said(&mut command)).join("\n");
        (found.contains("as \"twin\"") && found.contains("this is a pod")).then_some(())
    });
    drop(twins);
    let said = world.output(&["doctor", "--election=jobs", "-o", "json"]);
    assert!(findings(&said).join("\n").contains("is dead, and nobody has taken over"), "{said:?}");
}

#[test]
fn manifests_give_the_rights_of_the_examples() {
    let world = World::cluster();
    let arguments = ["--election=billing-jobs", "--namespace=default", "--service-account=billing"];
    let said = world.output(&[&["manifest"][..], &arguments].concat());
    assert_eq!(said.code, 0, "{said:?}");
    let ours = cluster_leader_tests_kubernetes::documents(&said.out);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/kubernetes/");
    for (document, file) in ours.iter().zip(["role.yaml", "role-binding.yaml"]) {
        let example = std::fs::read_to_string(format!("{folder}{file}")).unwrap();
        let mut example = cluster_leader_tests_kubernetes::documents(&example).remove(0);
        example["metadata"]["namespace"] = json!("default");
        assert_eq!(*document, example, "{file}");
    }
    assert_eq!(ours.len(), 2);

    // What stands in a comment there: the rule for pods that are watched.
    let role = std::fs::read_to_string(format!("{folder}role.yaml")).unwrap();
    let rule = role.split_once("CLUSTER_LEADER_WATCH_PODS").unwrap().1.lines().skip(1);
    let rule: Vec<_> = rule.map(|line| line.strip_prefix("  # ").unwrap()).collect();
    let rule = cluster_leader_tests_kubernetes::documents(&rule.join("\n")).remove(0)[0].clone();
    let watching = world.output(&[&["manifest", "--watch-pods"][..], &arguments].concat());
    let watching = cluster_leader_tests_kubernetes::documents(&watching.out).remove(0);
    assert_eq!(watching["rules"].as_array().unwrap().last(), Some(&rule));

    let patch = world.output(&[&["manifest", "--deployment=billing", "-o", "json"][..], &arguments].concat());
    let patch: Value = serde_json::from_str(&patch.out).unwrap();
    let pod = &patch["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "billing");
    assert_eq!(pod["containers"][0]["name"], "billing");
    let env = pod["containers"][0]["env"].as_array().unwrap();
    assert!(env.contains(&json!({"name": "CLUSTER_LEADER_ELECTION", "value": "billing-jobs"})), "{patch}");
    assert!(env.iter().any(|it| it["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"), "{patch}");
    assert_eq!(world.output(&["manifest"]).code, 2, "no election");
}

#[test]
fn pages_name_every_command() {
    let world = World::new();
    let commands =
        ["serve", "run", "status", "watch", "step-down", "doctor", "manifest", "completions", "man"];
    let help = world.output(&["--help"]);
    let manual = world.output(&["man"]);
    for command in commands {
        assert!(help.out.contains(command), "{help:?}");
        assert!(manual.out.replace('\\', "").contains(command), "{command} is not in the man page");
    }
    assert!(help.out.contains("Exit codes:") && manual.out.contains("Exit codes"), "{help:?}");
    for shell in ["bash", "zsh", "fish"] {
        let said = world.output(&["completions", shell]);
        assert!(said.code == 0 && said.out.contains("step-down"), "{shell}: {said:?}");
    }
    let directory = world.path("man1");
    let said = world.output(&["man", "--directory", directory.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{said:?}");
    for page in ["cluster-leader.1", "cluster-leader-run.1", "cluster-leader-step-down.1"] {
        assert!(directory.join(page).exists(), "{page}");
    }
}
