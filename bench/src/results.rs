//! What was measured: the data that tables and drawings are made from.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::spread::Spread;

/// One run of everything.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) run: Setting,
    pub(crate) elections: Vec<Contest>,
    /// From the report that the leader's container has ended to the next yes, where pods are watched.
    pub(crate) crash_with_status_ms: Vec<f64>,
    /// Of a C program, by loading the library and standing in one election.
    pub(crate) growth: Vec<Growth>,
    /// What one question costs.
    pub(crate) read: Vec<Read>,
}

/// What is measured, and by what: each with its version.
pub(crate) type Versions = BTreeMap<String, String>;

/// Where and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) date: String,
    pub(crate) quick: bool,
    pub(crate) took_s: u64,
    pub(crate) cpus: usize,
    /// The last minute's average, at the beginning.
    pub(crate) load: f64,
    pub(crate) versions: Versions,
    pub(crate) lease_ms: u128,
    pub(crate) renew_deadline_ms: u128,
    pub(crate) retry_period_ms: u128,
    /// What went wrong.
    pub(crate) complaints: Vec<String>,
}

/// Of one contestant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contest {
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) hand_over_ms: Vec<f64>,
    pub(crate) crash_ms: Vec<f64>,
    pub(crate) pauses: Vec<Pause>,
    pub(crate) steady: Option<Steady>,
}

/// The leader is frozen for longer than the lease.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pause {
    /// The first answer that it gave when it had woken.
    pub(crate) first_answer: bool,
    /// From the pause's begin.
    pub(crate) next_leader_ms: Option<f64>,
    pub(crate) two_leaders_ms: f64,
    /// For how long it said yes while another led.
    pub(crate) stale_yes_ms: f64,
    /// The last one, after the other's first yes.
    pub(crate) latest_stale_yes_ms: f64,
}

/// An election in which nothing happens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Steady {
    pub(crate) seconds: f64,
    pub(crate) leader: Process,
    pub(crate) followers: Vec<Process>,
}

/// What one of its processes costs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Process {
    /// To the API server; `None` if it elects by another one.
    pub(crate) requests: Option<usize>,
    /// How many of them opened a watch.
    pub(crate) watches: Option<usize>,
    pub(crate) requests_a_minute: Option<f64>,
    pub(crate) cpu_ms: f64,
    pub(crate) rss_kib: u64,
    pub(crate) threads: u64,
}

/// Of one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Growth {
    pub(crate) leads: bool,
    pub(crate) rss_kib: i64,
    pub(crate) anonymous_kib: i64,
    pub(crate) threads: i64,
}

/// By JMH, one value a fork.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Read {
    pub(crate) what: String,
    pub(crate) role: Option<String>,
    pub(crate) ns: Vec<f64>,
    pub(crate) bytes: Vec<f64>,
}

impl Results {
    pub(crate) fn election(&self, key: &str) -> Option<&Contest> {
        self.elections.iter().find(|contest| contest.key == key)
    }

    /// How many times as long as `System.nanoTime()` it takes: one value for each fork beside that of
    /// the same round.
    pub(crate) fn times_nano_time(&self, what: &str, role: Option<&str>) -> Option<Spread> {
        let (read, scale) = (self.read(what, role)?, self.read("System.nanoTime()", None)?);
        let ratios: Vec<f64> = read.ns.iter().zip(&scale.ns).map(|(ns, scale)| ns / scale).collect();
        Spread::of(&ratios)
    }

    pub(crate) fn read(&self, what: &str, role: Option<&str>) -> Option<&Read> {
        self.read.iter().find(|read| read.what == what && read.role.as_deref() == role)
    }
}

impl Contest {
    pub(crate) fn is_ours(&self) -> bool {
        self.key.starts_with("ours")
    }
}

/// Milliseconds, to a microsecond.
pub(crate) fn millis(duration: Duration) -> f64 {
    round(duration.as_secs_f64() * 1000.0)
}

/// To three places.
pub(crate) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
