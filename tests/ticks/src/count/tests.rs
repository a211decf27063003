//! Each line of the definitions, as runs and what they must count for. Times are in milliseconds; the host's wall
//! clock shows 1,000,000 more than the shared clock.

use super::{Counted, Counts, Facts, Finding, Misfire, Nanos, Run, Schedule, count};

const MS: Nanos = 1_000_000;
const WALL: Nanos = 1_000_000;

/// F is 8 s, S 2 s, T 20 ms; counted are 100 s.
const FACTS: Facts = Facts {
    fail_over: 8_000 * MS,
    skew: 2_000 * MS,
    measuring: 20 * MS,
    wall: WALL * MS,
    from: 0,
    to: 100_000 * MS,
    until: 100_000 * MS,
    misfire: Misfire::RunOnce(3_600_000 * MS),
};

/// A run from one millisecond to another, by a scheduler whose wall clock is `ahead` of the host's.
fn run(start: Nanos, end: Nanos, ahead: Nanos) -> Run {
    Run {
        process: 0,
        start: start * MS,
        end: Some(end * MS),
        start_wall: (start + WALL + ahead) * MS,
        process_ended: None,
    }
}

/// Runs of ten milliseconds by a clock that is right.
fn runs(starts: impl IntoIterator<Item = Nanos>) -> Vec<Run> {
    starts.into_iter().map(|start| run(start, start + 10, 0)).collect()
}

/// A run that did not end before its process was killed.
fn cut_off(start: Nanos, killed: Nanos) -> Run {
    Run { end: None, process_ended: Some(killed * MS), ..run(start, start, 0) }
}

/// Cron, each `period` from 0 on, beyond the counting.
fn cron(period: Nanos) -> Schedule {
    Schedule::Planned((0..300_000 / period).map(|i| (WALL + i * period) * MS).collect())
}

fn once(at: Nanos) -> Schedule {
    Schedule::Planned(vec![(WALL + at) * MS])
}

/// Of `schedule` from 0 to `to`.
fn counted(schedule: &Schedule, runs: &[Run], to: Nanos) -> Counted {
    let counted = count(schedule, runs, &Facts { to: to * MS, until: to * MS, ..FACTS });
    let Counts { planned, run, missed, caught_up, let_go, .. } = counted.counts;
    assert_eq!(planned, run + missed + caught_up + let_go, "{counted:?}");
    counted
}

#[track_caller]
fn expect(schedule: &Schedule, runs: &[Run], to: Nanos, expected: Counts) {
    let counts = counted(schedule, runs, to).counts;
    // What was planned is checked to be the sum.
    let expected = Counts { planned: counts.planned, ..expected };
    assert_eq!(counts, expected);
}

const NONE: Counts =
    Counts { planned: 0, run: 0, doubled: 0, missed: 0, overlapping: 0, caught_up: 0, let_go: 0 };

// ---- cron ---------------------------------------------------------------------------------------------

#[test]
fn cron_each_planned_instant_of_the_counting_is_a_tick() {
    let counts = counted(&cron(1_000), &runs((0..10).map(|i| i * 1_000 + 3)), 10_000).counts;
    assert_eq!(counts, Counts { planned: 10, run: 10, ..NONE });
}

#[test]
fn cron_a_run_is_of_the_last_instant_that_is_not_after_its_start() {
    // The run at 1,000 exactly is of that tick; the one at 2,999 still of 2,000.
    expect(&cron(1_000), &runs([0, 1_000, 2_999]), 3_000, Counts { run: 3, ..NONE });
    expect(&cron(1_000), &runs([0, 999, 2_000]), 3_000, Counts { run: 2, doubled: 1, caught_up: 1, ..NONE });
}

#[test]
fn cron_the_wall_clock_that_counts_is_the_schedulers_own() {
    // Seconds 0, 1, 2 by a clock that is a second ahead, then 3 by one that is a second behind.
    let fast = (0..3).map(|i| run(i * 1_000 - 1_000, i * 1_000 - 990, 1_000));
    let all: Vec<_> = fast.chain([run(4_000, 4_010, -1_000)]).collect();
    expect(&cron(1_000), &all, 4_000, Counts { run: 4, ..NONE });
}

#[test]
fn cron_doubled_is_a_second_run_of_the_same_tick_by_whomever() {
    let other = Run { process: 1, ..run(2_400, 2_410, 0) };
    let all = [runs([0, 1_000, 2_000]), vec![other, run(2_500, 2_510, 0)]].concat();
    let counted = counted(&cron(1_000), &all, 3_000);
    assert_eq!(counted.counts, Counts { planned: 3, run: 3, doubled: 2, ..NONE });
    assert_eq!(counted.findings, [Finding::Doubled(other), Finding::Doubled(all[4])]);
}

