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
