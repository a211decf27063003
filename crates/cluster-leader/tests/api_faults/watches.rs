//! Watches that mislead: a follower makes up for each, whether the leader releases or vanishes.

use std::time::Duration;

use serde_json::json;
use testkit::api::{Answer, Fault, Injection, Showing, Verb, status};
use testkit::clock::boottime;

use crate::arena::{
    Arena, Candidate, RETRY_PERIOD, SLACK, Timings, all_at_once, eventually, on_a_machine_that_moves,
    sleep_until,
};
use crate::witness::Witness;

/// A leader outlasts a machine that stands still for more than a second.
const TIMINGS: Timings = Timings {
    lease_duration: Duration::from_secs(5),
    renew_deadline: Duration::from_secs(4),
    retry_period: RETRY_PERIOD,
};

/// One leads within this, once nothing is wrong.
const RECOVERY: Duration =
    TIMINGS.lease_duration.saturating_add(RETRY_PERIOD.saturating_mul(2)).saturating_add(SLACK);

/// What is wrong with the follower's watch.
enum Wrong {
    Showing(Showing),
    /// What opening it comes to.
    Opening(fn() -> Answer),
}

struct Row {
    name: &'static str,
    wrong: Wrong,
}

const fn showing(name: &'static str, showing: Showing) -> Row {
    Row { name, wrong: Wrong::Showing(showing) }
}

const fn opening(name: &'static str, answer: fn() -> Answer) -> Row {
    Row { name, wrong: Wrong::Opening(answer) }
}

fn error_event(code: u16, reason: &str) -> String {
    format!("{{\"type\":\"ERROR\",\"object\":{}}}\n", status(code, reason, "the server's words"))
}

fn refusal(code: u16, reason: &str) -> Answer {
    Answer::Reply(code, "", status(code, reason, "the server's words"))
}

fn modified(metadata: &serde_json::Value) -> String {
    let spec = json!({"holderIdentity": "", "leaseDurationSeconds": 1});
    let object =
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec});
    format!("{}\n", json!({"type": "MODIFIED", "object": object}))
}

const ROWS: &[Row] = &[
    showing("right", Showing::Everything),
    showing("silent", Showing::Nothing),
    showing("skipping", Showing::EverySecond),
    showing("lagging", Showing::Late(Duration::from_millis(1500))),
    showing("going-back", Showing::OldAfterNew),
    opening("closed-at-once", || Answer::Ended(vec![])),
    opening("open-and-silent", || Answer::Streaming(vec![])),
    opening("never-answered", || Answer::Hang),
    opening("reset", || Answer::Reset),
    opening("expired-in-stream", || Answer::Ended(vec![error_event(410, "Expired")])),
    opening("expired", || refusal(410, "Expired")),
    opening("failing-in-stream", || Answer::Streaming(vec![error_event(500, "InternalError")])),
    opening("401", || refusal(401, "Unauthorized")),
    opening("403", || refusal(403, "Forbidden")),
    opening("404", || refusal(404, "NotFound")),
    opening("429", || Answer::Reply(429, "Retry-After: 1\r\n", String::new())),
    opening("503", || refusal(503, "ServiceUnavailable")),
    opening("redirected", || Answer::Reply(302, "Location: /elsewhere\r\n", String::new())),
    opening("garbage", || Answer::Streaming(vec!["no JSON\n".to_owned()])),
    opening("half-a-line", || Answer::Ended(vec!["{\"type\":\"MODI".to_owned()])),
    opening("an-endless-line", || Answer::Huge(1 << 30)),
    opening("broken-chunks", || {
        Answer::Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n".to_owned())
    }),
    opening("of-no-version", || Answer::Streaming(vec![modified(&json!({"name": "x", "uid": "uid-1001"}))])),
    // Of another Lease, released and newer than all: it is nobody's business here.
    opening("of-another-lease", || {
        let metadata = json!({"name": "another", "uid": "u", "resourceVersion": "999999"});
        Answer::Streaming(vec![modified(&metadata)])
    }),
];

/// How the leader goes.
type Goes = fn(&Arena, &Candidate) -> Option<Injection>;

fn releases(_: &Arena, first: &Candidate) -> Option<Injection> {
    first.elector.step_down();
    None
}

fn vanishes(arena: &Arena, _: &Candidate) -> Option<Injection> {
    let fault = arena.server.inject(Fault::instead(Answer::Hang), |of| of.client() == "first");
    arena.server.freeze(Some("first"));
    Some(fault)
}

#[test]
fn g8_a_leader_that_goes_is_noticed_whatever_the_watch_shows() {
    let goes = [("release", releases as Goes), ("vanish", vanishes)];
    let rows: Vec<_> =
        goes.iter().flat_map(|(how, goes)| ROWS.iter().map(|row| (*how, row, *goes))).collect();
    all_at_once(
        &rows,
        |(how, row, _)| format!("{how}-{}", row.name),
        |(how, row, goes)| succession(how, row, *goes),
    );
}

