//! What proves a death, and what does not.
//!
//! The termination log is a file that the kubelet makes anew for every start of every container,
//! and shows as the `message` of that start's terminated state, in `state` and later in
//! `lastState`. Before its first claim a process appends a line with its holder identity, which no
//! other start of any process has. So a terminated state whose message has the line is that of the
//! very start in which the holder ran, and by then the kernel has ended all processes of that
//! container: the first process of a PID namespace is not reported as ended before the others are.
//!
//! All else is likelihood: that a pod is gone, deleted, Failed or on a lost node tells nothing of
//! its processes.

use std::path::Path;

use election::Identity;
use k8s_openapi::api::core::v1::{Container, ContainerStateTerminated, Pod};
use k8s_openapi::jiff::Timestamp;

/// Where the log is if a container does not say.
const DEFAULT_LOG: &str = "/dev/termination-log";

/// What a process writes of itself, and nothing else does: whole lines count, so that an identity
/// that was cut off is none.
pub(super) fn line_of(holder: &Identity) -> String {
    format!("cluster-leader holder {holder}\n")
}

/// Whether what Kubernetes says of this pod proves that `holder` cannot be running any more.
pub(super) fn proves_death(pod: &Pod, holder: &Identity) -> bool {
    let (Some(spec), Some(status)) = (&pod.spec, &pod.status) else { return false };
    // Their processes may outlive the container that they were started in.
    if spec.host_pid == Some(true) || spec.share_process_namespace == Some(true) {
        return false;
    }
    let line = line_of(holder);
    let main_container = |name: &str| spec.containers.iter().find(|container| container.name == name);
    status
        .container_statuses
        .iter()
        .flatten()
        .filter(|status| main_container(&status.name).is_some_and(has_a_log_for_each_start))
        .flat_map(|status| [&status.state, &status.last_state])
        .filter_map(|state| state.as_ref()?.terminated.as_ref())
        .any(|terminated| is_known_to_have_ended(terminated) && has_line(terminated, &line))
}

/// Not where a volume is mounted in the log's place: its content outlives the container, and others
/// may write to it.
fn has_a_log_for_each_start(container: &Container) -> bool {
    let log = Path::new(container.termination_message_path.as_deref().unwrap_or(DEFAULT_LOG));
    container.volume_mounts.iter().flatten().all(|mount| Path::new(&mount.mount_path) != log)
}

/// Not where the kubelet, or the container runtime, lost sight of the container and assumes that it
/// has ended: there is no time then, or that of the assumption.
fn is_known_to_have_ended(terminated: &ContainerStateTerminated) -> bool {
    let finished = terminated.finished_at.as_ref().is_some_and(|time| time.0 > Timestamp::UNIX_EPOCH);
    let assumed = matches!(terminated.reason.as_deref(), Some("Unknown" | "ContainerStatusUnknown"));
    finished && !assumed
}

