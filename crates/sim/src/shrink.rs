//! Making a failing world small: fewer processes, actions and faults, and calmer clocks, as long as
//! the same promise still breaks.

use std::collections::BTreeSet;

use crate::clock::HostClock;
use crate::script::{Action, Draw, Planned, Script};
use crate::world::{Keep, play};

/// How many worlds are played for it at most.
const MOST_RUNS: u32 = 4_000;

struct Shrinking {
    guarantee: &'static str,
    best: Script,
    runs_left: u32,
}

/// The smallest script found that breaks the same promise.
#[must_use]
pub fn shrink(script: &Script, guarantee: &'static str) -> Script {
    let mut shrinking = Shrinking { guarantee, best: script.clone(), runs_left: MOST_RUNS };
    loop {
        let before = size(&shrinking.best);
        shrinking.drop_places();
        shrinking.drop_actions();
        shrinking.calm_draws();
        shrinking.calm_surroundings();
        shrinking.shorten_actions();
        if size(&shrinking.best) >= before || shrinking.runs_left == 0 {
            return shrinking.best;
        }
    }
}

/// How much there is in a script.
fn size(script: &Script) -> usize {
    let odd_clocks = script.places.iter().filter(|place| place.clock.rate != (1, 1)).count();
    script.actions.len() * 4 + drawn(script).len() + odd_clocks
}

fn drawn(script: &Script) -> BTreeSet<Draw> {
    play(script, Keep { timeline: false, draws: true }).drawn
}

impl Shrinking {
    /// Takes the candidate over if it still fails in the same way.
    fn accept(&mut self, candidate: Script) -> bool {
        if self.runs_left == 0 {
            return false;
        }
        self.runs_left -= 1;
        let violation = play(&candidate, Keep::default()).violation;
        let same = violation.is_some_and(|violation| violation.guarantee == self.guarantee);
        if same {
            self.best = candidate;
        }
        same
    }

    fn attempt(&mut self, change: impl FnOnce(&mut Script)) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        self.accept(candidate)
    }

    /// A place without a start is empty; one at least is not.
    fn drop_places(&mut self) {
        for place in 0..u8::try_from(self.best.places.len()).unwrap_or(u8::MAX) {
            let starts = |planned: &Planned| planned.action == Action::Start && planned.place != place;
            if self.best.actions.iter().any(starts) {
                self.attempt(|script| {
                    script
                        .actions
                        .retain(|planned| planned.place != place || planned.action == Action::Recover);
                });
            }
        }
    }

    fn drop_actions(&mut self) {
        let mut chunk = self.best.actions.len();
        while chunk > 0 {
            let mut end = self.best.actions.len();
            while end > 0 {
                let from = end.saturating_sub(chunk);
                self.attempt(|script| {
                    let faults_end = script.faults_end;
                    let mut index = 0;
                    script.actions.retain(|planned| {
                        index += 1;
                        !(from < index && index <= end) || is_pinned(planned, faults_end)
                    });
                });
                end = from;
            }
            chunk /= 2;
        }
    }

    fn calm_draws(&mut self) {
        let draws: Vec<Draw> = drawn(&self.best).into_iter().collect();
        let mut chunk = draws.len();
        while chunk > 0 {
            for some in draws.chunks(chunk) {
                if some.iter().any(|draw| !self.best.calm.contains(draw)) {
                    self.attempt(|script| script.calm.extend(some.iter().copied()));
                }
            }
            chunk /= 2;
        }
    }

    fn calm_surroundings(&mut self) {
        self.attempt(|script| script.network.spread = 0);
        self.attempt(|script| script.watches.spread = 0);
        self.attempt(|script| script.proof_of_death = false);
        for index in 0..self.best.places.len() {
            self.attempt(|script| script.places[index].clock.rate = (1, 1));
            self.attempt(|script| script.places[index].timer_slack = 0);
            self.attempt(|script| {
                script.places[index].clock.origin = HostClock::TRUE.origin;
            });
        }
        self.attempt(|script| script.places.iter_mut().for_each(|place| place.clock.wall_ahead = 0));
    }

    fn shorten_actions(&mut self) {
        for index in 0..self.best.actions.len() {
            for _ in 0..8 {
                let shortened = shorter(&self.best.actions[index].action);
                let Some(action) = shortened else { break };
                if !self.attempt(|script| script.actions[index].action = action) {
                    break;
                }
            }
        }
    }
}

/// What a world needs for its end to mean anything.
fn is_pinned(planned: &Planned, faults_end: u64) -> bool {
    planned.at >= faults_end || planned.action == Action::Start
}

fn shorter(action: &Action) -> Option<Action> {
    let half = |lasting: u64| (lasting > 1_000_000).then_some(lasting / 2);
    Some(match action {
        Action::StallDriver(lasting) => Action::StallDriver(half(*lasting)?),
        Action::Freeze(lasting) => Action::Freeze(half(*lasting)?),
        Action::Meddle(lasting) => Action::Meddle(half(*lasting)?),
        Action::StallMidway(before, between) => Action::StallMidway(half(*before)?, between / 2),
        Action::Outage(kind, lasting, scope) => Action::Outage(*kind, half(*lasting)?, *scope),
        _ => return None,
    })
}
