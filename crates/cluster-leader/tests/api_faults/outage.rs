//! Everything fails for everybody, in every way that it can fail: the leader keeps its claim to the
//! deadline and not longer, nobody else claims, the server is not stormed, people are told what is
//! wrong, and when it is over there is one leader again.

use std::time::Duration;

use cluster_leader::LostReason;
use serde_json::json;
use testkit::api::{Answer, ApiServer, Authority, Certificate, Effect, Fault, Network};
use testkit::clock::boottime;

use crate::arena::{
    ATTEMPT, Arena, Candidate, LEASE_DURATION, RECOVERY, RENEW_DEADLINE, RETRY_PERIOD, SLACK, all_at_once,
    eventually, sleep_until,
};
use crate::witness::{Witness, assert_claims_last};

/// A way to fail.
#[derive(Clone)]
struct Row {
    name: &'static str,
    cause: Cause,
    /// What one line in the log says.
    told: &'static [&'static str],
}

#[derive(Clone)]
enum Cause {
    Requests(fn() -> Fault),
    Network(Network),
    /// What the server shows from now on to those who trust this authority.
    Certificate(fn(&Authority) -> Certificate),
}

const fn requests(name: &'static str, fault: fn() -> Fault, told: &'static [&'static str]) -> Row {
    Row { name, cause: Cause::Requests(fault), told }
}

const fn network(name: &'static str, network: Network, told: &'static [&'static str]) -> Row {
    Row { name, cause: Cause::Network(network), told }
}

const fn certificate(
    name: &'static str,
    certificate: fn(&Authority) -> Certificate,
    told: &'static [&'static str],
) -> Row {
    Row { name, cause: Cause::Certificate(certificate), told }
}

fn raw(bytes: &str) -> Fault {
    Fault::answer(Answer::Raw(bytes.to_owned()))
}

fn reply(status: u16, head: &'static str, body: &str) -> Fault {
    Fault::instead(Answer::Reply(status, head, body.to_owned()))
}

/// An attempt may take 400 ms.
const NO_ANSWER: &[&str] = &["WARN", "no answer to a", "within 400ms"];
const NO_LEASE: &[&str] = &["WARN", "the reply is not a Lease"];

const CONNECTIONS: &[Row] = &[
    requests(
        "requests-are-lost",
        Fault::request_lost,
        &["cannot get Lease team/requests-are-lost at http://127.0.0.1:"],
    ),
    requests(
        "replies-are-lost",
        Fault::reply_lost,
        &["cannot get Lease team/replies-are-lost at http://127.0.0.1:"],
    ),
    requests("nothing-arrives", || Fault::instead(Answer::Hang), NO_ANSWER),
    requests("nothing-comes-back", || Fault::answer(Answer::Hang), NO_ANSWER),
    // The writes land in the middle of all that follows.
    requests(
        "requests-arrive-late",
        || Fault { effect: Effect::After(Duration::from_millis(1500)), answer: Answer::Hang },
        NO_ANSWER,
    ),
    requests("replies-come-late", || Fault::answer(Answer::Late(Duration::from_millis(1500))), NO_ANSWER),
    requests(
        "replies-come-byte-by-byte",
        || Fault::answer(Answer::Slow(Duration::from_millis(10))),
        NO_ANSWER,
    ),
    network("a-black-hole", Network::BlackHole, NO_ANSWER),
    network(
        "connections-are-reset",
        Network::Down,
        &["WARN", "cannot get Lease team/connections-are-reset at"],
    ),
];

const REPLIES: &[Row] = &[
    requests("half-a-reply", || Fault::answer(Answer::Half), &["WARN", "could not be read"]),
    requests("half-a-head", || raw("HTTP/1.1 200 OK\r\nContent-"), &["WARN", "cannot get Lease"]),
    requests("half-the-json", || reply(200, "", "{\"kind\":\"Lease\",\"spec\":{\"hol"), NO_LEASE),
    requests(
        "a-length-too-short",
        || raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{\"kind\":\"Lease\"}"),
        NO_LEASE,
    ),
    requests(
        "a-length-that-is-none",
        || raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
        &["WARN", "cannot get"],
    ),
    requests(
        "broken-chunks",
        || raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n"),
        &["WARN", "could not be read"],
    ),
    requests(
        "a-head-without-end",
        || raw(&format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(8 << 20))),
        &["WARN", "cannot get"],
    ),
    requests(
        "nothing-but-patience",
        || raw(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000)),
        &["WARN", "cannot get"],
    ),
    requests("no-http", || raw("SSH-2.0-OpenSSH_9.7\r\n\r\n"), &["WARN", "cannot get"]),
    requests("no-text", || raw("\0\u{1}\u{2}\u{7f}\r\n\r\n\0"), &["WARN", "cannot get"]),
    requests("a-login-page", || reply(200, "", "<html>Log in</html>"), NO_LEASE),
    requests("nothing-in-it", || reply(200, "", ""), NO_LEASE),
    requests("another-kind", || Fault::answer(Answer::Edited(|it| it["kind"] = json!("Pod"))), NO_LEASE),
    requests(
        "no-metadata",
        || Fault::answer(Answer::Edited(|it| drop(it.as_object_mut().unwrap().remove("metadata")))),
        &["WARN", "metadata"],
    ),
    requests(
        "no-version",
        || Fault::answer(Answer::Edited(|it| it["metadata"]["resourceVersion"] = json!(null))),
        &["WARN", "metadata.resourceVersion is missing"],
    ),
    requests(
        "a-version-that-is-no-number",
        || Fault::answer(Answer::Edited(|it| it["metadata"]["resourceVersion"] = json!("v7"))),
        &["WARN", "metadata.resourceVersion is \"v7\", which is not a number"],
    ),
    requests("a-huge-reply", || Fault::instead(Answer::Huge(HUGE)), &["WARN", "length limit exceeded"]),
];

