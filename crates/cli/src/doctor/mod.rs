//! What is wrong, and what would help.

mod api;
mod files;
mod record;

use std::time::Duration;

use clap::Args;
use cluster_leader::surface::{Explained, explain, parse_duration};
use cluster_leader::{Observer, Setting};
use serde::Serialize;

use crate::args::{Format, Output, Settings};
use crate::exit::{self, Failure};
use crate::print::{Table, Tone, print, print_json};
use crate::seen::Seen;

/// Looks at configuration, rights, clocks and the record, and says what is wrong and what would help
///
/// Run it where the elections run, as the same user: in the pod, with the same environment. It changes nothing. The
/// exit code is 3 if something is to be done.
#[derive(Args, Debug)]
pub(crate) struct Arguments {}

/// What was found. Fields are added, never renamed or removed.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Where elections are held.
    place: Option<String>,
    /// As whom it was asked there.
    user: Option<String>,
    settings: Vec<Row>,
    rights: Vec<Right>,
    /// By how much the API server's clock is ahead of ours.
    clock_skew_ms: Option<i64>,
    record: Option<serde_json::Value>,
    notes: Vec<String>,
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Row {
    setting: &'static str,
    value: Option<String>,
    origin: String,
}

#[derive(Debug, Serialize)]
struct Right {
    verb: &'static str,
    what: String,
    allowed: bool,
}

/// Something that is to be done.
#[derive(Debug, Serialize)]
struct Finding {
    problem: String,
    fix: String,
}

impl Report {
    fn find(&mut self, problem: impl Into<String>, fix: impl Into<String>) {
        self.findings.push(Finding { problem: problem.into(), fix: fix.into() });
    }

    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// The settings, as they count.
struct Configuration(Vec<Explained>);

impl Configuration {
    fn get(&self, setting: Setting) -> Option<&Explained> {
        self.0.iter().find(|it| it.setting == setting)
    }

    fn text(&self, setting: Setting) -> Option<&str> {
        self.get(setting)?.value.as_deref()
    }

