//! How a term begins where outcomes are unknown: never by a write that was not acknowledged.

use std::thread;
use std::time::Duration;

use serde_json::json;
use testkit::api::{Answer, Effect, Fault, Request, Verb};

use crate::arena::{ATTEMPT, Arena, Candidate, RETRY_PERIOD, SLACK, all_at_once, eventually};
use crate::witness::Witness;

struct Row {
    name: &'static str,
    /// What becomes of the next writes, one each, from the one that would acquire on.
    faults: fn() -> Vec<Fault>,
}

const ROWS: &[Row] = &[
    Row { name: "g4-a-lost-reply-starts-no-claim", faults: || vec![Fault::reply_lost()] },
    Row { name: "g4-a-lost-request-starts-no-claim", faults: || vec![Fault::request_lost()] },
    Row { name: "g4-a-swallowed-reply-starts-no-claim", faults: || vec![Fault::answer(Answer::Hang)] },
    Row { name: "g4-half-a-reply-starts-no-claim", faults: || vec![Fault::answer(Answer::Half)] },
    Row {
        name: "g4-a-503-and-done-starts-no-claim",
        faults: || vec![Fault::answer(Answer::Reply(503, "", String::new()))],
    },
    Row {
        name: "g4-a-reply-without-version-starts-no-claim",
        faults: || vec![Fault::answer(Answer::Edited(|it| it["metadata"]["resourceVersion"] = json!("")))],
    },
    Row {
        name: "g4-many-lost-replies-start-no-claim",
        faults: || vec![Fault::reply_lost(), Fault::reply_lost(), Fault::answer(Answer::Hang)],
    },
    Row {
        name: "g4-a-write-that-comes-twice-starts-no-claim",
        faults: || vec![Fault { effect: Effect::Twice, answer: Answer::Right }],
    },
    // Lands when others of ours have failed: ours by its times, and confirmed by another write.
    Row {
        name: "g4-a-late-write-is-adopted-by-another",
        faults: || {
            let late = Fault { effect: Effect::After(2 * ATTEMPT), answer: Answer::Hang };
            let mut faults = vec![late];
            faults.extend(vec![Fault::refused(503, "ServiceUnavailable"); 2]);
            faults
        },
    },
];

/// Without a record the first write is a create; with a released one it is an update.
#[test]
fn g4_an_unknown_outcome_starts_no_claim() {
    let rows: Vec<_> = ["create", "take"].iter().flat_map(|how| ROWS.iter().map(|row| (*how, row))).collect();
    all_at_once(&rows, |(how, row)| format!("{how}-{}", row.name), |(how, row)| unknown(how, row));
}

fn unknown(how: &str, row: &Row) {
    let arena = Arena::new(&format!("{how}-{}", row.name));
    if how == "take" {
        let before = arena.join("before");
        before.until("it leads", SLACK, Candidate::leads);
        before.elector.stop();
    }
    let faults = (row.faults)();
    let injected: Vec<_> = faults
        .iter()
        .map(|fault| arena.server.inject_times(1, fault.clone(), |of| of.client() == "only" && of.writes()))
        .collect();
    let only = arena.join("only");
    let witness = Witness::of(vec![only.elector.clone()]);
    let most = SLACK + 3 * RETRY_PERIOD * u32::try_from(faults.len()).unwrap();
    let took = eventually("it leads", most, || only.leads());
    println!("{how} {}: leads after {took:?}", row.name);
    assert!(injected.iter().all(|fault| fault.hits() == 1), "each fault met a write");
    thread::sleep(RETRY_PERIOD);
    let identity = only.elector.status().identity;
    let token = only.elector.status().fencing_token;
    // That no yes came before an acknowledged write is judged here.
    arena.judge(witness, &[&only]);

    // The token is the first acknowledged write's, and no earlier one's.
    let log = arena.server.log();
    let acknowledged = log.iter().find(|asked| asked.acknowledged() && asked.request.client() == "only");
    assert_eq!(acknowledged.and_then(|asked| asked.made), token);
    // What had landed is its own: it takes no other identity.
    let holders: Vec<String> =
        arena.server.asked().iter().filter(|of| of.client() == "only").filter_map(Request::holder).collect();
    assert!(holders.iter().all(|holder| *holder == identity), "{holders:?}");
    assert!(!arena.has_logged(&["another process writes as"]), "{:#?}", crate::log::about(&arena.election));
    let creates = arena
        .requests(Duration::ZERO, Duration::MAX, |of| of.client() == "only" && of.verb() == Verb::Create);
    assert_eq!(creates == 0, how == "take");
}
