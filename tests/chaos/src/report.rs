//! What came of a run: in words, as data, and drawn.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::history::{History, Panel, draw};

use crate::run::{Episode, Outcome, Plan, Ran};

/// How exactly a time of the server's log can be found on `CLOCK_BOOTTIME`.
const BETWEEN_CLOCKS: Duration = Duration::from_millis(50);

/// A run and what it was to be.
#[derive(Debug)]
pub struct Report<'a> {
    /// What was planned.
    pub plan: &'a Plan,
    /// What came of it.
    pub ran: &'a Ran,
    /// The command that does it again.
    pub command: String,
}

/// A contender's figures.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// How many episodes.
    pub episodes: usize,
    /// How many answers.
    pub answers: u64,
    /// For how long all its episodes lasted.
    pub watched: Duration,
    /// For how long two processes led.
    pub dual_leader: Duration,
    /// For how long answers were yes while a later leader led.
    pub stale_yes: Duration,
    /// How long after a later leader's first yes the latest of them came.
    pub latest_stale_yes: Duration,
    /// For how long nobody led.
    pub leaderless: Duration,
    /// In how many episodes there was something wrong.
    pub wrong: usize,
    /// In how many a leader lost its place though nothing was done to it.
    pub ousted: usize,
}

impl Totals {
    /// The figures of some episodes.
    pub fn of<'a>(episodes: impl IntoIterator<Item = &'a Episode>) -> Self {
        episodes.into_iter().fold(Self::default(), |totals, episode| Self {
            episodes: totals.episodes + 1,
            answers: totals.answers + episode.verdict.samples,
            watched: totals.watched + episode.lasted(),
            dual_leader: totals.dual_leader + episode.verdict.dual_leader,
            stale_yes: totals.stale_yes + episode.verdict.stale_yes,
            latest_stale_yes: totals.latest_stale_yes.max(episode.verdict.latest_stale_yes),
            leaderless: totals.leaderless + episode.verdict.leaderless,
            wrong: totals.wrong + usize::from(!episode.verdict.is_right()),
            ousted: totals.ousted + usize::from(episode.ousted.is_some()),
        })
    }
}

