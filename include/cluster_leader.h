/*
 * cluster_leader.h: leader election inside your process, on a Kubernetes Lease or on files.
 *
 * Of all processes that stand in an election, at most one is the leader at any time. This library
 * stands in elections for its process, on one thread of its own, and answers "do we lead?" in
 * about the time of a clock read: no server beside the process, no network request, no waiting.
 *
 *     #include "cluster_leader.h"
 *
 *     while (there_is_work()) {
 *         if (cluster_leader_is_this_instance_leader())
 *             do_one_piece_of_it();
 *         rest();
 *     }
 *
 * Build it with either of
 *
 *     cc program.c $(pkg-config --cflags --libs cluster_leader) -o program
 *     find_package(ClusterLeader REQUIRED)                                     in CMakeLists.txt
 *     target_link_libraries(program PRIVATE ClusterLeader::ClusterLeader)
 *
 * and run it anywhere, twice:
 *
 *     CLUSTER_LEADER_ELECTION=billing-jobs ./program
 *
 * In a pod of a Kubernetes cluster the election is held on a Lease, which the pod's service account
 * must be allowed to create, get, update and watch; on a plain host on files, among the processes of
 * that host; in any other container only where store says which files. The fields of cluster_leader_options say what else can be set, and by which environment
 * variables. A process may stand in many elections: cluster_leader_start() answers a handle for each.
 *
 * The promise: a true answer means that a claim acknowledged by the store had time left, by a
 * clock read inside the call. A process that was paused, cut off or starved answers false as soon
 * as it runs. It says nothing about later: do short pieces of work under one answer, or ask
 * cluster_leader_is_leader_for(), or give the fencing token of cluster_leader_status() to whatever
 * the work writes to, and let it refuse smaller ones.
 *
 * Threads: every function may be called from any thread at any time, also while another thread
 * stops the same election. Those that block say so, and for how long at most.
 *
 * Errors: functions return CLUSTER_LEADER_OK (0) or a cluster_leader_result that says what kind of
 * error it is; cluster_leader_error_message() has a text for people. Functions that answer with a
 * bool answer false on any error: an error is never mistaken for leadership.
 *
 * Memory: nothing has to be freed. The library copies what it is given, and writes into memory of
 * the caller.
 *
 * Log: a line on standard error when an election begins, leads, follows or has a problem; see
 * cluster_leader_set_log_callback(). What a renewal does is not told.
 *
 * Signals: the library installs no handlers, and blocks all signals in its own threads. SIGPIPE may be
 * at its default. No function may be called from a signal handler.
 *
 * fork(): the child leads nothing by its parent's elections: cluster_leader_is_leader() and its kin
 * answer false, and the other functions answer CLUSTER_LEADER_ERROR_HANDLE. It may start elections of
 * its own, whatever threads of the parent were doing in this library at the fork;
 * cluster_leader_is_this_instance_leader() starts one of its own there too. A child that lives on and
 * does not call exec() keeps open what its parent had open: on files, its parent's death is not proven
 * at once then, and others wait the lease duration.
 *
 * exit(): what is still held is released by an exit handler, within a retry period. A process that
 * is killed releases nothing: others wait a lease duration, or less where its death can be proven.
 *
 * Generated from the library's sources: do not edit.
 */

#ifndef CLUSTER_LEADER_H
#define CLUSTER_LEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The version of this ABI. It grows only if a program compiled against an older header would
// have to be changed; functions, result codes and fields at the end of structs are added without.
#define CLUSTER_LEADER_ABI_VERSION 1

// The version of the library that this header belongs to: as a text, and in its parts. Which library
// was loaded is another question: cluster_leader_version().
#define CLUSTER_LEADER_VERSION "0.1.0"
#define CLUSTER_LEADER_VERSION_MAJOR 0
#define CLUSTER_LEADER_VERSION_MINOR 1
#define CLUSTER_LEADER_VERSION_PATCH 0

// How many bytes an entry of the ledger may have.
#define CLUSTER_LEADER_LEDGER_BYTES 64

