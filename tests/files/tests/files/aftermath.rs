//! What survivors find, and make of it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use cluster_leader::{Elector, Options, StoreChoice};
use cluster_leader_tests_kubernetes::eventually;
use tests_files::{ELECTION, Record, Timings, World};

use crate::LONG_LEASE;

/// A contender in this process.
pub(crate) fn survivor(world: &World, name: &str) -> Elector {
    let Timings { lease, renew, retry } = LONG_LEASE;
    let options = Options::new()
        .election(ELECTION)
        .instance_name(name)
        .store(StoreChoice::File(Some(world.directory())))
        .lease_duration(Duration::from_millis(lease))
        // Nothing here is about survivors that lose their lease to a busy machine.
        .renew_deadline(Duration::from_millis(renew * 10))
        .retry_period(Duration::from_millis(retry));
    Elector::start(options).unwrap()
}

/// The record that a process has left that came to its end.
///
/// # Panics
/// It is lost, or half of one, or older than `newest`, which was there or was acknowledged.
pub(crate) fn left_record(world: &World, newest: Option<u64>) -> Option<Record> {
    let found = world.record();
    if let Some(newest) = newest {
        let found = found.as_ref().expect("no record is ever lost");
        assert!(found.version >= newest, "{newest} was there or acknowledged, and now there is {found:?}");
    }
    found
}

/// Sees one of the survivors lead long before the lease of the dead is over: how soon.
///
/// # Panics
/// None does, or its token is not larger than `newest`, or something is left of the dead.
pub(crate) fn one_survivor_leads(world: &World, newest: Option<u64>, survivors: &[Elector]) -> Duration {
    let begin = Instant::now();
    let leader = eventually("a leader", || {
        let leaders: Vec<_> = survivors.iter().filter(|survivor| survivor.is_leader()).collect();
        assert!(leaders.len() <= 1, "two lead");
        leaders.first().map(|leader| leader.status())
    });
    let took = begin.elapsed();
    assert!(took < Duration::from_millis(LONG_LEASE.lease / 2), "there was no proof of death: {took:?}");
    let token = leader.fencing_token.expect("it leads");
    assert!(Some(token) > newest, "the token {token} is not larger than {newest:?}");
    let record = world.record().expect("a record");
    assert_eq!(record.holder.as_ref(), Some(&leader.identity));
    nothing_is_left(world, survivors);
    took
}

/// Sees that nothing is in the directory but the record and a file for each that stands.
fn nothing_is_left(world: &World, standing: &[Elector]) {
    let begin = Instant::now();
    loop {
        let mut expected: Vec<_> = standing
            .iter()
            .map(|elector| format!("{ELECTION}.{}.holder", elector.status().identity))
            .chain([format!("{ELECTION}.json")])
            .collect();
        expected.sort();
        let names = world.names();
        if names == expected {
            return;
        }
        // Who came last may not stand yet.
        assert!(begin.elapsed() < Duration::from_secs(20), "{names:?} is left, not {expected:?}");
        sleep(Duration::from_millis(2));
    }
}
