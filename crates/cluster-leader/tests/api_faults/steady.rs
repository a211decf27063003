//! What must not cost leadership: everything that is over before the renew deadline.

use std::thread;
use std::time::Duration;

use serde_json::json;
use testkit::api::{Answer, ApiServer, Effect, Fault, Injection, Network, Request, Showing, Verb};
use testkit::clock::boottime;

use crate::arena::{Arena, SLACK, Timings, all_at_once, sleep_until};
use crate::witness::{Witness, assert_claims_last};

/// An attempt may take a second; a leader renews each two and a half, and outlasts an outage of two.
const TIMINGS: Timings = Timings {
    lease_duration: Duration::from_secs(6),
    renew_deadline: Duration::from_secs(5),
    retry_period: Duration::from_secs(1),
};

/// Long enough for three renewals.
const LASTS: Duration = Duration::from_secs(8);

struct Row {
    name: &'static str,
    /// Done once,
    begin: fn(&ApiServer) -> Option<Injection>,
    /// and each 300 ms.
    go_on: fn(&ApiServer, &str),
}

const fn once(name: &'static str, begin: fn(&ApiServer) -> Option<Injection>) -> Row {
    Row { name, begin, go_on: |_, _| {} }
}

const fn again(name: &'static str, go_on: fn(&ApiServer, &str)) -> Row {
    Row { name, begin: |_| None, go_on }
}

fn next_renewal(server: &ApiServer, fault: Fault) -> Option<Injection> {
    Some(server.inject_times(1, fault, is_renewal))
}

fn is_renewal(request: &Request) -> bool {
    request.verb() == Verb::Update
}

fn every_answer(server: &ApiServer, answer: Answer) -> Option<Injection> {
    Some(server.inject(Fault::answer(answer), |_| true))
}

const ROWS: &[Row] = &[
    once("one-renewal-is-swallowed", |server| next_renewal(server, Fault::instead(Answer::Hang))),
    once("one-reply-is-swallowed", |server| next_renewal(server, Fault::answer(Answer::Hang))),
    once("one-request-is-lost", |server| next_renewal(server, Fault::request_lost())),
    once("one-reply-is-lost", |server| next_renewal(server, Fault::reply_lost())),
    once("half-of-one-reply", |server| next_renewal(server, Fault::answer(Answer::Half))),
    once("one-401", |server| next_renewal(server, Fault::refused(401, "Unauthorized"))),
    once("one-403", |server| next_renewal(server, Fault::refused(403, "Forbidden"))),
    once("one-422", |server| next_renewal(server, Fault::refused(422, "Invalid"))),
    once("one-429", |server| {
        let busy = Answer::Reply(429, "Retry-After: 1\r\n", String::new());
        next_renewal(server, Fault::instead(busy))
    }),
    once("one-500", |server| next_renewal(server, Fault::refused(500, "InternalError"))),
    once("one-503", |server| next_renewal(server, Fault::refused(503, "ServiceUnavailable"))),
    once("one-504-and-done", |server| {
        next_renewal(server, Fault::answer(Answer::Reply(504, "", String::new())))
    }),
    // The write lands while the next attempts are made.
    once("one-renewal-arrives-late", |server| {
        let effect = Effect::After(Duration::from_millis(1200));
        next_renewal(server, Fault { effect, answer: Answer::Hang })
    }),
    once("every-reply-is-late", |server| every_answer(server, Answer::Late(Duration::from_millis(200)))),
    once("every-reply-closes-the-connection", |server| every_answer(server, Answer::Last)),
    once("every-reply-is-called-html", |server| every_answer(server, Answer::Labelled("text/html"))),
    once("every-reply-has-more-than-we-know", |server| {
        let more = |it: &mut serde_json::Value| {
            it["status"] = json!({"future": [1, {"deep": null}]});
            it["metadata"]["selfLink"] = json!("x".repeat(100_000));
        };
        every_answer(server, Answer::Edited(more))
    }),
    // Something on the way sends it again, and answers what the second time met: the first.
    once("one-renewal-comes-twice", |server| {
        next_renewal(server, Fault { effect: Effect::Twice, answer: Answer::Right })
    }),
    // From then on every answer on that connection is the one to the request before.
    once("g4-one-reply-comes-twice", |server| next_renewal(server, Fault::answer(Answer::Repeated))),
    // The follower's watch is silent, so it tries to take over what has long been renewed; and it is
    // told that it has written what another wrote.
    once("g2-anothers-write-is-shown-as-ones-own", |server| {
        server.show("second", Showing::Nothing);
        let of_second = |of: &Request| of.client() == "second" && is_renewal(of);
        Some(server.inject(Fault::answer(Answer::Stale), of_second))
    }),
    once("watches-go-back-and-forth", |server| {
        server.show("first", Showing::OldAfterNew);
        server.show("second", Showing::OldAfterNew);
        None
    }),
    once("watches-are-full-of-bookmarks", |server| {
        server.set_bookmarks_every(Duration::from_millis(50));
        server.end_watches(None);
        None
    }),
    once("open-connections-are-dead", |server| {
        server.freeze(None);
        None
    }),
    once("open-connections-are-closed", |server| {
        server.close_connections();
        None
    }),
    once("the-server-is-away-for-a-moment", |server| {
        server.set_network(Network::Down);
        thread::sleep(Duration::from_millis(700));
        server.set_network(Network::Up);
        None
    }),
    again("watches-end-and-end", |server, _| server.end_watches(None)),
    again("watches-show-garbage", |server, _| server.send_on_watches(None, "no JSON\n")),
    again("history-is-forgotten", |server, _| {
        server.compact();
        server.end_watches(None);
    }),
    again("somebody-edits-labels", |server, election| {
        let at = boottime().as_nanos().to_string();
        server.edit("team", election, |lease| lease["metadata"]["labels"] = json!({"edited": at}));
    }),
];

#[test]
fn g8_what_is_over_in_time_costs_no_leadership() {
    all_at_once(ROWS, |row| row.name.to_owned(), stays);
}

fn stays(row: &Row) {
    let arena = Arena::new(row.name).with(TIMINGS);
    let [first, second] = arena.pair();
    let witness = Witness::of(vec![first.elector.clone(), second.elector.clone()]);
    let begun = boottime();
    let fault = (row.begin)(&arena.server);
    while boottime() < begun + LASTS {
        (row.go_on)(&arena.server, row.name);
        sleep_until(boottime() + Duration::from_millis(300));
    }
    let met = fault.as_ref().map(Injection::hits);
    assert_ne!(met, Some(0), "nothing met the fault");
    drop(fault);
    let story = || format!("{:#?}", crate::log::about(row.name));
    assert!(first.leads() && first.losses().is_empty(), "{:?} {}", first.losses(), story());
    second.until("it still follows", SLACK, |second| second.leader().as_deref() == Some("first"));
    let testimony = arena.judge(witness, &[&first, &second]);
    assert_claims_last("first", &testimony[0]);
    assert!(testimony[0].iter().all(|sample| sample.yes()));
    assert!(testimony[1].iter().all(|sample| !sample.yes()));
    for (client, usual) in [("first", 2 + 4), ("second", 4)] {
        let asked = arena.requests(begun, begun + LASTS, |of| of.client() == client);
        // In the worst case a request each retry period, and as many openings of the watch.
        let most = usual + 2 * 8;
        println!("{}: {client} asked {asked} times, {most} allowed", row.name);
        assert!(asked <= most, "{client} asked {asked} times");
    }
}