// A heartbeat_ms that switches the heartbeat off, whatever the environment says.
#define CLUSTER_LEADER_HEARTBEAT_OFF UINT64_MAX

// How a call ended. Codes are never reused; later versions may add some.
enum cluster_leader_result
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It did what it says.
    CLUSTER_LEADER_OK = 0,
    // A bug in this library, caught before it could harm the host. Please report the message.
    CLUSTER_LEADER_ERROR_INTERNAL = 1,
    // An argument is not what the function asks for: a pointer is NULL, a struct's size is not
    // set, a text is not UTF-8.
    CLUSTER_LEADER_ERROR_ARGUMENT = 2,
    // No election has this handle: it was stopped, or the number is none of this library's.
    CLUSTER_LEADER_ERROR_HANDLE = 3,
    // A setting breaks a rule or is missing. The message names it, its value, the rule and a fix.
    CLUSTER_LEADER_ERROR_CONFIGURATION = 4,
    // The place of the election cannot be used: the directory, the token, the certificates, the
    // kubeconfig.
    CLUSTER_LEADER_ERROR_STORE = 5,
    // The operating system refused memory, a thread or randomness.
    CLUSTER_LEADER_ERROR_SYSTEM = 6,
    // No claim ever lasts as long as asked: the duration is not below the renew deadline.
    CLUSTER_LEADER_ERROR_DURATION = 7,
    // The election was stopped before or during the call.
    CLUSTER_LEADER_ERROR_STOPPED = 8,
    // The store (the Kubernetes API, the file system) did not answer in time, or refused.
    CLUSTER_LEADER_ERROR_UNANSWERED = 9,
    // The given time was not enough.
    CLUSTER_LEADER_ERROR_TIMEOUT = 10,
    // Only the leader may do this, and this process does not lead.
    CLUSTER_LEADER_ERROR_NOT_LEADING = 11,
    // The ledger, or an entry of it, would be too large. The message says what takes most.
    CLUSTER_LEADER_ERROR_FULL = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum cluster_leader_result cluster_leader_result;
#else
typedef int32_t cluster_leader_result;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What an election is up to.
enum cluster_leader_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Nothing is known of the record yet.
    CLUSTER_LEADER_STATE_STARTING = 1,
    // Another leads, or nobody as far as this process knows.
    CLUSTER_LEADER_STATE_FOLLOWING = 2,
    // This process leads.
    CLUSTER_LEADER_STATE_LEADING = 3,
    // The election was stopped.
    CLUSTER_LEADER_STATE_STOPPED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum cluster_leader_state cluster_leader_state;
#else
typedef int32_t cluster_leader_state;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How much a log line matters. The numbers are those of syslog(3).
enum cluster_leader_log_level
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Something is wrong and stays so until somebody mends it.
    CLUSTER_LEADER_LOG_LEVEL_ERROR = 3,
    // Something went wrong, and is tried again or done without.
    CLUSTER_LEADER_LOG_LEVEL_WARNING = 4,
    // What an election does: it begins, leads, follows, ends.
    CLUSTER_LEADER_LOG_LEVEL_INFO = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum cluster_leader_log_level cluster_leader_log_level;
#else
typedef int32_t cluster_leader_log_level;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// An election that this process stands in: a plain number, to be copied and passed between
// threads freely. 0 is never one. A number is not used again after its election was stopped: a
// stale, foreign or invented handle is answered with CLUSTER_LEADER_ERROR_HANDLE.
typedef uint64_t cluster_leader_handle;

