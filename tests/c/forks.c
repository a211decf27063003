/* A child forked at any moment. */
#include "harness.h"

#ifndef __has_feature
#define __has_feature(name) 0
#endif
/* Its own allocator may be locked at a fork: then the child waits for ever for memory. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define THREADS 0
#else
#define THREADS 2
#endif

static volatile sig_atomic_t churning;

static void say_nothing(void *user_data, cluster_leader_log_level level, const char *message)
{
    (void)user_data, (void)level, (void)message;
}

/* Starts and ends elections, the library's threads, and the log's: each has its locks. */
static void *churn(void *unused)
{
    int round = 0;
    (void)unused;
    while (churning) {
        cluster_leader_handle handle = started("fork-churn");
        cluster_leader_result result;
        cluster_leader_is_leader(handle);
        if (round % 3 == 0)
            CHECK_OK(cluster_leader_set_log_callback(say_nothing, NULL));
        /* The other thread may have shut all down meanwhile. */
        result = round % 2 == 0 ? cluster_leader_stop(handle) : CLUSTER_LEADER_OK;
        CHECK(result == CLUSTER_LEADER_OK || result == CLUSTER_LEADER_ERROR_HANDLE);
        if (round % 3 == 1)
            CHECK_OK(cluster_leader_set_log_callback(NULL, NULL));
        if (round % 4 == 3)
            CHECK_OK(cluster_leader_shutdown(BOUND_MS));
        round++;
    }
    return NULL;
}

/* What a child may do, whatever its parent was doing. */
static void live(cluster_leader_handle of_parent, int number)
{
    char name[32];
    cluster_leader_handle own;
    bool holds = true;
    alarm(BOUND_MS / 1000); /* who waits for ever is killed, and the parent sees it */
    snprintf(name, sizeof name, "fork-child-%d", number);
    CHECK(!cluster_leader_is_leader(of_parent));
    CHECK(!cluster_leader_is_leader_for(of_parent, 1));
    CHECK(cluster_leader_remaining_ms(of_parent) == 0);
    CHECK(cluster_leader_step_down(of_parent) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_verify(of_parent, &holds) == CLUSTER_LEADER_ERROR_HANDLE && !holds);
    CHECK(cluster_leader_stop(of_parent) == CLUSTER_LEADER_ERROR_HANDLE);
    own = started(name);
    CHECK(own != of_parent);
    awaited(own, CLUSTER_LEADER_STATE_LEADING);
    CHECK(cluster_leader_is_leader(own));
    CHECK_OK(cluster_leader_shutdown(BOUND_MS));
    refuses(own);
}

void g11_a_child_forked_at_any_moment_reads_false_and_may_stand_itself(void)
{
    cluster_leader_handle handle = started("fork-parent");
    pthread_t threads[THREADS + 1];
    churning = 1;
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, churn, NULL) == 0);
    for (int i = 0; i < rounds(60); i++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            live(handle, i);
            leave();
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    churning = 0;
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_OK(cluster_leader_shutdown(BOUND_MS));
}

/* A server that has asked for itself before it forks its workers. */
void g11_a_forked_worker_asks_for_its_process(void)
{
    int status;
    pid_t worker;
    cluster_leader_handle of_the_server;
    setenv("CLUSTER_LEADER_ELECTION", "workers", 1);
    setenv("CLUSTER_LEADER_STORE", store("workers"), 1);
    CHECK(cluster_leader_default(&of_the_server) == CLUSTER_LEADER_ERROR_STOPPED);
    worker = fork();
    if (worker == 0) {
        cluster_leader_handle handle;
        alarm(BOUND_MS / 1000);
        CHECK(!cluster_leader_is_this_instance_leader());
        CHECK_OK(cluster_leader_default(&handle));
        awaited(handle, CLUSTER_LEADER_STATE_LEADING);
        CHECK(cluster_leader_is_this_instance_leader());
        leave();
    }
    CHECK(waitpid(worker, &status, 0) == worker);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
