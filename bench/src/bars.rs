//! What was promised, and whether it was met.

use crate::results::{Contest, Growth, Process, Results};
use crate::spread::{Spread, mean};

/// A promise.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) what: String,
    pub(crate) promised: String,
    pub(crate) measured: String,
    pub(crate) met: bool,
}

/// All of which something was measured.
pub(crate) fn bars(results: &Results) -> Vec<Bar> {
    let all = [hand_overs(results), fail_overs(results), load(results), reads(results), growth(results)];
    all.into_iter().flatten().collect()
}

fn at_most(what: &str, most: f64, unit: &str, measured: Option<f64>) -> Option<Bar> {
    let measured = measured?;
    Some(Bar {
        what: what.to_owned(),
        promised: format!("at most {most}{unit}"),
        measured: format!("{}{unit}", short(measured)),
        met: measured <= most,
    })
}

fn at_least(what: &str, least: f64, measured: Option<f64>) -> Option<Bar> {
    let measured = measured?;
    Some(Bar {
        what: what.to_owned(),
        promised: format!("at least {least}x"),
        measured: format!("{}x", short(measured)),
        met: measured >= least,
    })
}

fn hand_overs(results: &Results) -> Vec<Bar> {
    let spread = |key: &str| Spread::of(&results.election(key)?.hand_over_ms);
    let median = |key: &str| Some(spread(key)?.median);
    let faster = |than: &str, key: &str| Some(median(than)? / median(key)?);
    let (plain, generation) = ("ours", "ours-generation");
    let of_generation = "clean hand-over within one generation";
    [
        at_most("clean hand-over, median", 15.0, " ms", median(plain)),
        at_most("clean hand-over, p99", 100.0, " ms", spread(plain).map(|spread| spread.p99)),
        at_most(&format!("{of_generation}, median"), 40.0, " ms", median(generation)),
        at_most(&format!("{of_generation}, p99"), 125.0, " ms", spread(generation).map(|spread| spread.p99)),
        at_least("clean hand-over, faster than client-go's", 50.0, faster("client-go", plain)),
        at_least(&format!("{of_generation}, faster than client-go's"), 15.0, faster("client-go", generation)),
        at_least("clean hand-over, faster than Curator's", 1.0, faster("curator", plain)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn fail_overs(results: &Results) -> Vec<Bar> {
    let longest = |contest: &Contest| Spread::of(&contest.crash_ms).map(|spread| spread.max);
    let ours = || results.elections.iter().filter(|contest| contest.is_ours());
    let worst = |of: &dyn Fn(&Contest) -> Option<f64>| ours().filter_map(of).max_by(f64::total_cmp);
    let with_status = Spread::of(&results.crash_with_status_ms);
    let of_pauses = |contest: &Contest| {
        let times = contest.pauses.iter().map(|pause| pause.two_leaders_ms + pause.stale_yes_ms);
        times.max_by(f64::total_cmp)
    };
    let lease = results.run.lease_ms as f64;
    [
        at_most("crash to the next yes, max", lease + 500.0, " ms", worst(&longest)),
        at_most("container's end reported to the next yes, max", 1500.0, " ms", with_status.map(|s| s.max)),
        at_most("frozen and woken: stale yes and two leaders", 0.0, " ms", worst(&of_pauses)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn load(results: &Results) -> Vec<Bar> {
    let ours = results.elections.iter().filter(|contest| contest.is_ours());
    let steady: Vec<_> = ours.filter_map(|contest| contest.steady.as_ref()).collect();
    let a_minute = |process: &Process| process.requests_a_minute;
    let leader = steady.iter().filter_map(|steady| a_minute(&steady.leader));
    // All together: a follower opens its watch anew every few minutes.
    let followers: Vec<f64> =
        steady.iter().flat_map(|steady| steady.followers.iter().filter_map(a_minute)).collect();
    let follower = mean(&followers);
    [
        at_most("requests a minute, leader", 12.5, "", leader.max_by(f64::total_cmp)),
        at_most("requests a minute, follower", 0.3, "", follower),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn reads(results: &Results) -> Vec<Bar> {
    let times = |role: &str| Some(results.times_nano_time("isThisInstanceLeader()", Some(role))?.median);
    let median = |what: &str, role: &str| Some(Spread::of(&results.read(what, Some(role))?.ns)?.median);
    let faster = |role: &str| Some(median("the sidecar", role)? / median("isThisInstanceLeader()", role)?);
    let fastest = ["leader", "follower"].into_iter().filter_map(faster).min_by(f64::total_cmp);
    [
        at_most("isThisInstanceLeader(), leader, beside System.nanoTime()", 1.6, "x", times("leader")),
        at_most("isThisInstanceLeader(), follower, beside System.nanoTime()", 1.0, "x", times("follower")),
        at_least("isThisInstanceLeader(), faster than the sidecar", 1000.0, fastest),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn growth(results: &Results) -> Vec<Bar> {
    let most = |of: &dyn Fn(&Growth) -> f64| results.growth.iter().map(of).max_by(f64::total_cmp);
    let mib = |growth: &Growth| growth.rss_kib as f64 / 1024.0;
    let threads = |growth: &Growth| growth.threads as f64;
    [
        at_most("growth of a C program's memory, max", 6.0, " MiB", most(&mib)),
        at_most("growth of its threads, max", 1.0, "", most(&threads)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Three figures; a whole number as it is.
pub(crate) fn short(value: f64) -> String {
    let places = match value.abs() {
        whole if whole.fract() == 0.0 => 0,
        size if size < 0.9995 => 3,
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.places$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = whole.trim_start_matches('-');
    let grouped = digits.char_indices().map(|(i, digit)| {
        if i > 0 && (digits.len() - i).is_multiple_of(3) { format!(",{digit}") } else { digit.to_string() }
    });
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{dot}{fraction}", grouped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_three_figures_and_in_groups() {
        let cases = [
            (0.0, "0"),
            (0.0524, "0.052"),
            (1.0, "1"),
            (0.99996, "1.00"),
            (9.876, "9.88"),
            (-12.34, "-12.3"),
            (123.4, "123"),
            (1234567.0, "1,234,567"),
        ];
        for (value, expected) in cases {
            assert_eq!(short(value), expected);
        }
    }
}
