//! When a leader renews, how it tries again, and when its claim ends.

use election::{Input, Outcome, Timing};

use crate::world::{Fate, Reply, Setup, World, millis, secs};

/// Timings of many shapes: lease, renew deadline, retry period, in milliseconds.
const TIMINGS: [(u64, u64, u64); 7] = [
    (15_000, 10_000, 2_000),
    (15_000, 10_000, 1_700),
    (15_000, 10_000, 100),
    (15_000, 10_000, 4_000),
    (15_000, 10_000, 8_300),
    (60_000, 40_000, 3_000),
    (3_000, 2_000, 500),
];

fn setup((lease, deadline, retry): (u64, u64, u64)) -> Setup {
    let timing = Timing::new(millis(lease), millis(deadline), millis(retry)).unwrap();
    Setup { timing, ..Setup::default() }
}

#[test]
fn g1_the_claim_counts_from_before_the_write_was_sent() {
    let mut world = World::new();
    let us = world.prepare("us", &Setup::default());
    world.of(us).network.next([Fate::PROMPT, Fate::slow(millis(1_500)), Fate::slow(millis(1_500))]);
    world.go(us);
    world.run_until(millis(1_499));
    assert!(!world.leads(us));
    world.run_until(secs(4));
    assert_eq!(world.leads_until(us), Some(secs(10)));
    world.run_until(secs(9));
    assert_eq!(world.leads_until(us), Some(secs(15)), "the renewal was sent at 5");
}

#[test]
fn g1_the_claim_ends_at_its_deadline_and_not_later() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.usually(|_, _| Fate::LOST);
    world.run_until(millis(9_999));
    assert!(world.leads(us));
    world.run_until(secs(10));
    assert!(!world.leads(us));
    assert_eq!(world.terms(us), ["0 acquired 101", "10 lost 101 Expired"]);
}

/// A renewal is sent at 5 and answered at once, but the process stands still until ...
#[test]
fn g1_a_reply_that_was_read_late_is_worth_what_is_left_of_it() {
    let story = |paused_until: u64| {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(4));
        world.of(us).network.next([Fate::slow(millis(1))]);
        world.run_until(secs(5));
        world.pause(us, secs(paused_until - 5));
        world.run_until(secs(paused_until));
        (world.terms(us).join(", "), world.leads_until(us))
    };
    assert_eq!(story(9), ("0 acquired 101".into(), Some(secs(15))));
    let new_term = "0 acquired 101, 12 lost 101 Expired, 12 acquired 102";
    assert_eq!(story(12), (new_term.into(), Some(secs(22))), "and renewed at once");
    let by_a_new_write = "0 acquired 101, 15 lost 101 Expired, 15 acquired 103";
    assert_eq!(story(15), (by_a_new_write.into(), Some(secs(25))), "it was worth nothing any more");
}

#[test]
fn the_next_attempt_comes_a_retry_period_after_the_start_of_one_that_failed() {
    let refused_after = |after| Fate { there: None, reply: Reply::Instead(Outcome::Refused, after) };
    let cases = [
        ("refused at once", Fate::REFUSED, vec!["5 renew", "7 renew"]),
        ("refused after a while", refused_after(millis(1_300)), vec!["5 renew", "7 renew"]),
        ("reset: the next step is a read", Fate::RESET, vec!["5 renew", "7 read", "7 renew"]),
        ("hung for a fifth of the renew deadline", Fate::LOST, vec!["5 renew", "7 read", "7 renew"]),
    ];
    for (case, fate, sent) in cases {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(1));
        world.of(us).network.next([fate]);
        world.run_until(secs(8));
        assert_eq!(world.sent_since(us, secs(1)), sent, "{case}");
        assert_eq!(world.leads_until(us), Some(secs(17)), "{case}");
    }
}

#[test]
fn after_a_timeout_the_next_attempt_starts_at_once() {
    let mut world = World::new();
    let us = world.start_with("us", &setup((15_000, 10_000, 4_000)));
    world.run_until(secs(1));
    world.of(us).network.next([Fate::LOST, Fate::LOST]);
    world.run_until(millis(9_500));
    assert_eq!(
        world.sent_since(us, secs(1)),
        ["5 renew", "7 read", "8 read", "8 renew"],
        "8: the last chance"
    );
    assert_eq!(world.terms(us), ["0 acquired 101"]);
}

#[test]
fn g8_a_single_hung_request_costs_no_leadership() {
    for shape in TIMINGS {
        for lost in [Fate::LOST, Fate::REPLY_LOST, Fate::RESET, Fate::RESET_TOO_LATE, Fate::REFUSED] {
            let mut world = World::new();
            let us = world.start_with("us", &setup(shape));
            world.of(us).network.next([lost.clone()]);
            world.run_until(millis(shape.1 * 10));
            assert_eq!(world.terms(us), ["0 acquired 101"], "{shape:?} {lost:?}");
        }
    }
}

/// Whenever it begins, and whichever way requests fail during it.
#[test]
fn g8_an_outage_shorter_than_half_the_renew_deadline_less_half_a_retry_costs_no_leadership() {
    for shape @ (_, deadline, retry) in TIMINGS {
        for fault in [Fate::REFUSED, Fate::RESET, Fate::RESET_TOO_LATE, Fate::LOST, Fate::REPLY_LOST] {
            let most = (deadline - retry) / 2;
            for begins in (0..10).map(|tenths| deadline + deadline * tenths / 10) {
                let outage = millis(begins)..millis(begins + most - 1);
                let (during, fault) = (outage.clone(), fault.clone());
                let mut world = World::new();
                let us = world.start_with("us", &setup(shape));
                world
                    .of(us)
                    .network
                    .usually(move |_, now| if during.contains(&now) { fault.clone() } else { Fate::PROMPT });
                world.run_until(millis(deadline * 5));
                assert_eq!(world.terms(us), ["0 acquired 101"], "{shape:?}, an outage {outage:?}");
            }
        }
    }
}

#[test]
fn g8_after_a_long_outage_it_leads_again() {
    for fault in [Fate::REFUSED, Fate::RESET, Fate::LOST] {
        let mut world = World::new();
        let us = world.start("us");
        world.of(us).network.usually(move |_, now| if now < secs(60) { fault.clone() } else { Fate::PROMPT });
        world.run_until(secs(65));
        assert_eq!(world.terms(us)[1], "10 lost 101 Expired");
        assert!(world.leads(us), "{:?}", world.sent(us));
    }
}

/// A busy store may ask for patience: not then.
#[test]
fn g7_g8_the_last_chance_and_the_steps_of_a_release_are_urgent_and_nothing_else_is() {
    let mut world = World::new();
    let us = world.start("us");
    world.of(us).network.usually(|_, now| if now > secs(2) { Fate::REFUSED } else { Fate::PROMPT });
    world.run_until(secs(9));
    assert_eq!(world.sent(us), ["0 read", "0 create", "5 renew", "7 renew", "9 renew"]);
    assert_eq!(world.urgent(us), ["9 renew"], "the claim ends at 10");
    world.of(us).network.usually(|_, _| Fate::PROMPT);
    world.run_until(secs(30));
    let before = world.urgent(us).len();
    assert_eq!(before, 1, "{:?}", world.urgent(us));
    assert!(world.leads(us));
    world.give(us, Input::StepDown);
    world.run_until(secs(60));
    assert!(world.leads(us));
    assert_eq!(world.urgent(us)[before..], ["30 release"]);
}
