//! The one thread on which all elections of this process run.

mod attempt;
mod stand;
#[cfg(test)]
mod tests;
mod watching;

use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;

use crate::error::Error;
use crate::os::at_exit::{self, LastWord};
use crate::os::{PerProcess, Pin, signals};
use crate::shared::{Shared, lock};
use crate::store::ApiServers;

/// What a handle asks of an election.
#[derive(Debug)]
pub(crate) enum Command {
    StepDown,
    Stop,
    /// The host says that it is not healthy.
    Unhealthy,
    /// The host says that it is healthy again.
    Recovered,
    /// The ledger is to be written now.
    Flush,
    /// One read: do we hold the record?
    Verify(mpsc::SyncSender<Result<bool, String>>),
    /// For the test of what follows.
    #[cfg(test)]
    Panic,
}

/// The running thread.
struct Driver {
    enrol: UnboundedSender<Arc<Shared>>,
    roster: Arc<Roster>,
    thread: JoinHandle<()>,
    /// Disconnected when the thread is about to end.
    alive: mpsc::Receiver<()>,
    /// The thread's code stays loaded.
    pin: Pin,
}

/// All elections that have been started and not been dropped.
#[derive(Default)]
struct Roster(Mutex<Vec<Weak<Shared>>>);

impl Roster {
    fn add(&self, election: &Arc<Shared>) {
        let mut elections = lock(&self.0);
        elections.retain(|known| known.strong_count() > 0);
        elections.push(Arc::downgrade(election));
    }

    fn all(&self) -> Vec<Arc<Shared>> {
        lock(&self.0).iter().filter_map(Weak::upgrade).collect()
    }
}

/// A forked child has none: the thread does not run there, and the parent's value is left alone.
static DRIVER: PerProcess<Mutex<Option<Driver>>> = PerProcess::new(Mutex::default);

/// Has the driver stand in this election, starting the thread if none runs.
pub(crate) fn start(election: &Arc<Shared>) -> Result<(), Error> {
    let mut driver = lock(DRIVER.get());
    if let Some(running) = driver.as_ref() {
        running.roster.add(election);
        if running.enrol.send(Arc::clone(election)).is_ok() {
            return Ok(());
        }
    }
    let fresh = Driver::spawn()?;
    fresh.roster.add(election);
    // The receiver is in the thread's hands, or waits in it: this cannot fail.
    drop(fresh.enrol.send(Arc::clone(election)));
    *driver = Some(fresh);
    at_exit::register::<Release>();
    Ok(())
}

/// Withdraws all claims of this process, releases them, and ends the thread. Blocks for
/// `timeout` at most. Elections that are started afterwards run on a new thread.
///
/// Returns whether everything ended in time. What did not ends on its own; its claims are
/// withdrawn either way.
pub fn shutdown(timeout: Duration) -> bool {
    let Some(driver) = lock(DRIVER.get()).take() else { return true };
    // Longer than any process lives; more may be no instant at all.
    let deadline = Instant::now() + timeout.min(Duration::from_secs(100 * 365 * 86_400));
    stop_all(&driver.roster, deadline);
    drop(driver.enrol);
    let left = deadline.saturating_duration_since(Instant::now());
    let ended = driver.alive.recv_timeout(left) == Err(mpsc::RecvTimeoutError::Disconnected);
    if ended {
        // Only when it has been joined is none of its code needed any more. It has caught its panics.
        drop(driver.thread.join());
        drop(driver.pin);
    } else {
        std::mem::forget(driver.pin);
    }
    ended
}

/// What is still held when the process ends is released, within one retry period: the host runs no
/// code any more, so nobody works under the claims.
struct Release;

impl LastWord for Release {
    fn say() {
        // Whoever holds the lock starts or ends the driver at this moment, and may never let go.
        let Ok(driver) = DRIVER.get().try_lock() else { return };
        let Some(roster) = driver.as_ref().map(|driver| Arc::clone(&driver.roster)) else { return };
        drop(driver);
        let longest = roster.all().iter().map(|election| election.timing().retry_period()).max();
        stop_all(&roster, Instant::now() + longest.unwrap_or_default());
    }
}

fn stop_all(roster: &Roster, deadline: Instant) {
    let elections = roster.all();
    for election in &elections {
        election.begin_stop();
    }
    for election in &elections {
        election.await_stopped_until(deadline);
    }
}

impl Driver {
    fn spawn() -> Result<Self, Error> {
        let (enrol, enrolments) = unbounded_channel();
        let (ended, alive) = mpsc::channel();
        let roster = Arc::new(Roster::default());
        let elections = Arc::clone(&roster);
        let pin = Pin::hold();
        let thread = thread::Builder::new()
            .name("cluster-leader".to_owned())
            .spawn(move || {
                run(enrolments, &elections);
                drop::<mpsc::Sender<()>>(ended);
            })
            .map_err(|source| Error::System { what: "no thread for the elections", source })?;
        Ok(Self { enrol, roster, thread, alive, pin })
    }
}

/// For tests that need the thread to themselves: stands in one election until it is stopped.
#[cfg(test)]
pub(crate) async fn stand(election: Arc<Shared>) {
    stand::run(election, Rc::default()).await;
}

/// The pause after a failure of the driver itself: bounded load, whatever the cause.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

fn run(mut enrolments: UnboundedReceiver<Arc<Shared>>, roster: &Roster) {
    if let Err(error) = signals::block_all_in_this_thread() {
        tracing::warn!("signals could not be blocked in the election thread: {error}");
    }
    let mut running = Vec::new();
    loop {
        match panic::catch_unwind(AssertUnwindSafe(|| serve(&mut enrolments, &running))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                tracing::error!("the elections' runtime did not start, and is tried again: {error}");
            }
            Err(panic) => {
                tracing::error!("the elections' thread failed, and is restarted: {}", text_of(&*panic));
            }
        }
        running = roster.all();
        for election in &running {
            election.withdraw_for_failed_driver();
        }
        running.retain(|election| !election.is_stopped());
        thread::sleep(RESTART_PAUSE);
    }
}

/// Runs all elections until none is left and none can come.
fn serve(enrolments: &mut UnboundedReceiver<Arc<Shared>>, running: &[Arc<Shared>]) -> std::io::Result<()> {
    let runtime =
        Runtime(Some(tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?));
    let Some(blocking_on) = &runtime.0 else { return Ok(()) };
    let servers = Rc::new(ApiServers::default());
    let stand = |election| stand::run(election, Rc::clone(&servers));
    blocking_on.block_on(LocalSet::new().run_until(async {
        let mut elections: FuturesUnordered<_> = running.iter().map(Arc::clone).map(stand).collect();
        let mut more = true;
        while more || !elections.is_empty() {
            tokio::select! {
                enrolled = enrolments.recv(), if more => match enrolled {
                    Some(election) => elections.push(stand(election)),
                    None => more = false,
                },
                Some(()) = elections.next(), if !elections.is_empty() => {}
            }
        }
    }));
    Ok(())
}

/// A runtime whose end waits for nobody: a look-up of a host name, or a login plugin, may hang.
struct Runtime(Option<tokio::runtime::Runtime>);

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}
