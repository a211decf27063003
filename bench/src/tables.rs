//! The tables of the README.

use std::fs;
use std::io;
use std::path::Path;

use crate::bars::{Bar, bars, short};
use crate::results::{Contest, Process, Results};
use crate::spread::{Spread, mean};

/// Between these the README has the tables.
pub(crate) const MARKS: [&str; 2] =
    ["<!-- measured: written by the program -->", "<!-- end of what the program writes -->"];

/// Puts tables between the two marks of a document.
pub(crate) fn put_into(document: &Path, [begin, end]: [&str; 2], tables: &str) -> io::Result<()> {
    let text = fs::read_to_string(document)?;
    let parts = text.split_once(begin).and_then(|(head, rest)| Some((head, rest.split_once(end)?.1)));
    let (head, tail) = parts.ok_or_else(|| io::Error::other(format!("there is no {begin} ... {end}")))?;
    fs::write(document, format!("{head}{begin}\n\n{tables}\n{end}{tail}"))
}

/// All of them.
pub(crate) fn tables(results: &Results) -> String {
    let parts = [
        heading(results),
        promises(&bars(results)),
        ratios(results),
        measures(results),
        drawings(),
        reads(results),
        growth(results),
        complaints(results),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn heading(results: &Results) -> String {
    let run = &results.run;
    let mut versions: Vec<_> = run.versions.values().cloned().collect();
    versions.sort();
    versions.dedup();
    let short_run = if run.quick { " A short run: few values of each." } else { "" };
    format!(
        "{}, {} CPUs (load {} at the beginning), {} minutes, timings {} / {} / {} s, three processes of each.{short_run}\n\
         {}.\n",
        run.date,
        run.cpus,
        run.load,
        run.took_s.div_ceil(60),
        run.lease_ms / 1000,
        run.renew_deadline_ms / 1000,
        run.retry_period_ms / 1000,
        versions.join(", ")
    )
}

fn promises(bars: &[Bar]) -> String {
    let mut text = "| promised | | measured | |\n|---|---|---|---|\n".to_owned();
    for Bar { what, promised, measured, met } in bars {
        let met = if *met { "met" } else { "**not met**" };
        text += &format!("| {what} | {promised} | {measured} | {met} |\n");
    }
    text
}

/// Of medians, beside ours.
fn ratios(results: &Results) -> String {
    type Row = (&'static str, fn(&Contest) -> Option<f64>);
    let rows: [Row; 6] = [
        ("clean hand-over", |c| median(&c.hand_over_ms)),
        ("SIGKILL to the next yes", |c| median(&c.crash_ms)),
        ("requests of the leader", |c| c.steady.as_ref()?.leader.requests_a_minute),
        ("processor time, leader", |c| Some(cpu(c)?.0)),
        ("processor time, follower", |c| Some(cpu(c)?.1)),
        ("memory of the process", |c| median(&all(c, |process| process.rss_kib as f64))),
    ];
    let mut text = head("times ours (medians)", results);
    let Some(ours) = results.election("ours") else { return String::new() };
    for (what, of) in rows {
        let cells = results.elections.iter().map(|contest| match (of(contest), of(ours)) {
            (Some(theirs), Some(ours)) if ours > 0.0 => format!("{}x", short(theirs / ours)),
            _ => "-".to_owned(),
        });
        text += &row(what, cells);
    }
    text
}

fn measures(results: &Results) -> String {
    type Row = (&'static str, fn(&Contest) -> String);
    let rows: [Row; 10] = [
        ("clean hand-over, ms: min / median / p99 / max", |c| long_spread(&c.hand_over_ms)),
        ("SIGKILL to the next yes, ms", |c| spread(&c.crash_ms)),
        ("frozen for 25 s: yes as the first answer on waking", |c| {
            let yes = c.pauses.iter().filter(|pause| pause.first_answer).count();
            if c.pauses.is_empty() { "-".to_owned() } else { format!("{yes} of {}", c.pauses.len()) }
        }),
        ("... stale yes, ms", |c| spread(&c.pauses.iter().map(|p| p.stale_yes_ms).collect::<Vec<_>>())),
        ("... two leaders, ms", |c| spread(&c.pauses.iter().map(|p| p.two_leaders_ms).collect::<Vec<_>>())),
        ("requests a minute, leader", |c| cell(c.steady.as_ref().and_then(|s| s.leader.requests_a_minute))),
        ("requests a minute, a follower", |c| cell(of_followers(c, |process| process.requests_a_minute))),
        ("processor time a minute, leader / a follower, ms", |c| {
            cpu(c).map_or("-".to_owned(), |(leader, follower)| {
                format!("{} / {}", short(leader), short(follower))
            })
        }),
        ("memory of the process (RSS), MiB", |c| spread(&all(c, |process| process.rss_kib as f64 / 1024.0))),
        ("threads of the process", |c| spread(&all(c, |process| process.threads as f64))),
    ];
    let mut text = head("min / median / max (n)", results);
    for (what, cell) in rows {
        text += &row(what, results.elections.iter().map(cell));
    }
    if let Some(spread) = Spread::of(&results.crash_with_status_ms) {
        text += &format!(
            "\nOurs, with pods watched: from the report of the container's end to the next yes {} / {} / {} ms (n {}).\n",
            short(spread.min),
            short(spread.median),
            short(spread.max),
            spread.n
        );
    }
    text
}

fn drawings() -> String {
    let names = ["hand-over", "crash", "pause", "requests", "read"];
    names.map(|name| format!("![{name}](results/{name}.svg)\n")).join("\n")
}

fn reads(results: &Results) -> String {
    if results.read.is_empty() {
        return String::new();
    }
    let mut text =
        "| what a question costs | times `System.nanoTime()` | ns | bytes allocated |\n|---|---|---|---|\n"
            .to_owned();
    for read in &results.read {
        let role = read.role.as_ref().map(|role| format!(", {role}")).unwrap_or_default();
        let times = results.times_nano_time(&read.what, read.role.as_deref());
        text += &row(
            &format!("{}{role}", read.what),
            [
                times.map_or("-".to_owned(), |s| {
                    format!("{} / {} / {}", short(s.min), short(s.median), short(s.max))
                }),
                spread(&read.ns),
                Spread::of(&read.bytes).map_or("-".to_owned(), |bytes| short(bytes.median.round())),
            ],
        );
    }
    text
}

fn growth(results: &Results) -> String {
    if results.growth.is_empty() {
        return String::new();
    }
    let mut text =
        "| a C program grows by | memory (RSS), MiB | of that anonymous, MiB | threads |\n|---|---|---|---|\n"
            .to_owned();
    for (role, leads) in [("leader", true), ("follower", false)] {
        let of = |value: fn(&crate::results::Growth) -> i64, unit: f64| {
            let of_role = results.growth.iter().filter(|growth| growth.leads == leads);
            spread(&of_role.map(|growth| value(growth) as f64 / unit).collect::<Vec<_>>())
        };
        text +=
            &row(role, [of(|g| g.rss_kib, 1024.0), of(|g| g.anonymous_kib, 1024.0), of(|g| g.threads, 1.0)]);
    }
    text
}

fn complaints(results: &Results) -> String {
    let complaints: Vec<_> = results.run.complaints.iter().map(|line| format!("* {line}\n")).collect();
    if complaints.is_empty() { String::new() } else { format!("What went wrong:\n\n{}", complaints.concat()) }
}

fn head(corner: &str, results: &Results) -> String {
    let titles: Vec<_> = results.elections.iter().map(|contest| contest.title.as_str()).collect();
    format!("| {corner} | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(titles.len()))
}

fn row(what: &str, cells: impl IntoIterator<Item = String>) -> String {
    format!("| {what} | {} |\n", cells.into_iter().collect::<Vec<_>>().join(" | "))
}

fn cell(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), short)
}

fn spread(values: &[f64]) -> String {
    Spread::of(values).map_or("-".to_owned(), |Spread { n, min, median, max, .. }| {
        if min == max {
            return format!("{} ({n})", short(min));
        }
        format!("{} / {} / {} ({n})", short(min), short(median), short(max))
    })
}

fn long_spread(values: &[f64]) -> String {
    Spread::of(values).map_or("-".to_owned(), |Spread { n, min, median, p99, max }| {
        format!("{} / {} / {} / {} ({n})", short(min), short(median), short(p99), short(max))
    })
}

fn median(values: &[f64]) -> Option<f64> {
    Spread::of(values).map(|spread| spread.median)
}

/// Of a follower, on average.
fn of_followers(contest: &Contest, value: fn(&Process) -> Option<f64>) -> Option<f64> {
    let values: Vec<f64> = contest.steady.as_ref()?.followers.iter().filter_map(value).collect();
    mean(&values)
}

/// A minute's, of the leader, and of a follower, on average.
fn cpu(contest: &Contest) -> Option<(f64, f64)> {
    let steady = contest.steady.as_ref()?;
    let a_minute = |ms: f64| ms * 60.0 / steady.seconds;
    let follower = of_followers(contest, |process| Some(process.cpu_ms))?;
    Some((a_minute(steady.leader.cpu_ms), a_minute(follower)))
}

fn all(contest: &Contest, value: fn(&Process) -> f64) -> Vec<f64> {
    let steady = contest.steady.iter();
    steady.flat_map(|steady| steady.followers.iter().chain([&steady.leader])).map(value).collect()
}