/// More than a container may have; the library reads 4 MiB at most, and the kernel holds some more.
const HUGE: u64 = 1 << 30;
const MOST_OF_IT: u64 = 32 << 20;

const REFUSALS: &[Row] = &[
    requests(
        "401",
        || Fault::refused(401, "Unauthorized"),
        &[
            "WARN",
            "401 Unauthorized",
            "the server's words",
            "the credentials in the kubeconfig are not valid",
            "log in",
        ],
    ),
    requests(
        "403",
        || Fault::refused(403, "Forbidden"),
        &[
            "WARN",
            "403 Forbidden",
            "the server's words",
            "a Role with these rules in the namespace team",
            "\"update\"",
        ],
    ),
    requests(
        "404",
        || Fault::refused(404, "NotFound"),
        &["WARN", "cannot create Lease", "404", "if there is no namespace team"],
    ),
    requests("409", || Fault::refused(409, "Conflict"), &["WARN", "409 Conflict"]),
    requests("410", || Fault::refused(410, "Gone"), &["WARN", "410 Gone"]),
    requests("422", || Fault::refused(422, "Invalid"), &["WARN", "422 Unprocessable Entity"]),
    requests(
        "429",
        || reply(429, "Retry-After: 1\r\n", "too many"),
        &["WARN", "429 Too Many Requests: too many"],
    ),
    requests("500", || Fault::refused(500, "InternalError"), &["WARN", "500 Internal Server Error"]),
    requests("503", || Fault::refused(503, "ServiceUnavailable"), &["WARN", "503 Service Unavailable"]),
    requests("504", || Fault::refused(504, "Timeout"), &["WARN", "504 Gateway Timeout"]),
    requests(
        "a-redirect",
        || reply(307, "Location: https://elsewhere.example/\r\n", ""),
        &["WARN", "points to https://elsewhere.example/ and is not followed"],
    ),
    // A proxy says so of what the server behind it has done.
    requests(
        "502-and-done",
        || Fault::answer(Answer::Reply(502, "", "bad gateway".to_owned())),
        &["WARN", "502 Bad Gateway: bad gateway"],
    ),
];

