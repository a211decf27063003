//! A function of the host that takes log lines, on a thread of its own: however long it takes, no
//! election waits for it.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Instant;

use cluster_leader::surface::{PerProcess, Pin, block_all_in_this_thread};
use tracing::Level;

use super::waiting::{Line, Waiting};

/// The host's function, with what it wants to be given.
pub(crate) type Callback = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// A forked child begins without a callback: the thread that calls it does not run there.
static DESK: PerProcess<Desk> = PerProcess::new(Desk::default);

#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    callback: Option<Callback>,
    /// How often the callback was set: those of smaller numbers are called no more.
    setting: u64,
    waiting: Waiting,
    caller: Option<Caller>,
    /// Who is within a callback at this moment, and of which setting it is.
    inside: Option<(ThreadId, u64)>,
}

/// The thread that calls, and what keeps its code loaded.
struct Caller {
    thread: JoinHandle<()>,
    pin: Pin,
}

/// Has all further lines go to this function, or with `None` to it no more. Returns once the one
/// before is not running any more, unless it is itself that calls this.
pub(crate) fn set(callback: Option<Callback>) -> io::Result<()> {
    let desk = DESK.get();
    let mut state = desk.lock();
    let to_end = if callback.is_none() {
        state.caller.take()
    } else {
        if state.caller.is_none() {
            state.caller = Some(Caller::start()?);
        }
        None
    };
    state.callback = callback;
    state.setting += 1;
    let setting = state.setting;
    desk.changed.notify_all();
    let within = state.is_within();
    if !within {
        let older = |state: &mut State| state.inside.is_some_and(|(_, inside)| inside < setting);
        state = desk.changed.wait_while(state, older).unwrap_or_else(PoisonError::into_inner);
    }
    let left = state.left_by_callback();
    drop(state);
    print(left);
    if let Some(caller) = to_end {
        caller.end(!within);
    }
    Ok(())
}

/// Waits until all lines have been taken, then has the callback called no more. Whether that was
/// so before `deadline`; else the callback stays.
pub(crate) fn close(deadline: Instant) -> bool {
    let desk = DESK.get();
    let state = desk.lock();
    if state.callback.is_none() {
        return true;
    }
    if !state.is_within() {
        let busy = |state: &mut State| {
            state.callback.is_some() && (!state.waiting.is_empty() || state.inside.is_some())
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let (state, waited) =
            desk.changed.wait_timeout_while(state, left, busy).unwrap_or_else(PoisonError::into_inner);
        drop(state);
        if waited.timed_out() {
            return false;
        }
    } else {
        drop(state);
    }
    set(None).is_ok()
}

/// Keeps a line for the callback; whether there is one.
pub(super) fn take_in(level: Level, message: &str) -> bool {
    let desk = DESK.get();
    let mut state = desk.lock();
    let takes = state.callback.is_some();
    if takes {
        state.waiting.put(level, message);
        desk.changed.notify_all();
    }
    takes
}

fn print(lines: Vec<Line>) {
    for line in lines {
        super::print(line.level, &line.message);
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls, one line after the other, for as long as this thread is the caller.
    fn serve(&self) {
        let me = thread::current().id();
        loop {
            let idle = |state: &mut State| {
                state.is_caller(me) && (state.waiting.is_empty() || state.inside.is_some())
            };
            let mut state =
                self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
            if !state.is_caller(me) {
                return;
            }
            let (Some(callback), Some(line)) = (state.callback.clone(), state.waiting.take()) else {
                continue;
            };
            state.inside = Some((me, state.setting));
            drop(state);
            callback(line.level, &line.message);
            drop(callback);
            self.lock().inside = None;
            self.changed.notify_all();
        }
    }
}

impl State {
    /// Whether it is the callback itself that calls us.
    fn is_within(&self) -> bool {
        self.inside.is_some_and(|(thread, _)| thread == thread::current().id())
    }

    fn is_caller(&self, thread: ThreadId) -> bool {
        self.caller.as_ref().is_some_and(|caller| caller.thread.thread().id() == thread)
    }

    /// What waits although nobody will take it any more.
    fn left_by_callback(&mut self) -> Vec<Line> {
        let mut left = Vec::new();
        while let Some(line) = self.callback.is_none().then(|| self.waiting.take()).flatten() {
            left.push(line);
        }
        left
    }
}

impl Caller {
    /// The lock of the desk is held: the thread finds itself to be the caller when it gets it.
    fn start() -> io::Result<Self> {
        let pin = Pin::hold();
        let thread = thread::Builder::new().name("cluster-leader-log".to_owned()).spawn(|| {
            // As in the thread of the elections: signals stay with the host's own threads.
            let blocked = block_all_in_this_thread();
            if let Err(error) = blocked {
                tracing::warn!("signals could not be blocked in the log's thread: {error}");
            }
            DESK.get().serve();
        })?;
        Ok(Self { thread, pin })
    }

    /// The thread is the caller no more, so it ends. Within the callback it cannot be waited for.
    fn end(self, wait: bool) {
        if wait {
            // It has no panic to tell of: what it calls is not ours.
            drop(self.thread.join());
            drop(self.pin);
        } else {
            std::mem::forget(self.pin);
        }
    }
}
