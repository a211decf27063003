//! What a hundred elections of one process cost.

use std::thread;
use std::time::Duration;

use testkit::api::{ApiServer, Request, Verb};
use testkit::clock::boottime;

use crate::replica::{DEFAULT, Replica, Report};

const ELECTIONS: usize = 100;
/// Requests take turns on four connections; two watches have one each.
const MOST_CONNECTIONS: usize = 4 + 2;
/// Six renewals.
const WINDOW: Duration = Duration::from_secs(30);

#[test]
fn g10_g11_a_hundred_elections_cost_one_thread_six_connections_and_a_renewal_each_five_seconds() {
    let server = ApiServer::start();
    let mut leader = Replica::start(&server, "leader", DEFAULT);
    let alone = leader.until("one election is led", |report| report.leads == 1);
    leader.join(ELECTIONS);
    let all = leader.until("all are led", |report| report.leads == ELECTIONS);
    let mut follower = Replica::start(&server, "follower", DEFAULT);
    let follower_alone = follower.until("one election is followed", |report| report.follows == 1);
    follower.join(ELECTIONS);
    follower.until("all are followed", |report| report.follows == ELECTIONS);
    // What remains to be done once after the start.
    thread::sleep(Duration::from_secs(5));

    let begun = boottime();
    let (leader_before, follower_before) = (leader.report(), follower.report());
    let mut most = [0, 0];
    while boottime() < begun + WINDOW {
        for (most, client) in most.iter_mut().zip(["leader", "follower"]) {
            let open = server.open_connections().iter().filter(|of| *of == client).count();
            *most = open.max(*most);
        }
        thread::sleep(Duration::from_millis(50));
    }
    let (leader_after, follower_after) = (leader.report(), follower.report());
    let took = boottime() - begun;
    let asked: Vec<Request> = server.asked();
    let count = |client: &str, verbs: &[Verb]| {
        let within = |of: &&Request| begun <= of.at && of.at < begun + took;
        asked.iter().filter(within).filter(|of| of.client() == client && verbs.contains(&of.verb())).count()
    };
    let a_minute = |requests: usize| requests as f64 * 60.0 / took.as_secs_f64();
    let renewals = count("leader", &[Verb::Update]);
    let share = |before: Report, after: Report| (after.cpu - before.cpu).as_secs_f64() / took.as_secs_f64();
    println!(
        "{ELECTIONS} elections, led by one process and followed by another, over {took:?}:\n\
         connections: {} and {}, {MOST_CONNECTIONS} allowed\n\
         requests a minute and election: {:.2} and {:.2}\n\
         CPU of the thread of the elections: {:.2} % and {:.2} %\n\
         memory beyond that of one election: {} KiB and {} KiB, so {} KiB and {} KiB an election",
        most[0],
        most[1],
        a_minute(renewals) / ELECTIONS as f64,
        a_minute(count("follower", &[Verb::Get, Verb::Create, Verb::Update, Verb::Watch])) / ELECTIONS as f64,
        100.0 * share(leader_before, leader_after),
        100.0 * share(follower_before, follower_after),
        leader_after.resident.saturating_sub(alone.resident),
        follower_after.resident.saturating_sub(follower_alone.resident),
        leader_after.resident.saturating_sub(alone.resident) / (ELECTIONS - 1),
        follower_after.resident.saturating_sub(follower_alone.resident) / (ELECTIONS - 1),
    );
    assert_eq!((leader_after.leads, follower_after.follows), (ELECTIONS, ELECTIONS));
    assert_eq!(all.threads, alone.threads, "one thread for all");
    assert!(most.iter().all(|most| *most <= MOST_CONNECTIONS), "{most:?} connections");
    let per_election = took.as_secs() / 5 + 1;
    assert!(renewals as u64 <= per_election * ELECTIONS as u64, "{renewals} renewals in {took:?}");
    assert_eq!(count("leader", &[Verb::Get, Verb::Create, Verb::Watch, Verb::Other]), 0);
    assert_eq!(count("follower", &[Verb::Get, Verb::Create, Verb::Update, Verb::Watch, Verb::Other]), 0);
    // Each client watches twice: one Lease by its name, all others by their label.
    for client in ["leader", "follower"] {
        let watches: Vec<_> =
            asked.iter().filter(|of| of.client() == client && of.verb() == Verb::Watch).collect();
        let by = |selector| watches.iter().filter(|of| of.query(selector).is_some()).count();
        assert_eq!((by("fieldSelector"), by("labelSelector"), watches.len()), (1, 1, 2), "{watches:#?}");
    }
    // Nobody asks for a list; all say who they are.
    let agent = concat!("cluster-leader/", env!("CARGO_PKG_VERSION"));
    assert!(asked.iter().all(|of| of.headers["user-agent"] == agent));
    assert!(asked.iter().all(|of| of.verb() != Verb::Get || of.target.contains("/leases/")));
}
