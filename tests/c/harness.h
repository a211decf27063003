/* What the tests of the C ABI share: checks, an election of their own, waiting. */
#ifndef HARNESS_H
#define HARNESS_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cluster_leader.h"

/* A safety bound for everything that is awaited: generous, because machines may be busy. */
#define BOUND_MS 60000

/* The test that runs. */
extern const char *test_name;
/* Where its files are. */
extern const char *directory;
/* This program. */
extern const char *program;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: not so: %s (last error %d: %s)\n", __FILE__, __LINE__,     \
                    test_name, #condition, (int)cluster_leader_last_error(),                       \
                    cluster_leader_error_message());                                               \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* The last call ended like this, with a text that has this in it. */
#define CHECK_ERROR(code, part)                                                                    \
    do {                                                                                           \
        CHECK(cluster_leader_last_error() == (code));                                              \
        CHECK(strstr(cluster_leader_error_message(), (part)) != NULL);                             \
    } while (0)

#define CHECK_OK(call) CHECK((call) == CLUSTER_LEADER_OK)

uint64_t now_ms(void);

/* How often to do what is done to find what is rare: so often, or as TEST_PERCENT says. */
int rounds(int usual);

/* The end of a forked child in which all was well. */
void leave(void);

/* Ten milliseconds. */
void rest(void);

/* "file:DIR/NAME", for a store of its own. */
const char *store(const char *name);

cluster_leader_options options_for(const char *name);

cluster_leader_handle started(const char *name);

/* Waits until the status is in this state, or until the bound. */
cluster_leader_status_t awaited(cluster_leader_handle handle, cluster_leader_state state);

/* Every function answers for this handle that it is none. */
void refuses(cluster_leader_handle handle);

/* All tests, in the order in which they run. The last one is last for good: see there. */
#define TESTS(TEST)                                                                               \
    /* arguments.c */                                                                             \
    TEST(versions)                                                                                \
    TEST(null_pointers)                                                                           \
    TEST(bad_options)                                                                             \
    TEST(sizes_of_structs)                                                                        \
    TEST(stale_and_random_handles)                                                                \
    /* life.c */                                                                                  \
    TEST(a_life)                                                                                  \
    TEST(who_waits_until_it_is_ready_leads_once_it_is)                                            \
    TEST(a_host_that_beats_no_more_leads_no_more)                                                 \
    TEST(a_heartbeat_of_the_environment_can_be_switched_off)                                      \
    TEST(stopping_ends_a_wait)                                                                    \
    TEST(each_thread_has_its_own_error)                                                           \
    /* ledger.c */                                                                                \
    TEST(g13_a_ledger_is_handed_on)                                                               \
    TEST(g13_what_a_ledger_refuses)                                                               \
    /* errors.c */                                                                                \
    TEST(a_server_that_does_not_answer_is_no_error_but_to_who_asks_it)                            \
    TEST(g11_connections_that_break_send_no_sigpipe)                                              \
    TEST(a_system_without_memory_is_an_error)                                                     \
    /* threads.c */                                                                               \
    TEST(threads_hammer_on_valid_stale_and_random_handles)                                        \
    TEST(signals_disturb_nothing_and_never_run_on_the_librarys_threads)                           \
    /* log.c */                                                                                   \
    TEST(log_lines_go_where_the_program_says)                                                     \
    TEST(a_log_callback_may_call_back)                                                            \
    TEST(log_callbacks_are_set_by_many_threads)                                                   \
    TEST(a_log_callback_may_unset_itself_and_shutdown_unsets_it)                                  \
    TEST(a_log_callback_that_hangs_holds_up_nothing_but_the_log)                                  \
    /* processes.c */                                                                             \
    TEST(g11_a_forked_child_reads_false)                                                          \
    TEST(after_a_kill_another_leads)                                                              \
    TEST(g7_a_normal_exit_releases)                                                               \
    /* forks.c */                                                                                 \
    TEST(g11_a_child_forked_at_any_moment_reads_false_and_may_stand_itself)                       \
    /* whole_process.c */                                                                         \
    TEST(the_process_wide_election)                                                               \
    TEST(shutdown_ends_everything)                                                                \
    TEST(g11_a_forked_worker_asks_for_its_process)                                                \
    TEST(more_elections_than_are_found_without_a_lock)

#define DECLARED(name) void name(void);
TESTS(DECLARED)

#endif
