//! A Deployment's rolling update: how often leadership moves.

use super::Fleet;
use crate::clock::{Real, SECOND};
use crate::random::Dice;

/// How the next leader is found when the leader's pod is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picked {
    /// As the elections do it.
    ByElection,
    /// As client-go does it: whoever happens to try first.
    AtRandom,
}

/// A rolling update of a Deployment with the default strategy: a quarter of the pods may be missing,
/// rounded down, a quarter too many, rounded up.
#[derive(Debug)]
pub struct Rolling {
    replicas: usize,
    dice: Dice,
    old: Vec<usize>,
    new: Vec<usize>,
    /// Those of the new ones that are not ready yet, and when they will be.
    starting: Vec<(Real, usize)>,
    created: usize,
}

impl Rolling {
    fn new(replicas: usize, seed: u64) -> Self {
        let old = (0..replicas).collect();
        Self {
            replicas,
            dice: Dice::of(seed, &[8]),
            old,
            new: Vec::new(),
            starting: Vec::new(),
            created: replicas,
        }
    }

    /// What the Deployment controller does: the pods that it deletes. Which of its pods a ReplicaSet
    /// gives up first has nothing to do with who leads.
    fn reconcile(&mut self, now: Real) -> Vec<usize> {
        self.scale_up(now);
        let least_available = self.replicas - self.replicas / 4;
        let available = self.old.len() + self.new.len() - self.starting.len();
        let count = available.saturating_sub(least_available).min(self.old.len());
        let deleted = (0..count).map(|_| self.dice.take_from(&mut self.old)).collect();
        self.scale_up(now);
        deleted
    }

    fn scale_up(&mut self, now: Real) {
        let most = self.replicas + self.replicas.div_ceil(4);
        let pods = self.old.len() + self.new.len();
        let count = (self.replicas - self.new.len()).min(most.saturating_sub(pods));
        for _ in 0..count {
            self.starting.push((now + self.dice.between(5 * SECOND, 25 * SECOND), self.created));
            self.new.push(self.created);
            self.created += 1;
        }
    }

    /// The next pod that becomes ready.
    fn next_ready(&mut self) -> Option<(Real, usize)> {
        let next = *self.starting.iter().min()?;
        self.starting.retain(|pod| *pod != next);
        Some(next)
    }

    fn pod_name(&mut self, hash: &str) -> String {
        let letters: Vec<char> = "bcdfghjklmnpqrstvwxz2456789".chars().collect();
        let end: String = (0..5).map(|_| *self.dice.pick(&letters)).collect();
        format!("billing-{hash}-{end}")
    }
}

/// Rolls a Deployment of so many pods, and returns how often leadership moved.
///
/// # Panics
/// Nobody leads for long, or two do.
#[must_use]
pub fn roll(replicas: usize, picked: Picked, seed: u64) -> usize {
    let mut rolling = Rolling::new(replicas, seed);
    match picked {
        Picked::ByElection => roll_by_election(&mut rolling, seed),
        Picked::AtRandom => roll_at_random(&mut rolling),
    }
}

fn roll_by_election(rolling: &mut Rolling, seed: u64) -> usize {
    let mut fleet = Fleet::new(1, seed);
    for pod in 0..rolling.replicas {
        let name = rolling.pod_name("7d9f8b6c5d");
        fleet.join(pod, &name, 0);
    }
    fleet.run_until(30 * SECOND);
    assert!(fleet.leader(0).is_some(), "nobody leads");
    let before = fleet.terms().len();
    loop {
        for pod in rolling.reconcile(fleet.now()) {
            fleet.stop(pod);
            fleet.run_until(fleet.now() + SECOND / 4);
            assert!(fleet.leader(0).is_some(), "nobody leads a quarter of a second after a release");
        }
        let Some((at, pod)) = rolling.next_ready() else { break };
        fleet.run_until(fleet.now().max(at));
        let name = rolling.pod_name("5c6b79d8f");
        fleet.join(pod, &name, 0);
    }
    fleet.run_until(fleet.now() + 60 * SECOND);
    assert!(rolling.old.is_empty() && fleet.leader(0).is_some(), "the update did not end well");
    fleet.terms().len() - before
}

fn roll_at_random(rolling: &mut Rolling) -> usize {
    let mut ready: Vec<usize> = rolling.old.clone();
    let mut leader = 0;
    let mut hops = 0;
    let mut now = 0;
    loop {
        for pod in rolling.reconcile(now) {
            ready.retain(|it| *it != pod);
            if pod == leader {
                leader = *rolling.dice.pick(&ready);
                hops += 1;
            }
        }
        let Some((at, pod)) = rolling.next_ready() else { return hops };
        now = now.max(at);
        ready.push(pod);
    }
}
