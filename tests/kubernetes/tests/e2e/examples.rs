//! The manifests of `examples/kubernetes`, on a server that admits and queues as clusters do; what is in them, run.

use std::path::Path;

use cluster_leader_tests_kubernetes::{
    Candidate, Namespace, Pod, RunningPod, ServiceAccount, SharedServer, Turn, documents_in, environment,
    eventually,
};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::command::program;
use crate::{SERVER, await_renewal, elector};

static STRICT: SharedServer = SharedServer::strict("strict");

/// The manifests of a folder below `examples/kubernetes`.
pub(crate) fn manifests(folder: &str) -> Vec<Value> {
    documents_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/kubernetes").join(folder))
}

/// The pod template of a manifest, if it has one.
fn template(object: &Value) -> Option<&Value> {
    object.pointer("/spec/template/spec")
}

/// A pod of a manifest, with the volumes that a StatefulSet's controller adds.
fn pod(object: &Value) -> Option<Value> {
    if object["kind"] == "Pod" {
        return Some(object["spec"].clone());
    }
    let mut pod = template(object)?.clone();
    for claim in object["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten() {
        let name = &claim["metadata"]["name"];
        let volumes = pod["volumes"].as_array_mut().expect("volumes");
        volumes.push(json!({ "name": name, "persistentVolumeClaim": { "claimName": name } }));
    }
    Some(pod)
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers"].into_iter().filter_map(|kind| pod[kind].as_array()).flatten()
}

#[test]
fn every_manifest_is_accepted_whole_and_its_pods_where_they_are_restricted() {
    let Some(server) = STRICT.get() else { return };
    let namespace = server.default_namespace();
    let restricted =
        json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "restricted" } } });
    server.admin().merge("/api/v1/namespaces/default", &restricted);
    let would_admit = |pod: &Value| {
        let pod = json!({ "metadata": { "name": "pod" }, "spec": pod });
        server.admin().would_create("/api/v1/namespaces/default/pods", &pod)
    };
    let mut pods = 0;
    for object in ["", "instead", "beside"].into_iter().flat_map(manifests) {
        let accepted = namespace.try_out(&object);
        // What an older server does not know, or has switched off, it drops without a word.
        assert_within(&object, &accepted, object["kind"].as_str().unwrap());
        let Some(pod) = pod(&object) else { continue };
        pods += 1;
        would_admit(&pod).unwrap_or_else(|refusal| panic!("{refusal}"));
        for container in containers(&pod) {
            assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true, "{container}");
            assert!(container["resources"]["limits"]["memory"].is_string(), "{container}");
        }
        // It would not admit just any.
        let mut lax = pod.clone();
        lax["securityContext"]["seccompProfile"] = Value::Null;
        let refusal = would_admit(&lax).expect_err("a pod without a seccomp profile");
        assert!(refusal.contains("restricted"), "{refusal}");
    }
    assert_eq!(pods, 5);
}

