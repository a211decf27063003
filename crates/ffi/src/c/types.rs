//! What crosses the boundary.

use std::ffi::{c_char, c_void};

/// The version of this ABI. It grows only if a program compiled against an older header would
/// have to be changed; functions, result codes and fields at the end of structs are added without.
pub const CLUSTER_LEADER_ABI_VERSION: u32 = 1;

/// How many bytes an entry of the ledger may have.
pub const CLUSTER_LEADER_LEDGER_BYTES: usize = 64;

/// A heartbeat_ms that switches the heartbeat off, whatever the environment says.
pub const CLUSTER_LEADER_HEARTBEAT_OFF: u64 = u64::MAX;

/// An election that this process stands in: a plain number, to be copied and passed between
/// threads freely. 0 is never one. A number is not used again after its election was stopped: a
/// stale, foreign or invented handle is answered with CLUSTER_LEADER_ERROR_HANDLE.
pub type Handle = u64;

/// How a call ended. Codes are never reused; later versions may add some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ResultCode {
    /// It did what it says.
    Ok = 0,
    /// A bug in this library, caught before it could harm the host. Please report the message.
    ErrorInternal = 1,
    /// An argument is not what the function asks for: a pointer is NULL, a struct's size is not
    /// set, a text is not UTF-8.
    ErrorArgument = 2,
    /// No election has this handle: it was stopped, or the number is none of this library's.
    ErrorHandle = 3,
    /// A setting breaks a rule or is missing. The message names it, its value, the rule and a fix.
    ErrorConfiguration = 4,
    /// The place of the election cannot be used: the directory, the token, the certificates, the
    /// kubeconfig.
    ErrorStore = 5,
    /// The operating system refused memory, a thread or randomness.
    ErrorSystem = 6,
    /// No claim ever lasts as long as asked: the duration is not below the renew deadline.
    ErrorDuration = 7,
    /// The election was stopped before or during the call.
    ErrorStopped = 8,
    /// The store (the Kubernetes API, the file system) did not answer in time, or refused.
    ErrorUnanswered = 9,
    /// The given time was not enough.
    ErrorTimeout = 10,
    /// Only the leader may do this, and this process does not lead.
    ErrorNotLeading = 11,
    /// The ledger, or an entry of it, would be too large. The message says what takes most.
    ErrorFull = 12,
}

/// What an election is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum State {
    /// Nothing is known of the record yet.
    Starting = 1,
    /// Another leads, or nobody as far as this process knows.
    Following = 2,
    /// This process leads.
    Leading = 3,
    /// The election was stopped.
    Stopped = 4,
}

/// How much a log line matters. The numbers are those of syslog(3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum LogLevel {
    /// Something is wrong and stays so until somebody mends it.
    Error = 3,
    /// Something went wrong, and is tried again or done without.
    Warning = 4,
    /// What an election does: it begins, leads, follows, ends.
    Info = 6,
}

/// A function of the program that takes log lines: see cluster_leader_set_log_callback().
///
/// user_data is what was given with the function. message is one line, without an end of line or
/// any other control character; UTF-8, and valid during the call only.
pub type LogCallback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, level: LogLevel, message: *const c_char)>;

