//! What a leader leaves to the next, where requests fail.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cluster_leader::{Elector, Entry, Error, LedgerState};
use serde_json::Value;
use testkit::api::{Answer, Effect, Fault, Request, Verb};
use testkit::clock::boottime;

use crate::arena::{Arena, Candidate, RECOVERY, SLACK, all_at_once};

fn ran() -> Entry {
    Entry { started: Some(Duration::from_secs(5)), ended: Some(Duration::from_secs(1)), bytes: vec![9] }
}

fn is_write(request: &Request) -> bool {
    request.verb() == Verb::Update
}

fn names(elector: &Elector, all: &[&str]) -> Vec<bool> {
    all.iter().map(|name| elector.ledger().get(name).is_some()).collect()
}

#[test]
fn g13_flushes_of_many_threads_share_two_writes_a_second() {
    let arena = Arena::new("ledger-flushes");
    let leader = arena.join("leader");
    leader.until("it leads", RECOVERY, Candidate::leads);
    let from = boottime();
    let over = AtomicBool::new(false);
    let flushes: u32 = thread::scope(|scope| {
        let (elector, over) = (&leader.elector, &over);
        let flush = |job: u64| {
            let mut flushes = 0;
            while !over.load(Ordering::Relaxed) {
                elector.ledger().set(&format!("job-{job}"), ran()).unwrap();
                elector.ledger().flush(SLACK).unwrap();
                flushes += 1;
            }
            flushes
        };
        let threads: Vec<_> = (0..20).map(|job| scope.spawn(move || flush(job))).collect();
        thread::sleep(Duration::from_secs(3)); // for so long
        over.store(true, Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let to = boottime();
    let writes = arena.requests(from, to, is_write);
    let most = (to - from).as_millis() / 500 + 2;
    assert!(flushes >= 40 && writes as u128 <= most, "{flushes} flushes, {writes} writes of {most}");
}

/// What becomes of one flush, and what of it is told.
struct Row {
    name: &'static str,
    fault: fn() -> Fault,
}

const ROWS: &[Row] = &[
    Row { name: "ledger-request-lost", fault: Fault::request_lost },
    Row { name: "ledger-reply-lost", fault: Fault::reply_lost },
    Row { name: "ledger-hangs", fault: || Fault::instead(Answer::Hang) },
    Row { name: "ledger-reply-hangs", fault: || Fault::answer(Answer::Hang) },
    Row { name: "ledger-500", fault: || Fault::refused(500, "InternalError") },
    Row { name: "ledger-409", fault: || Fault::refused(409, "Conflict") },
    Row { name: "ledger-twice", fault: || Fault { effect: Effect::Twice, answer: Answer::Right } },
    Row {
        name: "ledger-late",
        fault: || Fault { effect: Effect::After(Duration::from_millis(700)), answer: Answer::Hang },
    },
];

#[test]
fn g13_a_flush_outlasts_a_fault_and_what_it_acknowledged_the_next_leader_has() {
    all_at_once(
        ROWS,
        |row| row.name.to_owned(),
        |row| {
            let arena = Arena::new(row.name);
            let [first, second] = arena.pair();
            let ledger = first.elector.ledger();
            ledger.set("before", ran()).unwrap();
            ledger.flush(SLACK).unwrap();
            let _fault = arena.server.inject_times(1, (row.fault)(), is_write);
            ledger.set("flushed", ran()).unwrap();
            ledger.flush(RECOVERY).unwrap();
            ledger.set("noted", ran()).unwrap();
            first.elector.stop();
            second.until("it leads", RECOVERY, Candidate::leads);
            let all = names(&second.elector, &["before", "flushed", "noted"]);
            assert_eq!(all, [true; 3], "{}", second.elector.ledger().to_json());
        },
    );
}

#[test]
fn g13_a_flush_that_nobody_answers_is_unknown_and_one_of_a_former_leader_is_refused() {
    let arena = Arena::new("ledger-outage");
    let leader = arena.join("leader");
    leader.until("it leads", RECOVERY, Candidate::leads);
    let outage = arena.server.inject(Fault::request_lost(), |_| true);
    let ledger = leader.elector.ledger();
    ledger.set("unsure", ran()).unwrap();
    let begun = Instant::now();
    let error = ledger.flush(RECOVERY).unwrap_err();
    assert!(matches!(error, Error::Unanswered(_)), "{error}");
    assert!(begun.elapsed() <= RECOVERY + SLACK);
    leader.until("it leads no more", RECOVERY, |it| !it.leads());
    assert!(matches!(ledger.flush(RECOVERY), Err(Error::NotLeading)));
    assert!(matches!(ledger.set("unsure", ran()), Err(Error::NotLeading)));
    drop(outage);
    leader.until("it leads again", RECOVERY, Candidate::leads);
    assert!(ledger.get("unsure").is_some(), "nobody led meanwhile, so it is written after all");
    ledger.set("more", ran()).unwrap();
    ledger.flush(SLACK).unwrap();
    assert_eq!(names(&leader.elector, &["unsure", "more"]), [true; 2]);
}

#[test]
fn g13_where_another_elector_drops_the_annotation_that_is_told_and_nothing_is_known() {
    let arena = Arena::new("ledger-dropped");
    let [first, second] = arena.pair();
    first.elector.ledger().set("job", ran()).unwrap();
    first.elector.ledger().flush(SLACK).unwrap();
    second.until("it sees it", SLACK, |it| it.elector.ledger().get("job").is_some());
    arena.server.edit("team", &arena.election, |lease: &mut Value| {
        lease["metadata"]["annotations"] = Value::Null;
        lease["spec"]["holderIdentity"] = "".into();
    });
    let told = || arena.has_logged(&["its ledger is gone"]);
    crate::arena::eventually("it is told", RECOVERY, told);
    let leads = |candidate: &&Candidate| candidate.leads();
    crate::arena::eventually("somebody leads", RECOVERY, || [&first, &second].iter().any(leads));
    let leader = [&first, &second].into_iter().find(leads).unwrap();
    assert_eq!(leader.elector.ledger().state(), LedgerState::Lost);
    assert_eq!(leader.elector.ledger().entries(), []);
}
