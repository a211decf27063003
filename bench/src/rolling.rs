//! A rolling update of three replicas, as a Deployment makes it: a pod of the next generation starts, and when it has been
//! there for a while one of the old is told to go; the leader first.
//!
//! A sidecar of the usual kind ends with its pod and releases nothing, so others wait for its lease to run out: client-go,
//! which is what is in it, killed at once.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::{ApiServer, Namespace, RunningPod, eventually};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use testkit::clock::boottime_nanos;
use testkit::history::{Answers, Run, reigns};

use crate::contestants::{Contestant, rolling};
use crate::election::{Asked, NAME, surroundings};
use crate::results::millis;
use crate::{here, say, timeline};

const REPLICAS: usize = 3;

/// From the start of a pod until it counts as ready and an old one goes.
const READY: Duration = Duration::from_secs(12);

/// Before it begins.
const MARGIN: Duration = Duration::from_secs(4);

/// Of what is shown: long enough for whoever must wait after the last old pod has gone.
const LENGTH: Duration = Duration::from_secs(60);

/// What the drawing is made from, beside the others.
const DATA: &str = "results/rolling-update.json";

/// In the documents, as the first of them begins with it.
const DRAWING: &str = "../docs/rolling-update.svg";

/// One rolling update. Times in ms from its beginning.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Update {
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) pods: Vec<PodLife>,
    pub(crate) lasts: f64,
}

/// A pod, and when it said that it leads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PodLife {
    pub(crate) name: String,
    pub(crate) from: f64,
    pub(crate) until: f64,
    pub(crate) leads: Vec<(f64, f64)>,
}

/// What became of a job that is due each second.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ticks {
    /// How many pods ran it at each of them.
    pub(crate) runs: Vec<usize>,
    /// For how long nobody led, in ms.
    pub(crate) leaderless: f64,
}

impl Update {
    pub(crate) fn ticks(&self) -> Ticks {
        let leads_at =
            |pod: &&PodLife, at: f64| pod.leads.iter().any(|(from, until)| *from <= at && at <= *until);
        let due = (1_u16..).map(|second| f64::from(second) * 1000.0).take_while(|at| *at <= self.lasts);
        let runs = due.map(|at| self.pods.iter().filter(|pod| leads_at(pod, at)).count());
        let mut all: Vec<(f64, f64)> = self.pods.iter().flat_map(|pod| pod.leads.iter().copied()).collect();
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (mut leaderless, mut led_until) = (0.0, 0.0_f64);
        for (from, until) in all {
            leaderless += (from - led_until).max(0.0);
            led_until = led_until.max(until);
        }
        Ticks { runs: runs.collect(), leaderless: leaderless + (self.lasts - led_until).max(0.0) }
    }
}

impl Ticks {
    pub(crate) fn count(&self, is: impl Fn(usize) -> bool) -> usize {
        self.runs.iter().filter(|runs| is(**runs)).count()
    }
}

/// Measures both, one after the other, and draws them.
pub(crate) fn bench() -> Result<(), String> {
    let (contestants, _stay) = rolling()?;
    let server = ApiServer::start("rolling").ok_or("there is no API server")?;
    let updates: Vec<Update> = contestants
        .iter()
        .map(|contestant| {
            say(format_args!("a rolling update with {}", contestant.title));
            update(contestant, &server.namespace(&format!("rolling-{}", contestant.key)))
        })
        .collect();
    let data = serde_json::to_string_pretty(&updates).map_err(|error| error.to_string())?;
    fs::write(here(DATA), data + "\n").map_err(|error| format!("{DATA}: {error}"))?;
    draw_anew()
}

/// Makes the drawing anew from the data.
pub(crate) fn draw_anew() -> Result<(), String> {
    fs::write(here(DRAWING), drawn()?).map_err(|error| format!("{DRAWING}: {error}"))
}

fn drawn() -> Result<String, String> {
    let data = fs::read(here(DATA)).map_err(|error| format!("{DATA}: {error}"))?;
    let updates: Vec<Update> = serde_json::from_slice(&data).map_err(|error| format!("{DATA}: {error}"))?;
    Ok(timeline::draw(&updates))
}

