//! Episodes, side by side: every contender is dealt the same ones.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::{ApiServer, Namespace, noted};
use testkit::clock::boottime_nanos;
use testkit::history::{History, Verdict, judge, reigns, succession};

use crate::arena::{Arena, Remains};
use crate::chance::Chance;
use crate::contender::{Contender, Timings};
use crate::faults::{Aim, KINDS, Kind, SERVER_FAULTS, ServerFault};

/// A fault of the server comes in every round of so many.
const SERVER_FAULT_EVERY: usize = 4;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Chooses the episodes and when things happen in them.
    pub seed: u64,
    /// How many, for each contender.
    pub episodes: usize,
    /// How many elections of each contender at a time.
    pub arenas: usize,
    /// For all.
    pub timings: Timings,
    /// Only kinds of episodes whose names contain this, and no faults of the server.
    pub only: Option<String>,
}

/// What came of a contender.
#[derive(Debug)]
pub struct Outcome {
    /// Who.
    pub name: &'static str,
    /// With versions.
    pub version: String,
    /// In the order in which they ended.
    pub episodes: Vec<Episode>,
    /// What should not have been, beside what the episodes' verdicts say.
    pub complaints: Vec<String>,
}

/// A steady state, a fault, and a steady state again.
#[derive(Debug)]
pub struct Episode {
    /// What was done.
    pub kind: &'static str,
    /// In which of the contender's elections.
    pub arena: usize,
    /// What the processes answered.
    pub history: History,
    /// Whether that is right.
    pub verdict: Verdict,
    /// From the fault that took the leader away to the first yes of another.
    pub succession: Option<Duration>,
    /// From the end of all faults to the first yes of anyone.
    pub recovery: Option<Duration>,
    /// The leader did not stay the leader though it could.
    pub ousted: Option<String>,
    /// The longest time for which a process still said yes after the server had received the last
    /// write that it accepted. `None` if the server itself was killed, and with it a line of its log,
    /// or was another one.
    pub beyond_last_write: Option<Duration>,
}

/// A whole run.
#[derive(Debug)]
pub struct Ran {
    /// One of each contender.
    pub outcomes: Vec<Outcome>,
    /// How long it took.
    pub took: Duration,
    /// How many processes wanted to run, on average over a minute, after each round.
    pub loads: Vec<f64>,
}

/// Runs a plan. `None` if that is impossible here, which has then been said.
pub fn run(plan: &Plan, contenders: &[Box<dyn Contender>]) -> Option<Ran> {
    let begin = Instant::now();
    let server = ApiServer::start("chaos")?;
    let places: Vec<(usize, usize, Namespace<'_>)> = (0..contenders.len())
        .flat_map(|contender| (0..plan.arenas).map(move |arena| (contender, arena)))
        .map(|(contender, arena)| (contender, arena, server.namespace(contenders[contender].name())))
        .collect();
    let mut stages: Vec<Stage<'_>> = places
        .iter()
        .map(|(contender, arena, namespace)| {
            let purpose = u64::try_from(*arena).expect("a small number") + 2;
            let chance = Chance::new(plan.seed, purpose);
            let contender_is = contenders[*contender].as_ref();
            Stage {
                contender: *contender,
                name: contender_is.name(),
                number: *arena,
                arena: Arena::open(contender_is, *arena, namespace, plan.timings, chance),
                is_given_up: false,
                scenes: Vec::new(),
                since: 0,
                troubles: Vec::new(),
            }
        })
        .collect();
    on_all(&mut stages, |stage| {
        stage.settle();
        stage.since = boottime_nanos();
    });

    let only = plan.only.as_deref();
    let mut deck: Vec<&Kind> =
        KINDS.iter().filter(|kind| only.is_none_or(|only| kind.name.contains(only))).collect();
    assert!(!deck.is_empty(), "no kind of episode has {only:?} in its name");
    Chance::new(plan.seed, 0).shuffle(&mut deck);
    let mut server_faults = SERVER_FAULTS.to_vec();
    Chance::new(plan.seed, 1).shuffle(&mut server_faults);
    let mut dealt = 0;
    let mut loads = Vec::new();
    for round in 0..plan.episodes.div_ceil(plan.arenas) {
        if round % SERVER_FAULT_EVERY == SERVER_FAULT_EVERY - 1 && only.is_none() {
            let fault = server_faults[(round / SERVER_FAULT_EVERY) % server_faults.len()];
            strike_servers(&server, contenders, &fault, &mut stages, plan.timings);
        } else {
            on_all(&mut stages, |stage| {
                let has_wall_clock = stage.arena.seats.iter().any(|seat| seat.has_wall_clock());
                let has_lease = contenders[stage.contender].server().is_none();
                let mut next = deck.iter().cycle().skip((dealt + stage.number) % deck.len());
                let possible = |kind: &&&Kind| {
                    (has_wall_clock || !kind.needs_wall_clock) && (has_lease || !kind.needs_lease)
                };
                if let Some(kind) = next.by_ref().take(deck.len()).find(possible) {
                    stage.play(kind);
                }
            });
            dealt += plan.arenas;
        }
        loads.extend(load());
        noted(format_args!("round {} is over after {:.0} s", round + 1, begin.elapsed().as_secs_f64()));
    }

    let mut outcomes: Vec<Outcome> = contenders
        .iter()
        .map(|contender| Outcome {
            name: contender.name(),
            version: contender.version(),
            episodes: Vec::new(),
            complaints: Vec::new(),
        })
        .collect();
    for stage in stages {
        stage.judge(&mut outcomes);
    }
    Some(Ran { outcomes, took: begin.elapsed(), loads })
}

/// An arena, and what was played in it.
struct Stage<'a> {
    contender: usize,
    name: &'static str,
    number: usize,
    arena: Arena<'a>,
    /// Nothing more is played in it.
    is_given_up: bool,
    scenes: Vec<Scene>,
    /// When the last scene ended.
    since: u64,
    troubles: Vec<String>,
}