fn succession(how: &str, row: &Row, goes: Goes) {
    let arena = Arena::new(&format!("{how}-{}", row.name)).with(TIMINGS);
    let server = &arena.server;
    let [first, second] = arena.pair();
    let witness = Witness::of(vec![first.elector.clone(), second.elector.clone()]);
    let fault = match &row.wrong {
        Wrong::Showing(showing) => {
            server.show("second", *showing);
            None
        }
        Wrong::Opening(answer) => {
            let of_second = |of: &testkit::api::Request| of.client() == "second" && of.verb() == Verb::Watch;
            let fault = server.inject(Fault::instead(answer()), of_second);
            server.end_watches(Some("second"));
            Some(fault)
        }
    };
    // It goes on to follow, and does not storm the server.
    let begun = boottime();
    sleep_until(begun + TIMINGS.lease_duration + 2 * RETRY_PERIOD);
    let steady = boottime() - begun;
    assert!(first.leads() && !second.leads());
    assert_eq!(second.leader().as_deref(), Some("first"));
    let asked = arena.requests(begun, begun + steady, |of| of.client() == "second");
    let most = 2 * steady.as_millis() / RETRY_PERIOD.as_millis() + 4;
    assert!(asked as u128 <= most, "{asked} requests in {steady:?}, more than {most}");

    let gone = goes(&arena, &first);
    // A silent watch is found out after the lease duration; then the wait may begin.
    let within = if how == "release" { RECOVERY } else { RECOVERY + TIMINGS.lease_duration };
    let took = eventually(&format!("{how} {}: the second leads", row.name), within, || second.leads());
    println!("{how} {}: {asked} requests in {steady:?}; taken over after {took:?}", row.name);
    assert!(!first.leads());
    arena.judge(witness, &[&first, &second]);
    let per_opening = fault.as_ref().map_or(0, Injection::hits) as u64 * (32 << 20);
    assert!(server.sent() <= per_opening, "{} bytes were read", server.sent());
    drop((fault, gone));
}

/// While polls fail and the watch works again, nothing is wrong with a follower.
#[test]
fn a_problem_is_over_when_the_watch_has_taken_over() {
    on_a_machine_that_moves("a-problem-is-over", || problem_is_over("a-problem-is-over"));
}

fn problem_is_over(election: &str) {
    let arena = Arena::new(election).with(TIMINGS);
    let [first, second] = arena.pair();
    let reads = arena
        .server
        .inject(Fault::instead(Answer::Hang), |of| of.client() == "second" && of.verb() == Verb::Get);
    let watches = arena.server.inject(Fault::refused(503, "ServiceUnavailable"), |of| {
        of.client() == "second" && of.verb() == Verb::Watch
    });
    arena.server.end_watches(Some("second"));
    second.until("the polls fail", SLACK, |second| second.problem().is_some());
    drop(watches);
    second.until("nothing is wrong", RECOVERY, |second| second.problem().is_none());
    // The last poll may have been under way.
    sleep_until(boottime() + TIMINGS.renew_deadline / 5 + RETRY_PERIOD);
    second.until("nothing is wrong for good", RECOVERY, |second| second.problem().is_none());
    let polled = reads.hits();
    sleep_until(boottime() + 4 * RETRY_PERIOD);
    assert_eq!((second.problem(), reads.hits()), (None, polled));
    first.until("it still leads", SLACK, Candidate::leads);
}

/// The server goes away and comes back without a word to those who watched. After the lease duration
/// the silence is noticed; where the watch is then opened on another connection that has died, once
/// more. Meanwhile the follower polls.
#[test]
fn g8_a_half_open_watch_is_found_out() {
    on_a_machine_that_moves("a-half-open-watch", || half_open_watch("a-half-open-watch"));
}

fn half_open_watch(election: &str) {
    let arena = Arena::new(election).with(TIMINGS);
    let [first, second] = arena.pair();
    let witness = Witness::of(vec![first.elector.clone(), second.elector.clone()]);
    arena.server.freeze(Some("second"));
    let begun = boottime();
    let watches_anew =
        || arena.requests(begun, Duration::MAX, |of| of.client() == "second" && of.verb() == Verb::Watch) > 0;
    let took = eventually("it watches anew", 2 * TIMINGS.lease_duration + SLACK, watches_anew);
    println!("a-half-open-watch: watched anew after {took:?}");
    first.elector.step_down();
    second.until("it leads", SLACK, Candidate::leads);
    arena.judge(witness, &[&first, &second]);
}
