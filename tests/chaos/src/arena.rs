//! Three candidates for one Lease, and what is done to them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::{Moment, Namespace, ServiceAccount};
use jiff::Timestamp;
use serde_json::json;
use testkit::clock::boottime_nanos;
use testkit::history::{Fault, History};

use crate::chance::Chance;
use crate::contender::{Contender, Timings};
use crate::seat::{Past, Seat};

/// How long anything may take that must come, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often one looks.
const GLANCE: Duration = Duration::from_millis(20);

/// An election of three processes, each behind a network of its own.
#[derive(Debug)]
pub(crate) struct Arena<'a> {
    pub(crate) seats: Vec<Seat>,
    pub(crate) timings: Timings,
    pub(crate) chance: Chance,
    account: ServiceAccount<'a>,
    election: String,
    faults: Vec<Fault>,
    from: u64,
}

/// A fault that lasts: an index of the arena's faults.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Lasting(usize);

/// What is left of an arena.
#[derive(Debug)]
pub(crate) struct Remains {
    pub(crate) history: History,
    /// When the server received what it accepted.
    pub(crate) writes: Vec<u64>,
    /// The fencing tokens of all terms, in the order of time.
    pub(crate) tokens: Vec<(u64, u64)>,
    pub(crate) complaints: Vec<String>,
}

impl<'a> Arena<'a> {
    /// Starts three candidates.
    pub(crate) fn open(
        contender: &dyn Contender,
        number: usize,
        namespace: &'a Namespace<'a>,
        timings: Timings,
        chance: Chance,
    ) -> Self {
        let election = "chaos".to_owned();
        let account = namespace.account("candidate");
        account.allow(&["get", "update", "watch", "patch", "list"], &election);
        let server = namespace.server();
        let address = contender.server().map_or_else(|| server.address(), |other| other.address());
        let seats = (0..3).map(|i| Seat::new(i, contender.program(number, i), address)).collect();
        let mut arena =
            Self { seats, timings, chance, account, election, faults: Vec::new(), from: boottime_nanos() };
        for seat in 0..arena.seats.len() {
            arena.start(seat);
        }
        arena
    }

    fn start(&mut self, seat: usize) {
        self.seats[seat].start(&self.account, &self.election, self.timings);
    }

    // ---- who leads -----------------------------------------------------------------------------

    pub(crate) fn leader(&self) -> Option<usize> {
        (0..self.seats.len()).find(|seat| self.seats[*seat].leads() == Some(true))
    }

    pub(crate) fn followers_of(&self, leader: usize) -> Vec<usize> {
        (0..self.seats.len()).filter(|seat| *seat != leader).collect()
    }

    /// Waits until one leads and all others say that they do not, for a while. Processes that have
    /// ended by themselves are started again, as a kubelet would.
    pub(crate) fn await_one_leader(&mut self) -> Result<usize, String> {
        let begin = Instant::now();
        let mut one: Option<(usize, Instant)> = None;
        while begin.elapsed() < PATIENCE + 4 * self.timings.lease {
            for seat in 0..self.seats.len() {
                if !self.seats[seat].is_running() {
                    self.start(seat);
                }
            }
            let says: Vec<_> = self.seats.iter().map(Seat::leads).collect();
            let leaders: Vec<_> = (0..says.len()).filter(|seat| says[*seat] == Some(true)).collect();
            one = match (leaders.as_slice(), one) {
                ([leader], Some((same, since))) if *leader == same && !says.contains(&None) => {
                    if since.elapsed() > Duration::from_millis(400) {
                        return Ok(same);
                    }
                    Some((same, since))
                }
                ([leader], _) if !says.contains(&None) => Some((*leader, Instant::now())),
                _ => None,
            };
            sleep(GLANCE);
        }
        let words: Vec<_> = self.seats.iter().map(Seat::last_words).collect();
        Err(format!("not one leader within {:?}\n{}", begin.elapsed(), words.join("\n")))
    }

    /// Waits until another leads, but not for ever: not all libraries manage.
    pub(crate) fn await_another(&self, than: usize) -> Option<usize> {
        let begin = Instant::now();
        while begin.elapsed() < 2 * self.timings.lease + Duration::from_secs(10) {
            let others = self.followers_of(than);
            if let Some(other) = others.into_iter().find(|seat| self.seats[*seat].leads() == Some(true)) {
                return Some(other);
            }
            sleep(GLANCE);
        }
        None
    }