fn update(contestant: &Contestant, namespace: &Namespace<'_>) -> Update {
    let account = namespace.account("app");
    account.allow(&["get", "update", "watch", "patch", "list"], NAME);
    let start = |generation: &str, number: usize| {
        // As Kubernetes calls them: a standby can tell from the name that it is of the next generation.
        let replica_set = if generation == "old" { "7d9f8c6b5" } else { "6c5d4b7f9" };
        let name = format!("billing-{replica_set}-{}", ["x2x4z", "tq4lm", "2xk9q"][number - 1]);
        let pod = surroundings(contestant, &account, &name, Asked::AllTheTime).start();
        (format!("{generation} {number}"), boottime_nanos(), pod)
    };
    let mut pods = Vec::new();
    for number in 1..=REPLICAS {
        pods.push(start("old", number));
        // The first leads, which is then the first to go.
        eventually("it leads", || {
            pods.iter().any(|(.., pod)| last(pod).is_some_and(|run| run.yes)).then_some(())
        });
    }
    sleep(MARGIN);
    let begun = boottime_nanos();
    let mut ended = vec![None; pods.len()];
    sleep(MARGIN);
    for number in 1..=REPLICAS {
        pods.push(start("new", number));
        ended.push(None);
        sleep(READY);
        let leaving = &pods[number - 1].2.process;
        leaving.signal(if contestant.is_ours() { Signal::TERM } else { Signal::KILL });
        let told = Instant::now();
        leaving.await_exit();
        say(format_args!("old-{number} ended in {:?}", told.elapsed()));
        ended[number - 1] = Some(boottime_nanos());
    }
    let until = begun + 1_000_000_000 * LENGTH.as_secs();
    while boottime_nanos() < until {
        sleep(Duration::from_millis(100));
    }
    // What they answered until then comes in parts.
    sleep(Duration::from_secs(1));
    let since = |at: u64| millis(Duration::from_nanos(at.saturating_sub(begun)));
    let lives = pods.iter().zip(ended).map(|((name, from, pod), ended)| PodLife {
        name: name.clone(),
        from: since(*from),
        until: since(ended.unwrap_or(until)),
        leads: reigns(0, &answers(pod))
            .iter()
            .filter(|reign| reign.last_before > begun && reign.first_after < until)
            .map(|reign| (since(reign.first_after), since(reign.last_before.min(until))))
            .collect(),
    });
    Update {
        key: contestant.key.to_owned(),
        title: contestant.title.to_owned(),
        version: contestant.version.clone(),
        pods: lives.collect(),
        lasts: since(until),
    }
}

fn answers(pod: &RunningPod) -> Answers {
    pod.process.with_lines(|lines| Answers::read("", lines.iter().map(|line| &*line.text)))
}

fn last(pod: &RunningPod) -> Option<Run> {
    pod.process.with_lines(|lines| lines.iter().rev().find_map(|line| line.text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_counted_by_who_leads_at_each() {
        let pod = |leads: &[(f64, f64)]| PodLife {
            name: "x".to_owned(),
            from: 0.0,
            until: 5_000.0,
            leads: leads.to_vec(),
        };
        let update = Update {
            key: String::new(),
            title: String::new(),
            version: String::new(),
            pods: vec![pod(&[(0.0, 2_500.0)]), pod(&[(1_900.0, 2_600.0), (4_000.0, 5_000.0)])],
            lasts: 5_000.0,
        };
        let ticks = update.ticks();
        assert_eq!((ticks.runs.as_slice(), ticks.leaderless), (&[1, 2, 0, 1, 1][..], 1_400.0));
        assert_eq!((ticks.count(|runs| runs == 0), ticks.count(|runs| runs > 1)), (1, 1));
    }

    #[test]
    fn the_drawing_is_made_from_the_data() {
        let drawing = fs::read_to_string(here(DRAWING)).unwrap();
        assert!(drawing == drawn().unwrap(), "cargo run -p cluster-leader-bench -- --tables draws it anew");
        for needless in ["<script", "href", "NaN"] {
            assert!(!drawing.contains(needless), "{needless}");
        }
    }
}