// Settings of an election, for cluster_leader_start(). Begin with CLUSTER_LEADER_OPTIONS_INIT and
// set what you want to decide yourself:
//
//     cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
//     options.election = "billing-jobs";
//
// What is left out (NULL, "" or 0) is taken from the environment variable, else from the default. In
// the environment a duration has its unit: 15s, 1500ms, 1m.
// Texts are UTF-8. They are copied: the caller may free them after the call.
typedef struct {
    // sizeof(cluster_leader_options), as CLUSTER_LEADER_OPTIONS_INIT sets it: it tells the library
    // which fields the program knows.
    size_t size;
    // The election, which is the name of the Lease; the same for all candidates.
    // CLUSTER_LEADER_ELECTION; with files "default", in Kubernetes there is no default.
    const char *election;
    // The namespace of the Lease. CLUSTER_LEADER_NAMESPACE; by default the pod's own.
    const char *namespace_;
    // The name that this process shows to others; it need not be unique.
    // CLUSTER_LEADER_INSTANCE_NAME; by default the pod's or the host's name.
    const char *instance_name;
    // Where the record is kept: "auto", "kubernetes", "file" or "file:DIRECTORY".
    // CLUSTER_LEADER_STORE; by default "auto": Kubernetes in a cluster, files on a plain host.
    const char *store;
    // How long others wait before they take over from a leader that renews no more. Milliseconds,
    // whole seconds of them. CLUSTER_LEADER_LEASE_DURATION; by default 15000.
    uint64_t lease_duration_ms;
    // How long a claim lasts without renewal; at least a second below the lease duration.
    // Milliseconds. CLUSTER_LEADER_RENEW_DEADLINE; by default 10000.
    uint64_t renew_deadline_ms;
    // The pause between attempts after a failure; the renew deadline is more than 1.2 of it.
    // Milliseconds. CLUSTER_LEADER_RETRY_PERIOD; by default 2000.
    uint64_t retry_period_ms;
    // How long this process may go without calling cluster_leader_beat() before it counts as
    // stuck and gives leadership up, until it calls again. Milliseconds, at least 2000.
    // CLUSTER_LEADER_HEARTBEAT; off by default, and with CLUSTER_LEADER_HEARTBEAT_OFF.
    uint64_t heartbeat_ms;
    // "true": a leader whose container Kubernetes reports terminated is replaced at once, and not
    // only when its lease has run out. Needs the right to watch pods; on files it has no effect.
    // CLUSTER_LEADER_WATCH_PODS; by default "false".
    const char *watch_pods;
    // This container's terminationMessagePath, if it is not /dev/termination-log; used where pods
    // are watched. CLUSTER_LEADER_TERMINATION_LOG.
    const char *termination_log;
    // "true": the process stands only once it has called cluster_leader_ready(), and never leads if it
    // does not. CLUSTER_LEADER_WAIT_UNTIL_READY; by default "false".
    const char *wait_until_ready;
} cluster_leader_options;

// The value that every cluster_leader_options begins with: nothing is set.
#define CLUSTER_LEADER_OPTIONS_INIT { sizeof(cluster_leader_options), NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL, NULL, NULL }

// A snapshot of an election, for people and dashboards: it is old as soon as it is taken. Guard
// work with cluster_leader_is_leader(). Set size before the call:
//
//     cluster_leader_status_t status;
//     status.size = sizeof status;
//
// Texts are UTF-8 and end with a NUL; "" means that there is none. A longer one is cut, at a
// character's end.
typedef struct {
    // sizeof(cluster_leader_status_t), set by the caller. No byte beyond it is written; bytes
    // within it that this library does not know are set to 0.
    size_t size;
    // Grows with every change, that of remaining_ms apart; at least 1.
    uint64_t version;
    // How long this process leads at least, in milliseconds rounded down; 0 if it does not.
    uint64_t remaining_ms;
    // The fencing token of this process's term, larger than that of every earlier term of any
    // process; 0 while it does not lead.
    uint64_t fencing_token;
    // One of CLUSTER_LEADER_STATE_...
    cluster_leader_state state;
    // The term's number in the record (leaseTransitions); -1 while no record is known.
    int32_t term;
    // Whether this process leads, by a clock read during the call.
    bool leading;
    // The election's name.
    char election[256];
    // Where it is held: "Lease production/billing-jobs", "file /var/lib/x/billing-jobs".
    char place[512];
    // The name that this process shows to others.
    char instance_name[256];
    // The holder identity of this process: unlike that of any other start of any process.
    char identity[256];
    // The shown name of whoever the record names, this process included.
    char leader[256];
    // The holder identity in the record.
    char leader_identity[256];
    // What went wrong last, until something goes right again.
    char last_problem[1024];
} cluster_leader_status_t;

