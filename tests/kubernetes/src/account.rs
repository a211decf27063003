//! A service account, and its files as a kubelet mounts them.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::namespace::Namespace;
use crate::patience::eventually;

/// A ServiceAccount of a namespace.
#[derive(Clone, Debug)]
pub struct ServiceAccount<'a> {
    namespace: &'a Namespace<'a>,
    name: String,
}

impl<'a> ServiceAccount<'a> {
    pub(crate) fn of(namespace: &'a Namespace<'a>, name: &str) -> Self {
        Self { namespace, name: name.to_owned() }
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &'a Namespace<'a> {
        self.namespace
    }

    /// The user that its tokens stand for.
    #[must_use]
    pub fn user(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace.name(), self.name)
    }

    /// Gives it a Role of these rules, by which it may do `verb` to the Lease `lease` in the end.
    pub fn grant(&self, rules: &Value, verb: &str, lease: &str) {
        self.bind(lease, rules);
        self.await_right(verb, lease);
    }

    /// Gives it a Role of these rules, by which it may watch the namespace's pods in the end.
    pub fn grant_pods(&self, rules: &Value) {
        self.bind("pods", rules);
        self.await_permission(&json!({ "verb": "watch", "group": "", "resource": "pods" }));
    }

    /// Lets it watch the namespace's pods.
    pub fn allow_pods(&self) {
        self.grant_pods(&json!([{ "apiGroups": [""], "resources": ["pods"], "verbs": ["watch"] }]));
    }

    fn bind(&self, what: &str, rules: &Value) {
        let group = "/apis/rbac.authorization.k8s.io/v1";
        let metadata = json!({ "name": format!("{}-{what}", self.name) });
        let admin = self.namespace.admin();
        let path = |kind: &str| format!("{group}/namespaces/{}/{kind}", self.namespace.name());
        admin.create(&path("roles"), &json!({ "metadata": metadata, "rules": rules }));
        admin.create(
            &path("rolebindings"),
            &json!({
                "metadata": metadata,
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": metadata["name"],
                },
                "subjects": [{
                    "kind": "ServiceAccount", "name": self.name, "namespace": self.namespace.name(),
                }],
            }),
        );
    }

    /// Lets it create Leases, and do `verbs` to this one.
    pub fn allow(&self, verbs: &[&str], lease: &str) {
        let group = "coordination.k8s.io";
        let rules = json!([
            { "apiGroups": [group], "resources": ["leases"], "verbs": ["create"] },
            { "apiGroups": [group], "resources": ["leases"], "resourceNames": [lease], "verbs": verbs },
        ]);
        let verb = verbs.first().expect("a verb");
        self.grant(&rules, verb, lease);
    }

    /// Lets it do to this Lease too what elections need, where it may create Leases already.
    pub fn allow_also(&self, lease: &str) {
        self.allow(&["get", "update", "watch"], lease);
    }

    /// Waits until the server, which learns of new rights from a watch of its own, grants this one.
    pub fn await_right(&self, verb: &str, lease: &str) {
        self.await_permission(&json!({
            "verb": verb, "name": lease, "group": "coordination.k8s.io", "resource": "leases",
        }));
    }

    fn await_permission(&self, what: &Value) {
        let mut review = json!({ "spec": { "user": self.user(), "resourceAttributes": what } });
        review["spec"]["resourceAttributes"]["namespace"] = json!(self.namespace.name());
        eventually(&format!("{} may {what}", self.user()), || {
            let reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
            let answer = self.namespace.admin().create(reviews, &review);
            (answer["status"]["allowed"] == true).then_some(())
        });
    }

    /// A token that is valid for as long as there is the pod `pod`.
    #[must_use]
    pub fn token_of_pod(&self, pod: &str) -> String {
        let pods = format!("/api/v1/namespaces/{}/pods", self.namespace.name());
        let admin = self.namespace.admin();
        let pod = admin.create(
            &pods,
            &json!({
                "metadata": { "name": pod },
                "spec": {
                    "serviceAccountName": self.name,
                    "containers": [{ "name": "main", "image": "none" }],
                },
            }),
        );
        let metadata = &pod["metadata"];
        self.request_token(&json!({
            "kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"],
        }))
    }

    /// A token.
    #[must_use]
    pub fn token(&self) -> String {
        self.request_token(&Value::Null)
    }

    fn request_token(&self, bound_to: &Value) -> String {
        let path =
            format!("/api/v1/namespaces/{}/serviceaccounts/{}/token", self.namespace.name(), self.name);
        let asked = json!({ "spec": { "expirationSeconds": 3600, "boundObjectRef": bound_to } });
        let answer = self.namespace.admin().create(&path, &asked);
        answer["status"]["token"].as_str().expect("a token").to_owned()
    }

    /// Its files, with a token.
    #[must_use]
    pub fn files(&self) -> AccountFiles {
        self.files_with(&self.token())
    }

    /// Its files, with this token.
    #[must_use]
    pub fn files_with(&self, token: &str) -> AccountFiles {
        let ca = fs::read_to_string(self.namespace.server().ca_file()).expect("the CA can be read");
        let files = AccountFiles::empty();
        files.write(&[("token", token), ("ca.crt", &ca), ("namespace", self.namespace.name())]);
        files
    }
}

/// The directory that is mounted at `/var/run/secrets/kubernetes.io/serviceaccount`.
#[derive(Debug)]
pub struct AccountFiles {
    directory: TempDir,
    generation: Cell<u32>,
}

impl AccountFiles {
    /// A directory without files.
    #[must_use]
    pub fn empty() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { directory, generation: Cell::new(0) }
    }

    /// Writes files as a kubelet does: all of them change at one instant, when the link `..data`
    /// does. Those not named stay as they are.
    pub fn write(&self, files: &[(&str, &str)]) {
        let root = self.directory.path();
        let data = root.join("..data");
        let generation = self.generation.get() + 1;
        self.generation.set(generation);
        let next = root.join(format!("..{generation}"));
        fs::create_dir(&next).expect("a directory");
        for file in fs::read_dir(&data).into_iter().flatten().flatten() {
            fs::copy(file.path(), next.join(file.file_name())).expect("a copy");
        }
        for (name, content) in files {
            fs::write(next.join(name), content).expect("a file");
            if !root.join(name).is_symlink() {
                symlink(Path::new("..data").join(name), root.join(name)).expect("a link");
            }
        }
        symlink(format!("..{generation}"), root.join("..new")).expect("a link");
        fs::rename(root.join("..new"), &data).expect("another link");
    }

    /// The content of a file.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("the file is there")
    }

    /// Takes a file away.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).expect("the file was there");
    }

    /// Makes a file one that nobody can read, root neither: a directory.
    pub fn make_unreadable(&self, name: &str) {
        self.remove(name);
        fs::create_dir(self.path().join(name)).expect("a directory");
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }
}
