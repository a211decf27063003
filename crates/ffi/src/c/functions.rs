//! The functions.

use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cluster_leader::{Elector, Error, Options};

use super::error::{answer, ask, carry_out, last_code, last_message};
use super::listener;
use super::memory;
use super::types::{
    CLUSTER_LEADER_ABI_VERSION, Handle, LogCallback, OptionsStruct, ResultCode, StatusStruct,
};
use crate::handles::{self, Heart};
use crate::log;
use crate::problem::Problem;

/// Whether this process leads the election that its environment names.
///
/// The simplest way to use this library: set CLUSTER_LEADER_ELECTION (and, if need be, the other
/// variables of cluster_leader_options) and guard the work with this function.
///
///     if (cluster_leader_is_this_instance_leader()) run_the_job();
///
/// The first call starts the election, without waiting for it: it answers false. Later calls cost
/// about one clock read. The election lasts until cluster_leader_shutdown() or the end of the
/// process.
///
/// true: at a clock read within this call, a claim acknowledged by the store had time left.
/// false: anything else, errors included, which cluster_leader_last_error() tells apart.
///
/// Threads: any. Blocks: no; the first call reads a few files.
/// Errors: CLUSTER_LEADER_ERROR_CONFIGURATION, _STORE or _SYSTEM if the election cannot be started
/// (also told once in the log; the next call tries again).
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_is_this_instance_leader() -> bool {
    answer(false, || {
        let elector = cluster_leader::default_elector(options_of_environment).map_err(Box::<Problem>::from);
        elector.inspect_err(|problem| complain_once(problem)).map(Elector::is_leader)
    })
}

/// The election of cluster_leader_is_this_instance_leader(), started if need be, for the other
/// functions.
///
/// On CLUSTER_LEADER_OK, *handle is its handle: the same for every call. Otherwise it is 0.
///
/// Threads: any. Blocks: no; the first call reads a few files.
/// Errors: CLUSTER_LEADER_ERROR_ARGUMENT if handle is NULL; _CONFIGURATION, _STORE or _SYSTEM if
/// the election cannot be started (the next call tries again); _STOPPED after its end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_leader_default(handle: *mut Handle) -> ResultCode {
    carry_out(|| {
        // SAFETY: the caller's promise, passed on.
        unsafe { memory::put(handle, 0, "handle") }?;
        let started = handles::start_default(options_of_environment, Heart::Host)?;
        // SAFETY: as above.
        unsafe { memory::put(handle, started, "handle") }
    })
}

/// Starts to stand in an election.
///
/// options may be NULL: then the environment alone decides. It is read during the call only.
/// On CLUSTER_LEADER_OK, *handle is the election's handle: end it with cluster_leader_stop().
/// Otherwise it is 0. That no server answers is no error: it is logged, shown in last_problem of
/// cluster_leader_status(), and tried again until the election is stopped.
///
/// The first election of a process starts the library's one thread, in which all signals are
/// blocked. Log lines go to standard error, or where cluster_leader_set_log_callback() says.
///
/// Threads: any. Blocks: no; it reads a few files.
/// Errors: CLUSTER_LEADER_ERROR_ARGUMENT if handle is NULL, options->size is not set, a text is
/// not UTF-8 or the struct has a setting that this version does not know; _CONFIGURATION if a
/// setting is wrong, here or in the environment; _STORE if the place of the election cannot be
/// used; _SYSTEM if the system refuses memory, a thread or randomness.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_leader_start(
    options: *const OptionsStruct,
    handle: *mut Handle,
) -> ResultCode {
    carry_out(|| {
        // SAFETY: the caller's promise, passed on.
        unsafe { memory::put(handle, 0, "handle") }?;
        log::install();
        // SAFETY: as above.
        let options = unsafe { memory::options(options) }?;
        let started = handles::start(options, Heart::Host)?;
        // SAFETY: as above.
        unsafe { memory::put(handle, started, "handle") }
    })
}

/// Whether this process leads.
///
/// true: at a clock read within this call, a claim acknowledged by the store had time left. The
/// answer says nothing about any later instant: for work that takes its time, see
/// cluster_leader_is_leader_for() and the fencing token in cluster_leader_status().
/// false: anything else, errors included, which cluster_leader_last_error() tells apart. A process
/// that was paused, cut off or forked answers false as soon as it runs.
///
/// Threads: any. Blocks: no: no lock, no memory allocation, no system call. About one clock read.
/// (From the 256th election on that a process starts, a lock is taken for the time of a look-up.)
/// Errors: CLUSTER_LEADER_ERROR_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_is_leader(handle: Handle) -> bool {
    ask(handle, false, Elector::is_leader)
}

