//! Elections that share connections must not stand in each other's way.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use testkit::api::{Answer, ApiServer, Fault};
use testkit::clock::boottime;

use crate::replica::{Replica, timings};

const ELECTIONS: usize = 100;

/// A leader renews after 15 s and outlasts an outage of 12 s; an attempt may take 6 s.
#[test]
fn g8_an_outage_that_one_election_outlasts_is_outlasted_by_a_hundred() {
    const OUTAGE: Duration = Duration::from_secs(10);
    let server = ApiServer::start();
    let mut leader = Replica::start(&server, "leader", timings("32s", "30s", "6s"));
    // They begin one after another, so that there is never an instant at which nobody asks.
    for elections in (1..=ELECTIONS).step_by(11) {
        leader.join(elections);
        thread::sleep(Duration::from_millis(1500));
    }
    leader.until("all are led", |report| report.leads == ELECTIONS);
    // Requests are swallowed, those under way too, and so are the connections that are open.
    let outage = server.inject(Fault::instead(Answer::Hang), |_| true);
    server.freeze(None);
    thread::sleep(OUTAGE);
    let (swallowed, ended) = (outage.hits(), boottime());
    drop(outage);
    let renewed = || {
        let log = server.log();
        let later = log.iter().filter(|asked| asked.acknowledged() && asked.request.at > ended);
        later.map(|asked| asked.request.target.clone()).collect::<BTreeSet<_>>().len()
    };
    let after = leader.until("all have renewed", |_| renewed() == ELECTIONS);
    println!("{OUTAGE:?} without an answer: {swallowed} requests were swallowed; afterwards {after:?}");
    assert_eq!((after.leads, after.lost), (ELECTIONS, 0));
    assert!(server.most_open_connections() < 30, "{}", server.most_open_connections());
}
