//! What a kubelet makes for a pod, and reports of it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::namespace::Namespace;

/// A pod as the API server knows it. Nothing runs it: what its kubelet reports, the test says.
#[derive(Debug)]
pub struct PodObject<'a> {
    namespace: &'a Namespace<'a>,
    name: String,
}

impl<'a> PodObject<'a> {
    pub(crate) fn create(namespace: &'a Namespace<'a>, name: &str, mut spec: Value) -> Self {
        spec["containers"] = json!([{ "name": "main", "image": "none" }]);
        let pod = Self { namespace, name: name.to_owned() };
        let object = json!({ "metadata": { "name": name }, "spec": spec });
        namespace.admin().create(&pod.collection(), &object);
        pod.report_container(&running(), &json!({}));
        pod
    }

    fn collection(&self) -> String {
        format!("/api/v1/namespaces/{}/pods", self.namespace.name())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Changes parts of its status.
    pub fn report(&self, change: &Value) {
        let path = format!("{}/{}/status", self.collection(), self.name);
        self.namespace.admin().merge(&path, &json!({ "status": change }));
    }

    /// Reports the states of its container, and nothing of others.
    pub fn report_container(&self, state: &Value, last_state: &Value) {
        let status = container_status("main", state, last_state);
        self.report(&json!({
            "containerStatuses": [status], "initContainerStatuses": null, "ephemeralContainerStatuses": null,
        }));
    }

    /// Deletes it as `kubectl delete --force` does: its processes are not asked.
    pub fn delete_at_once(&self) {
        self.namespace.admin().delete(&format!("{}/{}?gracePeriodSeconds=0", self.collection(), self.name));
    }
}

/// What a kubelet reports of one container.
#[must_use]
pub fn container_status(name: &str, state: &Value, last_state: &Value) -> Value {
    json!({
        "name": name, "image": "none", "imageID": "none", "ready": false, "restartCount": 0,
        "state": state, "lastState": last_state,
    })
}

/// The state of a container that runs.
#[must_use]
pub fn running() -> Value {
    json!({ "running": { "startedAt": "2026-11-05T07:00:00Z" } })
}

/// The state of a container that was killed, with this termination message.
#[must_use]
pub fn terminated(message: &str) -> Value {
    json!({ "terminated": {
        "exitCode": 137, "reason": "Error", "message": message, "containerID": "containerd://1",
        "startedAt": "2026-11-05T07:00:00Z", "finishedAt": "2026-11-05T07:10:00Z",
    }})
}

/// The file that a kubelet makes for one start of a container.
#[derive(Debug)]
pub struct TerminationLog(NamedTempFile);

impl TerminationLog {
    /// An empty one.
    ///
    /// # Panics
    /// Files cannot be made.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it makes a file")]
    pub fn new() -> Self {
        Self(NamedTempFile::new().expect("a temporary file"))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// What the kubelet will show of it.
    #[must_use]
    pub fn message(&self) -> String {
        fs::read_to_string(self.path()).expect("it is there")
    }
}
