//! What is put to the test: programs that stand in an election by a library and say what it answers.

use std::ffi::OsString;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// A library that elects.
///
/// Its programs are run as pods, with a service account that may elect and this in their environment:
/// `ELECTION_NAME`, `ELECTION_NAMESPACE`, `ELECTION_IDENTITY`, `LEASE_DURATION_MS`,
/// `RENEW_DEADLINE_MS`, `RETRY_PERIOD_MS`, `ANSWERS_BOOTTIME_OFFSET_NS` (from `CLOCK_MONOTONIC` to
/// `CLOCK_BOOTTIME`), `KUBERNETES_SERVICE_HOST` and `_PORT`; `ZOOKEEPER_CONNECT` and
/// `SESSION_TIMEOUT_MS` where it elects by ZooKeeper. They ask each millisecond, or
/// `ANSWERS_INTERVAL_MS`. They write the record of their answers ([`testkit::history::Run`]) to standard
/// output, and stop standing on SIGTERM: `release TIME` is when they begin to, by `CLOCK_BOOTTIME`.
pub trait Contender: Debug + Sync {
    /// What it is called in the report and on the command line.
    fn name(&self) -> &'static str;

    /// What it is, with versions.
    fn version(&self) -> String;

    /// The server that it elects by, where that is not the API server.
    fn server(&self) -> Option<&dyn Server> {
        None
    }

    /// The program in this seat of this arena.
    fn program(&self, arena: usize, seat: usize) -> Program;
}

/// A server other than the API server.
pub trait Server: Debug + Sync {
    /// Where it listens.
    fn address(&self) -> SocketAddr;
    /// Kills it.
    fn kill(&self);
    /// Starts it again, and waits until it is ready.
    fn restart(&self);
    /// Stops it in the midst of what it does.
    fn freeze(&self);
    /// Lets it go on.
    fn thaw(&self);
}

/// A command line.
#[derive(Clone, Debug)]
pub struct Program {
    /// What runs it, in a word: C, JVM, Go.
    pub kind: &'static str,
    /// The program and its arguments.
    pub words: Vec<OsString>,
    /// It is loaded with libfaketime, so that its wall clock can be stepped.
    pub has_wall_clock: bool,
}

/// A lease duration, a renew deadline and a retry period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// Others take over when a record has stood still for so long.
    pub lease: Duration,
    /// A leader gives up when it could not renew for so long.
    pub renew: Duration,
    /// Between attempts.
    pub retry: Duration,
}

impl Timings {
    /// Those that clusters run with.
    pub const DEFAULT: Self = Self::of(15_000, 10_000, 2_000);
    /// Those of tests.
    pub const SHORT: Self = Self::of(3_000, 2_000, 500);

    /// In milliseconds.
    #[must_use]
    pub const fn of(lease: u64, renew: u64, retry: u64) -> Self {
        Self {
            lease: Duration::from_millis(lease),
            renew: Duration::from_millis(renew),
            retry: Duration::from_millis(retry),
        }
    }
}

/// `program`, loaded with libfaketime.
///
/// Only the wall clock is its own: `CLOCK_BOOTTIME` and `CLOCK_MONOTONIC` stay the machine's, which
/// the program checks.
pub(crate) fn with_wall_clock(libfaketime: &Path, program: &[OsString]) -> Vec<OsString> {
    let mut preload = OsString::from("LD_PRELOAD=");
    preload.push(libfaketime);
    let settings = ["DONT_FAKE_MONOTONIC=1", "FAKETIME_DISABLE_SHM=1", "FAKETIME_CACHE_DURATION=1"];
    let settings = settings.into_iter().map(OsString::from);
    [OsString::from("env"), preload].into_iter().chain(settings).chain(program.iter().cloned()).collect()
}
