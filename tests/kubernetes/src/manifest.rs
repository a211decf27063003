//! Manifests: YAML that is given to `kubectl apply`.

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

pub(crate) fn apply(admin: &Admin, namespace: &str, object: &Value) {
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
    assert!(
        stated.as_deref().is_none_or(|stated| stated == namespace),
        "{kind} {name} is of the namespace {stated:?}, kubectl would not apply it to {namespace}"
    );
    object["metadata"]["namespace"] = json!(namespace);
    admin.apply(&format!("{group}/{version}/namespaces/{namespace}/{resource}/{name}"), &object);
}