impl Report<'_> {
    /// Writes `README.md`, `chaos.json`, and an SVG of each contender.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        fs::write(directory.join("README.md"), self.in_words())?;
        fs::write(directory.join("chaos.json"), self.data())?;
        for outcome in &self.ran.outcomes {
            let drawn =
                draw(&format!("{}: the worst episode of each kind", outcome.version), &panels(outcome));
            fs::write(directory.join(format!("{}.svg", outcome.name)), drawn)?;
        }
        Ok(())
    }

    /// What is wrong with a contender, if anything: one line each.
    #[must_use]
    pub fn wrongs(&self, outcome: &Outcome) -> Vec<String> {
        let timings = self.plan.timings;
        // Beyond the promise, for a busy machine.
        let bound = timings.lease + 2 * timings.retry + Duration::from_secs(10);
        let of_episodes = outcome.episodes.iter().flat_map(|episode| {
            let verdict = &episode.verdict;
            let name = format!("election {}, {}", episode.arena, episode.kind);
            let two = (!verdict.is_right()).then(|| {
                format!(
                    "{name}: two leaders for {}, stale yes for {}, the latest {} late",
                    ms(verdict.dual_leader),
                    ms(verdict.stale_yes),
                    ms(verdict.latest_stale_yes)
                )
            });
            let late = episode.recovery.is_none_or(|recovery| recovery > bound).then(|| {
                format!("{name}: nobody within {bound:?} of the end of all faults: {:?}", episode.recovery)
            });
            let validity = timings.renew + BETWEEN_CLOCKS;
            let beyond = episode.beyond_last_write.filter(|beyond| *beyond > validity);
            let beyond = beyond
                .map(|beyond| format!("{name}: a yes {} after the last renewal had arrived", ms(beyond)));
            let ousted = episode.ousted.as_ref().filter(|_| episode.kind.starts_with("superseded"));
            let ousted = ousted.map(|ousted| format!("{name}: {ousted}"));
            [two, late, beyond, ousted].into_iter().flatten()
        });
        of_episodes.chain(outcome.complaints.iter().cloned()).collect()
    }

    fn in_words(&self) -> String {
        let Plan { seed, episodes, arenas, timings, .. } = self.plan;
        let millis = |duration: Duration| duration.as_secs_f64();
        let (least, middle, most) = spread(&self.ran.loads);
        let mut text = format!(
            "# Chaos, side by side\n\n\
             {episodes} episodes of each library, {arenas} elections of three processes at a time, timings \
             {} / {} / {} s, seed {seed}, {:.0} minutes on {} cores with a load of {least:.1} / {middle:.1} / \
             {most:.1} (min / median / max of the last minute's average, after each round).\n\
             Every process is asked about once a millisecond or more often whether it leads. Times are of \
             `CLOCK_BOOTTIME`; what is certain is counted, nothing else.\n\n    {}\n\n",
            millis(timings.lease),
            millis(timings.renew),
            millis(timings.retry),
            self.ran.took.as_secs_f64() / 60.0,
            available_parallelism().map_or(0, usize::from),
            self.command
        );
        let names = |row: &str| {
            let cells: Vec<_> = self.ran.outcomes.iter().map(|outcome| outcome.name).collect();
            format!("| {row} | {} |\n|---|{}\n", cells.join(" | "), "---|".repeat(cells.len()))
        };
        text += &names("all episodes");
        for (row, cell) in ROWS {
            let cells: Vec<_> = self.ran.outcomes.iter().map(cell).collect();
            text += &format!("| {row} | {} |\n", cells.join(" | "));
        }
        text += "\nTwo leaders: the time in which two processes certainly answered yes. Stale yes: a yes of one \
                 while another, that became leader later, certainly led.\n\n";
        text += "By kind of episode: two leaders, s (stale yes, s) in all its episodes; to the next leader, s, \
                 median.\n\n";
        text += &names("kind (n)");
        for (kind, count) in self.kinds() {
            let cells: Vec<_> = self.ran.outcomes.iter().map(|outcome| cell_of_kind(outcome, kind)).collect();
            text += &format!("| {kind} ({count}) | {} |\n", cells.join(" | "));
        }
        let with_complaints = self.ran.outcomes.iter().filter(|outcome| !outcome.complaints.is_empty());
        for outcome in with_complaints {
            text += &format!("\nBeside that, of {}:\n\n", outcome.name);
            for complaint in &outcome.complaints {
                let first = complaint.lines().next().unwrap_or_default();
                text += &format!("* {first}\n");
            }
        }
        text += "\nThe worst episode of each kind, drawn:\n\n";
        for outcome in &self.ran.outcomes {
            text += &format!("![{0}]({0}.svg)\n\n", outcome.name);
        }
        text
    }

    /// All kinds that were played, and how often by the first contender.
    fn kinds(&self) -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for (i, outcome) in self.ran.outcomes.iter().enumerate() {
            for episode in &outcome.episodes {
                *kinds.entry(episode.kind).or_default() += usize::from(i == 0);
            }
        }
        kinds
    }

    fn data(&self) -> String {
        let timings = self.plan.timings;
        let millis = [timings.lease, timings.renew, timings.retry].map(|time| time.as_secs_f64() * 1000.0);
        let head = json!({
            "seed": self.plan.seed,
            "episodes": self.plan.episodes,
            "elections": self.plan.arenas,
            "timings_ms": millis,
            "took_s": self.ran.took.as_secs(),
            "cores": available_parallelism().map_or(0, usize::from),
            "loads": self.ran.loads,
            "columns": ["kind", "election", "answers", "lasted_ms", "dual_leader_ms", "stale_yes_ms",
                "latest_stale_yes_ms", "leaderless_ms", "next_leader_ms", "recovery_ms", "ousted"],
        });
        let mut text = format!("{{\"run\": {head},\n");
        let contenders: Vec<_> = self
            .ran
            .outcomes
            .iter()
            .map(|outcome| {
                let rows: Vec<_> = outcome.episodes.iter().map(|episode| row(episode).to_string()).collect();
                let (name, version) = (json!(outcome.name), json!(outcome.version));
                let complaints = json!(outcome.complaints.len());
                format!(
                    "{name}: {{\"version\": {version}, \"complaints\": {complaints}, \"episodes\": [\n{}\n]}}",
                    rows.join(",\n")
                )
            })
            .collect();
        text += &contenders.join(",\n");
        text += "}\n";
        text
    }
}

