//! The leader alone is cut off, in one way or another, and another takes over in time.

use std::time::Duration;

use testkit::api::{Answer, Effect, Fault, Request};
use testkit::clock::boottime;

use crate::arena::{
    Arena, LEASE_DURATION, RECOVERY, RENEW_DEADLINE, RETRY_PERIOD, SLACK, all_at_once, eventually,
    on_a_machine_that_moves, sleep_until,
};
use crate::witness::{Witness, assert_claims_last};

struct Row {
    name: &'static str,
    fault: fn() -> Fault,
}

const ROWS: &[Row] = &[
    Row { name: "g2-nothing-of-the-leaders-arrives", fault: || Fault::instead(Answer::Hang) },
    Row { name: "g2-nothing-comes-back-to-the-leader", fault: || Fault::answer(Answer::Hang) },
    Row { name: "g2-the-leaders-requests-are-lost", fault: Fault::request_lost },
    Row { name: "g2-the-leaders-replies-are-lost", fault: Fault::reply_lost },
    Row {
        name: "g2-the-leaders-requests-arrive-late",
        fault: || Fault { effect: Effect::After(Duration::from_millis(2500)), answer: Answer::Hang },
    },
    Row {
        name: "g2-the-leader-hears-byte-by-byte",
        fault: || Fault::answer(Answer::Slow(Duration::from_millis(10))),
    },
    Row { name: "g2-the-leader-gets-401", fault: || Fault::refused(401, "Unauthorized") },
    Row { name: "g2-the-leader-gets-403", fault: || Fault::refused(403, "Forbidden") },
    Row { name: "g2-the-leader-gets-429", fault: || Fault::refused(429, "TooManyRequests") },
    Row { name: "g2-the-leader-gets-503", fault: || Fault::refused(503, "ServiceUnavailable") },
];

#[test]
fn g2_a_leader_that_is_cut_off_is_followed_and_there_never_are_two() {
    all_at_once(ROWS, |row| row.name.to_owned(), cut_off);
}

fn cut_off(row: &Row) {
    let arena = Arena::new(row.name);
    let [first, second] = arena.pair();
    let witness = Witness::of(vec![first.elector.clone(), second.elector.clone()]);
    let begun = boottime();
    let fault = arena.server.inject((row.fault)(), |of| of.client() == "first");
    arena.server.freeze(Some("first"));

    second.until("it takes over", RECOVERY + RENEW_DEADLINE, |second| second.leads());
    let took = boottime() - begun;
    assert!(!first.leads());
    // A while longer: whatever the first has sent may still arrive.
    sleep_until(boottime() + LEASE_DURATION);
    assert!(!first.leads());
    let ended = boottime();
    drop(fault);

    first.until("nothing is wrong any more", RECOVERY, |first| first.problem().is_none());
    first.until("one leads", RECOVERY, |first| first.leads() != second.leads());
    let testimony = arena.judge(witness, &[&first, &second]);
    assert_claims_last("first", &testimony[0]);
    let asked = arena.requests(begun, ended, |of| of.client() == "first");
    println!("{}: taken over after {took:?}; the first asked {asked} times in {:?}", row.name, ended - begun);
    let most = 2 * (ended - begun).as_millis() / RETRY_PERIOD.as_millis() + 4;
    assert!(asked as u128 <= most, "{asked} requests in {:?}", ended - begun);
}

/// The leader's renewals land and it never hears of them, while it can read. Its claim ends (G4), and
/// nobody else's can begin while the record is renewed; it is over as soon as the fault is.
#[test]
fn g4_renewals_that_land_unheard_extend_nothing() {
    on_a_machine_that_moves(UNHEARD, land_unheard);
}

const UNHEARD: &str = "g4-renewals-that-land-unheard";

fn land_unheard() {
    let arena = Arena::new(UNHEARD);
    let [first, second] = arena.pair();
    let witness = Witness::of(vec![first.elector.clone(), second.elector.clone()]);
    let begun = boottime();
    let fault =
        arena.server.inject(Fault::reply_lost(), |of: &Request| of.client() == "first" && of.writes());
    sleep_until(begun + RENEW_DEADLINE);
    first.until("its claim has ended", SLACK, |first| !first.leads());
    sleep_until(begun + 2 * LEASE_DURATION);
    drop(fault);
    let one_leads = || first.leads() || second.leads();
    let took = eventually("one leads", RECOVERY, one_leads);
    println!("renewals that land unheard: one leads {took:?} after the end");
    let testimony = arena.judge(witness, &[&first, &second]);
    assert_claims_last("first", &testimony[0]);
}
