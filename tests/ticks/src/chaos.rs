//! Rolling updates and kills, one after another.
#![allow(clippy::indexing_slicing, reason = "a harness fails by panicking")]

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cluster_leader_tests_chaos::{Chance, Timings};
use cluster_leader_tests_kubernetes::ServiceAccount;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::contender::Contender;
use crate::count::Nanos;
use crate::fleet::{Fleet, WRONG, now};
use crate::outcome::Outcome;

/// So many instances there are when nothing is done to them.
const INSTANCES: usize = 3;

/// How often one looks.
const GLANCE: Duration = Duration::from_millis(50);

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// For how long nothing happens, at first.
    pub undisturbed: Duration,
    /// Rolling updates: of all instances, one after another.
    pub updates: usize,
    /// SIGKILLs of the leader.
    pub kills: usize,
    /// Of elections.
    pub timings: Timings,
    /// Chooses names, clocks and moments.
    pub seed: u64,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// Nothing.
    Undisturbed,
    /// A rolling update.
    Update,
    /// A SIGKILL.
    Kill,
}

/// Something is done, and things settle again: from an instant to that of the next episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    /// What is done.
    pub kind: Kind,
    /// By the clock that all processes share.
    pub from: Nanos,
    /// The end.
    pub to: Nanos,
    /// Who was killed, and when.
    pub killed: Option<(usize, Nanos)>,
}

impl Plan {
    /// F: how long nobody may lead.
    #[must_use]
    pub fn fail_over(&self) -> Duration {
        self.timings.lease + 2 * self.timings.retry
    }

    /// S: how much two wall clocks may differ.
    #[must_use]
    pub fn skew(&self) -> Duration {
        2 * WRONG
    }
}

/// Does it to three instances of a contender's application. `account` is of the API server, where the contender needs
/// one; what the instances write goes into `directory`.
pub fn play<'a>(
    contender: Contender,
    plan: &Plan,
    app: &'a App,
    account: Option<ServiceAccount<'a>>,
    directory: &Path,
) -> Outcome {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let wall = i64::try_from(wall.as_nanos()).unwrap_or(i64::MAX) - now();
    let chance = Chance::new(plan.seed, 1);
    let mut game = Game {
        fleet: Fleet::new(contender, app, account, directory, plan.timings, chance),
        plan: *plan,
        episodes: Vec::new(),
        complaints: Vec::new(),
    };
    for _ in 0..INSTANCES {
        game.fleet.start();
    }
    game.settle(now());
    game.begin(Kind::Undisturbed);
    sleep(plan.undisturbed);
    for round in 0..plan.updates.max(plan.kills) {
        if round < plan.updates {
            game.update();
        }
        if round < plan.kills {
            game.kill();
        }
    }
    game.close(wall)
}

struct Game<'a> {
    fleet: Fleet<'a>,
    plan: Plan,
    episodes: Vec<Episode>,
    complaints: Vec<String>,
}

impl Game<'_> {
    fn begin(&mut self, kind: Kind) {
        let from = now();
        if let Some(last) = self.episodes.last_mut() {
            last.to = from;
        }
        self.episodes.push(Episode { kind, from, to: Nanos::MAX, killed: None });
    }

    /// Another ReplicaSet takes the place of the one that is there: each new instance is ready before an old one is told
    /// to end.
    fn update(&mut self) {
        self.begin(Kind::Update);
        self.fleet.next_generation();
        for old in self.fleet.staying() {
            self.fleet.start();
            self.fleet.terminate(old);
        }
        let begin = Instant::now();
        self.fleet.look();
        while self.fleet.is_any_leaving() {
            if begin.elapsed() > Duration::from_secs(40) {
                self.complaints.push("an instance did not end within 40 s of being told to".to_owned());
                break;
            }
            sleep(GLANCE);
            self.fleet.look();
        }
        self.settle(now());
    }

    /// The leader is killed, at any moment, and replaced.
    fn kill(&mut self) {
        let any = self.fleet.chance.between(Duration::ZERO, Duration::from_secs(2));
        sleep(any);
        let victim = self.fleet.victim();
        self.begin(Kind::Kill);
        let at = now();
        self.fleet.kill(victim);
        if let Some(episode) = self.episodes.last_mut() {
            episode.killed = Some((victim, at));
        }
        self.fleet.start();
        self.settle(at);
        // What the dead one held must have run out: what follows from it is of this episode.
        let since = Duration::from_nanos(now().abs_diff(at));
        sleep(self.plan.fail_over().saturating_sub(since));
    }

    /// Waits until each job, but the one that is seldom due, has begun twice since then.
    fn settle(&mut self, since: Nanos) {
        let most = self.plan.fail_over() + self.plan.skew() + Duration::from_secs(10);
        if !self.await_begins(since, 2, Duration::from_secs(1), most) {
            self.complaints.push(format!("some jobs had not begun twice within {most:?}"));
        }
    }

    /// Whether each job of this period at most begins so often since then, in time.
    fn await_begins(&mut self, since: Nanos, times: usize, period: Duration, most: Duration) -> bool {
        let period = i64::try_from(period.as_nanos()).unwrap_or(i64::MAX);
        let begin = Instant::now();
        loop {
            self.fleet.look();
            let records = || self.fleet.instances.iter().map(|instance| &instance.record);
            let jobs = records().flat_map(|record| &record.jobs);
            let mut jobs = jobs.filter(|(_, planned)| planned.period() <= period);
            let begun: Vec<_> = records().map(|record| record.begun_since(since)).collect();
            let times_of = |job: &str| begun.iter().filter_map(|begun| begun.get(job)).sum::<usize>();
            if jobs.all(|(job, _)| times_of(job) >= times) {
                return true;
            }
            if begin.elapsed() > most {
                return false;
            }
            sleep(GLANCE);
        }
    }

    fn close(mut self, wall: Nanos) -> Outcome {
        let to = now();
        if let Some(last) = self.episodes.last_mut() {
            last.to = to;
        }
        // What was due before is run, or made up for, or never will be: the longest period and the latest clock.
        let late = i64::try_from(self.plan.skew().as_nanos()).unwrap_or(0);
        let longest = Duration::from_secs(5);
        let most = self.plan.fail_over() + self.plan.skew() + longest;
        self.await_begins(to + late, 1, longest, most);
        let until = now();
        self.fleet.end();
        Outcome::of(&self.fleet, self.plan, self.episodes, self.complaints, wall, until)
    }
}
