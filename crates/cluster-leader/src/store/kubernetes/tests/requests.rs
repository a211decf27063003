//! Reads and writes: what is sent, and what becomes of every kind of reply.

use std::fs;

use election::Record;
use futures_util::FutureExt;
use serde_json::{Value, json};

use super::*;
use crate::store::{Store, StoreError, StoreErrorKind};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ask {
    Read,
    Create,
    Update,
}

/// Asks once; an update is decided on version 5, which was read before.
async fn ask(ask: Ask, answer: Answer) -> (ApiServer, Result<Option<(Record, Version)>, StoreError>) {
    let account = ServiceAccount::new();
    let server = ApiServer::scripted([]);
    let store = account.store(&server);
    if ask == Ask::Update {
        server.then(found(5));
        store.read().await.unwrap();
    }
    server.then(answer);
    let written = |version| Some((ours(), version));
    let result = match ask {
        Ask::Read => store.read().await,
        Ask::Create => store.create(&ours()).await.map(written),
        Ask::Update => store.update(&ours(), &version(5)).await.map(written),
    };
    (server, result)
}

#[tokio::test]
async fn a_read_is_consistent_and_shows_the_record() {
    let (server, result) = ask(Ask::Read, found(5)).await;
    let (record, read) = result.unwrap().unwrap();
    assert_eq!(read, version(5));
    assert_eq!(record.holder, Some(Identity::from("old_x")));
    assert_eq!(record.holder_token(), Some(7));
    let asked = server.last();
    assert_eq!(asked.method, "GET");
    assert_eq!(asked.target, "/apis/coordination.k8s.io/v1/namespaces/team/leases/jobs");
    assert_eq!(asked.headers["user-agent"], concat!("cluster-leader/", env!("CARGO_PKG_VERSION")));
    assert_eq!(asked.headers["authorization"], "Bearer first-token");
}

#[tokio::test]
async fn there_may_be_no_record() {
    let (_, result) = ask(Ask::Read, status(404, "NotFound", "leases \"jobs\" not found")).await;
    assert_eq!(result, Ok(None));
}

#[tokio::test]
async fn a_create_sends_a_whole_lease() {
    let (server, result) = ask(Ask::Create, reply(201, written(9).to_string())).await;
    assert_eq!(result.unwrap().unwrap().1, version(9));
    let asked = server.last();
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.target.trim_end_matches('?'), "/apis/coordination.k8s.io/v1/namespaces/team/leases");
    assert_eq!(asked.headers["content-type"], "application/json");
    let sent: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(
        sent,
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {
                "name": "jobs", "namespace": "team",
                "labels": {"cluster-leader.io/election": "true"},
            },
            "spec": {
                "holderIdentity": "new_y", "leaseDurationSeconds": 2, "leaseTransitions": 4,
                "acquireTime": "1970-01-01T00:00:00.000000Z", "renewTime": "1970-01-01T00:00:00.000000Z",
            },
        })
    );
}

#[tokio::test]
async fn g3_an_update_is_guarded_and_keeps_what_is_others() {
    let (server, result) = ask(Ask::Update, accepted(6)).await;
    assert_eq!(result.unwrap().unwrap().1, version(6));
    let asked = server.last();
    assert_eq!(asked.method, "PUT");
    assert_eq!(
        asked.target.trim_end_matches('?'),
        "/apis/coordination.k8s.io/v1/namespaces/team/leases/jobs"
    );
    let sent: Value = serde_json::from_str(&asked.body).unwrap();
    let mut expected = lease(5)["metadata"].clone();
    expected["annotations"] = json!({"team.example/owner": "ops"});
    expected["labels"] = json!({"app": "billing", "cluster-leader.io/election": "true"});
    assert_eq!(sent["metadata"], expected, "resourceVersion and uid guard it");
    assert_eq!(sent["spec"]["holderIdentity"], "new_y");
    assert!(!asked.body.contains("null"), "{}", asked.body);
}

