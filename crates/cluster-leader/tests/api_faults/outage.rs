//! Everything fails for everybody, in every way that it can fail: the leader keeps its claim to the
//! deadline and not longer, nobody else claims, the server is not stormed, people are told what is
//! wrong, and when it is over there is one leader again.

use std::thread;
use std::time::Duration;

use cluster_leader::LostReason;
use testkit::api::{Answer, Fault, boottime};

use crate::arena::{
    ATTEMPT, Arena, Candidate, LEASE_DURATION, RECOVERY, RENEW_DEADLINE, RETRY_PERIOD, SLACK, all_at_once,
    eventually, sleep_until,
};
use crate::witness::{Witness, assert_claims_last};

/// A way to fail.
struct Row {
    name: &'static str,
    fault: fn() -> Fault,
    /// What a line in the log says.
    told: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row { name: "requests-are-lost", fault: Fault::request_lost, told: &["cannot get Lease"] },
    Row { name: "replies-are-lost", fault: Fault::reply_lost, told: &["cannot get Lease"] },
    Row {
        name: "nothing-comes-back",
        fault: || Fault::answer(Answer::Hang),
        told: &["no answer to a read within 400ms"],
    },
];

#[test]
fn g8_an_outage_of_any_kind_ends_leadership_at_the_deadline_and_nothing_else() {
    all_at_once(ROWS, |row| row.name.to_owned(), outage);
}

fn outage(row: &Row) {
    let arena = Arena::new(row.name);
    let [first, second] = arena.pair();
    let witness = Witness::of(vec![first.elector.clone(), second.elector.clone()]);
    let fault = arena.server.inject((row.fault)(), |_| true);
    arena.server.end_watches(None);
    let begun = boottime();

    // Nobody's claim outlives the renew deadline by more than what it takes to notice.
    sleep_until(begun + RENEW_DEADLINE);
    eventually("nobody leads", SLACK, || !first.leads() && !second.leads());
    sleep_until(begun + LEASE_DURATION + 2 * RETRY_PERIOD);
    assert!(!first.leads() && !second.leads());
    let ended = boottime();
    drop(fault);

    let took = eventually("one leads again", RECOVERY, || first.leads() || second.leads());
    println!("{}: one leads again after {took:?}", row.name);
    let problem_is_over = |candidate: &Candidate| candidate.problem().is_none();
    first.until("nothing is wrong any more", RECOVERY, problem_is_over);
    second.until("nothing is wrong any more", RECOVERY, problem_is_over);
    thread::sleep(RETRY_PERIOD);

    let testimony = arena.judge(witness, &[&first, &second]);
    assert_claims_last("first", &testimony[0]);
    assert_eq!(first.losses().first(), Some(&LostReason::Expired));
    assert!(arena.has_logged(row.told), "{:#?}", crate::log::about(row.name));
    for client in ["first", "second"] {
        let asked = arena.requests(begun, ended, |request| request.client() == client);
        let most = most_requests(ended - begun);
        println!("{}: {client} asked {asked} times, {most} allowed", row.name);
        assert!(asked <= most, "{client} asked {asked} times in {:?}, more than {most}", ended - begun);
    }
}

/// G10: in any loop of errors an attempt each retry period, or each time of an attempt where they
/// hang; and as many openings of the watch at most.
fn most_requests(during: Duration) -> usize {
    let attempts = during.as_millis() / ATTEMPT.min(RETRY_PERIOD).as_millis();
    2 * usize::try_from(attempts).unwrap() + 2
}
