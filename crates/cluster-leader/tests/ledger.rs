//! The ledger of electors on files, end to end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cluster_leader::{Elector, Entry, Error, LedgerState, Observer, Options, StoreChoice};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

fn start(directory: &Path, name: &str) -> Elector {
    let options = Options::new()
        .election("billing-jobs")
        .instance_name(name)
        .store(StoreChoice::File(Some(directory.to_owned())))
        .lease_duration(Duration::from_secs(60))
        .renew_deadline(Duration::from_secs(30))
        .retry_period(Duration::from_millis(500));
    Elector::start(options).unwrap()
}

fn until(what: &str, elector: &Elector, condition: impl Fn(&Elector) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition(elector) {
        assert!(Instant::now() < deadline, "never: {what}: {:?}", elector.status());
        let _ = elector.wait_for_change(elector.status().version, Duration::from_millis(20));
    }
}

fn ran(ago: u64) -> Entry {
    Entry { started: Some(Duration::from_secs(ago)), ended: None, bytes: vec![1, 2, 3] }
}

/// What stands in the file's record.
fn annotation(directory: &Path) -> Option<String> {
    let path = directory.join("billing-jobs.json");
    let lease: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    lease["metadata"]["annotations"]["cluster-leader.io/ledger"].as_str().map(str::to_owned)
}

#[test]
fn g13_what_a_leader_notes_its_successor_has_when_it_is_first_told_yes() {
    let directory = tempfile::tempdir().unwrap();
    let first = start(directory.path(), "first");
    until("it leads", &first, Elector::is_leader);
    let second = start(directory.path(), "second");
    until("it follows", &second, |it| it.status().leader.as_deref() == Some("first"));
    assert_eq!((first.ledger().state(), first.ledger().entries()), (LedgerState::Empty, vec![]));

    first.ledger().set("flushed", ran(3_600)).unwrap();
    first.ledger().flush(PATIENCE).unwrap();
    until("a follower sees it", &second, |it| it.ledger().get("flushed").is_some());
    assert_eq!(second.ledger().state(), LedgerState::Known);
    assert!(matches!(second.ledger().set("mine", ran(1)), Err(Error::NotLeading)));
    assert!(matches!(second.ledger().remove("flushed"), Err(Error::NotLeading)));
    assert!(matches!(second.ledger().flush(PATIENCE), Err(Error::NotLeading)));

    // Not flushed: it rides along with the release. The second's readers ask without a pause.
    let at_hand = thread::scope(|scope| {
        let asks = scope.spawn(|| {
            let deadline = Instant::now() + PATIENCE;
            while !second.is_leader() {
                assert!(Instant::now() < deadline, "it never leads");
            }
            second.ledger().get("noted")
        });
        first.ledger().set("noted", ran(7)).unwrap();
        first.ledger().remove("flushed").unwrap();
        first.stop();
        asks.join().unwrap()
    });
    let entry = at_hand.expect("it was noted");
    let age = entry.started.unwrap();
    assert!(Duration::from_secs(7) <= age && age < Duration::from_secs(7) + PATIENCE, "{age:?}");
    assert_eq!(entry.bytes, [1, 2, 3]);
    assert_eq!((second.ledger().state(), second.ledger().get("flushed")), (LedgerState::Known, None));
    let names: Vec<_> = second.ledger().entries().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["noted"], "a name that was used here is known");
    let json: Value = serde_json::from_str(&second.ledger().to_json()).unwrap();
    assert_eq!((&json["state"], &json["entries"][0]["name"]), (&"known".into(), &"noted".into()));
    assert!(first.ledger().flush(PATIENCE).is_err(), "it was stopped");
}

#[test]
fn g13_a_value_that_is_none_of_ours_is_kept_aside_and_written_anew() {
    let directory = tempfile::tempdir().unwrap();
    let first = start(directory.path(), "first");
    until("it leads", &first, Elector::is_leader);
    first.ledger().set("job", ran(1)).unwrap();
    first.stop();
    let path = directory.path().join("billing-jobs.json");
    let mut lease: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    lease["metadata"]["annotations"]["cluster-leader.io/ledger"] = "{\"what\": \"else\"}".into();
    std::fs::write(&path, serde_json::to_vec(&lease).unwrap()).unwrap();

    let second = start(directory.path(), "second");
    until("it leads", &second, Elector::is_leader);
    assert_eq!((second.ledger().state(), second.ledger().get("job")), (LedgerState::Unreadable, None));
    let json: Value = serde_json::from_str(&second.ledger().to_json()).unwrap();
    assert_eq!(json["unreadable"], "{\"what\": \"else\"}");
    second.ledger().set("anew", ran(1)).unwrap();
    second.ledger().flush(PATIENCE).unwrap();
    assert!(annotation(directory.path()).unwrap().contains(" 1;"));
    assert_eq!(second.ledger().state(), LedgerState::Unreadable, "for this hand-over");
}

#[test]
fn g13_what_is_too_large_is_refused_and_nothing_is_lost_by_it() {
    let directory = tempfile::tempdir().unwrap();
    let elector = start(directory.path(), "only");
    until("it leads", &elector, Elector::is_leader);
    let large = Entry { bytes: vec![7; Entry::MOST_BYTES], ..ran(1) };
    let mut jobs = 0;
    let error = loop {
        match elector.ledger().set(&format!("job-{jobs}"), large.clone()) {
            Ok(()) => jobs += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::LedgerFull { .. }), "{error}");
    elector.ledger().flush(PATIENCE).unwrap();
    let text = annotation(directory.path()).unwrap();
    assert_eq!(text.matches(';').count(), jobs);
}

#[test]
fn g13_a_successor_is_told_whether_what_was_begun_before_it_may_go_on() {
    for steps_down in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let first = start(directory.path(), "first");
        until("it leads", &first, Elector::is_leader);
        let second = start(directory.path(), "second");
        until("it follows", &second, |it| it.status().leader.as_deref() == Some("first"));
        first.ledger().set("begun", ran(1)).unwrap();
        if steps_down {
            first.step_down();
        } else {
            first.stop();
        }
        until("it leads", &second, Elector::is_leader);
        assert_eq!(second.ledger().is_handed_over(), steps_down);
        let json: Value = serde_json::from_str(&second.ledger().to_json()).unwrap();
        assert_eq!(json["handed_over"], steps_down);

        let observer =
            Observer::new(Options::new().store(StoreChoice::File(Some(directory.path().to_owned()))))
                .unwrap();
        let seen = observer.look_at("billing-jobs").unwrap().unwrap().ledger.unwrap();
        let seen: Value = serde_json::from_str(&seen).unwrap();
        assert_eq!((&seen["state"], &seen["handed_over"]), (&"known".into(), &steps_down.into()));
        assert_eq!(seen["entries"][0]["name"], Value::Null);
    }
}