#[tokio::test]
async fn g3_the_reply_to_a_write_is_what_the_next_one_is_decided_on() {
    let account = ServiceAccount::new();
    let mut changed = written(6);
    changed["metadata"]["labels"] = json!({"set-by": "an admission webhook"});
    let server = ApiServer::scripted([found(5), reply(200, changed.to_string()), accepted(7)]);
    let store = account.store(&server);
    store.read().await.unwrap();
    let first = store.update(&ours(), &version(5)).await.unwrap();
    store.update(&ours(), &first).await.unwrap();
    let sent: Value = serde_json::from_str(&server.last().body).unwrap();
    assert_eq!(sent["metadata"]["resourceVersion"], "6");
    let kept = json!({"set-by": "an admission webhook", "cluster-leader.io/election": "true"});
    assert_eq!(sent["metadata"]["labels"], kept);
}

#[tokio::test]
async fn g3_nothing_is_sent_for_a_version_that_is_not_at_hand() {
    let account = ServiceAccount::new();
    let server = ApiServer::scripted([]);
    let error = account.store(&server).update(&ours(), &version(5)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Conflict);
    assert_parts(&error.message, &["cannot update Lease team/jobs", "version 5"]);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn g4_every_refusal_is_what_it_is_and_says_what_would_help() {
    use Ask::{Create, Read, Update};
    use StoreErrorKind::{AlreadyExists, Conflict, NotFound, Refused, Unknown};

    let namespace = ["if there is no namespace team", "CLUSTER_LEADER_NAMESPACE"];
    for (asked, code, reason, kind, parts) in [
        (Create, 409, "AlreadyExists", AlreadyExists, &["409 Conflict"][..]),
        (Create, 409, "", AlreadyExists, &[]),
        (Create, 409, "Conflict", Refused, &[]),
        (Create, 404, "NotFound", Refused, &namespace[..]),
        (Update, 404, "NotFound", NotFound, &[]),
        (Update, 409, "Conflict", Conflict, &[]),
        (Update, 409, "", Conflict, &[]),
        (Update, 410, "Gone", Unknown, &[]),
    ] {
        let (_, result) = ask(asked, status(code, reason, "the server's words")).await;
        let error = result.unwrap_err();
        assert_eq!(error.kind, kind, "{asked:?} {code} {reason}");
        assert_parts(&error.message, parts);
    }
    for (code, kind) in [
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (405, Refused),
        (408, Unknown),
        (413, Refused),
        (415, Refused),
        (422, Refused),
        (429, Refused),
        (500, Unknown),
        (502, Unknown),
        (503, Unknown),
        (504, Unknown),
        (599, Unknown),
    ] {
        for (asked, verb) in [(Read, "get"), (Create, "create"), (Update, "update")] {
            for answer in [
                status(code, "SomeReason", "the server's words"),
                reply(code, "<html>the server's words</html>".to_owned()),
            ] {
                let (server, result) = ask(asked, answer).await;
                let error = result.unwrap_err();
                assert_eq!(error.kind, kind, "{asked:?} {code}");
                let heading = format!("cannot {verb} Lease team/jobs at {}: {code} ", server.url());
                assert_parts(&error.message, &[&heading, "the server's words"]);
                let requests = if asked == Update { 2 } else { 1 };
                assert_eq!(server.asked().len(), requests, "hidden retries after {code}");
            }
        }
    }
}

#[tokio::test]
async fn a_403_shows_the_rules_that_allow_it() {
    let words = "leases.coordination.k8s.io \"jobs\" is forbidden";
    let (_, result) = ask(Ask::Update, status(403, "Forbidden", words)).await;
    let message = result.unwrap_err().message;
    assert_parts(
        &message,
        &[words, "403 Forbidden", "in the namespace team", "the ServiceAccount of this pod"],
    );
    let rules = "rules:\n\
                 - apiGroups: [\"coordination.k8s.io\"]\n  resources: [\"leases\"]\n  verbs: [\"create\"]\n\
                 - apiGroups: [\"coordination.k8s.io\"]\n  resources: [\"leases\"]\n  \
                 resourceNames: [\"jobs\"]\n  verbs: [\"get\", \"update\", \"watch\"]";
    assert!(message.ends_with(rules), "{message}");
}

#[tokio::test]
async fn g4_a_reply_that_makes_no_sense_is_unknown() {
    let with = |change: fn(&mut Value)| {
        let mut object = lease(6);
        change(&mut object);
        reply(200, object.to_string())
    };
    let half = lease(6).to_string().split_at(200).0.to_owned();
    for (what, answer, part) in [
        ("a reset before the reply", Answer::Raw(String::new()), ""),
        ("half a head", Answer::Raw("HTTP/1.1 200 OK\r\nContent-".to_owned()), ""),
        ("no HTTP", Answer::Raw("SSH-2.0-OpenSSH_9.7\r\n\r\n".to_owned()), ""),
        (
            "a reset within the reply",
            Answer::Raw(format!("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{half}")),
            "could not be read",
        ),
        ("half of the JSON", reply(200, half), "is not a Lease"),
        ("no JSON", reply(200, "<html>Log in</html>".to_owned()), "is not a Lease"),
        ("nothing", reply(200, String::new()), "is not a Lease"),
        ("a deep JSON", reply(200, "[".repeat(1_000_000)), "is not a Lease"),
        (
            "no UTF-8",
            Answer::Raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\né".to_owned()),
            "is not a Lease",
        ),
        ("another kind", with(|o| o["kind"] = json!("Pod")), "is not a Lease"),
        ("a Status", reply(200, json!({"kind": "Status", "apiVersion": "v1"}).to_string()), "is not a Lease"),
        ("no uid", with(|o| o["metadata"]["uid"] = Value::Null), "metadata.uid is missing"),
        (
            "a version that is no number",
            with(|o| o["metadata"]["resourceVersion"] = json!("x")),
            "not a number",
        ),
        ("too much", reply(200, " ".repeat((4 << 20) + 1)), "length limit exceeded"),
        ("accepted for later", reply(202, String::new()), "is not a Lease"),
        ("a redirect", reply(307, String::new()), "points to /elsewhere and is not followed"),
    ] {
        for asked in [Ask::Read, Ask::Create, Ask::Update] {
            let (server, result) = ask(asked, answer.clone()).await;
            let error = result.expect_err(what);
            assert_eq!(error.kind, StoreErrorKind::Unknown, "{what}: {error}");
            assert_parts(&error.message, &["Lease team/jobs", part]);
            assert!(error.message.len() < 2000, "{what}: {error}");
            let requests = if asked == Ask::Update { 2 } else { 1 };
            assert_eq!(server.asked().len(), requests, "{what}: was repeated, or followed");
        }
    }
}

/// Something on the way sends a reply twice, so that each is the one to the request before, or gives
/// us that of somebody else.
#[tokio::test]
async fn g4_a_reply_to_another_request_is_unknown_and_its_connection_is_left() {
    for asked in [Ask::Create, Ask::Update] {
        for (shown, part) in [
            (written(4), "it shows version 4 held by new_y"),
            (written(5), "it shows version 5 held by new_y"),
            (lease(7), "it shows version 7 held by old_x"),
        ] {
            let account = ServiceAccount::new();
            let server = ApiServer::scripted([found(5), reply(200, shown.to_string()), found(8)]);
            let store = account.store(&server);
            store.read().await.unwrap();
            let written = match asked {
                Ask::Create => store.create(&ours()).await,
                _ => store.update(&ours(), &version(5)).await,
            };
            let error = written.unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Unknown, "{error}");
            assert_parts(&error.message, &["Lease team/jobs", "another request", part, "proxy"]);
            store.read().await.unwrap();
            assert_eq!(server.last().connection, 1);
        }
    }
}

