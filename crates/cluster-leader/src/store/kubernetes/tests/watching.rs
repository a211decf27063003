//! Watches: what they show, how they end, where the next one goes on.

use election::Seen;
use futures_util::FutureExt;
use serde_json::{Value, json};

use super::*;
use crate::store::{Store, StoreErrorKind, Watched};

fn event(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": kind, "object": object}))
}

fn bookmark(version: &str) -> String {
    let metadata = json!({"resourceVersion": version, "creationTimestamp": null});
    event(
        "BOOKMARK",
        &json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": {}}),
    )
}

fn error(code: u16, reason: &str) -> String {
    let status =
        json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": "words"});
    event("ERROR", &status)
}

fn of_another(version: u64) -> Value {
    let mut object = lease(version);
    object["metadata"]["name"] = json!("reports");
    object
}

fn is_present(watched: &Watched, number: u64) -> bool {
    matches!(watched, Watched::Seen(Seen::Present(record, seen))
        if *seen == version(number) && record.holder == Some(Identity::from("old_x")))
}

fn query(target: &str) -> Vec<&str> {
    let mut parts: Vec<_> =
        target.split_once('?').unwrap().1.split('&').filter(|part| !part.is_empty()).collect();
    parts.sort_unstable();
    parts
}

fn resumed_from(asked: &testkit::api::Request) -> &str {
    query(&asked.target).iter().find_map(|part| part.strip_prefix("resourceVersion=")).unwrap()
}

/// Watches until the watch breaks.
async fn to_the_end(store: &KubernetesStore) -> StoreErrorKind {
    loop {
        if let Err(error) = store.watch().await {
            return error.kind;
        }
    }
}

#[tokio::test]
async fn a_watch_shows_everything_about_its_lease_and_nothing_else() {
    let account = ServiceAccount::new();
    let server = ApiServer::scripted([Answer::Streaming(vec![
        event("ADDED", &lease(5)),
        event("MODIFIED", &of_another(6)),
        event("MODIFIED", &lease(7)) + &bookmark("9") + &event("DELETED", &of_another(10)),
        event("DELETED", &lease(12)),
        event("ADDED", &lease(13)),
    ])]);
    let store = account.store(&server);
    assert_eq!(store.watch().await, Ok(Watched::Opened));
    assert!(is_present(&store.watch().await.unwrap(), 5));
    assert!(is_present(&store.watch().await.unwrap(), 7));
    assert_eq!(store.watch().await, Ok(Watched::Alive));
    assert_eq!(store.watch().await, Ok(Watched::Seen(Seen::Deleted(version(12)))));
    assert!(is_present(&store.watch().await.unwrap(), 13));
    assert!(store.watch().now_or_never().is_none());

    let asked = server.last();
    assert_eq!((&*asked.method, server.asked().len()), ("GET", 1));
    assert!(asked.target.starts_with("/apis/coordination.k8s.io/v1/namespaces/team/leases?"), "{asked:?}");
    assert_eq!(asked.headers["authorization"], "Bearer first-token");
    let query = query(&asked.target);
    let [bookmarks, selector, from, timeout, watch] = query[..] else { panic!("{query:?}") };
    assert_eq!(
        (bookmarks, selector, from, watch),
        ("allowWatchBookmarks=true", "fieldSelector=metadata.name%3Djobs", "resourceVersion=", "watch=true")
    );
    let seconds: u32 = timeout.strip_prefix("timeoutSeconds=").unwrap().parse().unwrap();
    assert!((300..600).contains(&seconds));
}

#[tokio::test]
async fn a_watch_is_open_before_anything_happens_and_holds_up_no_request() {
    let account = ServiceAccount::new();
    let server = ApiServer::scripted([Answer::Streaming(Vec::new()), found(5), accepted(6)]);
    let store = account.store(&server);
    assert_eq!(store.watch().await, Ok(Watched::Opened));
    let mut waiting = Box::pin(store.watch());
    assert!(waiting.as_mut().now_or_never().is_none());
    // While somebody waits:
    store.read().await.unwrap();
    store.update(&ours(), &version(5)).await.unwrap();
    store.reconnect();
    store.close_watch();
    drop(waiting);
    // The server is told that it is over.
    server.until_left(1).await;
}

