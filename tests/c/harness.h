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

/* The tests, file by file. */
/* arguments.c */
void versions(void);
void null_pointers(void);
void bad_options(void);
void sizes_of_structs(void);
void stale_and_random_handles(void);
/* life.c */
void a_life(void);
void who_waits_until_it_is_ready_leads_once_it_is(void);
void a_host_that_beats_no_more_leads_no_more(void);
void a_heartbeat_of_the_environment_can_be_switched_off(void);
void stopping_ends_a_wait(void);
void each_thread_has_its_own_error(void);
/* processes.c */
void g11_a_forked_child_reads_false(void);
void after_a_kill_another_leads(void);
void g7_a_normal_exit_releases(void);
/* whole_process.c */
void the_process_wide_election(void);
void shutdown_ends_everything(void);
void more_elections_than_are_found_without_a_lock(void);

#endif
