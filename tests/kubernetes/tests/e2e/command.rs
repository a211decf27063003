//! The command `cluster-leader` in pods.

use std::path::PathBuf;

use cluster_leader_tests_kubernetes::{
    Pod, Process, RunningPod, ServiceAccount, Turn, documents, eventually, skipped,
};
use serde_json::Value;

use crate::SERVER;

/// Built beside these tests, by `cargo build -p cluster-leader-cli`; another build where `CLUSTER_LEADER_TEST_BINARY`
/// names one.
pub(crate) fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CLUSTER_LEADER_TEST_BINARY") {
        return Some(named.into());
    }
    let tests = std::env::current_exe().expect("a path of our own");
    let program = tests.ancestors().nth(2).expect("target/debug").join("cluster-leader");
    if !program.exists() {
        skipped(format!("{} is not there: cargo build -p cluster-leader-cli", program.display()));
        return None;
    }
    Some(program)
}

fn start(account: &ServiceAccount<'_>, pod: &str, arguments: &[&str]) -> Option<RunningPod> {
    let server = account.namespace().server();
    let pod = Pod::new(server, pod, Some(account.files()), program()?)
        .env("POD_NAME", pod)
        .env("CLUSTER_LEADER_ELECTION", "jobs");
    Some(arguments.iter().fold(pod, Pod::arg).start())
}

/// What it said on standard output and error, and its exit code.
fn finished(process: &Process) -> (String, Option<i32>) {
    let code = process.await_exit().code();
    let text = process.with_lines(|lines| lines.iter().map(|line| line.text.clone() + "\n").collect());
    (text, code)
}

fn doctor(account: &ServiceAccount<'_>) -> Option<(Value, Option<i32>)> {
    let (said, code) = finished(&start(account, "doctor", &["doctor", "-o", "json"])?.process);
    Some((serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}")), code))
}

/// What `doctor` finds missing, the manifest gives; what the manifest gives is enough.
#[test]
fn the_doctor_names_the_missing_rights_and_the_manifest_gives_them() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("doctor");
    let account = namespace.account("billing");
    let Some((report, code)) = doctor(&account) else { return };
    assert_eq!(code, Some(3), "{report}");
    assert_eq!(report["user"], account.user());
    let finding = &report["findings"][0];
    for verb in ["create leases", "get leases/jobs", "update leases/jobs", "watch leases/jobs"] {
        assert!(finding["problem"].as_str().unwrap().contains(verb), "{verb} is missing: {report}");
    }
    assert!(finding["fix"].as_str().unwrap().contains("--service-account billing"), "{report}");

    let arguments = ["manifest", "--namespace", namespace.name(), "--service-account", "billing"];
    let Some(manifest) = start(&account, "manifest", &arguments) else { return };
    let (manifest, _) = finished(&manifest.process);
    for document in documents(&manifest) {
        namespace.apply(&document);
    }
    account.await_right("update", "jobs");
    let (report, code) = doctor(&account).unwrap();
    assert_eq!((code, &report["findings"]), (Some(0), &Value::Array(Vec::new())), "{report}");
    let skew = report["clock_skew_ms"].as_i64().unwrap();
    assert!(skew.abs() < 60_000, "the same clock: {skew}");

    let leader = start(&account, "app-0", &["run", "--", "sh", "-c", "echo leads; exec sleep 1000"]).unwrap();
    leader.process.await_text("leads");
    let (said, code) = finished(&start(&account, "status", &["status"]).unwrap().process);
    assert!(code == Some(0) && said.contains("held") && said.contains("app-0"), "{said}");
}

/// The command under `run` is over before the other's begins.
#[test]
fn a_step_down_moves_the_command_and_nothing_more_than_update_is_needed() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("stepdown");
    let account = crate::elector(&namespace, "billing", "jobs");
    let script = "trap 'echo over; exit 0' TERM; echo leads; while :; do sleep 0.05; done";
    let run = ["run", "--", "sh", "-c", script];
    let Some(first) = start(&account, "app-0", &run) else { return };
    first.process.await_text("leads");
    let second = start(&account, "app-1", &run).unwrap();
    second.process.await_text("held by app-0");
    let (said, code) = finished(&start(&account, "asker", &["step-down"]).unwrap().process);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("app-1 leads"), "{said}");
    let over = first.process.await_line("the end", 0, |line| (line.text == "over").then_some(line.at));
    let leads = second.process.await_line("the start", 0, |line| (line.text == "leads").then_some(line.at));
    assert!(over < leads, "{over} {leads}");
    eventually("the request is gone", || {
        let annotations = namespace.lease("jobs").get()["metadata"]["annotations"].clone();
        annotations["cluster-leader.io/step-down"].is_null().then_some(())
    });
}
