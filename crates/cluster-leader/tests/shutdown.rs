//! `shutdown` ends everything in the process, so it has a process of its own.

use std::time::Duration;

use cluster_leader::{Elector, Options, State, StoreChoice, shutdown};

#[test]
fn g7_shutdown_withdraws_and_releases_every_election_and_they_may_begin_again() {
    let directory = tempfile::tempdir().unwrap();
    let start = |name: &str| {
        let options =
            Options::new().election(name).store(StoreChoice::File(Some(directory.path().to_owned())));
        Elector::start(options).unwrap()
    };
    let leading = |elector: &Elector| {
        let mut status = elector.status();
        while !status.leading {
            status = elector.wait_for_change(status.version, Duration::from_secs(60));
        }
        assert!(elector.is_leader());
    };
    for _ in 0..2 {
        let electors = ["one", "two"].map(start);
        electors.iter().for_each(leading);
        assert!(shutdown(Duration::MAX), "everything ended");
        for elector in &electors {
            assert!(!elector.is_leader());
            assert_eq!(elector.status().state, State::Stopped);
        }
    }
    assert!(shutdown(Duration::ZERO), "there was nothing to end");
}
