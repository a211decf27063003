//! Elections that share a watch are told as soon as those that have one of their own.

use testkit::api::{ApiServer, Verb};
use testkit::clock::boottime;

use crate::replica::{DEFAULT, Replica, election};

#[test]
fn g7_what_is_released_is_taken_over_without_a_look_at_it() {
    const ELECTIONS: usize = 10;
    let server = ApiServer::start();
    let mut first = Replica::start(&server, "first", DEFAULT);
    first.join(ELECTIONS);
    first.until("all are led", |report| report.leads == ELECTIONS);
    let mut second = Replica::start(&server, "second", DEFAULT);
    second.join(ELECTIONS);
    second.until("all are followed", |report| report.follows == ELECTIONS);
    for number in 0..ELECTIONS {
        let begun = boottime();
        first.step_down(number);
        second.until("it is taken over", |report| report.leads == number + 1);
        let asked = server.asked();
        let of_it = |target: &str| target.trim_end_matches('?').ends_with(&election(number));
        let by_second: Vec<_> = asked
            .iter()
            .filter(|of| of.at > begun && of.client() == "second" && of_it(&of.target))
            .map(|of| of.verb())
            .collect();
        assert_eq!(by_second.first(), Some(&Verb::Update), "{by_second:?}");
        let released = asked.iter().find(|of| of.at > begun && of.holder().as_deref() == Some(""));
        let taken = asked.iter().find(|of| of.at > begun && of.client() == "second" && of.writes());
        println!(
            "{}: {:?} from one write to the next",
            election(number),
            taken.unwrap().at - released.unwrap().at
        );
    }
}

/// In the time that is left to a process that ends, a retry period.
#[test]
fn g7_a_process_that_ends_releases_a_hundred() {
    const ELECTIONS: usize = 100;
    let server = ApiServer::start();
    let mut leader = Replica::start(&server, "leader", DEFAULT);
    leader.join(ELECTIONS);
    leader.until("all are led", |report| report.leads == ELECTIONS);
    leader.end();
    let holder = |number| server.lease("team", &election(number)).unwrap()["spec"]["holderIdentity"].clone();
    let held: Vec<_> = (0..ELECTIONS).map(holder).filter(|holder| *holder != "").collect();
    assert!(held.is_empty(), "{} are not released: {held:?}", held.len());
    let releases: Vec<_> =
        server.asked().into_iter().filter(|of| of.holder().as_deref() == Some("")).map(|of| of.at).collect();
    println!("{ELECTIONS} releases within {:?}", *releases.last().unwrap() - releases[0]);
}