/// Whether this process leads, and will for at least so many milliseconds more, unless it steps
/// down or stops by itself, or somebody tampers with the record.
///
/// false: anything else, errors included, which cluster_leader_last_error() tells apart.
///
/// Threads: any. Blocks: no, as cluster_leader_is_leader().
/// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_DURATION if the duration is not below
/// the renew deadline: it could never be true.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_is_leader_for(handle: Handle, milliseconds: u64) -> bool {
    answer(false, || {
        let duration = Duration::from_millis(milliseconds);
        Ok(handles::ask_open(handle, |elector| elector.is_leader_for(duration))??)
    })
}

/// How long this process leads at least, in milliseconds rounded down; 0 if it does not.
///
/// Threads: any. Blocks: no, as cluster_leader_is_leader().
/// Errors: 0 and CLUSTER_LEADER_ERROR_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_remaining_ms(handle: Handle) -> u64 {
    ask(handle, 0, |elector| u64::try_from(elector.remaining().as_millis()).unwrap_or(u64::MAX))
}

/// Writes a snapshot of the election to *status, whose size the caller has set.
///
/// On an error *status is unchanged.
///
/// Threads: any. Blocks: no.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_ARGUMENT if status is NULL or its
/// size is not set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_leader_status(handle: Handle, status: *mut StatusStruct) -> ResultCode {
    carry_out(|| {
        handles::ask_open(handle, |elector| {
            // SAFETY: the caller's promise, passed on.
            unsafe { memory::put_status(status, || elector.status()) }
        })?
    })
}

/// Waits until the status has another version than seen, or until the time is over, and writes
/// the status to *status, whose size the caller has set.
///
/// Begin with 0, which answers at once, and then pass the version of the last status. If the
/// version is the one passed, the time was over. UINT64_MAX milliseconds: wait for ever.
/// When another thread stops the election meanwhile, the wait ends with CLUSTER_LEADER_STATE_STOPPED;
/// the handle is stale by then, and a further wait is refused.
///
/// On an error *status is unchanged.
///
/// Threads: any. Blocks: yes, for timeout_ms at most.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_ARGUMENT if status is NULL or its
/// size is not set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_leader_wait(
    handle: Handle,
    seen: u64,
    timeout_ms: u64,
    status: *mut StatusStruct,
) -> ResultCode {
    carry_out(|| {
        handles::ask_open(handle, |elector| {
            // SAFETY: the caller's promise, passed on.
            unsafe {
                memory::put_status(status, || handles::wait(handle, elector, seen, bounded(timeout_ms)))
            }
        })?
    })
}

/// Hands leadership over: this process does not lead from before this returns, the record is
/// released, and the process stands again once another has led or one lease duration has passed.
///
/// Threads: any. Blocks: no: the release is on its way when this returns.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_step_down(handle: Handle) -> ResultCode {
    carry_out(|| handles::ask_open(handle, Elector::step_down))
}

/// Asks the store, with one read, whether this process holds the record now.
///
/// For the rare step that is worth a round trip; cluster_leader_is_leader() is as true, and free.
/// On CLUSTER_LEADER_OK, *holds is the answer. Otherwise it is false.
///
/// Threads: any. Blocks: yes, for a fifth of the renew deadline (and a scheduling delay) at most.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_ARGUMENT if holds is NULL;
/// CLUSTER_LEADER_ERROR_UNANSWERED if the store did not answer in time, or refused;
/// CLUSTER_LEADER_ERROR_STOPPED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_leader_verify(handle: Handle, holds: *mut bool) -> ResultCode {
    carry_out(|| {
        // SAFETY: the caller's promise, passed on.
        unsafe { memory::put(holds, false, "holds") }?;
        let answer = handles::ask_open(handle, Elector::verify)??;
        // SAFETY: as above.
        unsafe { memory::put(holds, answer, "holds") }
    })
}

/// Says that this process is alive, where the election has a heartbeat (see heartbeat_ms of
/// cluster_leader_options).
///
/// Call it from where the work is done, more often than the heartbeat: a process that hangs there
/// then loses leadership, although the library's own thread is well.
///
/// Threads: any. Blocks: no, as cluster_leader_is_leader().
/// Errors: CLUSTER_LEADER_ERROR_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_beat(handle: Handle) -> ResultCode {
    carry_out(|| handles::ask_open(handle, Elector::beat))
}

/// Says that this process is ready to lead, where the election waits for that (see wait_until_ready
/// of cluster_leader_options): it stands from now on. Further calls do nothing.
///
/// Threads: any. Blocks: no.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_ready(handle: Handle) -> ResultCode {
    carry_out(|| handles::ask_open(handle, Elector::ready))
}

/// Ends the election: this process does not lead from before the release is sent, and the handle
/// is stale from here on, whatever the outcome.
///
/// What the release does not reach runs out by itself after a lease duration.
///
/// Threads: any. Blocks: yes, for a retry period (and a scheduling delay) at most, until the
/// record is released.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_stop(handle: Handle) -> ResultCode {
    carry_out(|| handles::stop(handle))
}

