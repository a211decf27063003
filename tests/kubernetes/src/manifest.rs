//! Manifests: YAML that is given to `kubectl apply`.

use std::fs;
use std::path::Path;

use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use crate::admin::Admin;

/// The objects of a file of YAML documents.
#[must_use]
pub fn documents(yaml: &str) -> Vec<Value> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(yaml).unwrap_or_else(|error| panic!("not YAML: {error}\n{yaml}"));
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// All objects of the YAML files in a directory.
///
/// # Panics
/// There is none.
#[must_use]
pub fn documents_in(directory: &Path) -> Vec<Value> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let yaml = files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    let documents: Vec<_> = yaml
        .flat_map(|file| documents(&fs::read_to_string(file).expect("the manifest can be read")))
        .collect();
    assert!(!documents.is_empty(), "no manifests in {}", directory.display());
    documents
}

/// The environment that a manifest gives to a container of a pod with this name.
#[must_use]
pub fn environment(container: &Value, pod: &str, namespace: &str) -> Vec<(String, String)> {
    let variables = container["env"].as_array().map(Vec::as_slice).unwrap_or_default();
    let value = |variable: &Value| {
        let field = &variable["valueFrom"]["fieldRef"]["fieldPath"];
        let value = match (variable["value"].as_str(), field.as_str()) {
            (Some(value), _) => value,
            (None, Some("metadata.name")) => pod,
            (None, Some("metadata.namespace")) => namespace,
            (None, _) => panic!("a value that only a kubelet knows: {variable}"),
        };
        (variable["name"].as_str().expect("a name").to_owned(), value.to_owned())
    };
    variables.iter().map(value).collect()
}

pub(crate) fn apply(admin: &Admin, namespace: &str, object: &Value) {
    let (path, object) = addressed(namespace, object);
    admin.apply(&path, &object);
}

pub(crate) fn try_out(admin: &Admin, namespace: &str, object: &Value) -> Value {
    let (path, object) = addressed(namespace, object);
    admin.try_out(&path, &object)
}

/// Where `kubectl` sends an object, and what it sends.
fn addressed(namespace: &str, object: &Value) -> (String, Value) {
    const OF_THE_CLUSTER: [&str; 1] = ["FlowSchema"];
    let text = |field: &Value| field.as_str().map(str::to_owned);
    let (Some(version), Some(kind), Some(name)) =
        (text(&object["apiVersion"]), text(&object["kind"]), text(&object["metadata"]["name"]))
    else {
        panic!("apiVersion, kind or metadata.name is missing: {object}");
    };
    let (group, version) = version.split_once('/').unwrap_or(("", &version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &kind)).plural;
    let group = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
    let mut object = object.clone();
    let stated = text(&object["metadata"]["namespace"]);
    if OF_THE_CLUSTER.contains(&&*kind) {
        assert_eq!(stated, None, "{kind} {name} is of no namespace");
        return (format!("{group}/{version}/{resource}/{name}"), object);
    }
    assert!(
        stated.as_deref().is_none_or(|stated| stated == namespace),
        "{kind} {name} is of the namespace {stated:?}, kubectl would not apply it to {namespace}"
    );
    object["metadata"]["namespace"] = json!(namespace);
    (format!("{group}/{version}/namespaces/{namespace}/{resource}/{name}"), object)
}