// A function of the program that takes log lines: see cluster_leader_set_log_callback().
//
// user_data is what was given with the function. message is one line, without an end of line or
// any other control character; UTF-8, and valid during the call only.
typedef void (*cluster_leader_log_callback)(void *user_data,
                                            cluster_leader_log_level level,
                                            const char *message);

// An entry of the ledger: see cluster_leader_ledger_set(). Set size before the call:
//
//     cluster_leader_ledger_entry entry = { sizeof(cluster_leader_ledger_entry) };
//
// Times are ages: how many milliseconds ago, as of the call that takes or gives the entry. So they
// outlive clocks that show different times.
typedef struct {
    // sizeof(cluster_leader_ledger_entry), set by the caller.
    size_t size;
    // How long ago it started; -1: not known.
    int64_t started_ms_ago;
    // How long ago it ended; -1: not known.
    int64_t ended_ms_ago;
    // How many of the bytes are used.
    size_t length;
    // A few bytes of the program's own, which mean nothing to this library.
    uint8_t bytes[64];
} cluster_leader_ledger_entry;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Whether this process leads the election that its environment names.
//
// The simplest way to use this library: set CLUSTER_LEADER_ELECTION (and, if need be, the other
// variables of cluster_leader_options) and guard the work with this function.
//
//     if (cluster_leader_is_this_instance_leader()) run_the_job();
//
// The first call starts the election, without waiting for it: it answers false. Later calls cost
// about one clock read. The election lasts until cluster_leader_shutdown() or the end of the
// process.
//
// true: at a clock read within this call, a claim acknowledged by the store had time left.
// false: anything else, errors included, which cluster_leader_last_error() tells apart.
//
// Threads: any. Blocks: no; the first call reads a few files.
// Errors: CLUSTER_LEADER_ERROR_CONFIGURATION, _STORE or _SYSTEM if the election cannot be started
// (also told once in the log; the next call tries again).
bool cluster_leader_is_this_instance_leader(void);

// The election of cluster_leader_is_this_instance_leader(), started if need be, for the other
// functions.
//
// On CLUSTER_LEADER_OK, *handle is its handle: the same for every call. Otherwise it is 0.
//
// Threads: any. Blocks: no; the first call reads a few files.
// Errors: CLUSTER_LEADER_ERROR_ARGUMENT if handle is NULL; _CONFIGURATION, _STORE or _SYSTEM if
// the election cannot be started (the next call tries again); _STOPPED after its end.
cluster_leader_result cluster_leader_default(cluster_leader_handle *handle);

// Starts to stand in an election.
//
// options may be NULL: then the environment alone decides. It is read during the call only.
// On CLUSTER_LEADER_OK, *handle is the election's handle: end it with cluster_leader_stop().
// Otherwise it is 0. That no server answers is no error: it is logged, shown in last_problem of
// cluster_leader_status(), and tried again until the election is stopped.
//
// The first election of a process starts the library's one thread, in which all signals are
// blocked. Log lines go to standard error, or where cluster_leader_set_log_callback() says.
//
// Threads: any. Blocks: no; it reads a few files.
// Errors: CLUSTER_LEADER_ERROR_ARGUMENT if handle is NULL, options->size is not set, a text is
// not UTF-8 or the struct has a setting that this version does not know; _CONFIGURATION if a
// setting is wrong, here or in the environment; _STORE if the place of the election cannot be
// used; _SYSTEM if the system refuses memory, a thread or randomness.
cluster_leader_result cluster_leader_start(const cluster_leader_options *options,
                                           cluster_leader_handle *handle);