/// Ends all elections of this process, and the library's threads. All handles are stale from here
/// on. Elections may be started anew; the one of cluster_leader_is_this_instance_leader() has ended
/// for good, and answers false.
///
/// The log callback is given the last lines, and is set no more.
///
/// Call it before dlclose(). The library keeps itself loaded while a thread of its own runs, so a
/// dlclose() without it, or after CLUSTER_LEADER_ERROR_TIMEOUT, does no harm, but unloads nothing;
/// and with glibc nor does one while a thread that has called other functions of it still lives.
/// At a normal exit it is not needed: what is still held then is released by an exit handler,
/// within a retry period.
///
/// Threads: any. Blocks: yes, for timeout_ms at most. UINT64_MAX: as long as it takes.
/// Errors: CLUSTER_LEADER_ERROR_TIMEOUT: the claims are withdrawn, but not everything was released
/// or ended in time; that goes on by itself, and the log callback stays.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_shutdown(timeout_ms: u64) -> ResultCode {
    carry_out(|| {
        let timeout = bounded(timeout_ms);
        let deadline = Instant::now() + timeout;
        handles::shutdown(timeout)?;
        if log::close(deadline) { Ok(()) } else { Err(Problem::LogCallback(timeout).into()) }
    })
}

/// Has all further log lines of this library go to a function of the program; NULL: to standard
/// error again, as in the beginning. user_data is passed to it, and is otherwise not touched.
///
///     static void to_syslog(void *user_data, cluster_leader_log_level level, const char *message)
///     {
///         syslog(level, "cluster-leader: %s", message);
///     }
///     ...
///     cluster_leader_set_log_callback(to_syslog, NULL);
///
/// It is called on a thread of the library that does nothing else, in which all signals are
/// blocked: one call at a time, in the order of the lines. However long it takes, no election waits
/// for it; of more than 1000 lines that wait, the oldest are dropped, and a line says so. It may
/// call every function of this library, also those that block; further lines wait meanwhile. It
/// must return: no C++ exception and no longjmp() may leave it.
///
/// On CLUSTER_LEADER_OK, the function that was set before is not running any more and is not called
/// again, so what its user_data points to may be freed. Called from within the log callback, it
/// cannot wait for that one call to end.
///
/// A forked child begins without a log callback. A program whose callback uses what exit() destroys
/// passes NULL before it exits.
///
/// Threads: any. Blocks: yes, while the function that was set before runs: do not hold a lock that
/// it takes.
/// Errors: CLUSTER_LEADER_ERROR_SYSTEM if the system refuses a thread; nothing has changed then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_leader_set_log_callback(
    callback: LogCallback,
    user_data: *mut c_void,
) -> ResultCode {
    carry_out(|| {
        log::install();
        // SAFETY: the caller's promise, passed on.
        let callback = callback.map(|function| unsafe { listener::of(function, user_data) });
        Ok(log::set(callback).map_err(|source| Error::System { what: "no thread for the log", source })?)
    })
}

/// How this thread's last call of a function of this library ended, the ones from here down apart.
///
/// It tells a no from an error where a function answers with a bool or a number.
///
/// Threads: each has its own. Blocks: no. Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_last_error() -> ResultCode {
    last_code()
}

/// What went wrong in the call that cluster_leader_last_error() is about, for people: which thing,
/// its value, the rule, the fix. "" if nothing did; never NULL. UTF-8.
///
/// The text belongs to the library and is valid until this thread's next call that fails. Ask for it
/// in a statement of its own: among the arguments of one call it may be asked for first.
///
/// Threads: each has its own. Blocks: no. Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_error_message() -> *const c_char {
    last_message()
}

/// The version of the ABI of the library that was loaded: compare it with
/// CLUSTER_LEADER_ABI_VERSION, that of the header, if the two may come from different places.
///
/// Threads: any. Blocks: no. Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_abi_version() -> u32 {
    CLUSTER_LEADER_ABI_VERSION
}

/// The version of the library that was loaded, such as "1.2.3". Valid for ever.
///
/// Threads: any. Blocks: no. Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}

fn options_of_environment() -> Result<Options, Error> {
    log::install();
    Ok(Options::new())
}

/// Who only asks "do we lead?" in an `if` would never see the reason of the eternal no.
#[cold]
fn complain_once(problem: &Problem) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if !TOLD.swap(true, Ordering::Relaxed) {
        tracing::error!("no election was started, so this process never leads: {problem}");
    }
}

/// As long as the caller says; "for ever" in a form that can still be added to a clock.
pub(super) fn bounded(timeout_ms: u64) -> Duration {
    const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    Duration::from_millis(timeout_ms).min(FOR_EVER)
}