/// An episode that was played and is not yet judged.
struct Scene {
    kind: &'static str,
    aim: Aim,
    from: u64,
    until: u64,
}

impl Stage<'_> {
    fn play(&mut self, kind: &Kind) {
        // It may have changed since the last scene.
        let Some(leader) = self.arena.leader() else { return self.settle() };
        let aim = (kind.strike)(&mut self.arena, leader);
        self.end_scene(kind.name, aim);
    }

    fn end_scene(&mut self, kind: &'static str, aim: Aim) {
        self.arena.heal();
        self.settle();
        let until = boottime_nanos();
        self.scenes.push(Scene { kind, aim, from: self.since, until });
        self.since = until;
    }

    /// Waits until there is one leader. If there never is, all are killed and started again.
    fn settle(&mut self) {
        for attempt in 0..2 {
            let Err(trouble) = self.arena.await_one_leader() else { return };
            noted(format_args!("{}, election {}: {trouble}", self.name, self.number));
            self.troubles.push(format!("election {}: {trouble}", self.number));
            self.arena.seats.iter_mut().for_each(|seat| seat.kill());
            if attempt > 0 {
                self.give_up("there never was one leader");
            }
        }
    }

    fn give_up(&mut self, why: &str) {
        self.is_given_up = true;
        self.troubles.push(format!("election {} was given up: {why}", self.number));
    }

    fn judge(mut self, outcomes: &mut [Outcome]) {
        let outcome = &mut outcomes[self.contender];
        outcome.complaints.append(&mut self.troubles);
        let Remains { history, writes, tokens, complaints } = self.arena.close();
        outcome.complaints.extend(complaints);
        for pair in tokens.windows(2) {
            if pair[0].1 >= pair[1].1 {
                let (one, next) = (pair[0].1, pair[1].1);
                outcome.complaints.push(format!("election {}: token {next} after {one}", self.number));
            }
        }
        for scene in self.scenes {
            let part = history.between(scene.from, scene.until);
            let succession = scene
                .aim
                .succession
                .as_ref()
                .and_then(|(after, not)| succession(&part, *after, Some(not.as_str())));
            outcome.complaints.extend(scene.aim.void);
            outcome.episodes.push(Episode {
                kind: scene.kind,
                arena: self.number,
                verdict: judge(&part),
                succession,
                recovery: recovery(&part),
                ousted: scene.aim.ousted,
                beyond_last_write: (!writes.is_empty() && !scene.kind.contains("server killed"))
                    .then(|| beyond_last_write(&part, &writes)),
                history: part,
            });
        }
    }
}

/// From the end of the last fault to the first yes; nothing if somebody leads then.
fn recovery(history: &History) -> Option<Duration> {
    let after = history.faults.iter().map(|fault| fault.until).max()?;
    let all = (0..).zip(&history.processes).flat_map(|(i, who)| reigns(i, who));
    let first = all.filter(|reign| reign.last_after >= after).map(|reign| reign.first_after).min()?;
    Some(Duration::from_nanos(first.saturating_sub(after)))
}

/// By how much a yes was later than the last write that the server had accepted.
fn beyond_last_write(history: &History, writes: &[u64]) -> Duration {
    let runs = history.processes.iter().flat_map(|who| &who.runs).filter(|run| run.yes);
    let beyond = runs.map(|run| {
        let last = writes[..writes.partition_point(|write| *write <= run.last_before)].last();
        run.last_before.saturating_sub(last.copied().unwrap_or(0))
    });
    Duration::from_nanos(beyond.max().unwrap_or(0))
}

/// Does it to all at the same time. An election in which the test itself fails is given up, and it is
/// said why.
fn on_all<'a>(stages: &mut [Stage<'a>], act: impl Fn(&mut Stage<'a>) + Sync) {
    thread::scope(|scope| {
        for stage in stages.iter_mut().filter(|stage| !stage.is_given_up) {
            scope.spawn(|| {
                let acted = catch_unwind(AssertUnwindSafe(|| act(stage)));
                if let Err(panic) = acted {
                    let why = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                    stage.give_up(&why);
                }
            });
        }
    });
}

fn strike_servers(
    api: &ApiServer,
    contenders: &[Box<dyn Contender>],
    fault: &ServerFault,
    stages: &mut [Stage<'_>],
    timings: Timings,
) {
    let others: Vec<_> = contenders.iter().filter_map(|contender| contender.server()).collect();
    let marks: Vec<_> = stages.iter_mut().map(|stage| stage.arena.begins(None, fault.name)).collect();
    if fault.is_killed {
        api.kill();
        others.iter().for_each(|server| server.kill());
    } else {
        api.freeze();
        others.iter().for_each(|server| server.freeze());
    }
    sleep(timings.lease.mul_f64(fault.lasts));
    if fault.is_killed {
        others.iter().for_each(|server| server.restart());
        api.restart();
    } else {
        others.iter().for_each(|server| server.thaw());
        api.thaw();
    }
    for (stage, mark) in stages.iter_mut().zip(marks) {
        stage.arena.ends(mark);
    }
    on_all(stages, |stage| {
        stage.arena.pass(0.1, 0.3);
        stage.end_scene(fault.name, Aim::default());
    });
}

fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

impl Episode {
    /// How long it lasted.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        Duration::from_nanos(self.history.until.saturating_sub(self.history.from))
    }
}