// Whether this process leads.
//
// true: at a clock read within this call, a claim acknowledged by the store had time left. The
// answer says nothing about any later instant: for work that takes its time, see
// cluster_leader_is_leader_for() and the fencing token in cluster_leader_status().
// false: anything else, errors included, which cluster_leader_last_error() tells apart. A process
// that was paused, cut off or forked answers false as soon as it runs.
//
// Threads: any. Blocks: no: no lock, no memory allocation, no system call. About one clock read.
// (From the 256th election on that a process starts, a lock is taken for the time of a look-up.)
// Errors: CLUSTER_LEADER_ERROR_HANDLE.
bool cluster_leader_is_leader(cluster_leader_handle handle);

// Whether this process leads, and will for at least so many milliseconds more, unless it steps
// down or stops by itself, or somebody tampers with the record.
//
// false: anything else, errors included, which cluster_leader_last_error() tells apart.
//
// Threads: any. Blocks: no, as cluster_leader_is_leader().
// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_DURATION if the duration is not below
// the renew deadline: it could never be true.
bool cluster_leader_is_leader_for(cluster_leader_handle handle, uint64_t milliseconds);

// How long this process leads at least, in milliseconds rounded down; 0 if it does not.
//
// Threads: any. Blocks: no, as cluster_leader_is_leader().
// Errors: 0 and CLUSTER_LEADER_ERROR_HANDLE.
uint64_t cluster_leader_remaining_ms(cluster_leader_handle handle);

// Writes a snapshot of the election to *status, whose size the caller has set.
//
// On an error *status is unchanged.
//
// Threads: any. Blocks: no.
// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_ARGUMENT if status is NULL or its
// size is not set.
cluster_leader_result cluster_leader_status(cluster_leader_handle handle,
                                            cluster_leader_status_t *status);

// Waits until the status has another version than seen, or until the time is over, and writes
// the status to *status, whose size the caller has set.
//
// Begin with 0, which answers at once, and then pass the version of the last status. If the
// version is the one passed, the time was over. UINT64_MAX milliseconds: wait for ever.
// When another thread stops the election meanwhile, the wait ends with CLUSTER_LEADER_STATE_STOPPED;
// the handle is stale by then, and a further wait is refused.
//
// On an error *status is unchanged.
//
// Threads: any. Blocks: yes, for timeout_ms at most.
// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_ARGUMENT if status is NULL or its
// size is not set.
cluster_leader_result cluster_leader_wait(cluster_leader_handle handle,
                                          uint64_t seen,
                                          uint64_t timeout_ms,
                                          cluster_leader_status_t *status);

// Hands leadership over: this process does not lead from before this returns, the record is
// released, and the process stands again once another has led or one lease duration has passed.
//
// Threads: any. Blocks: no: the release is on its way when this returns.
// Errors: CLUSTER_LEADER_ERROR_HANDLE.
cluster_leader_result cluster_leader_step_down(cluster_leader_handle handle);

// Asks the store, with one read, whether this process holds the record now.
//
// For the rare step that is worth a round trip; cluster_leader_is_leader() is as true, and free.
// On CLUSTER_LEADER_OK, *holds is the answer. Otherwise it is false.
//
// Threads: any. Blocks: yes, for a fifth of the renew deadline (and a scheduling delay) at most.
// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_ARGUMENT if holds is NULL;
// CLUSTER_LEADER_ERROR_UNANSWERED if the store did not answer in time, or refused;
// CLUSTER_LEADER_ERROR_STOPPED.
cluster_leader_result cluster_leader_verify(cluster_leader_handle handle, bool *holds);

// Says that this process is alive, where the election has a heartbeat (see heartbeat_ms of
// cluster_leader_options).
//
// Call it from where the work is done, more often than the heartbeat: a process that hangs there
// then loses leadership, although the library's own thread is well.
//
// Threads: any. Blocks: no, as cluster_leader_is_leader().
// Errors: CLUSTER_LEADER_ERROR_HANDLE.
cluster_leader_result cluster_leader_beat(cluster_leader_handle handle);

// Says that this process is ready to lead, where the election waits for that (see wait_until_ready
// of cluster_leader_options): it stands from now on. Further calls do nothing.
//
// Threads: any. Blocks: no.
// Errors: CLUSTER_LEADER_ERROR_HANDLE.
cluster_leader_result cluster_leader_ready(cluster_leader_handle handle);