#[tokio::test]
async fn a_refusal_stands_even_if_its_explanation_is_cut_off() {
    let cut = "HTTP/1.1 403 Forbidden\r\nContent-Length: 500\r\n\r\n{\"kind\":".to_owned();
    let (_, result) = ask(Ask::Create, Answer::Raw(cut)).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Refused);
    assert_parts(&error.message, &["403 Forbidden", "could not be read", "rules:"]);
}

#[tokio::test]
async fn g4_what_was_never_sent_is_refused() {
    let account = ServiceAccount::new();
    let mut place = account.place(1);
    place.config.cluster_url = "http://127.0.0.1:1".parse().unwrap();
    let store = place.open(&patient(), &ApiServers::default()).unwrap();
    let error = store.create(&ours()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Refused);
    assert_parts(
        &error.message,
        &["cannot create Lease team/jobs at http://127.0.0.1:1", "Connection refused"],
    );
}

#[tokio::test]
async fn a_rotated_token_counts_at_once() {
    let account = ServiceAccount::new();
    let unauthorized = || status(401, "Unauthorized", "Unauthorized");
    let server = ApiServer::scripted([found(5), unauthorized(), found(5), unauthorized(), unauthorized()]);
    let store = account.store(&server);
    store.read().await.unwrap();
    let error = store.read().await.unwrap_err();
    let file = account.file("token");
    assert_parts(&error.message, &["401 Unauthorized", file.to_str().unwrap(), "is not valid there"]);

    account.write("token", "second-token");
    store.read().await.unwrap();
    // Some take the file away so that it cannot be stolen: the last token still counts.
    fs::remove_file(&file).unwrap();
    let error = store.read().await.unwrap_err();
    assert_parts(&error.message, &["401 Unauthorized", file.to_str().unwrap(), "cannot be read"]);
    account.write("token", "");
    let error = store.read().await.unwrap_err();
    assert_parts(&error.message, &["is empty", "automountServiceAccountToken"]);

    let shown: Vec<_> = server.asked().iter().map(|asked| asked.headers["authorization"].clone()).collect();
    let (first, second) = ("Bearer first-token", "Bearer second-token");
    assert_eq!(shown, [first, first, second, second, second]);
}

