//! The store against a server that answers what a script says, and the driver with it.

mod driven;
mod places;
mod requests;
mod sharing;
mod tls;
mod watching;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use election::{Identity, Record, Timing, Version};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::api::{Answer, ApiServer, Authority};

use super::{ApiServers, KubernetesPlace, KubernetesStore};

/// A service account's directory, as the kubelet mounts it.
pub(super) struct ServiceAccount(TempDir);

impl ServiceAccount {
    fn new() -> Self {
        Self::trusting(&Authority::new())
    }

    fn trusting(authority: &Authority) -> Self {
        let account = Self(tempfile::tempdir().unwrap());
        account.write("token", "first-token\n");
        account.write("namespace", "team\n");
        account.write("ca.crt", &authority.pem());
        account
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.file(name), content).unwrap();
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn place(&self, port: u16) -> KubernetesPlace {
        KubernetesPlace::in_cluster("127.0.0.1", &port.to_string(), self.0.path(), None, "jobs").unwrap()
    }

    /// A store at a server that speaks plain HTTP.
    fn store(&self, server: &ApiServer) -> KubernetesStore {
        let mut place = self.place(server.port());
        place.config.cluster_url = server.url().parse().unwrap();
        place.open(&patient(), &ApiServers::default()).unwrap()
    }
}

/// Ten seconds for an attempt: nothing fails because the machine is busy.
fn patient() -> Timing {
    Timing::new(Duration::from_secs(60), Duration::from_secs(50), Duration::from_secs(2)).unwrap()
}

/// 200 ms for an attempt.
fn quick() -> Timing {
    Timing::new(Duration::from_secs(2), Duration::from_secs(1), Duration::from_millis(200)).unwrap()
}

fn lease(version: u64) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {
            "name": "jobs", "namespace": "team", "uid": "u-1", "resourceVersion": version.to_string(),
            "creationTimestamp": "2026-11-05T07:00:00Z",
            "labels": {"app": "billing"},
            "annotations": {"team.example/owner": "ops", "cluster-leader.io/token": "7 old_x"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "billing", "uid": "d-1"}],
            "managedFields": [{"manager": "kubectl", "operation": "Update", "fieldsType": "FieldsV1",
                               "fieldsV1": {"f:spec": {"f:holderIdentity": {}}}}],
        },
        "spec": {"holderIdentity": "old_x", "leaseDurationSeconds": 15, "leaseTransitions": 3},
    })
}

/// A reply that could be followed, or repeated.
fn reply(status: u16, body: String) -> Answer {
    Answer::Reply(status, "Location: /elsewhere\r\nRetry-After: 0\r\n", body)
}

fn status(code: u16, reason: &str, message: &str) -> Answer {
    reply(code, testkit::api::status(code, reason, message))
}

fn found(version: u64) -> Answer {
    reply(200, lease(version).to_string())
}

/// As [`ours`] makes it.
fn written(version: u64) -> Value {
    let mut lease = lease(version);
    lease["spec"]["holderIdentity"] = json!("new_y");
    lease
}

fn accepted(version: u64) -> Answer {
    reply(200, written(version).to_string())
}

fn version(number: u64) -> Version {
    Version { uid: Arc::from("u-1"), number }
}

fn ours() -> Record {
    Record {
        holder: Some(Identity::from("new_y")),
        lease_duration: Some(Duration::from_secs(2)),
        transitions: 4,
        ..Record::default()
    }
}

#[track_caller]
fn assert_parts(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is missing in: {message}");
    }
}
