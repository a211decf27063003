//! When the next attempt comes: after a time-out at once and on a new connection, after a quick
//! failure one retry period after the start of the one before, when the server asks for patience as
//! late as it says, unless the claim would end before; and never of its own accord.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use cluster_leader::LostReason;
use testkit::api::{Answer, Asked, Fault, Request, Verb};
use testkit::clock::boottime;

use crate::arena::{
    Arena, Candidate, RECOVERY, SLACK, Timings, all_at_once, eventually, on_a_machine_that_moves,
};
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

/// The last chance is half a retry period before the end: 8 s after the renewal, when an attempt each
/// retry period would have been the third.
const HASTY: Timings = Timings { retry_period: Duration::from_secs(4), ..TIMINGS };
const LAST_CHANCE: Duration = Duration::from_secs(8);

#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    timings: Timings,
    fault: fn() -> Fault,
    /// From the start of the renewal that met the fault to the start of the next attempt.
    next_after: Duration,
    /// However punctual the machine is, it comes no sooner than that.
    no_sooner: Duration,
    /// On a connection that was not there before.
    anew: bool,
    next: Verb,
}

const fn after_a_time_out(name: &'static str, fault: fn() -> Fault) -> Row {
    Row { next_after: ATTEMPT, anew: true, ..after_an_unknown_outcome(name, fault) }
}

const fn after_an_unknown_outcome(name: &'static str, fault: fn() -> Fault) -> Row {
    Row {
        name,
        timings: TIMINGS,
        fault,
        next_after: TIMINGS.retry_period,
        no_sooner: Duration::ZERO,
        anew: false,
        next: Verb::Get,
    }
}

const fn after_a_refusal(name: &'static str, fault: fn() -> Fault) -> Row {
    Row { next: Verb::Update, ..after_an_unknown_outcome(name, fault) }
}

/// A server that wants to be left alone for longer than the claim lasts is asked at the last chance.
const fn at_the_last_chance(row: Row) -> Row {
    Row { timings: HASTY, next_after: LAST_CHANCE, ..row }
}

fn busy(head: &'static str) -> Fault {
    Fault::instead(Answer::Reply(429, head, "too many requests".to_owned()))
}

fn unavailable(head: &'static str) -> Fault {
    Fault::instead(Answer::Reply(503, head, "not now".to_owned()))
}

/// `Retry-After` does not hurry us: the retry period is the bound of the load.
const ROWS: &[Row] = &[
    after_a_time_out("after-no-answer", || Fault::instead(Answer::Hang)),
    after_a_time_out("after-no-reply", || Fault::answer(Answer::Hang)),
    after_a_time_out("after-a-late-reply", || Fault::answer(Answer::Late(Duration::from_secs(12)))),
    after_a_time_out("after-a-slow-reply", || Fault::answer(Answer::Slow(Duration::from_millis(50)))),
    after_an_unknown_outcome("after-500", || Fault::refused(500, "InternalError")),
    after_an_unknown_outcome("after-503", || unavailable("")),
    at_the_last_chance(after_an_unknown_outcome("after-503-for-an-hour", || {
        unavailable("Retry-After: 3600\r\n")
    })),
    after_an_unknown_outcome("after-503-for-no-time", || unavailable("Retry-After: 0\r\n")),
    after_an_unknown_outcome("after-504", || Fault::refused(504, "Timeout")),
    Row { anew: true, ..after_an_unknown_outcome("after-a-reset", Fault::reply_lost) },
    after_a_refusal("after-403", || Fault::refused(403, "Forbidden")),
    Row { anew: true, ..after_a_refusal("after-401", || Fault::refused(401, "Unauthorized")) },
    after_a_refusal("after-429", || busy("")),
    at_the_last_chance(after_a_refusal("after-429-for-an-hour", || busy("Retry-After: 3600\r\n"))),
    after_a_refusal("after-429-for-no-time", || busy("Retry-After: 0\r\n")),
    after_a_refusal("after-429-for-a-second", || busy("Retry-After: 1\r\n")),
    // The attempt a retry period later waits for the rest of it.
    Row {
        timings: HASTY,
        next_after: Duration::from_secs(5),
        no_sooner: Duration::from_secs(5),
        ..after_a_refusal("after-429-for-a-little-longer", || busy("Retry-After: 5\r\n"))
    },
];