/// Settings of an election, for cluster_leader_start(). Begin with CLUSTER_LEADER_OPTIONS_INIT and
/// set what you want to decide yourself:
///
///     cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
///     options.election = "billing-jobs";
///
/// What is left out (NULL, "" or 0) is taken from the environment variable, else from the default. In
/// the environment a duration has its unit: 15s, 1500ms, 1m.
/// Texts are UTF-8. They are copied: the caller may free them after the call.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct OptionsStruct {
    /// sizeof(cluster_leader_options), as CLUSTER_LEADER_OPTIONS_INIT sets it: it tells the library
    /// which fields the program knows.
    pub size: usize,
    /// The election, which is the name of the Lease; the same for all candidates.
    /// CLUSTER_LEADER_ELECTION; with files "default", in Kubernetes there is no default.
    pub election: *const c_char,
    /// The namespace of the Lease. CLUSTER_LEADER_NAMESPACE; by default the pod's own.
    pub namespace_: *const c_char,
    /// The name that this process shows to others; it need not be unique.
    /// CLUSTER_LEADER_INSTANCE_NAME; by default the pod's or the host's name.
    pub instance_name: *const c_char,
    /// Where the record is kept: "auto", "kubernetes", "file" or "file:DIRECTORY".
    /// CLUSTER_LEADER_STORE; by default "auto": Kubernetes in a cluster, files on a plain host.
    pub store: *const c_char,
    /// How long others wait before they take over from a leader that renews no more. Milliseconds,
    /// whole seconds of them. CLUSTER_LEADER_LEASE_DURATION; by default 15000.
    pub lease_duration_ms: u64,
    /// How long a claim lasts without renewal; at least a second below the lease duration.
    /// Milliseconds. CLUSTER_LEADER_RENEW_DEADLINE; by default 10000.
    pub renew_deadline_ms: u64,
    /// The pause between attempts after a failure; the renew deadline is more than 1.2 of it.
    /// Milliseconds. CLUSTER_LEADER_RETRY_PERIOD; by default 2000.
    pub retry_period_ms: u64,
    /// How long this process may go without calling cluster_leader_beat() before it counts as
    /// stuck and gives leadership up, until it calls again. Milliseconds, at least 2000.
    /// CLUSTER_LEADER_HEARTBEAT; off by default, and with CLUSTER_LEADER_HEARTBEAT_OFF.
    pub heartbeat_ms: u64,
    /// "true": a leader whose container Kubernetes reports terminated is replaced at once, and not
    /// only when its lease has run out. Needs the right to watch pods; on files it has no effect.
    /// CLUSTER_LEADER_WATCH_PODS; by default "false".
    pub watch_pods: *const c_char,
    /// This container's terminationMessagePath, if it is not /dev/termination-log; used where pods
    /// are watched. CLUSTER_LEADER_TERMINATION_LOG.
    pub termination_log: *const c_char,
    /// "true": the process stands only once it has called cluster_leader_ready(), and never leads if it
    /// does not. CLUSTER_LEADER_WAIT_UNTIL_READY; by default "false".
    pub wait_until_ready: *const c_char,
}

/// A snapshot of an election, for people and dashboards: it is old as soon as it is taken. Guard
/// work with cluster_leader_is_leader(). Set size before the call:
///
///     cluster_leader_status_t status;
///     status.size = sizeof status;
///
/// Texts are UTF-8 and end with a NUL; "" means that there is none. A longer one is cut, at a
/// character's end.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct StatusStruct {
    /// sizeof(cluster_leader_status_t), set by the caller. No byte beyond it is written; bytes
    /// within it that this library does not know are set to 0.
    pub size: usize,
    /// Grows with every change, that of remaining_ms apart; at least 1.
    pub version: u64,
    /// How long this process leads at least, in milliseconds rounded down; 0 if it does not.
    pub remaining_ms: u64,
    /// The fencing token of this process's term, larger than that of every earlier term of any
    /// process; 0 while it does not lead.
    pub fencing_token: u64,
    /// One of CLUSTER_LEADER_STATE_...
    pub state: State,
    /// The term's number in the record (leaseTransitions); -1 while no record is known.
    pub term: i32,
    /// Whether this process leads, by a clock read during the call.
    pub leading: bool,
    /// The election's name.
    pub election: [c_char; 256],
    /// Where it is held: "Lease production/billing-jobs", "file /var/lib/x/billing-jobs".
    pub place: [c_char; 512],
    /// The name that this process shows to others.
    pub instance_name: [c_char; 256],
    /// The holder identity of this process: unlike that of any other start of any process.
    pub identity: [c_char; 256],
    /// The shown name of whoever the record names, this process included.
    pub leader: [c_char; 256],
    /// The holder identity in the record.
    pub leader_identity: [c_char; 256],
    /// What went wrong last, until something goes right again.
    pub last_problem: [c_char; 1024],
}

/// An entry of the ledger: see cluster_leader_ledger_set(). Set size before the call:
///
///     cluster_leader_ledger_entry entry = { sizeof(cluster_leader_ledger_entry) };
///
/// Times are ages: how many milliseconds ago, as of the call that takes or gives the entry. So they
/// outlive clocks that show different times.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct LedgerEntryStruct {
    /// sizeof(cluster_leader_ledger_entry), set by the caller.
    pub size: usize,
    /// How long ago it started; -1: not known.
    pub started_ms_ago: i64,
    /// How long ago it ended; -1: not known.
    pub ended_ms_ago: i64,
    /// How many of the bytes are used.
    pub length: usize,
    /// A few bytes of the program's own, which mean nothing to this library.
    pub bytes: [u8; 64],
}
