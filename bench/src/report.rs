//! What is written of a run.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::slice;

use serde::Serialize;
use testkit::history::{Panel, draw};

use crate::here;
use crate::plot::{Plot, Scale};
use crate::results::{Contest, Results};
use crate::tables::{MARKS, put_into, tables};

/// Beside the drawings that are made from it.
const DATA: &str = "results.json";

/// Writes the data, and all that is made from it.
pub(crate) fn write(results: &Results, worst_pauses: &[Panel]) -> io::Result<()> {
    let out = out(results.run.quick);
    keep(results, &out, DATA)?;
    let drawn = draw("A leader is frozen for 25 s, and wakes: the worst time of each", worst_pauses);
    fs::write(out.join("pause.svg"), drawn)?;
    show(results)
}

/// Where what is written of a run goes.
pub(crate) fn out(quick: bool) -> PathBuf {
    here(if quick { "../target/bench" } else { "results" })
}

/// Writes the data.
pub(crate) fn keep(results: &impl Serialize, out: &Path, name: &str) -> io::Result<()> {
    fs::create_dir_all(out)?;
    fs::write(out.join(name), serde_json::to_string_pretty(results)? + "\n")
}

/// Draws, and shows the tables: between these marks of the README too, unless the run was short.
pub(crate) fn publish<const N: usize>(
    quick: bool,
    plots: [(&str, Plot); N],
    marks: [&str; 2],
    tables: &str,
) -> io::Result<()> {
    for (name, plot) in plots {
        if let Some(drawn) = plot.draw() {
            fs::write(out(quick).join(name), drawn)?;
        }
    }
    if !quick {
        put_into(&here("README.md"), marks, tables)?;
    }
    io::stdout().write_all(tables.as_bytes())
}

/// Tables and drawings, as far as they are made from the data.
fn show(results: &Results) -> io::Result<()> {
    publish(results.run.quick, plots(results), MARKS, &tables(results))
}

/// Makes tables and drawings anew from the data, with that changed.
pub(crate) fn anew(change: impl FnOnce(&mut Results)) -> Result<(), String> {
    let out = out(false);
    let data = fs::read(out.join(DATA)).map_err(|error| format!("{DATA}: {error}"))?;
    let mut results = serde_json::from_slice(&data).map_err(|error| format!("{DATA}: {error}"))?;
    change(&mut results);
    keep(&results, &out, DATA).and_then(|()| show(&results)).map_err(|error| error.to_string())
}

fn plots(results: &Results) -> [(&'static str, Plot); 4] {
    let of = |values: &dyn Fn(&Contest) -> Vec<f64>| -> Vec<(String, Vec<f64>)> {
        results.elections.iter().map(|contest| (contest.title.clone(), values(contest))).collect()
    };
    let mut crashes = of(&|contest| contest.crash_ms.clone());
    crashes.insert(0, ("ours, from its pod's report".to_owned(), results.crash_with_status_ms.clone()));
    let a_minute = |contest: &Contest, followers: bool| -> Vec<f64> {
        let Some(steady) = &contest.steady else { return Vec::new() };
        let processes = if followers { &steady.followers[..] } else { slice::from_ref(&steady.leader) };
        processes.iter().filter_map(|process| process.requests_a_minute).collect()
    };
    let requests = [("leader", false), ("followers", true)].into_iter().flat_map(|(role, followers)| {
        let rows = of(&|contest| a_minute(contest, followers)).into_iter();
        rows.map(move |(title, values)| (format!("{title}, {role}"), values))
    });
    let reads = results.read.iter().map(|read| {
        let role = read.role.as_ref().map(|role| format!(", {role}")).unwrap_or_default();
        (format!("{}{role}", read.what), read.ns.clone())
    });
    let plot = |title, unit, scale, rows| Plot { title, unit, scale, rows };
    [
        (
            "hand-over.svg",
            plot(
                "Clean hand-over: from the release to the next yes",
                "ms",
                Scale::Logarithmic,
                of(&|contest| contest.hand_over_ms.clone()),
            ),
        ),
        ("crash.svg", plot("Crash: from SIGKILL to the next yes", "ms", Scale::Logarithmic, crashes)),
        ("requests.svg", plot("Requests a minute to the API server", "", Scale::Linear, requests.collect())),
        ("read.svg", plot("What a question costs", "ns", Scale::Logarithmic, reads.collect())),
    ]
}