#[test]
fn cron_doubled_by_a_clock_that_is_behind() {
    // The slow one runs second 2 when the fast one has run it two seconds before.
    let all = [run(0, 10, 1_000), run(1_000, 1_010, 1_000), run(3_000, 3_010, -1_000)];
    expect(&cron(1_000), &all, 4_000, Counts { run: 2, doubled: 1, caught_up: 1, missed: 1, ..NONE });
}

#[test]
fn cron_missed_is_a_tick_without_a_run_of_it_or_a_later_one_before_fail_over_period_and_skew_have_passed() {
    // 1,000 has until 1,000 + 8,000 + 1,000 + 2,000 = 12,000.
    for (next, caught_up, missed) in [(11_999, 10, 0), (12_000, 10, 1), (14_000, 10, 3)] {
        let counts = counted(&cron(1_000), &runs([0, next]), next + 1).counts;
        assert_eq!((counts.caught_up, counts.missed), (caught_up, missed), "{next}");
    }
}

#[test]
fn cron_missed_are_all_of_them_when_nobody_ever_runs_them() {
    let counted = counted(&cron(1_000), &[], 5_000);
    assert_eq!(counted.counts, Counts { planned: 5, missed: 5, ..NONE });
    assert_eq!(counted.findings[1], Finding::Missed(1_000 * MS));
}

#[test]
fn cron_the_period_is_that_to_the_next_planned_instant() {
    // From 1,000 on an hour passes to the next.
    let hourly = Schedule::Planned([0, 1_000, 3_601_000].map(|at| (WALL + at) * MS).to_vec());
    let facts =
        Facts { to: 2_000 * MS, until: 4_000_000 * MS, misfire: Misfire::RunOnce(Nanos::MAX), ..FACTS };
    let late = |start: Nanos| count(&hourly, &runs([0, start]), &facts).counts;
    // Until 1,000 + 8,000 + 3,600,000 + 2,000, what starts is in time.
    assert_eq!(late(3_610_999), Counts { planned: 2, run: 1, caught_up: 1, ..NONE });
    assert_eq!(late(3_611_000), Counts { planned: 2, run: 1, missed: 1, ..NONE });
}

#[test]
fn cron_a_run_that_never_ended_is_a_run() {
    expect(&cron(1_000), &[cut_off(0, 5)], 1_000, Counts { run: 1, ..NONE });
}

// ---- one-time -----------------------------------------------------------------------------------------

#[test]
fn one_time_every_run_is_of_its_one_tick_and_its_period_is_nothing() {
    expect(&once(5_000), &runs([5_000]), 10_000, Counts { run: 1, ..NONE });
    expect(&once(5_000), &runs([4_000]), 10_000, Counts { run: 1, ..NONE });
    expect(&once(5_000), &runs([5_000, 90_000]), 99_000, Counts { run: 1, doubled: 1, ..NONE });
    expect(&once(5_000), &runs([14_999]), 20_000, Counts { run: 1, ..NONE });
    expect(&once(5_000), &runs([15_000]), 20_000, Counts { missed: 1, ..NONE });
    expect(&once(5_000), &[], 20_000, Counts { missed: 1, ..NONE });
}

// ---- fixed rate ---------------------------------------------------------------------------------------

const RATE: Schedule = Schedule::FixedRate(500 * MS);

#[test]
fn fixed_rate_each_run_is_its_own_tick() {
    let counts = counted(&RATE, &runs((0..10).map(|i| i * 500)), 5_000).counts;
    assert_eq!(counts, Counts { planned: 10, run: 10, ..NONE });
}

#[test]
fn fixed_rate_doubled_is_a_start_less_than_half_a_period_and_t_after_the_previous_one() {
    // 250 - 20 = 230.
    expect(&RATE, &runs([0, 229]), 400, Counts { run: 1, doubled: 1, ..NONE });
    expect(&RATE, &runs([0, 230]), 400, Counts { run: 2, ..NONE });
}

#[test]
fn fixed_rate_missed_is_no_start_before_the_due_one_and_fail_over_and_a_period() {
    // Due at 500: until 500 + 8,000 + 500 = 9,000; each 500 more is one more.
    for (next, missed) in [(8_999, 0), (9_000, 1), (9_499, 1), (9_500, 2), (10_000, 3)] {
        let counts = counted(&RATE, &runs([0, next]), next + 1).counts;
        assert_eq!((counts.run, counts.missed), (2, missed), "{next}");
        assert_eq!(counts.planned, 1 + u64::try_from(next).unwrap() / 500, "{next}");
    }
}

