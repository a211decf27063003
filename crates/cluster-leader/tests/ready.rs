//! Who waits until it is ready.

use std::path::Path;
use std::time::{Duration, Instant};

use cluster_leader::{Elector, Error, Options, State, StoreChoice};

fn start(directory: &Path, name: &str, wait_until_ready: bool) -> Result<Elector, Error> {
    let options = Options::new()
        .election("billing-jobs")
        .instance_name(name)
        .store(StoreChoice::File(Some(directory.to_owned())))
        .lease_duration(Duration::from_secs(60))
        .renew_deadline(Duration::from_secs(2))
        .retry_period(Duration::from_millis(500))
        .wait_until_ready(wait_until_ready);
    Elector::start(options)
}

fn until(what: &str, elector: &Elector, condition: impl Fn(&Elector) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition(elector) {
        assert!(Instant::now() < deadline, "never: {what}: {:?}", elector.status());
        let _ = elector.wait_for_change(elector.status().version, Duration::from_millis(50));
    }
}

#[test]
fn nobody_stands_before_it_is_ready() {
    let directory = tempfile::tempdir().unwrap();
    let nothing_there = || std::fs::read_dir(directory.path()).unwrap().next().is_none();
    let unready = start(directory.path(), "unready", true).unwrap();
    unready.step_down(); // no reason to begin
    let asked = unready.verify().unwrap_err().to_string();
    assert!(asked.contains("does not stand in the election yet"), "{asked}");
    assert!(nothing_there() && unready.status().state == State::Starting && !unready.is_leader());

    let leader = start(directory.path(), "leader", false).unwrap();
    until("it leads", &leader, Elector::is_leader);
    let standby = start(directory.path(), "standby", false).unwrap();
    until("it follows", &standby, |it| it.status().state == State::Following);
    drop(leader); // who is not ready takes nothing over, however free it is
    until("the standby leads", &standby, Elector::is_leader);
    assert_eq!(unready.status().state, State::Starting);

    unready.ready();
    until("it follows", &unready, |it| it.status().leader.as_deref() == Some("standby"));
    unready.ready(); // changes nothing
    drop(standby);
    until("it leads", &unready, Elector::is_leader);
}

#[test]
fn whoever_never_was_ready_ends_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let unready = start(directory.path(), "unready", true).unwrap();
    unready.stop();
    assert_eq!(unready.status().state, State::Stopped);
    unready.ready();
    assert!(!unready.is_leader() && unready.status().state == State::Stopped);
}