// Ends the election: this process does not lead from before the release is sent, and the handle
// is stale from here on, whatever the outcome.
//
// What the release does not reach runs out by itself after a lease duration.
//
// Threads: any. Blocks: yes, for a retry period (and a scheduling delay) at most, until the
// record is released.
// Errors: CLUSTER_LEADER_ERROR_HANDLE.
cluster_leader_result cluster_leader_stop(cluster_leader_handle handle);

// Ends all elections of this process, and the library's threads. All handles are stale from here
// on. Elections may be started anew; the one of cluster_leader_is_this_instance_leader() has ended
// for good, and answers false.
//
// The log callback is given the last lines, and is set no more.
//
// Call it before dlclose(). The library keeps itself loaded while a thread of its own runs, so a
// dlclose() without it, or after CLUSTER_LEADER_ERROR_TIMEOUT, does no harm, but unloads nothing;
// and with glibc nor does one while a thread that has called other functions of it still lives.
// At a normal exit it is not needed: what is still held then is released by an exit handler,
// within a retry period.
//
// Threads: any. Blocks: yes, for timeout_ms at most. UINT64_MAX: as long as it takes.
// Errors: CLUSTER_LEADER_ERROR_TIMEOUT: the claims are withdrawn, but not everything was released
// or ended in time; that goes on by itself, and the log callback stays.
cluster_leader_result cluster_leader_shutdown(uint64_t timeout_ms);

// Has all further log lines of this library go to a function of the program; NULL: to standard
// error again, as in the beginning. user_data is passed to it, and is otherwise not touched.
//
//     static void to_syslog(void *user_data, cluster_leader_log_level level, const char *message)
//     {
//         syslog(level, "cluster-leader: %s", message);
//     }
//     ...
//     cluster_leader_set_log_callback(to_syslog, NULL);
//
// It is called on a thread of the library that does nothing else, in which all signals are
// blocked: one call at a time, in the order of the lines. However long it takes, no election waits
// for it; of more than 1000 lines that wait, the oldest are dropped, and a line says so. It may
// call every function of this library, also those that block; further lines wait meanwhile. It
// must return: no C++ exception and no longjmp() may leave it.
//
// On CLUSTER_LEADER_OK, the function that was set before is not running any more and is not called
// again, so what its user_data points to may be freed. Called from within the log callback, it
// cannot wait for that one call to end.
//
// A forked child begins without a log callback. A program whose callback uses what exit() destroys
// passes NULL before it exits.
//
// Threads: any. Blocks: yes, while the function that was set before runs: do not hold a lock that
// it takes.
// Errors: CLUSTER_LEADER_ERROR_SYSTEM if the system refuses a thread; nothing has changed then.
cluster_leader_result cluster_leader_set_log_callback(cluster_leader_log_callback callback,
                                                      void *user_data);

// How this thread's last call of a function of this library ended, the ones from here down apart.
//
// It tells a no from an error where a function answers with a bool or a number.
//
// Threads: each has its own. Blocks: no. Errors: none.
cluster_leader_result cluster_leader_last_error(void);

// What went wrong in the call that cluster_leader_last_error() is about, for people: which thing,
// its value, the rule, the fix. "" if nothing did; never NULL. UTF-8.
//
// The text belongs to the library and is valid until this thread's next call that fails. Ask for it
// in a statement of its own: among the arguments of one call it may be asked for first.
//
// Threads: each has its own. Blocks: no. Errors: none.
const char *cluster_leader_error_message(void);

// The version of the ABI of the library that was loaded: compare it with
// CLUSTER_LEADER_ABI_VERSION, that of the header, if the two may come from different places.
//
// Threads: any. Blocks: no. Errors: none.
uint32_t cluster_leader_abi_version(void);

// The version of the library that was loaded, such as "1.2.3". Valid for ever.
//
// Threads: any. Blocks: no. Errors: none.
const char *cluster_leader_version(void);