#[test]
fn g8_g10_the_next_attempt_comes_when_it_should_and_no_sooner() {
    all_at_once(ROWS, |row| row.name.to_owned(), retried);
}

fn retried(row: &Row) {
    let arena = Arena::new(row.name).with(row.timings);
    let only = arena.join("only");
    only.until("it leads", 2 * row.timings.retry_period + SLACK, Candidate::leads);
    let witness = Witness::of(vec![only.elector.clone()]);
    let fault = arena.server.inject_times(1, (row.fault)(), |of| of.verb() == Verb::Update);
    eventually("the renewal", row.timings.renew_deadline, || fault.hits() == 1);
    let after = |log: &[Asked]| -> Vec<Request> {
        let requests = log.iter().map(|asked| asked.request.clone());
        requests.skip_while(|of| of.verb() != Verb::Update).filter(|of| of.verb() != Verb::Watch).collect()
    };
    eventually("the next attempt", row.timings.renew_deadline, || after(&arena.server.log()).len() > 1);
    let known = arena.server.log();
    let [failed, next, ..] = &after(&known)[..] else { panic!("two attempts") };
    let pause = next.at - failed.at;
    println!("{}: {:?} after {pause:?}, {:?} meant", row.name, next.verb(), row.next_after);
    assert_eq!(next.verb(), row.next);
    assert!(pause + NOISE >= row.next_after && pause >= row.no_sooner, "{pause:?}: too soon");
    assert!(pause < row.next_after + NOISE, "{pause:?}: too late");
    let anew = known
        .iter()
        .map(|asked| &asked.request)
        .take_while(|of| of.at < next.at)
        .all(|of| of.connection != next.connection);
    assert_eq!(anew, row.anew, "whether it is on a new connection");
    eventually("it has renewed", SLACK, || only.elector.remaining() > row.timings.renew_deadline / 2);
    assert_eq!(only.losses(), Vec::<LostReason>::new());
    let testimony = arena.judge(witness, &[&only]);
    assert_claims_last("only", &testimony[0]);
    assert!(boottime() > failed.at);
}

/// Where it may not watch it polls, unless the server is busy.
#[test]
fn g10_a_follower_waits_as_long_as_the_server_asks() {
    const PATIENCE: Duration = Duration::from_secs(5);
    let election = "a-follower-waits";
    let arena = Arena::new(election);
    let of_second = |of: &Request| of.client() == "second";
    let _no_watch = arena
        .server
        .inject(Fault::refused(403, "Forbidden"), move |of| of_second(of) && of.verb() == Verb::Watch);
    let [first, second] = arena.pair();
    let fault = arena
        .server
        .inject_times(1, busy("Retry-After: 5\r\n"), move |of| of_second(of) && of.verb() == Verb::Get);
    eventually("a poll", SLACK, || fault.hits() == 1);
    let met = || arena.server.log().into_iter().find(|asked| asked.fate.contains("429")).unwrap().request.at;
    let refused = met();
    let next = || arena.server.asked().into_iter().find(|of| of.at > refused && of_second(of));
    eventually("the next request", PATIENCE + SLACK, || next().is_some());
    let pause = next().unwrap().at - refused;
    println!("{election}: asked again after {pause:?}");
    assert!(pause >= PATIENCE, "{pause:?}: too soon");
    second.until("it still follows", SLACK, |second| second.leader().as_deref() == Some("first"));
    first.elector.stop();
    second.until("it leads", RECOVERY, Candidate::leads);
}

/// Others wait for it, and it is tried once only.
#[test]
fn g7_a_release_does_not_wait_until_a_busy_server_wants_to_be_asked() {
    let arena = Arena::new("a-release-does-not-wait");
    let [first, second] = arena.pair();
    let fault = arena
        .server
        .inject_times(1, busy("Retry-After: 30\r\n"), |of| of.client() == "first" && of.verb() == Verb::Get);
    assert!(first.elector.verify().is_err());
    assert_eq!(fault.hits(), 1);
    first.elector.stop();
    second.until("it leads", RECOVERY, Candidate::leads);
    let asked = arena.server.log();
    let released = asked.iter().rfind(|asked| asked.request.client() == "first" && asked.acknowledged());
    assert!(
        released.is_some_and(|asked| asked.request.body.contains("\"leaseDurationSeconds\":1,")),
        "{asked:#?}"
    );
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