const CERTIFICATES: &[Row] = &[
    certificate(
        "a-certificate-of-another-host",
        |authority| authority.certificate("127.0.0.2"),
        &["WARN", "not valid for name", "must show a certificate for 127.0.0.1 from a CA in the kubeconfig"],
    ),
    certificate(
        "an-expired-certificate",
        |authority| authority.expired_certificate("127.0.0.1"),
        &["WARN", "expired", "must show a certificate for 127.0.0.1 from a CA in the kubeconfig"],
    ),
    certificate(
        "a-certificate-of-another-ca",
        |_| Authority::new().certificate("127.0.0.1"),
        &[
            "WARN",
            "invalid peer certificate",
            "must show a certificate for 127.0.0.1 from a CA in the kubeconfig",
        ],
    ),
];

#[test]
fn g1_g4_g8_g10_an_outage_of_any_kind_ends_leadership_at_the_deadline_and_then_itself() {
    let rows: Vec<_> = [CONNECTIONS, REPLIES, REFUSALS, CERTIFICATES].concat();
    all_at_once(&rows, |row| row.name.to_owned(), outage);
}

fn outage(row: &Row) {
    let authority = Authority::new();
    let right = authority.certificate("127.0.0.1");
    let arena = match row.cause {
        Cause::Certificate(_) => Arena::trusting(&authority, ApiServer::start_tls(&right), row.name),
        _ => Arena::new(row.name),
    };
    let server = &arena.server;
    let [first, second] = arena.pair();
    let witness = Witness::of(vec![first.elector.clone(), second.elector.clone()]);

    let begun = boottime();
    let fault = match row.cause {
        Cause::Requests(fault) => {
            let fault = server.inject(fault(), |_| true);
            server.end_watches(None);
            Some(fault)
        }
        Cause::Network(network) => {
            server.set_network(network);
            None
        }
        Cause::Certificate(certificate) => {
            server.set_certificate(&certificate(&authority));
            server.close_connections();
            None
        }
    };
    // Nobody's claim outlives the renew deadline by more than what it takes to notice.
    sleep_until(begun + RENEW_DEADLINE);
    eventually("nobody leads", SLACK, || !first.leads() && !second.leads());
    sleep_until(begun + LEASE_DURATION + 2 * RETRY_PERIOD);
    assert!(!first.leads() && !second.leads());
    assert_ne!(first.problem(), None, "the status tells of it");
    let ended = boottime();
    drop(fault);
    server.set_network(Network::Up);
    server.set_certificate(&right);

    let took = eventually("one leads again", RECOVERY, || first.leads() || second.leads());
    let problem_is_over = |candidate: &Candidate| candidate.problem().is_none();
    first.until("nothing is wrong any more", RECOVERY, problem_is_over);
    second.until("nothing is wrong any more", RECOVERY, problem_is_over);

    let testimony = arena.judge(witness, &[&first, &second]);
    // Where it seems that the Lease is gone, the claim is withdrawn at once.
    let loss = first.losses().first().copied();
    if row.name == "404" {
        assert_eq!(loss, Some(LostReason::Deleted));
    } else {
        assert_eq!(loss, Some(LostReason::Expired));
        assert_claims_last("first", &testimony[0]);
    }
    assert!(arena.has_logged(row.told), "{:?} was not told: {:#?}", row.told, crate::log::about(row.name));
    let most = most_requests(ended - begun);
    let asked = ["first", "second"].map(|client| arena.requests(begun, ended, |of| of.client() == client));
    println!("{}: one leads again after {took:?}; {asked:?} requests, {most} allowed", row.name);
    assert!(asked.iter().all(|asked| *asked <= most), "{asked:?} requests in {:?}", ended - begun);
    let huge = asked.iter().sum::<usize>() as u64 * MOST_OF_IT;
    assert!(server.sent() <= huge, "{} bytes were read", server.sent());
}

/// G10: in any loop of errors an attempt each retry period, or each time of an attempt where they
/// hang; and as many openings of the watch at most.
fn most_requests(during: Duration) -> usize {
    let attempts = during.as_millis() / ATTEMPT.min(RETRY_PERIOD).as_millis();
    2 * usize::try_from(attempts).unwrap() + 2
}