type Cell = fn(&Outcome) -> String;

const ROWS: &[(&str, Cell)] = &[
    ("version", |outcome| outcome.version.clone()),
    ("episodes; answers", |o| {
        let totals = Totals::of(&o.episodes);
        format!("{}; {:.1} million", totals.episodes, totals.answers as f64 / 1e6)
    }),
    ("**two leaders**, s in all", |o| bold(Totals::of(&o.episodes).dual_leader)),
    ("longest in one episode, s", |o| longest(o, |episode| Some(episode.verdict.dual_leader))),
    ("**stale yes**, s in all", |o| bold(Totals::of(&o.episodes).stale_yes)),
    ("the latest, after the other's first yes, s", |o| longest(o, |e| Some(e.verdict.latest_stale_yes))),
    ("episodes with either", |o| Totals::of(&o.episodes).wrong.to_string()),
    ("nobody leads, % of the time", |o| {
        let totals = Totals::of(&o.episodes);
        let part = totals.leaderless.as_secs_f64() / totals.watched.as_secs_f64().max(0.001);
        format!("{:.1}", 100.0 * part)
    }),
    ("SIGTERM to the next yes, s", |o| {
        successions(o, &["SIGTERM", "follower paused, then hand-over", "Lease edited, SIGTERM"])
    }),
    ("SIGKILL to the next yes, s", |o| {
        successions(o, &["leader killed", "wall clocks stepped, leader killed"])
    }),
    ("SIGSTOP to the next yes, s", |o| {
        successions(
            o,
            &[
                "leader paused",
                "leader paused, a reply on its way",
                "leader paused, wakes cut off",
                "superseded while paused, then SIGTERM",
            ],
        )
    }),
    ("cut off to the next yes, s", |o| {
        successions(
            o,
            &[
                "black hole on the leader",
                "slow replies, then a black hole",
                "leader's requests vanish",
                "leader's replies vanish",
                "leader's network back late",
                "leader's replies come late",
                "leader's connections refused",
            ],
        )
    }),
    ("longest yes after the last renewal had arrived, s", |o| longest(o, |e| e.beyond_last_write)),
    ("a leader lost its place unprovoked", |o| Totals::of(&o.episodes).ousted.to_string()),
    ("longest until somebody led after all faults, s", |o| longest(o, |episode| episode.recovery)),
];

fn bold(duration: Duration) -> String {
    format!("**{}**", in_seconds(duration))
}

fn longest(outcome: &Outcome, of: impl Fn(&Episode) -> Option<Duration>) -> String {
    outcome.episodes.iter().filter_map(of).max().map_or("-".to_owned(), in_seconds)
}

fn successions(outcome: &Outcome, kinds: &[&str]) -> String {
    let of_these = outcome.episodes.iter().filter(|episode| kinds.contains(&episode.kind));
    let times: Vec<f64> = of_these.filter_map(|e| Some(e.succession?.as_secs_f64())).collect();
    if times.is_empty() {
        return "-".to_owned();
    }
    let (least, middle, most) = spread(&times);
    format!("{least:.3} / {middle:.3} / {most:.3} (n {})", times.len())
}

fn cell_of_kind(outcome: &Outcome, kind: &str) -> String {
    let episodes: Vec<_> = outcome.episodes.iter().filter(|episode| episode.kind == kind).collect();
    if episodes.is_empty() {
        return "-".to_owned();
    }
    let totals = Totals::of(episodes.iter().copied());
    let mut cell = match (totals.dual_leader, totals.stale_yes) {
        (Duration::ZERO, Duration::ZERO) => "0".to_owned(),
        (dual, stale) => format!("**{} ({})**", in_seconds(dual), in_seconds(stale)),
    };
    let times: Vec<_> = episodes.iter().filter_map(|e| Some(e.succession?.as_secs_f64())).collect();
    if !times.is_empty() {
        cell += &format!("; {:.2}", spread(&times).1);
    }
    cell
}

