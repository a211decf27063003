//! Fleets of candidates: what a hand-over costs, and who gets what.
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use sim::clock::{MILLISECOND, SECOND};
use sim::fleet::{Fleet, Kind, Picked, roll};

/// One process leads in many elections, and others stand by in all of them.
fn led_by_the_first(elections: usize, processes: usize, seed: u64) -> Fleet {
    let mut fleet = Fleet::new(elections, seed);
    for process in 0..processes {
        for election in 0..elections {
            fleet.join(process, &format!("app-{process}"), election);
        }
        fleet.run_until(fleet.now() + 5 * SECOND);
    }
    assert!((0..elections).all(|election| fleet.leader(election) == Some(0)));
    fleet
}

fn writes(fleet: &Fleet, since: u64) -> usize {
    fleet.served().iter().filter(|served| served.at >= since && served.kind == Kind::Write).count()
}

/// At most 2 + N/4 of N followers write, though all of them learn of it at the same time.
#[test]
fn g7_a_release_is_followed_by_few_writes_and_quickly() {
    for followers in [2, 4, 8, 20, 50, 100] {
        let mut attempts = Vec::new();
        let mut took = Vec::new();
        for seed in 0..100 {
            let mut fleet = led_by_the_first(1, 1, seed);
            for process in 1..=followers {
                fleet.join(process, &format!("app-{process}-{seed}"), 0);
            }
            fleet.run_until(60 * SECOND);
            let now = fleet.now();
            fleet.stop(0);
            fleet.run_until(now + SECOND);
            attempts.push(writes(&fleet, now) - 1); // the release
            took.push(fleet.terms().last().unwrap().at - now);
        }
        attempts.sort_unstable();
        took.sort_unstable();
        let mean = attempts.iter().sum::<usize>() as f64 / attempts.len() as f64;
        println!(
            "measured: {followers} followers: write attempts mean {mean:.1}, max {}; hand-over median {:.1} ms, max {:.1} ms",
            attempts.last().unwrap(),
            took[50] as f64 / 1e6,
            *took.last().unwrap() as f64 / 1e6
        );
        assert!(mean <= 2.0 + followers as f64 / 4.0, "{mean} of {followers}");
        assert!(*took.last().unwrap() < 60 * MILLISECOND, "{took:?}");
    }
}

/// The same where a lease ran out, or its holder is proven dead: all learn of that together, too.
#[test]
fn g8_the_end_of_a_holder_is_followed_by_few_writes() {
    const FOLLOWERS: usize = 40;
    for proven in [None, Some(100 * MILLISECOND)] {
        let mut total = 0;
        for seed in 0..20 {
            let mut fleet = led_by_the_first(1, 1, seed);
            for process in 1..=FOLLOWERS {
                fleet.join(process, &format!("app-{process}-{seed}"), 0);
            }
            fleet.run_until(61 * SECOND);
            let killed = fleet.now();
            fleet.kill(0, proven);
            fleet.run_until(killed + 16 * SECOND);
            assert!(fleet.leader(0).is_some(), "{proven:?}");
            let began = fleet.terms().last().unwrap().at;
            let bound = killed + proven.map_or(15 * SECOND, |proven| proven) + SECOND / 2;
            assert!(began <= bound, "{proven:?}: after {} ms", (began - killed) / MILLISECOND);
            total += writes(&fleet, killed);
        }
        let mean = total as f64 / 20.0;
        println!(
            "measured: {FOLLOWERS} followers of a dead holder, {proven:?}: write attempts mean {mean:.1}"
        );
        // Renewals of the new leader are among them.
        assert!(mean <= 4.0 + FOLLOWERS as f64 / 4.0, "{mean}");
    }
}

/// What one process held is scattered over those that are left.
#[test]
fn g7_a_dead_replicas_elections_are_scattered_over_the_survivors() {
    const ELECTIONS: usize = 100;
    const PROCESSES: usize = 5;
    for proven in [None, Some(SECOND)] {
        let mut fleet = led_by_the_first(ELECTIONS, PROCESSES, 1);
        let killed = fleet.now();
        fleet.kill(0, proven);
        fleet.run_until(killed + 20 * SECOND);
        let mut share = [0; PROCESSES];
        for election in 0..ELECTIONS {
            share[fleet.leader(election).expect("a leader")] += 1;
        }
        println!(
            "measured: {ELECTIONS} elections of a dead replica fall to the others, {proven:?}: {share:?}"
        );
        assert!(share[0] == 0 && share[1..].iter().all(|share| (12..=40).contains(share)), "{share:?}");
    }
}

/// 500 candidates lose an API server for a minute, and must not trample it when it returns.
#[test]
fn g10_nobody_tramples_an_api_server_that_returns() {
    const CANDIDATES: usize = 500;
    let mut fleet = Fleet::new(1, 3);
    for process in 0..CANDIDATES {
        fleet.join(process, &format!("app-{process}"), 0);
        fleet.run_until(fleet.now() + 10 * MILLISECOND);
    }
    fleet.run_until(60 * SECOND);
    let quiet = fleet.served().iter().filter(|served| served.at >= 30 * SECOND).count();
    assert!(quiet <= 7, "{quiet} requests in 30 s of {CANDIDATES} candidates");
    fleet.outage(60 * SECOND);
    let returns = 120 * SECOND;
    fleet.run_until(returns + 120 * SECOND);
    assert!(fleet.leader(0).is_some());
    let in_window = |begin: u64, length: u64, kind: &dyn Fn(Kind) -> bool| {
        let within = |at: u64| (begin..begin + length).contains(&at);
        fleet.served().iter().filter(|served| within(served.at) && kind(served.kind)).count()
    };
    let busiest = |length: u64, kind: &dyn Fn(Kind) -> bool| {
        (0..120 * SECOND / length).map(|n| in_window(returns + n * length, length, kind)).max().unwrap_or(0)
    };
    let (all, writing) = (busiest(SECOND, &|_| true), busiest(SECOND, &|kind| kind == Kind::Write));
    let in_a_tenth = busiest(SECOND / 10, &|_| true);
    let led_after = fleet.terms().last().unwrap().at.saturating_sub(returns);
    println!(
        "measured: {CANDIDATES} candidates, API server gone for a minute: in its busiest second {all} requests \
         ({writing} writes), in its busiest tenth {in_a_tenth}; a leader {} ms after it is back",
        led_after / MILLISECOND
    );
    assert!(all <= CANDIDATES, "{all} requests in a second");
    assert!(writing <= 2 + CANDIDATES / 4, "{writing} writes in a second");
    assert!(in_a_tenth <= CANDIDATES / 5, "{in_a_tenth} requests in a tenth of a second");
}

/// Leadership moves once, or a few times where no new pod is ready yet.
#[test]
fn a_rolling_update_moves_leadership_less_often_than_chance_does() {
    for (replicas, most) in [(3, 1.05), (10, 1.6), (50, 1.8)] {
        const ROLLS: u64 = 200;
        let hops = |picked| -> (f64, usize) {
            let hops: Vec<usize> = (0..ROLLS).map(|seed| roll(replicas, picked, seed)).collect();
            (hops.iter().sum::<usize>() as f64 / ROLLS as f64, *hops.iter().max().unwrap())
        };
        let (ours, chance) = (hops(Picked::ByElection), hops(Picked::AtRandom));
        println!(
            "measured: rolling update of {replicas} pods: leadership moves {:.2} times (max {}), by chance {:.2} (max {})",
            ours.0, ours.1, chance.0, chance.1
        );
        assert!(ours.0 <= most && ours.0 < chance.0, "{replicas} pods: {ours:?}, by chance {chance:?}");
    }
}