// Reads what is noted under a name in the election's ledger: what leaders leave to their
// successors, in the record itself.
//
// Everybody may read it: the leader what it has noted, whether or not that is written yet; others
// what the newest record says that they have seen. On CLUSTER_LEADER_OK *found says whether there
// is an entry; if so, it is in *entry, whose size the caller has set. Otherwise *entry is unchanged.
//
// That there is none means that nothing was noted only if cluster_leader_ledger_json() says that the
// state is "known".
//
// Threads: any. Blocks: no.
// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_ARGUMENT if a pointer is NULL, the name is
// not UTF-8 or the entry's size is not set.
cluster_leader_result cluster_leader_ledger_get(cluster_leader_handle handle,
                                                const char *name,
                                                cluster_leader_ledger_entry *entry,
                                                bool *found);

// Notes an entry under a name, in place of what was there.
//
// It is written with the leader's next renewal (half a renew deadline later at most) or with its
// release, whichever comes first, or by cluster_leader_ledger_flush(). Every later leader then has it
// when it is first told that it leads. The ledger is for a few bytes on each of some hundred jobs:
// 64 KiB in all, of which a short entry takes about 22 bytes; whoever may read the record may read it.
//
// On an error nothing has changed.
//
// Threads: any. Blocks: no.
// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_NOT_LEADING; CLUSTER_LEADER_ERROR_FULL;
// CLUSTER_LEADER_ERROR_ARGUMENT if a pointer is NULL, the name is not UTF-8, or the entry's size is not
// set or its length is above CLUSTER_LEADER_LEDGER_BYTES.
cluster_leader_result cluster_leader_ledger_set(cluster_leader_handle handle,
                                                const char *name,
                                                const cluster_leader_ledger_entry *entry);

// Notes nothing under a name any more; if nothing was, that is no error.
//
// Threads: any. Blocks: no.
// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_NOT_LEADING; CLUSTER_LEADER_ERROR_ARGUMENT
// if the name is NULL or not UTF-8.
cluster_leader_result cluster_leader_ledger_remove(cluster_leader_handle handle,
                                                   const char *name);

// Has everything written that was noted before this call, and waits for that. Flushes of many threads
// share a write; there are two a second at most.
//
// CLUSTER_LEADER_OK: the store has acknowledged it; no later leader begins without it.
//
// Threads: any. Blocks: yes, for timeout_ms at most: a round trip as a rule, up to half a second more
// if another flush has just been written. UINT64_MAX: as long as it takes.
// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_NOT_LEADING: nothing was sent for it;
// CLUSTER_LEADER_ERROR_UNANSWERED: it may have been written, or may be yet, or not.
cluster_leader_result cluster_leader_ledger_flush(cluster_leader_handle handle,
                                                  uint64_t timeout_ms);

// Writes the whole ledger to buffer, as JSON in UTF-8 with a NUL at its end:
//
//     {"state": "known", "handed_over": false, "bytes": 24, "most_bytes": 65536, "entries": [{"name": "mail",
//      "key": "Ax49AqYR", "started_ms_ago": 1500, "ended_ms_ago": null, "bytes": "AQI"}]}
//
// state is "known" if it says what earlier leaders have done; "empty" if no ledger has been seen yet; "lost" if
// there was one and another elector has dropped it, or the record was deleted; "unreadable" if this
// version cannot read it (it is then given as "unreadable"). handed_over is true if the leader before stepped down and its process
// went on, and nothing was noted since: what it had begun may still be under way. A name that this process has not used itself
// is null; its key is a hash of it. bytes are in base 64, with the letters for URLs.
//
// *length is how long the text is, without the NUL, on CLUSTER_LEADER_OK and where the buffer is too
// small. With a size of 0 buffer may be NULL: that asks for the length alone.
//
// Threads: any. Blocks: no.
// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_ARGUMENT if a pointer is NULL or the buffer
// is too small; it is unchanged then.
cluster_leader_result cluster_leader_ledger_json(cluster_leader_handle handle,
                                                 char *buffer,
                                                 size_t size,
                                                 size_t *length);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CLUSTER_LEADER_H */
