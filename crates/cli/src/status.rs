//! Who holds which election.

use std::collections::BTreeMap;

use clap::Args;
use cluster_leader::Observer;
use serde::Serialize;

use crate::args::{Format, Output, Settings};
use crate::exit::{self, Failure};
use crate::print::{Table, Tone, print, print_json, short};
use crate::seen::{Seen, Shown, State};

/// Shows who holds which election
///
/// Without a name: the election that --election or CLUSTER_LEADER_ELECTION names, else all there are: on files those
/// of the directory, in Kubernetes every Lease of the namespace, which takes the right to list.
///
/// SINCE, RENEWED and REMAINING compare the wall clock of the holder with this one. The exit code is 3 if an
/// election that was named is not held. AN HOUR is how many terms have begun an hour since the Lease was made; on
/// files it is not known. Who else stands is not shown: who does not lead leaves no trace.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) which: Which,
}

/// Which elections.
#[derive(Args, Debug, Clone)]
pub(crate) struct Which {
    /// The elections
    #[arg(value_name = "ELECTION", conflicts_with = "all")]
    elections: Vec<String>,
    /// All there are
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    place: String,
    elections: Vec<Shown<'a>>,
}

impl Which {
    /// Looks at them; whether they were named.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub(crate) fn look(&self, observer: &Observer) -> Result<(Vec<Seen>, bool), Failure> {
        let names: Vec<&str> = match (self.all, &*self.elections, observer.election()) {
            (false, [], Some(election)) => vec![election],
            (false, named @ [_, ..], _) => named.iter().map(String::as_str).collect(),
            _ => {
                let all = observer.look_at_all()?;
                let seen = all.into_iter().map(|record| Seen::now(&record.election.clone(), Some(record)));
                return Ok((seen.collect(), false));
            }
        };
        let look = |election: &&str| Ok(Seen::now(election, observer.look_at(election)?));
        names.iter().map(look).collect::<Result<_, Failure>>().map(|seen| (seen, true))
    }
}

pub(crate) fn status(settings: &Settings, output: Output, arguments: &Arguments) -> Result<u8, Failure> {
    let observer = Observer::new(settings.options()?)?;
    let (seen, named) = arguments.which.look(&observer)?;
    match output.output {
        Format::Json => print_json(&Report {
            place: observer.place(),
            elections: seen.iter().map(Seen::shown).collect(),
        })?,
        Format::Table | Format::Wide if seen.is_empty() => {
            print(&format!("no elections in the {}\n", observer.place()))?;
        }
        Format::Table => print(&table(&seen, false))?,
        Format::Wide => print(&table(&seen, true))?,
    }
    let all_held = seen.iter().all(|it| it.state() == State::Held);
    Ok(if named && !all_held { exit::NOT_WELL } else { exit::OK })
}

fn table(seen: &[Seen], wide: bool) -> String {
    let mut table = if wide {
        Table::with_headings([
            "ELECTION",
            "STATE",
            "HOLDER",
            "SINCE",
            "RENEWED",
            "REMAINING",
            "TERM",
            "AN HOUR",
            "TOKEN",
            "LEASE",
            "IDENTITY",
            "NOTE",
        ])
    } else {
        Table::with_headings(["ELECTION", "STATE", "HOLDER", "SINCE", "RENEWED", "REMAINING", "TERM"])
    };
    let none = || "-".to_owned();
    for it in seen {
        let plain = |text: String| (text, Tone::Plain);
        let held = it.record.as_ref().filter(|record| record.leader.is_some());
        let age = |time: Option<std::time::SystemTime>| it.ago(time).map_or_else(none, short);
        let state = it.state();
        let mut row = vec![
            plain(it.election.clone()),
            (state.word().to_owned(), state.tone()),
            plain(it.leader().map_or_else(none, str::to_owned)),
            plain(age(held.and_then(|record| record.acquired_at))),
            plain(age(it.record.as_ref().and_then(|record| record.renewed_at))),
            plain(held.map_or_else(none, |_| short(it.remaining()))),
            plain(it.record.as_ref().map_or_else(none, |record| record.term.to_string())),
        ];
        if wide {
            row.push(plain(it.transitions_per_hour().map_or_else(none, |rate| rate.to_string())));
            row.push(plain(
                held.and_then(|record| record.fencing_token).map_or_else(none, |token| token.to_string()),
            ));
            row.push(plain(held.and_then(|record| record.lease_duration).map_or_else(none, short)));
            row.push(plain(held.and_then(|record| record.leader_identity.clone()).unwrap_or_else(none)));
            row.push(plain(note(it)));
        }
        table.add(row);
    }
    table.render()
}

fn note(seen: &Seen) -> String {
    let Some(record) = &seen.record else { return "no record".to_owned() };
    let notes: BTreeMap<&str, bool> = [
        ("asked to step down", record.asked_to_step_down),
        ("written by another elector", !record.is_ours),
        ("coordinated", record.strategy.is_some()),
    ]
    .into();
    let notes: Vec<&str> = notes.into_iter().filter(|(_, holds)| *holds).map(|(note, _)| note).collect();
    if notes.is_empty() { "-".to_owned() } else { notes.join(", ") }
}
