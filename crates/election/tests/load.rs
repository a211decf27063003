//! How many requests there are at most.

use std::time::Duration;

use election::{Election, Identity, Input, Instant, Outcome, Record, Request, Timing, WallTime};

use crate::world::{Fate, Setup, Who, World, held_by, millis, secs};

/// The most requests within any one retry period of 2 s.
fn busiest_retry_period(world: &World, who: Who) -> usize {
    let times: Vec<Duration> = world.sent_times(who).collect();
    let within = |start: Duration| times.iter().filter(|t| (start..start + secs(2)).contains(t)).count();
    times.iter().map(|start| within(*start)).max().unwrap()
}

#[test]
fn g10_a_leader_makes_twelve_requests_a_minute_and_a_follower_none() {
    let mut world = World::new();
    let leader = world.start("leader");
    let follower = world.start("follower");
    world.run_until(secs(3_604));
    assert_eq!(world.sent(leader).len(), 2 + 60 * 12);
    assert_eq!(world.sent(follower).len(), 1);
}

/// Everything that can go wrong for ever, and the most requests in any retry period: an attempt is
/// a read and a write at most, and only the first conflict is followed by another at once.
#[test]
fn g10_no_error_loop_makes_more_than_four_requests_a_retry_period() {
    use Outcome::{AlreadyExists, Conflict, NotFound, Read};
    let everything: fn(&Request) -> bool = |_| true;
    let reads: fn(&Request) -> bool = |request| *request == Request::Read;
    let writes: fn(&Request) -> bool = |request| *request != Request::Read;
    let loops = [
        (everything, Fate::REFUSED, 2),
        (everything, Fate::RESET, 2),
        (everything, Fate::LOST, 2),
        (reads, Fate::REFUSED, 2),
        (reads, Fate::RESET, 2),
        (reads, Fate::LOST, 2),
        (reads, Fate::says(Conflict), 2),
        (reads, Fate::says(Read(None)), 4),
        (writes, Fate::REFUSED, 2),
        (writes, Fate::RESET, 2),
        (writes, Fate::RESET_TOO_LATE, 2),
        (writes, Fate::LOST, 2),
        (writes, Fate::REPLY_LOST, 2),
        (writes, Fate::says(Read(None)), 2),
        (writes, Fate::says(NotFound), 3),
        (writes, Fate::says(Conflict), 4),
        (writes, Fate::says(AlreadyExists), 4),
    ];
    for (fails, fate, most) in loops {
        for record in [None, Some(Record::default()), Some(held_by("other")), Some(held_by("us_1"))] {
            for watch in [None, Some(secs(0))] {
                for from in [secs(0), secs(16)] {
                    let mut world = record.clone().map_or_else(World::new, World::with);
                    let us = world.prepare("us", &Setup { watch, ..Setup::default() });
                    let faulty = fate.clone();
                    world.of(us).network.usually(move |request, now| {
                        if now >= from && fails(request) { faulty.clone() } else { Fate::PROMPT }
                    });
                    world.go(us);
                    world.run_until(secs(200));
                    let busiest = busiest_retry_period(&world, us);
                    assert!(busiest <= most, "{fate:?}: {busiest} of {:?}", world.sent(us));
                    let a_minute = world.sent_since(us, secs(140)).len();
                    assert!(a_minute <= 62, "{fate:?}: {a_minute} a minute of {:?}", world.sent(us));
                }
            }
        }
    }
}

/// Somebody undoes every claim of ours as soon as it is written, and before its reply.
#[test]
fn g10_whoever_undoes_our_claims_at_once_does_not_make_us_hurry() {
    type Undo = fn(&Record) -> Option<Record>;
    let blank: Undo = |record| record.holder.is_some().then(|| Record { holder: None, ..record.clone() });
    let usurp: Undo = |record| {
        let ours = record.holder.as_ref().map(Identity::shown_name) == Some("us");
        ours.then(|| Record { lease_duration: Some(millis(1)), ..held_by("other") })
    };
    let edit: Undo = |record| Some(record.clone());
    for (undo, most) in [(blank, 3), (usurp, 3), (edit, 4)] {
        for reply_after in [0, 10] {
            for watch in [None, Some(secs(0))] {
                let mut world = World::with(Record::default());
                let us = world.prepare("us", &Setup { watch, ..Setup::default() });
                world.of(us).network.usually(move |_, _| Fate::slow(millis(reply_after)));
                world.after_each_request(move |store, _| {
                    if let Some(undone) = store.record().and_then(undo) {
                        store.put(undone);
                    }
                });
                world.go(us);
                world.run_until(secs(200));
                let busiest = busiest_retry_period(&world, us);
                assert!(busiest <= most, "{watch:?}, {reply_after} ms: {busiest} of {:?}", world.sent(us));
            }
        }
    }
}

#[test]
fn g10_whoever_deletes_our_record_at_once_does_not_make_us_hurry() {
    for reply_after in [0, 10] {
        for watch in [None, Some(secs(0))] {
            let mut world = World::new();
            let us = world.prepare("us", &Setup { watch, ..Setup::default() });
            world.of(us).network.usually(move |_, _| Fate::slow(millis(reply_after)));
            world.after_each_request(|store, request| {
                if matches!(request, Request::Create(_)) {
                    store.delete();
                }
            });
            world.go(us);
            world.run_until(secs(200));
            let busiest = busiest_retry_period(&world, us);
            assert!(busiest <= 2, "{watch:?}, {reply_after} ms: {busiest} of {:?}", world.sent(us));
        }
    }
}

/// Retries are spread by `SplitMix64`: these are its published numbers from this seed.
#[test]
fn a_retry_comes_after_one_to_two_periods_evenly_spread() {
    let published: [u64; 4] = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
    ];
    let period = secs(1_700_000_000); // so long that hardly a bit of them is lost
    let timing = Timing::new(secs(2_147_483_647), secs(2_140_000_000), period).unwrap();
    let start = Instant::from_nanos(0);
    let mut reseeded = Election::new("us_1".into(), timing, 0, start);
    reseeded.reseed(1_234_567);
    for mut us in [Election::new("us_1".into(), timing, 1_234_567, start), reseeded] {
        let mut now = start;
        for number in published {
            let attempt = us.handle(Input::Tick, now, WallTime::default()).attempt.unwrap();
            let refused = us.handle(Input::Finished(attempt.id, Outcome::Refused), now, WallTime::default());
            let spread = Duration::from_nanos(number % u64::try_from(period.as_nanos()).unwrap());
            assert_eq!(refused.wake, Some(now + period + spread));
            now = now + period + spread;
        }
    }
}

/// Of 500 whose take-overs are refused by a server that has gone, one gets through when it returns: the
/// others find out by reading.
#[test]
fn g10_whose_take_over_was_refused_looks_before_the_next() {
    let mut world = World::with(held_by("other"));
    let us = world.start("us");
    world.run_until(secs(14));
    world.of(us).network.next([Fate::REFUSED]);
    world.run_until(secs(20));
    let sent: Vec<_> =
        world.sent_since(us, secs(1)).iter().map(|sent| sent.split_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!(sent[..3], ["take over", "read", "take over"]);
    world.of(us).network.next([Fate::REFUSED]);
    let renewals = world.sent(us).len();
    world.run_until(secs(30));
    assert!(!world.sent(us)[renewals..].iter().any(|sent| sent.ends_with("read")), "a leader knows");
}
