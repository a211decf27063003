//! When the next attempt comes: after a time-out at once and on a new connection, after a quick
//! failure one retry period after the start of the one before, and never of its own accord.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use cluster_leader::LostReason;
use testkit::api::{Answer, Asked, Fault, Request, Verb};
use testkit::clock::boottime;

use crate::arena::{Arena, Candidate, SLACK, Timings, all_at_once, eventually, on_a_machine_that_moves};
use crate::witness::{Witness, assert_claims_last};

/// A leader renews after 10 s, an attempt may take 4 s: so "at once" and "a retry period later" are two
/// seconds apart, which tells them apart on a busy machine too.
const TIMINGS: Timings = Timings {
    lease_duration: Duration::from_secs(21),
    renew_deadline: Duration::from_secs(20),
    retry_period: Duration::from_secs(6),
};
const ATTEMPT: Duration = Duration::from_secs(4);
const NOISE: Duration = Duration::from_millis(1900);

struct Row {
    name: &'static str,
    fault: fn() -> Fault,
    /// From the start of the renewal that met the fault to the start of the next attempt.
    next_after: Duration,
    /// On a connection that was not there before.
    anew: bool,
    next: Verb,
}

const fn after_a_time_out(name: &'static str, fault: fn() -> Fault) -> Row {
    Row { name, fault, next_after: ATTEMPT, anew: true, next: Verb::Get }
}

const fn after_an_unknown_outcome(name: &'static str, fault: fn() -> Fault) -> Row {
    Row { name, fault, next_after: TIMINGS.retry_period, anew: false, next: Verb::Get }
}

const fn after_a_refusal(name: &'static str, fault: fn() -> Fault) -> Row {
    Row { name, fault, next_after: TIMINGS.retry_period, anew: false, next: Verb::Update }
}

fn busy(head: &'static str) -> Fault {
    Fault::instead(Answer::Reply(429, head, "too many requests".to_owned()))
}

fn unavailable(head: &'static str) -> Fault {
    Fault::instead(Answer::Reply(503, head, "not now".to_owned()))
}

/// `Retry-After` neither hurries us nor holds us up: the retry period is the bound of the load, and a
/// leader that obeyed an hour would lose leadership to a server that is merely busy.
const ROWS: &[Row] = &[
    after_a_time_out("after-no-answer", || Fault::instead(Answer::Hang)),
    after_a_time_out("after-no-reply", || Fault::answer(Answer::Hang)),
    after_a_time_out("after-a-late-reply", || Fault::answer(Answer::Late(Duration::from_secs(12)))),
    after_a_time_out("after-a-slow-reply", || Fault::answer(Answer::Slow(Duration::from_millis(50)))),
    after_an_unknown_outcome("after-500", || Fault::refused(500, "InternalError")),
    after_an_unknown_outcome("after-503", || unavailable("")),
    after_an_unknown_outcome("after-503-for-an-hour", || unavailable("Retry-After: 3600\r\n")),
    after_an_unknown_outcome("after-503-for-no-time", || unavailable("Retry-After: 0\r\n")),
    after_an_unknown_outcome("after-504", || Fault::refused(504, "Timeout")),
    Row { anew: true, ..after_an_unknown_outcome("after-a-reset", Fault::reply_lost) },
    after_a_refusal("after-403", || Fault::refused(403, "Forbidden")),
    Row { anew: true, ..after_a_refusal("after-401", || Fault::refused(401, "Unauthorized")) },
    after_a_refusal("after-429", || busy("")),
    after_a_refusal("after-429-for-an-hour", || busy("Retry-After: 3600\r\n")),
    after_a_refusal("after-429-for-no-time", || busy("Retry-After: 0\r\n")),
    after_a_refusal("after-429-for-a-second", || busy("Retry-After: 1\r\n")),
];

#[test]
fn g8_g10_the_next_attempt_comes_when_it_should_and_no_sooner() {
    all_at_once(ROWS, |row| row.name.to_owned(), retried);
}