/// Every field of the one is in the other.
fn assert_within(one: &Value, other: &Value, path: &str) {
    match (one, other) {
        (Value::Object(fields), Value::Object(_)) => {
            for (name, value) in fields {
                assert_within(value, &other[name], &format!("{path}.{name}"));
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            assert_eq!(items.len(), others.len(), "{path}");
            for (i, (one, other)) in items.iter().zip(others).enumerate() {
                assert_within(one, other, &format!("{path}[{i}]"));
            }
        }
        _ => assert_eq!(one, other, "{path}"),
    }
}

#[test]
fn the_flow_schema_puts_leases_into_the_priority_level_of_leader_elections() {
    let _turn = Turn::beside_another();
    let Some(server) = STRICT.get() else { return };
    let namespace = server.default_namespace();
    for object in ["", "beside"].into_iter().flat_map(manifests) {
        namespace.apply(&object);
    }
    let account = namespace.existing_account("billing");
    account.await_right("update", "billing-jobs");
    // It counts as soon as the server has taken note of it.
    eventually("the flow schema", || {
        let schema =
            server.admin().find("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/billing-jobs-leader")?;
        let dangling = &schema["status"]["conditions"][0];
        (dangling["type"] == "Dangling" && dangling["status"] == "False").then_some(())
    });
    let leader = Candidate::start(&account, "leader", "billing-jobs", Candidate::quick());
    leader.await_term_after(0);
    let dispatched = |schema: &str, level: &str| -> f64 {
        let name = "apiserver_flowcontrol_dispatched_requests_total";
        let line = format!("{name}{{flow_schema=\"{schema}\",priority_level=\"{level}\"}} ");
        let metrics = server.admin().metrics();
        metrics.lines().find_map(|it| it.strip_prefix(&line)?.parse().ok()).unwrap_or(0.0)
    };
    let ours = || dispatched("billing-jobs-leader", "leader-election");
    let others = || dispatched("service-accounts", "workload-low");
    let before = (ours(), others());
    for _ in 0..2 {
        await_renewal(&namespace.lease("billing-jobs"));
    }
    let after = (ours(), others());
    assert!(after.0 >= before.0 + 2.0, "{before:?} {after:?}");
    assert_eq!(after.1, before.1, "no request of it goes another way");
}

/// As a kubelet would start the command from a container of `pod`, but that it listens at any port.
fn start<'a>(
    account: &ServiceAccount<'a>,
    namespace: &Namespace<'a>,
    name: &str,
    container: &Value,
) -> Option<RunningPod> {
    let words = |field: &str| container[field].as_array().cloned().unwrap_or_default();
    let mut words: Vec<Value> = [words("command"), words("args")].concat();
    if words[0].as_str().unwrap().starts_with('/') {
        assert!(words.remove(0).as_str().unwrap().ends_with("/cluster-leader"), "{container}");
    }
    let mut pod = Pod::new(namespace.server(), name, Some(account.files()), program()?);
    for word in &words {
        pod = pod.arg(word.as_str().unwrap().replace(":4040", ":0"));
    }
    for (variable, value) in environment(container, name, namespace.name()) {
        pod = pod.env(&variable, value);
    }
    Some(pod.start())
}

fn holder(namespace: &Namespace<'_>) -> String {
    let lease = namespace.lease("billing-jobs").find().unwrap_or_default();
    lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_sidecar_of_the_examples_leads_and_hands_over() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("sidecar");
    let account = elector(&namespace, "billing", "billing-jobs");
    let manifests = manifests("instead");
    let sidecar = manifests.iter().filter_map(template).find_map(|pod| pod["initContainers"].get(0)).unwrap();
    assert_eq!(sidecar["restartPolicy"], "Always");
    let Some(first) = start(&account, &namespace, "billing-0", sidecar) else { return };
    first.process.await_text("listening at http://");
    eventually("it leads", || holder(&namespace).starts_with("billing-0_").then_some(()));
    let second = start(&account, &namespace, "billing-1", sidecar).unwrap();
    second.process.await_text("held by billing-0");
    first.process.signal(Signal::TERM);
    assert_eq!(first.process.await_exit().code(), Some(0));
    eventually("the other leads", || holder(&namespace).starts_with("billing-1_").then_some(()));
}

#[test]
fn the_program_of_the_examples_runs_in_one_pod_at_a_time() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("run");
    let account = elector(&namespace, "billing", "billing-jobs");
    let manifests = manifests("instead");
    let runs = |container: &&Value| container["command"].as_array().is_some_and(|words| words[1] == "run");
    let container = manifests.iter().filter_map(template).flat_map(containers).find(runs).unwrap();
    let Some(first) = start(&account, &namespace, "billing-0", container) else { return };
    first.process.await_text("works");
    let second = start(&account, &namespace, "billing-1", container).unwrap();
    second.process.await_text("held by billing-0");
    let worked =
        |pod: &RunningPod| pod.process.with_lines(|lines| lines.iter().any(|line| line.text == "works"));
    assert!(!worked(&second));
    first.process.signal(Signal::TERM);
    let ends = first.process.await_line("its end", 0, |line| (line.text == "ends").then_some(line.at));
    assert_eq!(first.process.await_exit().code(), Some(0));
    let works = second.process.await_line("its begin", 0, |line| (line.text == "works").then_some(line.at));
    assert!(ends < works, "{ends} {works}");
}

/// With the rights of the examples there is nothing to find; without them the pod says what is missing, and fails.
#[test]
fn the_doctor_of_the_examples_finds_what_is_missing() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("examined");
    let account = namespace.account("billing");
    let pod = manifests("beside").iter().find_map(pod).expect("a pod");
    let container = &pod["containers"][0];
    let Some(before) = start(&account, &namespace, "doctor", container) else { return };
    before.process.await_text("may not create leases");
    assert_eq!(before.process.await_exit().code(), Some(3));
    account.allow(&crate::MINIMAL, "billing-jobs");
    let after = start(&account, &namespace, "doctor", container).unwrap();
    assert_eq!(after.process.await_exit().code(), Some(0));
}
