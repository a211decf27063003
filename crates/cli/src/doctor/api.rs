//! The API server: can it be reached, what may be done there, what is the time there.

use std::time::{Duration, Instant, SystemTime};

use cluster_leader::{Observer, Setting};
use http::header::{CONTENT_TYPE, DATE};
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Configuration, Report, Right};
use crate::manifest::{rules, yaml};
use crate::print::short;

/// By more than this, the times in records mislead people, and electors that compare them.
const MOST_SKEW: Duration = Duration::from_secs(3);

/// Whether the API server answers.
pub(super) fn check(
    observer: &Observer,
    configuration: &Configuration,
    election: Option<&str>,
    report: &mut Report,
) -> bool {
    let Some((server, namespace, user)) = observer.kubernetes() else { return false };
    if let Some(namespace) = report.settings.iter_mut().find(|it| it.setting == Setting::Namespace.variable())
        && namespace.value.is_none()
    {
        namespace.value = observer.kubernetes().map(|(_, namespace, _)| namespace.to_owned());
        namespace.origin = if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
            "the service account".to_owned()
        } else {
            "the kubeconfig's context".to_owned()
        };
    }
    report.user = Some(who(observer).unwrap_or_else(|| user.to_owned()));
    let watch_pods = configuration.text(Setting::WatchPods) == Some("true");
    let mut wanted = vec![("create", "leases", None)];
    wanted.extend(
        election
            .into_iter()
            .flat_map(|name| ["get", "update", "watch"].map(|verb| (verb, "leases", Some(name)))),
    );
    wanted.push(("list", "leases", None));
    if watch_pods {
        wanted.push(("watch", "pods", None));
    }
    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    for (verb, resource, name) in wanted {
        let asked = Instant::now();
        match may(observer, namespace, verb, resource, name) {
            Ok((allowed, reply)) => {
                slowest = slowest.max(asked.elapsed());
                let what = name.map_or_else(|| resource.to_owned(), |name| format!("{resource}/{name}"));
                report.rights.push(Right { verb, what, allowed });
                if report.clock_skew_ms.is_none() {
                    report.clock_skew_ms = skew(&reply, asked.elapsed());
                }
            }
            Err(error) => {
                report.find(
                    format!("{server} cannot be asked: {error}"),
                    "see that this pod may reach the API server (NetworkPolicy, DNS), that its token is valid \
                     (automountServiceAccountToken), and that the server is up: `kubectl get --raw /readyz`",
                );
                return false;
            }
        }
        // Nobody waits for ever for a server that is slow.
        if begun.elapsed() > Duration::from_secs(20) {
            break;
        }
    }
    check_rights(namespace, election, watch_pods, report);
    check_clock(report);
    let patience = configuration.duration(Setting::RenewDeadline) / 5;
    if slowest > patience {
        report.find(
            format!(
                "{server} took {} to answer, and a renewal is given up after {}",
                short(slowest),
                short(patience)
            ),
            "see why it is slow, or raise the timings together, for example to 60s, 40s and 5s",
        );
    }
    true
}

fn check_rights(namespace: &str, election: Option<&str>, watch_pods: bool, report: &mut Report) {
    let missing: Vec<_> = report
        .rights
        .iter()
        .filter(|right| !right.allowed && right.verb != "list")
        .map(|right| format!("{} {}", right.verb, right.what))
        .collect();
    if report.rights.iter().any(|right| !right.allowed && right.verb == "list") {
        report.note("elections need no right to list; `status --all` and `watch --all` do");
    }
    if missing.is_empty() {
        return;
    }
    let user = report.user.clone().unwrap_or_default();
    let name = election.unwrap_or("NAME");
    let account = user
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'))
        .map_or("ACCOUNT", |(_, account)| account);
    let watch = if watch_pods { " --watch-pods" } else { "" };
    let rules = yaml(&json!({ "rules": rules(name, watch_pods) })).unwrap_or_default();
    report.find(
        format!("{user} may not {} in the namespace {namespace}", missing.join(", ")),
        format!(
            "cluster-leader manifest --election {name} --namespace {namespace} --service-account {account}{watch} | \
             kubectl apply -f -\nwhich makes a Role of these rules, and binds it:\n{}",
            rules.trim_end()
        ),
    );
}

fn check_clock(report: &mut Report) {
    let Some(skew) = report.clock_skew_ms else { return };
    let amount = Duration::from_millis(skew.unsigned_abs());
    if amount > MOST_SKEW {
        let direction = if skew > 0 { "behind" } else { "ahead of" };
        report.find(
            format!("the clock of this host is {} {direction} that of the API server", short(amount)),
            "set it by NTP or chrony (`timedatectl` shows how it fares). Elections of this library do not compare \
             wall clocks; people, and some other electors, do",
        );
    }
}

/// Asks as elections ask; whether it is allowed, and the reply.
fn may(
    observer: &Observer,
    namespace: &str,
    verb: &str,
    resource: &str,
    name: Option<&str>,
) -> Result<(bool, Response<Vec<u8>>), String> {
    let group = if resource == "leases" { "coordination.k8s.io" } else { "" };
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": {
            "namespace": namespace, "verb": verb, "group": group, "resource": resource, "name": name.unwrap_or_default(),
        } },
    });
    let reply = post(observer, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review)?;
    let answer: Value = serde_json::from_slice(reply.body())
        .map_err(|error| format!("what may be done there is not to be understood: {error}"))?;
    let allowed = answer.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or(false);
    Ok((allowed, reply))
}

/// As whom we ask, if the server tells.
fn who(observer: &Observer) -> Option<String> {
    let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
    let reply = post(observer, "/apis/authentication.k8s.io/v1/selfsubjectreviews", &review).ok()?;
    let answer: Value = serde_json::from_slice(reply.body()).ok()?;
    Some(answer.pointer("/status/userInfo/username")?.as_str()?.to_owned())
}

fn post(observer: &Observer, path: &str, body: &Value) -> Result<Response<Vec<u8>>, String> {
    let request = Request::post(path)
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_string().into_bytes())
        .map_err(|error| error.to_string())?;
    observer.ask_api_server(request).map_err(|error| error.to_string())
}

/// By how much the server's clock is ahead of ours, which is told to the second only.
fn skew(reply: &Response<Vec<u8>>, took: Duration) -> Option<i64> {
    let text = reply.headers().get(DATE)?.to_str().ok()?;
    let there = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let here = Timestamp::try_from(SystemTime::now().checked_sub(took / 2)?).ok()?;
    let ahead = there.as_millisecond() - here.as_millisecond();
    // It said the whole second that it was in: up to a second more is none.
    Some(if (-1000..=0).contains(&ahead) { 0 } else { ahead })
}