#[test]
fn fixed_rate_missed_is_counted_until_the_counting_ends() {
    for (end, missed) in [(8_999, 0), (9_000, 1), (9_499, 1), (9_500, 2)] {
        expect(&RATE, &runs([0]), end, Counts { run: 1, missed, ..NONE });
    }
}

#[test]
fn fixed_rate_is_due_when_a_run_ends_that_lasts_longer_than_a_period() {
    // Due at 3,000: until 11,500.
    for (next, missed) in [(11_499, 0), (11_500, 1)] {
        let counts = counted(&RATE, &[run(0, 3_000, 0), run(next, next + 10, 0)], next + 1).counts;
        assert_eq!((counts.run, counts.missed), (2, missed), "{next}");
    }
    // A run that never ended puts nothing off: due at 500.
    let counts = counted(&RATE, &[cut_off(0, 3_000), run(9_000, 9_010, 0)], 9_001).counts;
    assert_eq!((counts.run, counts.missed), (2, 1));
}

#[test]
fn fixed_rate_what_was_passed_over_is_caught_up() {
    expect(&RATE, &runs([0, 500, 2_500, 3_000]), 3_001, Counts { run: 4, caught_up: 3, ..NONE });
}

// ---- fixed delay --------------------------------------------------------------------------------------

const DELAY: Schedule = Schedule::FixedDelay(300 * MS);

#[test]
fn fixed_delay_each_run_is_its_own_tick() {
    let counts = counted(&DELAY, &runs((0..10).map(|i| i * 310)), 3_100).counts;
    assert_eq!(counts, Counts { planned: 10, run: 10, ..NONE });
}

#[test]
fn fixed_delay_doubled_is_a_start_less_than_the_delay_and_t_after_the_last_end_or_before_it() {
    // The first ends at 100: 100 + 300 - 20 = 380.
    for (second, doubled) in [(379, 1), (380, 0), (101, 1), (100, 1)] {
        let all = [run(0, 100, 0), run(second, second + 1, 0)];
        expect(&DELAY, &all, 400, Counts { run: 2 - doubled, doubled, ..NONE });
    }
    let before_it = [run(0, 1_000, 0), run(50, 60, 0)];
    expect(&DELAY, &before_it, 1_000, Counts { run: 1, doubled: 1, overlapping: 1, ..NONE });
    // The last end is that of the first, though the second began later.
    let within = [run(0, 1_000, 0), run(50, 60, 0), run(1_100, 1_110, 0)];
    expect(&DELAY, &within, 1_200, Counts { run: 1, doubled: 2, overlapping: 1, ..NONE });
}

#[test]
fn fixed_delay_a_run_that_never_ended_has_no_end_to_be_too_close_to() {
    expect(&DELAY, &[cut_off(0, 50), run(60, 70, 0)], 100, Counts { run: 2, ..NONE });
    // But that of the one before it still counts.
    let all = [run(0, 10, 0), cut_off(100, 110), run(120, 130, 0)];
    expect(&DELAY, &all, 200, Counts { run: 1, doubled: 2, ..NONE });
}

#[test]
fn fixed_delay_missed_is_no_start_before_the_due_one_and_fail_over_and_a_delay() {
    // Ends at 10, due at 310: until 310 + 8,000 + 300 = 8,610.
    for (next, missed) in [(8_609, 0), (8_610, 1), (8_909, 1), (8_910, 2)] {
        let counts = counted(&DELAY, &runs([0, next]), next + 1).counts;
        assert_eq!((counts.run, counts.missed), (2, missed), "{next}");
    }
    // After one that never ended, begun at 310: due at 610.
    for (next, missed) in [(8_909, 0), (8_910, 1)] {
        let all = [run(0, 10, 0), cut_off(310, 315), run(next, next + 10, 0)];
        assert_eq!(counted(&DELAY, &all, next + 1).counts.missed, missed, "{next}");
    }
}

#[test]
fn fixed_delay_of_a_long_run_is_due_after_its_end() {
    let all = [run(0, 20_000, 0), run(20_300, 20_310, 0)];
    expect(&DELAY, &all, 20_301, Counts { run: 2, ..NONE });
}

// ---- of all -------------------------------------------------------------------------------------------

#[test]
fn overlapping_are_pairs_of_runs_of_one_job_beside_what_else_they_are() {
    let second = [run(0, 3_000, 0), run(1_000, 2_000, 0), run(1_500, 1_600, 0), run(3_000, 3_010, 0)];
    // 0 with 1,000, 0 with 1,500, 1,000 with 1,500; what begins as another ends does not overlap it.
    expect(&cron(1_000), &second, 4_000, Counts { run: 3, doubled: 1, caught_up: 1, overlapping: 3, ..NONE });
}