/// The worst episode of each kind.
fn panels(outcome: &Outcome) -> Vec<Panel> {
    let mut worst: BTreeMap<&str, &Episode> = BTreeMap::new();
    let badness = |episode: &Episode| {
        let verdict = &episode.verdict;
        (verdict.dual_leader + verdict.stale_yes, verdict.leaderless)
    };
    for episode in &outcome.episodes {
        let place = worst.entry(episode.kind).or_insert(episode);
        if badness(episode) > badness(place) {
            *place = episode;
        }
    }
    let panel = |episode: &Episode| Panel { title: episode.kind.to_owned(), history: drawn(episode) };
    worst.into_values().map(panel).collect()
}

/// From a little before the first fault.
fn drawn(episode: &Episode) -> History {
    const BEFORE: u64 = 2_000_000_000;
    let History { from, until, .. } = episode.history;
    let first = episode.history.faults.iter().map(|fault| fault.from).min().unwrap_or(from);
    episode.history.between(from.max(first.saturating_sub(BEFORE)), until)
}

fn row(episode: &Episode) -> Value {
    let millis = |duration: Duration| (duration.as_secs_f64() * 10_000.0).round() / 10.0;
    let verdict = &episode.verdict;
    json!([
        episode.kind,
        episode.arena,
        verdict.samples,
        millis(episode.lasted()).round(),
        millis(verdict.dual_leader),
        millis(verdict.stale_yes),
        millis(verdict.latest_stale_yes),
        millis(verdict.leaderless),
        episode.succession.map(millis),
        episode.recovery.map(millis),
        u8::from(episode.ousted.is_some()),
    ])
}

fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |i: usize| sorted.get(i).copied().unwrap_or(f64::NAN);
    (at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1)))
}

fn in_seconds(duration: Duration) -> String {
    if duration.is_zero() { "0".to_owned() } else { format!("{:.3}", duration.as_secs_f64()) }
}

fn ms(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use testkit::history::Verdict;

    use super::*;
    use crate::contender::Timings;

    fn outcome(change: impl FnOnce(&mut Episode)) -> Outcome {
        let mut episode = Episode {
            kind: "superseded while paused, then SIGTERM",
            arena: 0,
            history: History::default(),
            verdict: Verdict::default(),
            succession: Some(Duration::from_secs(2)),
            recovery: Some(Duration::from_secs(3)),
            ousted: None,
            beyond_last_write: Some(Duration::from_millis(2000)),
        };
        change(&mut episode);
        Outcome { name: "ours", version: String::new(), episodes: vec![episode], complaints: Vec::new() }
    }

    #[test]
    fn each_thing_that_is_wrong_is_named_and_what_is_right_is_not() {
        let overlap = testkit::history::Overlap { processes: [0, 1], from: 1, until: 2 };
        let stale = testkit::history::StaleYes { process: 0, leader: 1, from: 1, until: 2, late_by: 1 };
        let cases = [
            (outcome(|_| {}), None),
            (outcome(|e| e.verdict.overlaps.push(overlap)), Some("two leaders")),
            (outcome(|e| e.verdict.stale.push(stale)), Some("stale yes")),
            (outcome(|e| e.recovery = None), Some("nobody within")),
            (outcome(|e| e.recovery = Some(Duration::from_secs(15))), Some("nobody within")),
            (outcome(|e| e.ousted = Some("C 1 led, and then C 2 did".to_owned())), Some("C 2")),
            (outcome(|e| e.beyond_last_write = Some(Duration::from_millis(2051))), Some("a yes 2051.000 ms")),
            (Outcome { complaints: vec!["a panic".to_owned()], ..outcome(|_| {}) }, Some("a panic")),
        ];
        let plan = Plan { seed: 1, episodes: 1, arenas: 1, timings: Timings::SHORT, only: None };
        let ran = Ran { outcomes: Vec::new(), took: Duration::ZERO, loads: Vec::new() };
        let report = Report { plan: &plan, ran: &ran, command: String::new() };
        for (outcome, expected) in cases {
            let wrongs = report.wrongs(&outcome);
            match expected {
                None => assert!(wrongs.is_empty(), "{wrongs:?}"),
                Some(text) => assert!(wrongs.len() == 1 && wrongs[0].contains(text), "{text}: {wrongs:?}"),
            }
        }
    }
}