    /// Waits until it has ended, and kills it if it does not.
    pub(crate) fn await_end(&mut self, seat: usize) {
        let begin = Instant::now();
        while self.seats[seat].is_running() {
            if begin.elapsed() > self.timings.lease + Duration::from_secs(15) {
                self.seats[seat].kill();
            }
            sleep(GLANCE);
        }
    }

    /// Some time between two parts of the lease duration passes.
    pub(crate) fn pass(&mut self, least: f64, most: f64) {
        let lease = self.timings.lease;
        sleep(self.chance.between(lease.mul_f64(least), lease.mul_f64(most)));
    }

    // ---- what is done --------------------------------------------------------------------------

    /// Notes that something begins to be done to a seat, or to all.
    pub(crate) fn begins(&mut self, seat: Option<usize>, what: &str) -> Lasting {
        let at = boottime_nanos();
        let row = seat.map(|seat| self.seats[seat].name.clone());
        self.faults.push(Fault { row, what: what.to_owned(), from: at, until: at });
        Lasting(self.faults.len() - 1)
    }

    /// Notes that it ends.
    pub(crate) fn ends(&mut self, fault: Lasting) {
        self.faults[fault.0].until = boottime_nanos();
    }

    /// Notes something that is done at one moment.
    pub(crate) fn notes(&mut self, seat: Option<usize>, what: &str) {
        let Lasting(_) = self.begins(seat, what);
    }

    /// Edits the metadata of the Lease, as somebody with kubectl might.
    pub(crate) fn edit_lease(&mut self) {
        let mark = self.chance.below(1_000_000).to_string();
        let change = json!({ "metadata": {
            "annotations": { "example.com/mark": mark }, "labels": { "mark": mark },
        }});
        self.account.namespace().lease(&self.election).merge(&change);
    }

    /// Undoes all that lasts. Processes that have ended are started again by
    /// [`await_one_leader`](Self::await_one_leader).
    pub(crate) fn heal(&mut self) {
        for seat in &mut self.seats {
            seat.proxy.heal();
            seat.go_on();
            seat.set_wall_clock(0);
        }
    }

    /// How many seconds `spec.renewTime` of the Lease is ahead of the machine's wall clock.
    pub(crate) fn renew_time_ahead(&self) -> f64 {
        let lease = self.account.namespace().lease(&self.election).get();
        let renewed = lease["spec"]["renewTime"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        renewed.map_or(0.0, |renewed| renewed.duration_since(Timestamp::now()).as_secs_f64())
    }

    /// When the server received the writes of the candidates that it accepted, by `CLOCK_BOOTTIME`.
    fn writes(&self) -> Vec<u64> {
        let audit = self.account.namespace().server().audit();
        let requests = audit.of_user(&self.account.user()).into_iter();
        let accepted = requests
            .filter(|request| matches!(&*request.verb, "create" | "update") && request.status < 300)
            .filter(|request| request.resource == "leases");
        let (now, boottime) = (Moment::now(), boottime_nanos());
        let nanos = |ago: Duration| u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX);
        let mut writes: Vec<u64> =
            accepted.map(|write| boottime.saturating_sub(nanos(now.since(write.received)))).collect();
        writes.sort_unstable();
        writes
    }

    /// Ends the processes. What is left of them.
    pub(crate) fn close(self) -> Remains {
        let until = boottime_nanos();
        let writes = self.writes();
        // What they have answered so far is soon said.
        sleep(Duration::from_millis(400));
        let pasts: Vec<Past> = self.seats.into_iter().flat_map(Seat::end).collect();
        let mut tokens: Vec<_> = pasts.iter().flat_map(|past| past.tokens.iter().copied()).collect();
        tokens.sort_unstable();
        let complaints = pasts.iter().filter_map(|past| past.complaint.clone()).collect();
        let processes = pasts.into_iter().map(|past| past.answers).collect();
        Remains {
            history: History { processes, faults: self.faults, from: self.from, until },
            writes,
            tokens,
            complaints,
        }
    }
}
