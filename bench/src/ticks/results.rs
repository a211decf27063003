//! What became of ticks: the data that tables and drawings are made from.

use std::collections::BTreeMap;

use cluster_leader_tests_ticks::count::Counts;
use cluster_leader_tests_ticks::{Judged, Kind};
use serde::{Deserialize, Serialize};

use crate::results::{millis, round};

/// One run, perhaps of some contenders after others.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) run: Setting,
    pub(crate) contests: Vec<Contest>,
}

/// How it was measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) quick: bool,
    pub(crate) cpus: usize,
    pub(crate) lease_ms: u128,
    pub(crate) renew_deadline_ms: u128,
    pub(crate) retry_period_ms: u128,
    /// F of the definitions.
    pub(crate) fail_over_ms: u128,
    /// S: two wall clocks differ by so much at most.
    pub(crate) skew_ms: u128,
    pub(crate) seed: u64,
    pub(crate) versions: BTreeMap<String, String>,
}

/// Of one contender.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contest {
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) date: String,
    pub(crate) took_s: u64,
    /// The last minute's average, at the beginning.
    pub(crate) load: f64,
    /// Processes that were started.
    pub(crate) instances: usize,
    pub(crate) tallies: Vec<Tally>,
    /// What went wrong.
    pub(crate) complaints: Vec<String>,
}

/// All episodes of a kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) kind: Kind,
    pub(crate) seconds: f64,
    pub(crate) counts: Counts,
    pub(crate) episodes: Vec<OfOne>,
}

/// One episode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OfOne {
    pub(crate) doubled: u64,
    pub(crate) missed: u64,
    /// The longest that a tick waited for the run that covers it.
    pub(crate) longest_wait_ms: f64,
    /// Runs of the killed process that were under way, or had ended in the half second before.
    pub(crate) at_stake: u64,
}

impl Tally {
    /// Of each kind of which there were any.
    pub(crate) fn all(judged: &[Judged]) -> Vec<Self> {
        let kinds = [Kind::Undisturbed, Kind::Update, Kind::Kill];
        let tallies = kinds.map(|kind| Self::of(kind, &Judged::of_kind(judged, kind)));
        tallies.into_iter().filter(|tally| !tally.episodes.is_empty()).collect()
    }

    fn of(kind: Kind, judged: &[&Judged]) -> Self {
        let mut counts = Counts::default();
        judged.iter().for_each(|of| counts += of.counts);
        let nanos: i64 = judged.iter().map(|of| of.episode.to - of.episode.from).sum();
        let episodes = judged.iter().map(|of| OfOne {
            doubled: of.counts.doubled,
            missed: of.counts.missed,
            longest_wait_ms: millis(of.longest_wait),
            at_stake: of.at_stake,
        });
        Self { kind, seconds: round(nanos as f64 / 1e9), counts, episodes: episodes.collect() }
    }
}

impl Contest {
    pub(crate) fn tally(&self, kind: Kind) -> Option<&Tally> {
        self.tallies.iter().find(|tally| tally.kind == kind)
    }
}