#[tokio::test]
async fn nothing_is_lost_when_waiting_is_given_up() {
    let account = ServiceAccount::new();
    let mut pieces: Vec<String> = Vec::new();
    for number in 5..25 {
        // Each event in pieces of its own, cut in the middle.
        let event = event("MODIFIED", &lease(number));
        let (head, tail) = event.split_at(100);
        pieces.extend([head.to_owned(), tail.to_owned()]);
    }
    let server = ApiServer::scripted([Answer::Streaming(pieces)]);
    let store = account.store(&server);
    let mut shown = Vec::new();
    while shown.len() < 21 {
        // One poll, then the future is dropped.
        match store.watch().now_or_never() {
            Some(watched) => shown.push(watched.unwrap()),
            None => tokio::task::yield_now().await,
        }
    }
    assert_eq!(shown.remove(0), Watched::Opened);
    for (watched, number) in shown.iter().zip(5..) {
        assert!(is_present(watched, number), "{watched:?}");
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_watch_goes_on_from_where_it_broke() {
    let account = ServiceAccount::new();
    let server = ApiServer::scripted([]);
    let store = account.store(&server);
    for (what, answer, next) in [
        ("nothing known", Answer::Ended(vec![]), "5"),
        ("an event", Answer::Ended(vec![event("MODIFIED", &lease(7))]), "7"),
        ("a bookmark", Answer::Ended(vec![bookmark("20")]), "20"),
        ("another's event", Answer::Ended(vec![event("MODIFIED", &of_another(21))]), "20"),
        ("a deletion", Answer::Ended(vec![event("DELETED", &lease(22))]), "22"),
        (
            "half an event",
            Answer::Ended(vec![event("ADDED", &lease(23)), "{\"type\":\"MODIF".to_owned()]),
            "23",
        ),
        ("a 503", status(503, "ServiceUnavailable", ""), "23"),
        ("a write", Answer::Ended(vec![]), "31"),
        ("a bookmark that lags", Answer::Ended(vec![bookmark("30")]), "31"),
    ] {
        server.then(answer);
        to_the_end(&store).await;
        if what == "nothing known" {
            // Older ones do not count, and a read does.
            server.then(found(5));
            store.read().await.unwrap();
        }
        if what == "a write" {
            server.then(accepted(31));
            store.update(&ours(), &version(23)).await.unwrap();
        }
        server.then(Answer::Ended(vec![]));
        to_the_end(&store).await;
        assert_eq!(resumed_from(&server.last()), next, "after {what}");
    }
}

#[tokio::test]
async fn a_watch_that_the_server_cannot_continue_begins_anew() {
    for expired in
        [Answer::Ended(vec![error(410, "Expired")]), status(410, "Gone", "too old resource version: 5 (9)")]
    {
        let account = ServiceAccount::new();
        let server = ApiServer::scripted([found(5), expired]);
        let store = account.store(&server);
        store.read().await.unwrap();
        assert_eq!(to_the_end(&store).await, StoreErrorKind::WatchExpired);
        assert_eq!(resumed_from(&server.last()), "5");
        // The Lease is as old as before: to go on from it would fail again, and for ever.
        server.then(found(5));
        store.read().await.unwrap();
        server.then(Answer::Ended(vec![]));
        to_the_end(&store).await;
        assert_eq!(resumed_from(&server.last()), "");
        server.then(found(10));
        store.read().await.unwrap();
        server.then(Answer::Ended(vec![]));
        to_the_end(&store).await;
        assert_eq!(resumed_from(&server.last()), "10");
    }
}

#[tokio::test]
async fn g4_every_end_of_a_watch_is_told_apart_and_explained() {
    use StoreErrorKind::{Refused, Unknown, WatchExpired};

    let of_no_version = |mut object: Value| {
        object["metadata"]["resourceVersion"] = json!("x");
        object
    };
    let in_pieces = |text: &str| Answer::Ended(vec![text.to_owned()]);
    for (answer, kind, parts) in [
        (Answer::Ended(vec![]), Unknown, &["the server ended the watch"][..]),
        (Answer::Raw(String::new()), Unknown, &[]),
        (
            Answer::Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{\"".to_owned()),
            Unknown,
            &["broke"],
        ),
        (in_pieces("no JSON\n"), Unknown, &["no event of a Lease"]),
        (in_pieces("{\"type\":\"MODIFIED\"}\n"), Unknown, &["no event of a Lease"]),
        (in_pieces("{\"type\":\"MODI"), Unknown, &["no event of a Lease"]),
        (in_pieces("\n"), Unknown, &["no event of a Lease"]),
        (in_pieces("\u{0}\u{1}\n"), Unknown, &["no event of a Lease"]),
        (in_pieces(&event("MODIFIED", &json!({"kind": "Pod"}))), Unknown, &["no event of a Lease"]),
        (in_pieces(&event("RENAMED", &lease(5))), Unknown, &["no event of a Lease"]),
        (in_pieces(&event("MODIFIED", &of_no_version(lease(5)))), Unknown, &["\"x\", which is not a number"]),
        (in_pieces(&bookmark("x")), Unknown, &["version \"x\""]),
        (in_pieces(&" ".repeat((4 << 20) + 1)), Unknown, &["broke", "max line length exceeded"]),
        (in_pieces(&error(500, "InternalError")), Unknown, &["500 Internal Server Error", "words"]),
        (in_pieces(&error(0, "")), Unknown, &["words"]),
        (in_pieces(&error(410, "Expired")), WatchExpired, &["410 Gone", "words"]),
        (in_pieces(&error(403, "Forbidden")), Refused, &["403 Forbidden", "words", "rules:"]),
        (status(410, "Expired", "words"), WatchExpired, &["410 Gone", "words"]),
        (status(403, "Forbidden", "words"), Refused, &["403", "words", "rules:", "\"watch\""]),
        (status(401, "Unauthorized", ""), Refused, &["401", "token"]),
        (status(404, "NotFound", ""), Refused, &["404"]),
        (status(429, "TooManyRequests", ""), Refused, &["429"]),
        (status(503, "ServiceUnavailable", ""), Unknown, &["503"]),
    ] {
        let account = ServiceAccount::new();
        let server = ApiServer::scripted([answer.clone()]);
        let store = account.store(&server);
        let failure = loop {
            if let Err(error) = store.watch().await {
                break error;
            }
        };
        let shown = format!("{answer:.200?}: {failure}");
        assert_eq!(failure.kind, kind, "{shown}");
        assert_parts(&failure.message, &["cannot watch Lease team/jobs at http://127.0.0.1:"]);
        assert_parts(&failure.message, parts);
        assert_eq!(server.asked().len(), 1, "{shown}");

        // And the next call opens it anew.
        server.then(Answer::Streaming(vec![]));
        assert_eq!(store.watch().await, Ok(Watched::Opened), "{shown}");
    }
}

#[tokio::test]
async fn an_update_may_be_decided_on_what_a_watch_showed() {
    let account = ServiceAccount::new();
    let server = ApiServer::scripted([Answer::Streaming(vec![event("MODIFIED", &lease(7))]), accepted(8)]);
    let store = account.store(&server);
    assert_eq!(store.watch().await, Ok(Watched::Opened));
    store.watch().await.unwrap();
    assert_eq!(store.update(&ours(), &version(7)).await, Ok(version(8)));
}

#[tokio::test]
async fn a_closed_watch_opens_anew() {
    let account = ServiceAccount::new();
    let server = ApiServer::scripted([Answer::Streaming(vec![bookmark("9")]), Answer::Streaming(vec![])]);
    let store = account.store(&server);
    assert_eq!(store.watch().await, Ok(Watched::Opened));
    assert_eq!(store.watch().await, Ok(Watched::Alive));
    store.close_watch();
    server.until_left(1).await;
    assert_eq!(store.watch().await, Ok(Watched::Opened));
    assert_eq!(resumed_from(&server.last()), "9");
}
