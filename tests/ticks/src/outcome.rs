//! What came of rolling updates and kills.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chaos::{Episode, Kind, Plan};
use crate::contender::Contender;
use crate::count::{Counted, Counts, Facts, Finding, Misfire, Nanos, Run, count};
use crate::fleet::Fleet;
use crate::record::Planned;

/// All that ran, and what was done meanwhile.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Of this one.
    pub contender: Contender,
    /// What was done.
    pub episodes: Vec<Episode>,
    /// What should not have happened to the harness.
    pub complaints: Vec<String>,
    plan: Plan,
    jobs: BTreeMap<String, Planned>,
    runs: BTreeMap<String, Vec<Run>>,
    /// The names of the instances, and by how many milliseconds their wall clocks were ahead.
    instances: Vec<(String, i64)>,
    wall: Nanos,
    until: Nanos,
}

/// The ticks of all jobs in one episode.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Which.
    pub episode: Episode,
    /// The numbers.
    pub counts: Counts,
    /// Each that was doubled or missed, in words.
    pub findings: Vec<String>,
    /// The longest that a tick waited for a run that covers it.
    pub longest_wait: Duration,
    /// Runs of a process that was killed: under way when it was, or ended so shortly before that it may not have been
    /// written.
    pub at_stake: u64,
}

/// How long a leader may keep to itself that a run has ended, where that does not wait for a renewal.
const UNFLUSHED: Nanos = 500_000_000;

/// What is allowed for measuring: T of the definitions.
const MEASURING: Nanos = 20_000_000;

impl Outcome {
    pub(crate) fn of(
        fleet: &Fleet<'_>,
        plan: Plan,
        episodes: Vec<Episode>,
        complaints: Vec<String>,
        wall: Nanos,
        until: Nanos,
    ) -> Self {
        let mut jobs = BTreeMap::new();
        let mut runs: BTreeMap<String, Vec<Run>> = BTreeMap::new();
        for (number, instance) in fleet.instances.iter().enumerate() {
            jobs.extend(instance.record.jobs.clone());
            for (job, of_it) in instance.record.runs(number, instance.ended) {
                runs.entry(job).or_default().extend(of_it);
            }
        }
        let instances = fleet.instances.iter().map(|one| (one.name.clone(), one.ahead)).collect();
        Self { contender: fleet.contender, episodes, complaints, plan, jobs, runs, instances, wall, until }
    }

    /// How many instances there were.
    #[must_use]
    pub fn instances(&self) -> usize {
        self.instances.len()
    }

    /// The ticks of each episode.
    #[must_use]
    pub fn judge(&self) -> Vec<Judged> {
        self.episodes.iter().map(|episode| self.judge_one(*episode)).collect()
    }

    fn judge_one(&self, episode: Episode) -> Judged {
        let facts = Facts {
            fail_over: nanos(self.plan.fail_over()),
            skew: nanos(self.plan.skew()),
            measuring: MEASURING,
            wall: self.wall,
            from: episode.from,
            to: episode.to,
            until: self.until,
            misfire: Misfire::RunOnce(Nanos::MAX),
        };
        let mut judged = Judged {
            episode,
            counts: Counts::default(),
            findings: Vec::new(),
            longest_wait: Duration::ZERO,
            at_stake: self.at_stake(episode),
        };
        for (job, planned) in &self.jobs {
            let runs = self.runs.get(job).map(Vec::as_slice).unwrap_or_default();
            let first = episode.from.min(runs.iter().map(|run| run.start).min().unwrap_or(episode.from));
            // Instants beyond both ends, by any wall clock.
            let beyond = facts.skew + 2 * planned.period();
            let schedule = planned.schedule(first + self.wall - beyond, self.until + self.wall + beyond);
            let counted = count(&schedule, runs, &facts);
            judged.findings.extend(self.findings(job, &counted, runs));
            judged.counts += counted.counts;
            let wait = u64::try_from(counted.longest_wait).unwrap_or(0);
            judged.longest_wait = judged.longest_wait.max(Duration::from_nanos(wait));
        }
        judged
    }

    /// The runs that a kill may repeat, or skip.
    fn at_stake(&self, episode: Episode) -> u64 {
        let Some((process, killed)) = episode.killed else { return 0 };
        let renewal = nanos(self.plan.timings.renew) / 2;
        let unwritten = if self.contender.is_relaxed() { renewal } else { UNFLUSHED };
        let of_it = self.runs.values().flatten().filter(|run| run.process == process);
        let at_stake = of_it.filter(|run| run.end.is_none_or(|end| end >= killed - unwritten));
        u64::try_from(at_stake.count()).unwrap_or(u64::MAX)
    }

    /// In words, by seconds since the beginning; each with the runs of the job around it.
    fn findings(&self, job: &str, counted: &Counted, runs: &[Run]) -> Vec<String> {
        let begin = self.episodes.first().map_or(0, |first| first.from);
        let seconds = |at: Nanos| {
            let sign = if at < begin { "-" } else { "" };
            format!("{sign}{:.3}", Duration::from_nanos(at.abs_diff(begin)).as_secs_f64())
        };
        let around = |at: Nanos| {
            let mut near: Vec<&Run> = runs.iter().collect();
            near.sort_by_key(|run| run.start.abs_diff(at));
            near.truncate(5);
            near.sort_by_key(|run| run.start);
            let runs = near.into_iter().map(|run| {
                let (name, ahead) = self.instances.get(run.process).cloned().unwrap_or_default();
                let end = run.end.map_or("never".to_owned(), seconds);
                let wall = run.start_wall.rem_euclid(60_000_000_000) / 1_000_000;
                format!(
                    "\n      {} to {end} (:{wall:05} ms of its minute) by {name} ({ahead:+} ms)",
                    seconds(run.start)
                )
            });
            runs.collect::<String>()
        };
        let words = counted.findings.iter().map(|finding| match finding {
            Finding::Doubled(run) => format!("{job} doubled at {}{}", seconds(run.start), around(run.start)),
            Finding::Missed(at) => format!("{job} missed at {}{}", seconds(*at), around(*at)),
        });
        words.collect()
    }
}

impl Judged {
    /// All of a kind in one.
    #[must_use]
    pub fn of_kind(all: &[Self], kind: Kind) -> Vec<&Self> {
        all.iter().filter(|judged| judged.episode.kind == kind).collect()
    }
}

fn nanos(duration: Duration) -> Nanos {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
