//! What is written of a run: the data, the table of the README, the drawings.

use std::fs;
use std::io;

use cluster_leader_tests_ticks::Kind;

use crate::bars::short;
use crate::plot::{Plot, Scale};
use crate::report::{keep, out, publish};
use crate::ticks::results::{Contest, OfOne, Results, Tally};

/// Beside the drawings that are made from it.
const DATA: &str = "ticks.json";

/// Between these the README has the table.
const MARKS: [&str; 2] = ["<!-- ticks: written by the program -->", "<!-- end of the ticks -->"];

/// What has been measured before.
pub(crate) fn read(quick: bool) -> Option<Results> {
    serde_json::from_slice(&fs::read(out(quick).join(DATA)).ok()?).ok()
}

/// Writes the data.
pub(crate) fn write(results: &Results) -> io::Result<()> {
    keep(results, &out(results.run.quick), DATA)
}

/// Table and drawings.
pub(crate) fn show(results: &Results) -> io::Result<()> {
    publish(results.run.quick, plots(results), MARKS, &tables(results))
}

/// Makes table and drawings anew from the data.
pub(crate) fn anew() -> Result<(), String> {
    let results = read(false).ok_or_else(|| format!("{DATA} is missing, or of another version"))?;
    show(&results).map_err(|error| error.to_string())
}

// ---- the table ----------------------------------------------------------------------------------------------

fn tables(results: &Results) -> String {
    let kinds = [
        (Kind::Update, "rolling updates"),
        (Kind::Kill, "SIGKILLs of the leader, or of any where there is none"),
        (Kind::Undisturbed, "nothing is done to them"),
    ];
    let tables = kinds.map(|(kind, what)| table(results, kind, what)).concat();
    format!(
        "{}\n{tables}![ticks](results/ticks.svg)\n\n![wait](results/ticks-wait.svg)\n{}",
        heading(results),
        complaints(results)
    )
}

fn heading(results: &Results) -> String {
    let run = &results.run;
    let dates = results.contests.iter().map(|contest| contest.date.as_str());
    let took: u64 = results.contests.iter().map(|contest| contest.took_s).sum();
    let loads = || results.contests.iter().map(|contest| contest.load);
    let short_run = if run.quick { " A short run." } else { "" };
    let versions: Vec<_> = run.versions.values().map(String::as_str).collect();
    format!(
        "{}, {} CPUs (load {} to {} before each), {} minutes, timings {} / {} / {} s, so that F is {} s; wall clocks differ \
         by up to {} s.{short_run}\n{}.\n",
        dates.max().unwrap_or_default(),
        run.cpus,
        short(loads().fold(f64::INFINITY, f64::min)),
        short(loads().fold(0.0, f64::max)),
        took.div_ceil(60),
        run.lease_ms / 1000,
        run.renew_deadline_ms / 1000,
        run.retry_period_ms / 1000,
        run.fail_over_ms / 1000,
        run.skew_ms / 1000,
        versions.join(", ")
    )
}

fn table(results: &Results, kind: Kind, what: &str) -> String {
    let tallies = || results.contests.iter().filter_map(|contest| Some((contest, contest.tally(kind)?)));
    let Some(most) = tallies().map(|(_, tally)| tally.episodes.len()).max() else { return String::new() };
    let number = if kind == Kind::Undisturbed { String::new() } else { format!("{most} ") };
    let at_stake = if kind == Kind::Kill { " at stake |" } else { "" };
    let mut text = format!(
        "| {number}{what} | planned | run | **doubled** | **missed** | overlapping | caught up | let go |{at_stake} \
         longest wait, s |\n|---|---|---|---|---|---|---|---|{}---|\n",
        if kind == Kind::Kill { "---|" } else { "" }
    );
    for (contest, tally) in tallies() {
        text += &row(contest, tally);
    }
    text + "\n"
}

fn row(contest: &Contest, tally: &Tally) -> String {
    let counts = tally.counts;
    let number = |value: u64| short(value as f64);
    let bold = |value: u64| if value == 0 { "0".to_owned() } else { format!("**{}**", number(value)) };
    let mut cells = vec![
        contest.title.clone(),
        number(counts.planned),
        number(counts.run),
        bold(counts.doubled),
        bold(counts.missed),
        number(counts.overlapping),
        number(counts.caught_up),
        number(counts.let_go),
    ];
    if tally.kind == Kind::Kill {
        cells.push(number(tally.episodes.iter().map(|of| of.at_stake).sum()));
    }
    let longest = tally.episodes.iter().map(|of| of.longest_wait_ms).fold(0.0, f64::max);
    cells.push(short(longest / 1000.0));
    format!("| {} |\n", cells.join(" | "))
}

fn complaints(results: &Results) -> String {
    let complaints = results.contests.iter().flat_map(|contest| {
        contest.complaints.iter().map(|complaint| format!("* {}: {complaint}\n", contest.title))
    });
    let complaints: String = complaints.collect();
    if complaints.is_empty() { complaints } else { format!("\nWhat went wrong:\n\n{complaints}") }
}

// ---- the drawings -------------------------------------------------------------------------------------------

fn plots(results: &Results) -> [(&'static str, Plot); 2] {
    let rows = |value: fn(&OfOne) -> f64| -> Vec<(String, Vec<f64>)> {
        let of = |contest: &Contest, kind: Kind, what: &str| {
            let episodes = contest.tally(kind).map(|tally| tally.episodes.iter().map(value).collect());
            (format!("{}, {what}", contest.title), episodes.unwrap_or_default())
        };
        let kinds = [(Kind::Update, "update"), (Kind::Kill, "SIGKILL")];
        let contests = || results.contests.iter();
        kinds.iter().flat_map(|(kind, what)| contests().map(|contest| of(contest, *kind, what))).collect()
    };
    [
        (
            "ticks.svg",
            Plot {
                title: "Ticks doubled or missed in one episode",
                unit: "",
                scale: Scale::FromZero,
                rows: rows(|of| (of.doubled + of.missed) as f64),
            },
        ),
        (
            "ticks-wait.svg",
            Plot {
                title: "The longest that a tick waited for its run in one episode",
                unit: "s",
                scale: Scale::Linear,
                rows: rows(|of| of.longest_wait_ms / 1000.0),
            },
        ),
    ]
}