fn retried(row: &Row) {
    let arena = Arena::new(row.name).with(TIMINGS);
    let only = arena.join("only");
    only.until("it leads", 2 * TIMINGS.retry_period + SLACK, Candidate::leads);
    let witness = Witness::of(vec![only.elector.clone()]);
    let fault = arena.server.inject_times(1, (row.fault)(), |of| of.verb() == Verb::Update);
    eventually("the renewal", TIMINGS.renew_deadline, || fault.hits() == 1);
    let after = |log: &[Asked]| -> Vec<Request> {
        let requests = log.iter().map(|asked| asked.request.clone());
        requests.skip_while(|of| of.verb() != Verb::Update).filter(|of| of.verb() != Verb::Watch).collect()
    };
    eventually("the next attempt", TIMINGS.renew_deadline, || after(&arena.server.log()).len() > 1);
    let known = arena.server.log();
    let [failed, next, ..] = &after(&known)[..] else { panic!("two attempts") };
    let pause = next.at - failed.at;
    println!("{}: {:?} after {pause:?}, {:?} meant", row.name, next.verb(), row.next_after);
    assert_eq!(next.verb(), row.next);
    assert!(pause + NOISE >= row.next_after, "{pause:?}: too soon");
    assert!(pause < row.next_after + NOISE, "{pause:?}: too late");
    let anew = known
        .iter()
        .map(|asked| &asked.request)
        .take_while(|of| of.at < next.at)
        .all(|of| of.connection != next.connection);
    assert_eq!(anew, row.anew, "whether it is on a new connection");
    eventually("it has renewed", SLACK, || only.elector.remaining() > TIMINGS.renew_deadline / 2);
    assert_eq!(only.losses(), Vec::<LostReason>::new());
    let testimony = arena.judge(witness, &[&only]);
    assert_claims_last("only", &testimony[0]);
    assert!(boottime() > failed.at);
}

/// The others that are kept open have died with it, as a rule: each would cost another time-out.
#[test]
fn g8_after_a_time_out_no_open_connection_is_trusted() {
    let election = "no-open-connection-is-trusted";
    on_a_machine_that_moves(election, || no_open_connection_is_trusted(election));
}

fn no_open_connection_is_trusted(election: &str) {
    let arena = Arena::new(election).with(TIMINGS);
    let only = arena.join("only");
    only.until("it leads", 2 * TIMINGS.retry_period + SLACK, Candidate::leads);
    let witness = Witness::of(vec![only.elector.clone()]);
    let slow = arena.server.inject(Fault::answer(Answer::Late(ATTEMPT / 4)), |of| of.verb() == Verb::Get);
    // As many at a time need as many connections.
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(only.elector.verify().ok(), Some(true)));
        }
    });
    drop(slow);
    let open: BTreeSet<usize> = arena.server.asked().iter().map(|of| of.connection).collect();
    assert!(open.len() >= 4, "{open:?}");

    arena.server.freeze(None);
    let frozen = boottime();
    let next = || arena.server.asked().into_iter().find(|of| of.at > frozen && of.verb() != Verb::Watch);
    eventually("the next attempt that arrives", TIMINGS.renew_deadline, || next().is_some());
    let acknowledged = arena.server.log().into_iter().filter(Asked::acknowledged);
    let renewed = acknowledged.map(|asked| asked.request.at).filter(|at| *at < frozen).max();
    let pause = next().unwrap().at - renewed.unwrap();
    println!("no-open-connection-is-trusted: heard of again after {pause:?}");
    assert!(pause < TIMINGS.renew_deadline / 2 + ATTEMPT + NOISE, "{pause:?}: more than one time-out");
    eventually("it has renewed", SLACK, || only.elector.remaining() > TIMINGS.renew_deadline / 2);
    assert_eq!(only.losses(), Vec::<LostReason>::new());
    arena.judge(witness, &[&only]);
}
