//! Somebody edits the record's metadata: a new version, but nothing that concerns us.

use election::{Record, Request, Timing};

use crate::world::{Setup, Store, World, held_by, millis, secs, without_watch};

/// Labels and annotations of others are not in the record, so a new version is all one sees.
fn a_label(_: &mut Record) {}

/// Edits the record right after each of the next reads, so that the write that follows comes late.
fn edits_after_reads(mut count: usize) -> impl FnMut(&mut Store, &Request) {
    move |store, request| {
        if *request == Request::Read && count > 0 {
            count -= 1;
            let record = store.record().cloned().unwrap();
            store.put(record);
        }
    }
}

#[test]
fn g8_a_conflict_whose_re_read_still_names_us_costs_no_leadership() {
    let mut world = World::new();
    let us = world.start_with("us", &without_watch());
    for second in [4, 9, 14, 19] {
        world.run_until(secs(second));
        world.edit(a_label);
    }
    world.run_until(secs(21));
    assert_eq!(world.terms(us), ["0 acquired 101"]);
    let sent = ["5 renew", "5 read", "5 renew", "10 renew", "10 read", "10 renew"];
    assert_eq!(world.sent_since(us, secs(1))[..6], sent);
}

#[test]
fn an_edit_that_the_watch_shows_costs_no_request_either() {
    let mut world = World::new();
    let us = world.start("us");
    for second in 1..60 {
        world.run_until(secs(second));
        world.edit(a_label);
    }
    assert_eq!(world.terms(us), ["0 acquired 101"]);
    assert!(world.sent_since(us, secs(1)).iter().all(|sent| sent.ends_with("renew")), "{:?}", world.sent(us));
}

/// Edits come so fast that the re-read is out of date again when the write arrives.
#[test]
fn g8_several_conflicts_in_a_row_cost_no_leadership() {
    let all = ["5 renew", "5 read", "5 renew", "7 read", "7 renew", "9 read", "9 renew"];
    for conflicts in 1..=3 {
        let mut world = World::new();
        let us = world.start_with("us", &without_watch());
        world.run_until(secs(4));
        world.edit(a_label);
        world.after_each_request(edits_after_reads(conflicts - 1));
        world.run_until(secs(12));
        assert_eq!(world.terms(us), ["0 acquired 101"], "{conflicts}: {:?}", world.sent(us));
        let sent = 2 * conflicts + 1;
        assert_eq!(world.sent_since(us, secs(1))[..sent], all[..sent]);
    }
}

/// Even where the retry period is almost as long as the claim.
#[test]
fn g8_two_conflicts_leave_a_last_chance() {
    let timing = Timing::new(secs(15), secs(10), secs(8)).unwrap();
    let mut world = World::new();
    let us = world.start_with("us", &Setup { timing, ..without_watch() });
    world.run_until(secs(4));
    world.edit(a_label);
    world.after_each_request(edits_after_reads(1));
    world.run_until(secs(12));
    assert_eq!(world.sent_since(us, millis(5_500)), ["6 read", "6 renew", "11 renew"]);
    assert_eq!(world.terms(us), ["0 acquired 101"]);
}

#[test]
fn an_edit_begins_a_followers_wait_anew_and_nothing_else() {
    let mut world = World::with(held_by("other"));
    let us = world.start("us");
    world.run_until(secs(14));
    world.edit(a_label);
    world.run_until(secs(30));
    assert_eq!(world.sent(us), ["0 read", "29 take over"]);
    assert_eq!(world.terms(us), ["29 acquired 103"]);
}