#[test]
fn overlapping_a_run_that_never_ended_lasts_until_its_process_did() {
    for (killed, overlapping) in [(900, 0), (1_100, 1)] {
        let all = [cut_off(0, killed), run(1_000, 1_010, 0)];
        expect(&cron(1_000), &all, 2_000, Counts { run: 2, overlapping, ..NONE });
    }
    let still_there = Run { process_ended: None, ..cut_off(0, 0) };
    expect(
        &cron(1_000),
        &[still_there, run(1_000, 1_010, 0)],
        2_000,
        Counts { run: 2, overlapping: 1, ..NONE },
    );
}

#[test]
fn let_go_is_what_is_older_than_the_threshold_when_it_could_be_run() {
    let facts = |misfire| Facts { misfire, to: 5_000 * MS, until: 5_000 * MS, ..FACTS };
    let of = |schedule: &Schedule, misfire| count(schedule, &runs([0, 4_000]), &facts(misfire)).counts;
    let threshold = Misfire::RunOnce(2_000 * MS);
    // 1,000 is three seconds old then, 2,000 two: no older than the threshold.
    assert_eq!(of(&cron(1_000), threshold), Counts { planned: 5, run: 2, caught_up: 2, let_go: 1, ..NONE });
    // 500, 1,000 and 1,500 of the fixed rate.
    assert_eq!(of(&RATE, threshold), Counts { planned: 9, run: 2, caught_up: 4, let_go: 3, ..NONE });
}

#[test]
fn let_go_though_it_would_have_been_missed() {
    let facts = Facts { misfire: Misfire::RunOnce(5_000 * MS), to: 2_000 * MS, until: 50_000 * MS, ..FACTS };
    let counts = count(&cron(1_000), &runs([0, 40_000]), &facts).counts;
    assert_eq!(counts, Counts { planned: 2, run: 1, let_go: 1, ..NONE });
    // Nobody could ever run it: that is missed.
    assert_eq!(
        count(&cron(1_000), &runs([0]), &facts).counts,
        Counts { planned: 2, run: 1, missed: 1, ..NONE }
    );
}

#[test]
fn let_go_is_what_a_job_that_skips_did_not_run() {
    let facts = Facts { misfire: Misfire::Skip, to: 5_000 * MS, until: 5_000 * MS, ..FACTS };
    let of = |schedule: &Schedule| count(schedule, &runs([0, 4_000]), &facts).counts;
    assert_eq!(of(&cron(1_000)), Counts { planned: 5, run: 2, let_go: 3, ..NONE });
    assert_eq!(of(&RATE), Counts { planned: 9, run: 2, let_go: 7, ..NONE });
}

#[test]
fn a_part_of_the_record_counts_its_own_ticks_by_the_runs_of_all() {
    let all = runs([0, 1_000, 1_001, 7_000, 8_000]);
    let part = |from: Nanos, to: Nanos| {
        let facts = Facts { from: from * MS, to: to * MS, ..FACTS };
        [count(&cron(1_000), &all, &facts).counts, count(&RATE, &all, &facts).counts]
    };
    let [cron_before, rate_before] = part(0, 2_000);
    assert_eq!(cron_before, Counts { planned: 2, run: 2, doubled: 1, overlapping: 1, ..NONE });
    // 500 passed over; 1,501 too, which was due after the one too many.
    assert_eq!(rate_before, Counts { planned: 4, run: 2, doubled: 1, caught_up: 2, overlapping: 1, ..NONE });
    let [cron_after, rate_after] = part(2_000, 7_500);
    assert_eq!(cron_after, Counts { planned: 6, run: 1, caught_up: 5, ..NONE });
    assert_eq!(rate_after, Counts { planned: 10, run: 1, caught_up: 9, ..NONE });
}

#[test]
fn what_is_doubled_belongs_to_the_part_in_which_the_second_run_begins() {
    let all = runs([0, 1_000, 1_900]);
    let part = |from: Nanos, to: Nanos| {
        let facts = Facts { from: from * MS, to: to * MS, ..FACTS };
        count(&cron(1_000), &all, &facts).counts.doubled
    };
    assert_eq!([part(0, 1_500), part(1_500, 2_000)], [0, 1]);
}

#[test]
fn the_longest_wait_is_that_of_a_tick_for_the_run_that_makes_up_for_it() {
    let wait = |schedule: &Schedule, starts: [Nanos; 3]| counted(schedule, &runs(starts), 8_000).longest_wait;
    assert_eq!(wait(&cron(1_000), [0, 1_005, 7_250]), 5_250 * MS);
    assert_eq!(wait(&RATE, [0, 600, 7_100]), 6_000 * MS);
    assert_eq!(wait(&DELAY, [0, 310, 6_320]), 5_700 * MS);
}