fn has_line(terminated: &ContainerStateTerminated, line: &str) -> bool {
    terminated.message.iter().flat_map(|message| message.split_inclusive('\n')).any(|found| found == line)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const LINE: &str = "cluster-leader holder billing-7_abcdef\n";

    fn holder() -> Identity {
        Identity::of_start("billing-7", "abcdef")
    }

    /// How a start of a container ended, with this message.
    fn terminated(message: &str) -> Value {
        json!({ "terminated": {
            "exitCode": 137, "reason": "Error", "message": message, "containerID": "containerd://1",
            "startedAt": "2026-11-05T07:00:00Z", "finishedAt": "2026-11-05T07:10:00Z",
        }})
    }

    fn running() -> Value {
        json!({ "running": { "startedAt": "2026-11-05T07:10:01Z" } })
    }

    fn status(container: &str, state: &Value, last_state: &Value) -> Value {
        json!({
            "name": container, "image": "x", "imageID": "x", "ready": false, "restartCount": 1,
            "state": state, "lastState": last_state,
        })
    }

    /// A pod with the main containers `main` and `proxy`, an init container and an ephemeral one,
    /// whose `main` has ended, as the log of this start says.
    fn pod() -> Value {
        json!({
            "metadata": { "name": "billing-7" },
            "spec": {
                "containers": [{ "name": "main" }, { "name": "proxy" }],
                "initContainers": [{ "name": "first" }],
                "ephemeralContainers": [{ "name": "look" }],
            },
            "status": { "containerStatuses": [status("main", &terminated(LINE), &json!({}))] },
        })
    }

    #[track_caller]
    fn judge(pod: &Value) -> bool {
        proves_death(&serde_json::from_value(pod.clone()).expect("a pod"), &holder())
    }

    #[test]
    fn g5_a_status_that_shows_the_end_of_the_holders_start_is_proof() {
        let with = |statuses: Value| {
            let mut pod = pod();
            pod["status"]["containerStatuses"] = statuses;
            pod
        };
        let nothing = json!({});
        for (what, pod) in [
            ("the container has ended", pod()),
            ("it has been started again", with(json!([status("main", &running(), &terminated(LINE))]))),
            (
                "it waits to be started again",
                with(json!([status(
                    "main",
                    &json!({ "waiting": { "reason": "CrashLoopBackOff" } }),
                    &terminated(LINE)
                )])),
            ),
            (
                "it has ended twice",
                with(json!([status("main", &terminated("out of luck\n"), &terminated(LINE))])),
            ),
            (
                "another main container has ended",
                with(json!([
                    status("main", &running(), &nothing),
                    status("proxy", &terminated(LINE), &nothing),
                ])),
            ),
            (
                "several elections of one process have left lines, and the program its last words",
                with(json!([status(
                    "main",
                    &terminated(&format!(
                        "cluster-leader holder billing-7_xyz\n{LINE}cluster-leader holder billing-7_uvw\nout of luck"
                    )),
                    &nothing
                )])),
            ),
        ] {
            assert!(judge(&pod), "{what}: {pod}");
        }
    }

    /// A change to the pod above that makes its proof none.
    type Spoil = fn(&mut Value);

    fn main_of(pod: &mut Value) -> &mut Value {
        &mut pod["status"]["containerStatuses"][0]
    }

    fn end_of(pod: &mut Value) -> &mut Value {
        &mut main_of(pod)["state"]["terminated"]
    }

    #[test]
    fn g5_nothing_else_is_proof() {
        let spoils: &[(&str, Spoil)] = &[
            ("no status", |pod| pod["status"] = Value::Null),
            ("no spec", |pod| pod["spec"] = Value::Null),
            ("no status of containers", |pod| pod["status"]["containerStatuses"] = Value::Null),
            ("it runs", |pod| main_of(pod)["state"] = running()),
            ("it waits", |pod| main_of(pod)["state"] = json!({ "waiting": {} })),
            ("nobody knows its state", |pod| main_of(pod)["state"] = Value::Null),
            ("Failed, says the lost node's controller", |pod| {
                pod["status"]["phase"] = json!("Failed");
                main_of(pod)["state"] = running();
            }),
            ("being deleted", |pod| {
                pod["metadata"]["deletionTimestamp"] = json!("2026-11-05T07:10:00Z");
                main_of(pod)["state"] = running();
            }),
            ("its predecessor's end, while it runs", |pod| {
                *main_of(pod) =
                    status("main", &running(), &terminated("cluster-leader holder billing-7_predecessor\n"));
            }),
            // The kubelet's words for a container that it cannot find.
            ("no time of the end", |pod| end_of(pod)["finishedAt"] = Value::Null),
            ("the beginning of time", |pod| end_of(pod)["finishedAt"] = json!("1970-01-01T00:00:00Z")),
            ("an end that is assumed by the kubelet", |pod| {
                end_of(pod)["reason"] = json!("ContainerStatusUnknown");
            }),
            ("an end that is assumed by the container runtime", |pod| {
                end_of(pod)["reason"] = json!("Unknown");
            }),
            ("no message", |pod| end_of(pod)["message"] = Value::Null),
            ("an empty message", |pod| end_of(pod)["message"] = json!("")),
            ("the program's own words", |pod| end_of(pod)["message"] = json!("out of luck\n")),
            ("another identity", |pod| {
                end_of(pod)["message"] = json!("cluster-leader holder billing-7_abcdeg\n");
            }),
            ("an identity of which ours is the beginning", |pod| {
                end_of(pod)["message"] = json!("cluster-leader holder billing-7_abcdefg\n");
            }),
            ("an identity that is the beginning of ours", |pod| {
                end_of(pod)["message"] = json!("cluster-leader holder billing-7_abcde\n");
            }),
            ("a line that is cut at its end", |pod| end_of(pod)["message"] = json!(LINE.trim_end())),
            ("a line that is cut at its beginning", |pod| {
                end_of(pod)["message"] = json!(LINE.trim_start_matches("cluster-"));
            }),
            ("a line that is glued to another", |pod| {
                end_of(pod)["message"] = json!(format!("out of luck: {LINE}"));
            }),
            ("a line that goes on", |pod| {
                end_of(pod)["message"] = json!(format!("{} and more\n", LINE.trim_end()));
            }),
            ("other white space", |pod| {
                end_of(pod)["message"] = json!(LINE.replace('\n', "\r\n"));
            }),
            ("an identity alone", |pod| end_of(pod)["message"] = json!("billing-7_abcdef\n")),
            ("the host's processes", |pod| pod["spec"]["hostPID"] = json!(true)),
            ("processes shared by all containers", |pod| pod["spec"]["shareProcessNamespace"] = json!(true)),
            ("an init container", |pod| {
                let status = pod["status"]["containerStatuses"].take();
                pod["status"]["initContainerStatuses"] = status;
            }),
            ("a sidecar, which is an init container", |pod| {
                pod["spec"]["initContainers"][0]["restartPolicy"] = json!("Always");
                let mut status = pod["status"]["containerStatuses"].take();
                status[0]["name"] = json!("first");
                pod["status"]["initContainerStatuses"] = status;
            }),
            ("an ephemeral container", |pod| {
                let mut status = pod["status"]["containerStatuses"].take();
                status[0]["name"] = json!("look");
                pod["status"]["ephemeralContainerStatuses"] = status;
            }),
            ("a container that is no main one", |pod| main_of(pod)["name"] = json!("first")),
            ("a container that the pod does not have", |pod| main_of(pod)["name"] = json!("other")),
            ("a volume in the place of the log", |pod| {
                pod["spec"]["containers"][0]["volumeMounts"] =
                    json!([{ "name": "shared", "mountPath": "/dev//termination-log/", "subPath": "log" }]);
            }),
            ("a volume in the place of a log elsewhere", |pod| {
                pod["spec"]["containers"][0] = json!({
                    "name": "main", "terminationMessagePath": "/var/log/end",
                    "volumeMounts": [{ "name": "shared", "mountPath": "/var/log/end" }],
                });
            }),
        ];
        for (what, spoil) in spoils {
            let mut pod = pod();
            assert!(judge(&pod), "proof at first");
            spoil(&mut pod);
            assert!(!judge(&pod), "{what}: {pod}");
        }
    }

    #[test]
    fn volumes_in_other_places_spoil_no_proof() {
        let mut pod = pod();
        pod["spec"]["hostPID"] = json!(false);
        pod["spec"]["hostNetwork"] = json!(true);
        pod["spec"]["containers"][0]["volumeMounts"] =
            json!([{ "name": "shared", "mountPath": "/dev" }, { "name": "tmp", "mountPath": "/tmp" }]);
        assert!(judge(&pod));
        pod["spec"]["containers"][0]["terminationMessagePath"] = json!("/var/log/end");
        pod["spec"]["containers"][0]["volumeMounts"][0]["mountPath"] = json!("/dev/termination-log");
        assert!(judge(&pod));
    }
}
