//! What a configuration needs in Kubernetes.

use clap::Args;
use cluster_leader::Setting;
use cluster_leader::surface::{Explained, explain};
use serde_json::{Value, json};

use crate::args::{Format, Output, Settings};
use crate::exit::{self, Failure};
use crate::print::{print, print_json};

/// Prints what this configuration needs in Kubernetes: Role and RoleBinding, or a patch of the Deployment
///
///   cluster-leader manifest --election billing-jobs --namespace shop --service-account billing | kubectl apply -f -
///   kubectl patch deployment billing --patch "$(cluster-leader manifest --election billing-jobs --deployment billing)"
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// The ServiceAccount of the pods
    #[arg(long, value_name = "NAME", default_value = "default")]
    service_account: String,
    /// Prints a patch of this Deployment instead
    #[arg(long, value_name = "NAME")]
    deployment: Option<String>,
    /// The container in it; otherwise one named as the Deployment is
    #[arg(long, value_name = "NAME", requires = "deployment")]
    container: Option<String>,
}

const GROUP: &str = "rbac.authorization.k8s.io";

/// The rules of a Role, no more than an election needs.
pub(crate) fn rules(election: &str, watch_pods: bool) -> Vec<Value> {
    let leases = |more: Value| {
        let mut rule = json!({ "apiGroups": ["coordination.k8s.io"], "resources": ["leases"] });
        if let (Some(rule), Value::Object(more)) = (rule.as_object_mut(), more) {
            rule.extend(more);
        }
        rule
    };
    // create cannot be limited to a name.
    let mut rules = vec![
        leases(json!({ "verbs": ["create"] })),
        leases(json!({ "resourceNames": [election], "verbs": ["get", "update", "watch"] })),
    ];
    if watch_pods {
        rules.push(json!({ "apiGroups": [""], "resources": ["pods"], "verbs": ["watch"] }));
    }
    rules
}

/// Value of a setting, if it is one that somebody gave.
fn given(settings: &[Explained], setting: Setting) -> Option<&str> {
    settings.iter().find(|it| it.setting == setting)?.value.as_deref()
}

pub(crate) fn manifest(settings: &Settings, output: Output, arguments: &Arguments) -> Result<u8, Failure> {
    let (settings, _) = explain(settings.options()?)?;
    let election = given(&settings, Setting::Election).ok_or_else(|| {
        Failure::wrong(
            "--election: not given, and a Role names the Lease that it is for. Give it, or set \
             CLUSTER_LEADER_ELECTION, for example to billing-jobs",
        )
    })?;
    let documents = match &arguments.deployment {
        Some(deployment) => {
            let container = arguments.container.as_deref().unwrap_or(deployment);
            vec![patch(&settings, &arguments.service_account, container)]
        }
        None => {
            let namespace = given(&settings, Setting::Namespace).unwrap_or("default");
            let watch_pods = given(&settings, Setting::WatchPods) == Some("true");
            role_and_binding(election, namespace, &arguments.service_account, watch_pods)
        }
    };
    match output.output {
        Format::Json => {
            let list = json!({ "apiVersion": "v1", "kind": "List", "items": documents });
            print_json(if arguments.deployment.is_some() {
                documents.first().unwrap_or(&list)
            } else {
                &list
            })?;
        }
        Format::Table | Format::Wide => {
            let texts: Result<Vec<_>, _> = documents.iter().map(yaml).collect();
            print(&texts?.join("---\n"))?;
        }
    }
    Ok(exit::OK)
}

pub(crate) fn yaml(value: &Value) -> Result<String, Failure> {
    let text = serde_saphyr::to_string(value)
        .map_err(|error| Failure::new(format!("not to be said in YAML: {error}")))?;
    Ok(if text.ends_with('\n') { text } else { text + "\n" })
}

fn role_and_binding(election: &str, namespace: &str, account: &str, watch_pods: bool) -> Vec<Value> {
    let name = format!("{election}-leader");
    let metadata = json!({ "name": name, "namespace": namespace });
    vec![
        json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": "Role", "metadata": metadata,
            "rules": rules(election, watch_pods),
        }),
        json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": "RoleBinding", "metadata": metadata,
            "roleRef": { "apiGroup": GROUP, "kind": "Role", "name": name },
            "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": namespace }],
        }),
    ]
}

/// What was given by anybody, and where a pod's name and namespace are.
fn patch(settings: &[Explained], account: &str, container: &str) -> Value {
    let per_pod = [Setting::InstanceName, Setting::Namespace, Setting::Store, Setting::TerminationLog];
    let mut env: Vec<Value> = settings
        .iter()
        .filter(|it| it.origin != "default" && !per_pod.contains(&it.setting))
        .map(|it| json!({ "name": it.setting.variable(), "value": it.value }))
        .collect();
    for (variable, field) in [("POD_NAME", "metadata.name"), ("POD_NAMESPACE", "metadata.namespace")] {
        env.push(json!({ "name": variable, "valueFrom": { "fieldRef": { "fieldPath": field } } }));
    }
    json!({ "spec": { "template": { "spec": {
        "serviceAccountName": account,
        "containers": [{ "name": container, "env": env }],
    } } } })
}
