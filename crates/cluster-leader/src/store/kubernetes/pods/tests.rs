//! Watches on the pods of those who lead.

use std::fs;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use election::Identity;
use futures_util::FutureExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::api::{Answer, ApiServer, Authority};

use super::super::connection::Connection;
use super::super::place::KubernetesPlace;
use super::Pods;

fn holder() -> Identity {
    Identity::of_start("billing-7", "abcdef")
}

/// The pod of [`holder`], whose container has ended with this message.
fn pod(version: u64, message: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "billing-7", "namespace": "team", "resourceVersion": version.to_string() },
        "spec": { "containers": [{ "name": "main" }] },
        "status": { "containerStatuses": [{
            "name": "main", "image": "x", "imageID": "x", "ready": false, "restartCount": 0,
            "state": { "terminated": {
                "exitCode": 137, "message": message, "finishedAt": "2026-11-05T07:10:00Z",
            }},
        }]},
    })
}

fn event(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({ "type": kind, "object": object }))
}

fn alive(version: u64) -> String {
    event("MODIFIED", &pod(version, ""))
}

fn dead(version: u64) -> String {
    event("MODIFIED", &pod(version, "cluster-leader holder billing-7_abcdef\n"))
}

fn bookmark(version: u64) -> String {
    let metadata = json!({ "resourceVersion": version.to_string(), "creationTimestamp": null });
    event("BOOKMARK", &json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": null }))
}

fn expired() -> String {
    event("ERROR", &json!({ "kind": "Status", "code": 410, "reason": "Expired", "message": "too old" }))
}

/// A candidate's access to the pods of a server.
struct Candidate {
    pods: Pods,
    place: KubernetesPlace,
    _service_account: TempDir,
}

impl Candidate {
    fn at(server: &ApiServer) -> Self {
        let service_account = tempfile::tempdir().unwrap();
        let write =
            |name: &str, content: &str| fs::write(service_account.path().join(name), content).unwrap();
        write("token", "token");
        write("namespace", "team");
        write("ca.crt", &Authority::new().pem());
        let mut place =
            KubernetesPlace::in_cluster("127.0.0.1", "443", service_account.path(), None, "jobs").unwrap();
        place.config.cluster_url = server.url().parse().unwrap();
        let pods = Pods::new(Rc::new(Connection::new(&place, Duration::from_secs(2))));
        Self { pods, place, _service_account: service_account }
    }

    async fn assert_proof(&self, holder: &Identity) {
        tokio::time::timeout(Duration::from_secs(60), self.proof(holder)).await.expect("a proof");
    }

    async fn proof(&self, holder: &Identity) {
        self.pods.death_of(holder, &self.place).await;
    }
}

/// From which versions on the pod was asked for.
fn asked_from(server: &ApiServer) -> Vec<String> {
    server.asked().iter().map(|asked| asked.query("resourceVersion").unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn g5_a_death_is_proven_by_a_change_of_the_holders_pod() {
    let server = ApiServer::scripted([Answer::Streaming(vec![alive(5), alive(6) + &bookmark(9), dead(12)])]);
    Candidate::at(&server).assert_proof(&holder()).await;
    let asked = server.last();
    assert!(asked.target.starts_with("/api/v1/namespaces/team/pods?"), "{asked:?}");
    assert_eq!(asked.query("fieldSelector"), Some("metadata.name%3Dbilling-7"));
    assert_eq!((asked.query("watch"), asked.query("allowWatchBookmarks")), (Some("true"), Some("true")));
    assert_eq!(asked.headers["authorization"], "Bearer token");
    // The server is told that it is over.
    server.until_left(1).await;
}

#[tokio::test]
async fn g5_whoever_lives_is_waited_for() {
    let server = ApiServer::scripted([Answer::Streaming(vec![alive(5), event("DELETED", &pod(6, ""))])]);
    let candidate = Candidate::at(&server);
    let holder = holder();
    let proof = candidate.proof(&holder);
    assert!(tokio::time::timeout(Duration::from_secs(1), proof).await.is_err());
    server.until_left(1).await;
    assert_eq!(asked_from(&server), [""]);
}

#[tokio::test]
async fn a_watch_on_a_pod_goes_on_from_where_it_broke_and_anew_where_that_is_forgotten() {
    let server = ApiServer::scripted([
        Answer::Ended(vec![alive(5), bookmark(9)]),
        Answer::Ended(vec![expired()]),
        Answer::Streaming(vec![dead(12)]),
    ]);
    Candidate::at(&server).assert_proof(&holder()).await;
    assert_eq!(asked_from(&server), ["", "9", ""]);
}

#[tokio::test]
async fn g10_a_pod_is_watched_once_for_all_who_wait_and_no_longer_than_they_do() {
    let server = ApiServer::scripted([Answer::Streaming(vec![alive(5)])]);
    let candidate = Candidate::at(&server);
    let (first, second) = (holder(), Identity::of_start("billing-7", "other"));
    let mut waiting = [Box::pin(candidate.proof(&first)), Box::pin(candidate.proof(&second))];
    poll_until_asked(&server, &mut waiting).await;
    let [one, other] = waiting;
    drop(one);
    let mut left = [other];
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(left[0].as_mut().now_or_never().is_none());
    }
    assert_eq!(server.asked().len(), 1);
    drop(left);
    server.until_left(1).await;
}

async fn poll_until_asked<F: Future<Output = ()> + Unpin>(server: &ApiServer, waiting: &mut [F]) {
    while server.asked().is_empty() {
        for future in &mut *waiting {
            assert!(future.now_or_never().is_none());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn g10_a_holder_that_is_called_like_no_pod_costs_no_request() {
    let server = ApiServer::scripted([]);
    let candidate = Candidate::at(&server);
    for name in ["", "Billing", "a b", "a,status.phase=Running", "a=b", "jobs/1", "büro"] {
        let holder = Identity::of_start(name, "abcdef");
        let proof = candidate.proof(&holder);
        assert!(tokio::time::timeout(Duration::from_millis(600), proof).await.is_err(), "{name:?}");
    }
    assert_eq!(server.asked().len(), 0);
}
