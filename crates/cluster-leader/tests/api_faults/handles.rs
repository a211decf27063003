//! What can be asked of an elector, while nothing answers: every call ends in time, and says what is so.

use std::time::Duration;

use cluster_leader::{Error, State};
use testkit::api::{Answer, Fault, Network};
use testkit::clock::boottime;

use crate::arena::{
    ATTEMPT, Arena, Candidate, RECOVERY, RENEW_DEADLINE, RETRY_PERIOD, SLACK, all_at_once, eventually,
};
use crate::witness::Witness;

struct Row {
    name: &'static str,
    fault: fn() -> Fault,
}

const ROWS: &[Row] = &[
    Row { name: "asked-in-a-black-hole", fault: || Fault::instead(Answer::Hang) },
    Row { name: "asked-without-replies", fault: || Fault::answer(Answer::Hang) },
    Row { name: "asked-while-connections-break", fault: Fault::request_lost },
    Row { name: "asked-while-replies-are-lost", fault: Fault::reply_lost },
    Row { name: "asked-at-503", fault: || Fault::refused(503, "ServiceUnavailable") },
    Row { name: "asked-at-403", fault: || Fault::refused(403, "Forbidden") },
];

#[test]
fn g8_every_call_ends_in_time_while_nothing_answers() {
    all_at_once(ROWS, |row| row.name.to_owned(), asked);
}

fn asked(row: &Row) {
    let arena = Arena::new(row.name);
    let [first, second] = arena.pair();
    let witness = Witness::of(vec![first.elector.clone(), second.elector.clone()]);
    let fault = arena.server.inject((row.fault)(), |_| true);
    arena.server.freeze(None);

    let begun = boottime();
    let verified = first.elector.verify();
    assert!(matches!(verified, Err(Error::Unanswered(_))), "{verified:?}");
    assert!(boottime() - begun < ATTEMPT + SLACK);
    assert!(matches!(first.elector.is_leader_for(RENEW_DEADLINE), Err(Error::NeverLeft { .. })));

    // The answer is no before the call returns, whatever becomes of the release.
    let begun = boottime();
    first.elector.step_down();
    assert!(!first.leads());
    first.elector.stop();
    assert!(!first.leads());
    let took = boottime() - begun;
    assert!(took < RETRY_PERIOD + SLACK, "stopping took {took:?}");
    first.until("it has ended", RETRY_PERIOD + SLACK, |first| first.elector.status().state == State::Stopped);
    assert!(matches!(first.elector.verify(), Err(Error::Stopped)));

    drop(fault);
    second.until("it leads", RECOVERY, Candidate::leads);
    assert_eq!(second.elector.verify().ok(), Some(true));
    println!("{}: stopping took {took:?}", row.name);
    arena.judge(witness, &[&first, &second]);
}

/// Nobody is there at the start; the first answer is no, and as soon as somebody is there it is yes.
#[test]
fn g8_a_server_that_comes_late_is_found() {
    let networks = [("late-after-resets", Network::Down), ("late-after-a-black-hole", Network::BlackHole)];
    let run = |(name, network): &(&str, Network)| {
        let arena = Arena::new(name);
        arena.server.set_network(*network);
        let only = arena.join("only");
        assert!(!only.leads() && only.elector.status().state == State::Starting);
        let witness = Witness::of(vec![only.elector.clone()]);
        let told = |only: &Candidate| only.problem().is_some_and(|problem| problem.contains(name));
        only.until("it tells of it", SLACK, told);
        let begun = boottime();
        arena.server.set_network(Network::Up);
        let took = eventually("it leads", 2 * RETRY_PERIOD + ATTEMPT + SLACK, || only.leads());
        println!("{name}: leads after {took:?}");
        assert!(arena.requests(begun, Duration::MAX, |_| true) <= 6);
        arena.judge(witness, &[&only]);
    };
    all_at_once(&networks, |(name, _)| (*name).to_owned(), run);
}
