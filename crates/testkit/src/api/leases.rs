//! The store: Leases with compare-and-set, and a history for those who watch.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::request::{Request, Verb};
use crate::clock::boottime;

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/";

/// What the server has to say.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) body: Value,
    /// The version that a write made.
    pub(super) made: Option<u64>,
}

/// Something that watchers are shown.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) revision: u64,
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    pub(super) object: Value,
    /// As it was before, if it was.
    pub(super) before: Option<Value>,
    pub(super) at: Duration,
}

impl Change {
    pub(super) fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or_default()
    }
}

/// All Leases of a cluster.
pub(super) struct Leases {
    revision: u64,
    objects: BTreeMap<(String, String), Value>,
    history: Vec<Change>,
    /// Nobody can watch from before this revision.
    forgotten: u64,
}

impl Leases {
    pub(super) fn new() -> Self {
        Self { revision: 1000, objects: BTreeMap::new(), history: Vec::new(), forgotten: 0 }
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// All of a namespace.
    pub(super) fn all(&self, namespace: &str) -> Vec<Value> {
        self.objects.iter().filter(|(key, _)| key.0 == namespace).map(|(_, object)| object.clone()).collect()
    }

    /// Carries out a request.
    pub(super) fn carry_out(&mut self, request: &Request) -> Said {
        let place = request.path().strip_prefix(LEASES).map(|rest| rest.split('/').collect::<Vec<_>>());
        match (request.verb(), place.as_deref()) {
            (Verb::Get, Some([namespace, "leases", name])) => match self.get(namespace, name) {
                Some(lease) => Said { status: 200, body: lease.clone(), made: None },
                None => refusal(404, "NotFound", &not_found(name)),
            },
            (Verb::Get, Some([namespace, "leases"])) => {
                let body = json!({
                    "kind": "LeaseList", "apiVersion": "coordination.k8s.io/v1",
                    "metadata": {"resourceVersion": self.revision.to_string()}, "items": self.all(namespace),
                });
                Said { status: 200, body, made: None }
            }
            (Verb::Create, Some([namespace, "leases"])) => self.create(namespace, &request.body),
            (Verb::Update, Some([namespace, "leases", name])) => self.update(namespace, name, &request.body),
            _ => refusal(404, "NotFound", "the server could not find the requested resource"),
        }
    }

    fn create(&mut self, namespace: &str, body: &str) -> Said {
        let mut lease = match parsed(body) {
            Ok(lease) => lease,
            Err(refused) => return refused,
        };
        let Some(name) = lease["metadata"]["name"].as_str().map(str::to_owned) else {
            return refusal(
                422,
                "Invalid",
                "metadata.name: Required value: name or generateName is required",
            );
        };
        if self.get(namespace, &name).is_some() {
            let words = format!("leases.coordination.k8s.io \"{name}\" already exists");
            return refusal(409, "AlreadyExists", &words);
        }
        lease["metadata"]["uid"] = json!(format!("uid-{}", self.revision + 1));
        lease["metadata"]["creationTimestamp"] = json!("2026-11-05T07:00:00Z");
        self.put("ADDED", namespace, &name, lease, 201)
    }

    fn update(&mut self, namespace: &str, name: &str, body: &str) -> Said {
        let mut lease = match parsed(body) {
            Ok(lease) => lease,
            Err(refused) => return refused,
        };
        if lease["metadata"]["name"] != *name {
            return refusal(400, "BadRequest", "the name of the object does not match the name on the URL");
        }
        let conflict = |why: &str| {
            let words =
                format!("Operation cannot be fulfilled on leases.coordination.k8s.io \"{name}\": {why}");
            refusal(409, "Conflict", &words)
        };
        let Some(current) = self.get(namespace, name) else {
            // An update may create a Lease, but not one of a uid of the client's choice.
            return match lease["metadata"]["uid"].as_str() {
                Some(_) => conflict("Precondition failed: UID in precondition, but no object"),
                None => refusal(404, "NotFound", &not_found(name)),
            };
        };
        let metadata = &lease["metadata"];
        if metadata["resourceVersion"].as_str().is_none_or(str::is_empty) {
            return refusal(422, "Invalid", "metadata.resourceVersion: must be specified for an update");
        }
        if metadata["uid"].is_string() && metadata["uid"] != current["metadata"]["uid"] {
            return conflict("Precondition failed: UID in precondition is not the UID in object meta");
        }
        if metadata["resourceVersion"] != current["metadata"]["resourceVersion"] {
            return conflict("the object has been modified; please apply your changes to the latest version");
        }
        for kept in ["uid", "creationTimestamp"] {
            lease["metadata"][kept] = current["metadata"][kept].clone();
        }
        if lease == *current {
            return Said { status: 200, body: lease, made: Some(self.revision) };
        }
        self.put("MODIFIED", namespace, name, lease, 200)
    }

    fn put(
        &mut self,
        kind: &'static str,
        namespace: &str,
        name: &str,
        mut lease: Value,
        status: u16,
    ) -> Said {
        self.revision += 1;
        lease["metadata"]["namespace"] = json!(namespace);
        lease["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        let before = self.objects.insert((namespace.to_owned(), name.to_owned()), lease.clone());
        self.changed(kind, namespace, lease.clone(), before);
        Said { status, body: lease, made: Some(self.revision) }
    }

    /// Somebody else's Lease.
    pub(super) fn add(&mut self, namespace: &str, name: &str, mut lease: Value) {
        lease["metadata"]["name"] = json!(name);
        lease["metadata"]["uid"] = json!(format!("uid-{}", self.revision + 1));
        self.put("ADDED", namespace, name, lease, 201);
    }

    /// Somebody else's edit, guarded by nothing.
    pub(super) fn edit(&mut self, namespace: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut lease = self.get(namespace, name).expect("a Lease to edit").clone();
        edit(&mut lease);
        self.put("MODIFIED", namespace, name, lease, 200);
    }

    /// Somebody else's deletion.
    pub(super) fn delete(&mut self, namespace: &str, name: &str) {
        let gone = self.objects.remove(&(namespace.to_owned(), name.to_owned()));
        let before = gone.expect("a Lease to delete");
        self.revision += 1;
        let mut lease = before.clone();
        lease["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        self.changed("DELETED", namespace, lease, Some(before));
    }

    fn changed(&mut self, kind: &'static str, namespace: &str, object: Value, before: Option<Value>) {
        let revision = self.revision;
        let namespace = namespace.to_owned();
        self.history.push(Change { revision, kind, namespace, object, before, at: boottime() });
    }

    /// Forgets what happened: nobody can watch from before now.
    pub(super) fn compact(&mut self) {
        self.revision += 1;
        self.forgotten = self.revision;
    }

    /// The first change after a revision; an error if that is forgotten.
    pub(super) fn after(&self, revision: u64) -> Result<Option<&Change>, String> {
        if revision < self.forgotten {
            return Err(format!("too old resource version: {revision} ({})", self.forgotten));
        }
        Ok(self.history.get(self.history.partition_point(|change| change.revision <= revision)))
    }

    /// The state before the newest change of this Lease: what a stale cache would answer.
    pub(super) fn previous(&self, namespace: &str, name: &str) -> Option<Value> {
        let of_it = |change: &&Change| change.namespace == namespace && change.name() == name;
        self.history.iter().rev().filter(of_it).nth(1).map(|change| change.object.clone())
    }
}

fn not_found(name: &str) -> String {
    format!("leases.coordination.k8s.io \"{name}\" not found")
}

/// A Lease, if it is a valid one.
fn parsed(body: &str) -> Result<Value, Said> {
    let lease: Value =
        serde_json::from_str(body).map_err(|error| refusal(400, "BadRequest", &error.to_string()))?;
    if lease["kind"] != "Lease" {
        return Err(refusal(400, "BadRequest", "no kind \"Lease\""));
    }
    let spec = &lease["spec"];
    if spec["leaseDurationSeconds"].as_i64().is_some_and(|seconds| seconds <= 0) {
        return Err(refusal(422, "Invalid", "spec.leaseDurationSeconds: must be greater than 0"));
    }
    if spec["leaseTransitions"].as_i64().is_some_and(|transitions| transitions < 0) {
        return Err(refusal(422, "Invalid", "spec.leaseTransitions: must be greater than or equal to 0"));
    }
    Ok(lease)
}

/// A `Status` that says no.
pub(super) fn refusal(code: u16, reason: &str, message: &str) -> Said {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "code": code, "reason": reason, "message": message,
    });
    Said { status: code, body, made: None }
}
