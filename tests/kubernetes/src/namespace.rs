//! A namespace, and the Leases in it.

use serde_json::{Value, json};

use crate::account::ServiceAccount;
use crate::admin::Admin;
use crate::api_server::ApiServer;
use crate::kubelet::PodObject;
use crate::manifest;

/// A namespace that one test has to itself.
#[derive(Debug)]
pub struct Namespace<'a> {
    server: &'a ApiServer,
    admin: Admin,
    name: String,
}

impl<'a> Namespace<'a> {
    pub(crate) fn existing(server: &'a ApiServer, name: &str) -> Self {
        Self { server, admin: server.admin().clone(), name: name.to_owned() }
    }

    pub(crate) fn create(server: &'a ApiServer, name: &str) -> Self {
        server.admin().create("/api/v1/namespaces", &json!({ "metadata": { "name": name } }));
        Self::existing(server, name)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server that it is of.
    #[must_use]
    pub fn server(&self) -> &'a ApiServer {
        self.server
    }

    /// The server's administrator.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Makes a ServiceAccount that may do nothing.
    #[must_use]
    pub fn account(&self, name: &str) -> ServiceAccount<'_> {
        let path = format!("/api/v1/namespaces/{}/serviceaccounts", self.name);
        self.admin.create(&path, &json!({ "metadata": { "name": name } }));
        ServiceAccount::of(self, name)
    }

    /// A ServiceAccount that was made by other means.
    #[must_use]
    pub fn existing_account(&self, name: &str) -> ServiceAccount<'_> {
        ServiceAccount::of(self, name)
    }

    /// Applies a manifest as `kubectl apply --namespace` would.
    pub fn apply(&self, object: &Value) {
        manifest::apply(&self.admin, &self.name, object);
    }

    /// What [`apply`](Self::apply) would make of a manifest, which is not kept.
    pub fn try_out(&self, object: &Value) -> Value {
        manifest::try_out(&self.admin, &self.name, object)
    }

    /// Makes a pod of one container, `main`, with what else `spec` says.
    #[must_use]
    pub fn pod(&self, name: &str, spec: Value) -> PodObject<'_> {
        PodObject::create(self, name, spec)
    }

    /// A Lease, which need not exist.
    #[must_use]
    pub fn lease(&self, name: &str) -> Lease<'_> {
        let collection = format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", self.name);
        Lease { admin: &self.admin, path: format!("{collection}/{name}"), collection, name: name.to_owned() }
    }
}

/// A Lease as an administrator sees it.
#[derive(Debug)]
pub struct Lease<'a> {
    admin: &'a Admin,
    collection: String,
    path: String,
    name: String,
}

impl Lease<'_> {
    /// Creates it. `content` has its spec, and metadata beside the name.
    pub fn create(&self, mut content: Value) -> Value {
        content["metadata"]["name"] = json!(self.name);
        self.admin.create(&self.collection, &content)
    }

    /// The object, if there is one.
    #[must_use]
    pub fn find(&self) -> Option<Value> {
        self.admin.find(&self.path)
    }

    /// The object.
    #[must_use]
    pub fn get(&self) -> Value {
        self.find().unwrap_or_else(|| panic!("there is no Lease {}", self.path))
    }

    /// `metadata.resourceVersion`.
    #[must_use]
    pub fn version(&self) -> u64 {
        let version = self.get()["metadata"]["resourceVersion"].clone();
        version.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("version {version}"))
    }

    /// Changes parts of it as `kubectl edit` does.
    pub fn merge(&self, change: &Value) -> Value {
        self.admin.merge(&self.path, change)
    }

    /// Deletes it.
    pub fn delete(&self) {
        self.admin.delete(&self.path);
    }
}