    fn duration(&self, setting: Setting) -> Duration {
        self.text(setting).and_then(|text| parse_duration(text).ok()).unwrap_or_default()
    }
}

pub(crate) fn doctor(settings: &Settings, output: Output, _: &Arguments) -> Result<u8, Failure> {
    let mut report = Report::default();
    examine(settings, &mut report);
    match output.output {
        Format::Json => print_json(&report)?,
        Format::Table | Format::Wide => print(&in_words(&report))?,
    }
    Ok(if report.findings.is_empty() { exit::OK } else { exit::NOT_WELL })
}

fn examine(settings: &Settings, report: &mut Report) {
    let explained = settings.options().and_then(explain);
    let configuration = match explained {
        Ok((settings, warnings)) => {
            for warning in warnings {
                report.find(warning, "set the variable that was meant, and unset this one");
            }
            Configuration(settings)
        }
        // It names the thing, the value, the rule and the fix itself.
        Err(error) => return report.find(error.to_string(), "as it says"),
    };
    report.settings = configuration
        .0
        .iter()
        .map(|it| Row { setting: it.setting.variable(), value: it.value.clone(), origin: it.origin.clone() })
        .collect();
    let observer = match settings.options().and_then(Observer::new) {
        Ok(observer) => observer,
        Err(error) => return report.find(error.to_string(), "as it says"),
    };
    report.place = Some(observer.place());
    check_timings(&configuration, report);
    let election = match (configuration.text(Setting::Election), observer.kubernetes()) {
        (Some(election), _) => Some(election),
        (None, None) => Some("default"),
        (None, Some(_)) => {
            report.find(
                "no election is named: in Kubernetes it has no name by default, as replicas that guessed different \
                 names would all lead",
                "set CLUSTER_LEADER_ELECTION to one name for all replicas, for example billing-jobs",
            );
            None
        }
    };
    let reached = match observer.kubernetes() {
        Some(_) => {
            check_instance_name(&configuration, report);
            api::check(&observer, &configuration, election, report)
        }
        None => {
            files::check(&observer, election.unwrap_or_default(), report);
            true
        }
    };
    let Some(election) = election.filter(|_| reached) else { return };
    match observer.look_at(election) {
        Ok(seen) => {
            let seen = Seen::now(election, seen);
            report.record = serde_json::to_value(seen.shown()).ok();
            record::check(&seen, &configuration, report);
        }
        // A right that is missing was found already.
        Err(error) if report.findings.is_empty() => report.find(error.to_string(), "as it says"),
        Err(error) => report.note(error.to_string()),
    }
}

fn check_timings(configuration: &Configuration, report: &mut Report) {
    const SHORTEST: Duration = Duration::from_secs(5);
    const LONGEST: Duration = Duration::from_secs(120);
    let lease = configuration.duration(Setting::LeaseDuration);
    let fix = "the defaults are 15s, 10s and 2s (CLUSTER_LEADER_LEASE_DURATION, _RENEW_DEADLINE, _RETRY_PERIOD): \
               unset all three, or change them together";
    if lease < SHORTEST {
        report.find(
            format!(
                "the lease duration is {lease:?}: an API server that is slow for a moment costs leadership"
            ),
            fix,
        );
    } else if lease > LONGEST {
        report
            .find(format!("the lease duration is {lease:?}: after a crash nobody leads for that long"), fix);
    }
}

/// One name for all replicas comes from one value for all of them.
fn check_instance_name(configuration: &Configuration, report: &mut Report) {
    let Some(name) = configuration.get(Setting::InstanceName) else { return };
    let is_given = [Setting::InstanceName.variable(), "--instance-name"].contains(&&*name.origin);
    let pod = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME")).unwrap_or_default();
    let (Some(value), true, false) = (&name.value, is_given, pod.is_empty()) else { return };
    if *value != pod {
        report.find(
            format!(
                "{} is {value:?}, while this pod is {pod:?}: if it is the same for all replicas, nobody can tell \
                 from a name which of them leads",
                name.origin
            ),
            "unset it, and let POD_NAME come from the field metadata.name (`cluster-leader manifest --deployment NAME`)",
        );
    }
}

fn in_words(report: &Report) -> String {
    let mut text = String::new();
    if let Some(place) = &report.place {
        text.push_str(&format!("place: {place}\n"));
    }
    if let Some(user) = &report.user {
        text.push_str(&format!("user:  {user}\n"));
    }
    if let Some(skew) = report.clock_skew_ms {
        text.push_str(&format!("clock: the API server's is {skew} ms ahead of ours, to the second\n"));
    }
    if !report.settings.is_empty() {
        let mut table = Table::with_headings(["SETTING", "VALUE", "FROM"]);
        for Row { setting, value, origin } in &report.settings {
            let plain = |text: &str| (text.to_owned(), Tone::Plain);
            table.add(vec![plain(setting), plain(value.as_deref().unwrap_or("-")), plain(origin)]);
        }
        text.push('\n');
        text.push_str(&table.render());
    }
    if !report.rights.is_empty() {
        let mut table = Table::with_headings(["RIGHT", "ON", "ALLOWED"]);
        for Right { verb, what, allowed } in &report.rights {
            let (word, tone) = if *allowed { ("yes", Tone::Good) } else { ("no", Tone::Bad) };
            table.add(vec![
                ((*verb).to_owned(), Tone::Plain),
                (what.clone(), Tone::Plain),
                (word.to_owned(), tone),
            ]);
        }
        text.push('\n');
        text.push_str(&table.render());
    }
    text.push('\n');
    for note in &report.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    if report.findings.is_empty() {
        text.push_str(&Tone::Good.paint("all is well"));
        text.push('\n');
    }
    for (number, Finding { problem, fix }) in report.findings.iter().enumerate() {
        let problem = Tone::Bad.paint(problem);
        let fix = fix.replace('\n', "\n     ");
        text.push_str(&format!("{}. {problem}\n   fix: {fix}\n", number + 1));
    }
    text
}