#[tokio::test]
async fn connections_are_reused_until_they_are_distrusted() {
    let account = ServiceAccount::new();
    let server = ApiServer::scripted([]);
    let store = account.store(&server);
    let mut connections = Vec::new();
    for answer in [
        found(5),
        found(5),
        status(500, "InternalError", ""),
        status(401, "Unauthorized", ""),
        found(5), // on a new one, after the 401
        found(5),
    ] {
        server.then(answer);
        drop(store.read().await);
        connections.push(server.last().connection);
    }
    assert_eq!(connections, [0, 0, 0, 0, 1, 1]);
    server.then(found(5));
    store.reconnect();
    store.read().await.unwrap();
    assert_eq!(server.last().connection, 2);
    server.until_left(2).await;
}

#[tokio::test]
async fn an_attempt_that_is_given_up_does_not_hold_up_the_next() {
    let account = ServiceAccount::new();
    let server = ApiServer::scripted([Answer::Hang, found(5)]);
    let store = account.store(&server);
    tokio::select! {
        answer = store.read() => panic!("{answer:?}"),
        () = server.until_asked(1) => {}
    }
    server.until_left(1).await;
    store.read().await.unwrap();
    assert_eq!(server.last().connection, 1);
}

#[tokio::test]
async fn nobody_s_death_is_proven() {
    let account = ServiceAccount::new();
    let server = ApiServer::scripted([]);
    let store = account.store(&server);
    assert_eq!(store.stand_as(&Identity::from("new_y")).await, Ok(()));
    assert!(store.proof_of_death(&Identity::from("old_x")).now_or_never().is_none());
    assert!(server.asked().is_empty());
    assert_eq!(store.describe(), "Lease team/jobs");
}
