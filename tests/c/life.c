/* One election from its start to its end. */
#include "harness.h"

void a_life(void)
{
    cluster_leader_options options = options_for("life");
    cluster_leader_handle handle;
    cluster_leader_status_t status;
    uint64_t remaining, token, version;
    bool holds = false;

    options.instance_name = "pod-7";
    options.namespace_ = options.watch_pods = options.termination_log = options.wait_until_ready = ""; /* as NULL */
    CHECK_OK(cluster_leader_start(&options, &handle));
    status = awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    CHECK(status.leading);
    CHECK(cluster_leader_is_leader(handle));
    CHECK(strcmp(status.election, "c-test") == 0);
    CHECK(strstr(status.place, "life") != NULL);
    CHECK(strcmp(status.instance_name, "pod-7") == 0);
    CHECK(strcmp(status.leader, "pod-7") == 0);
    CHECK(strncmp(status.identity, "pod-7_", 6) == 0 && strlen(status.identity) > 12);
    CHECK(strcmp(status.leader_identity, status.identity) == 0);
    CHECK(strcmp(status.last_problem, "") == 0);
    CHECK(status.term == 0);
    CHECK(status.fencing_token > 0);
    token = status.fencing_token;
    remaining = cluster_leader_remaining_ms(handle);
    CHECK(remaining > 0 && remaining < 4000);

    CHECK(cluster_leader_is_leader_for(handle, 0));
    CHECK(cluster_leader_is_leader_for(handle, 100));
    CHECK(!cluster_leader_is_leader_for(handle, 4000));
    CHECK_ERROR(CLUSTER_LEADER_ERROR_DURATION, "4s");
    CHECK(!cluster_leader_is_leader_for(handle, UINT64_MAX));
    CHECK(cluster_leader_last_error() == CLUSTER_LEADER_ERROR_DURATION);
    CHECK_OK(cluster_leader_beat(handle));
    CHECK(strcmp(cluster_leader_error_message(), "") == 0);
    CHECK_OK(cluster_leader_verify(handle, &holds));
    CHECK(holds);

    version = status.version;
    CHECK_OK(cluster_leader_wait(handle, version, 1, &status));
    CHECK(status.version == version);
    CHECK_OK(cluster_leader_step_down(handle));
    CHECK(!cluster_leader_is_leader(handle));
    CHECK(cluster_leader_last_error() == CLUSTER_LEADER_OK);
    CHECK(cluster_leader_remaining_ms(handle) == 0);
    CHECK_OK(cluster_leader_wait(handle, version, BOUND_MS, &status));
    CHECK(status.version != version);

    status = awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    CHECK(status.fencing_token > token);
    CHECK(status.term == 1);
    CHECK_OK(cluster_leader_stop(handle));
    refuses(handle);
}

void who_waits_until_it_is_ready_leads_once_it_is(void)
{
    cluster_leader_options options = options_for("ready");
    cluster_leader_handle waiting, other;
    cluster_leader_status_t status;

    options.wait_until_ready = "true";
    CHECK_OK(cluster_leader_start(&options, &waiting));
    other = started("ready");
    awaited(other, CLUSTER_LEADER_STATE_LEADING);
    CHECK_OK(cluster_leader_stop(other));
    status.size = sizeof status;
    CHECK_OK(cluster_leader_status(waiting, &status));
    CHECK(status.state == CLUSTER_LEADER_STATE_STARTING && !cluster_leader_is_leader(waiting));
    CHECK_OK(cluster_leader_ready(waiting));
    awaited(waiting, CLUSTER_LEADER_STATE_LEADING);
    CHECK_OK(cluster_leader_stop(waiting));
}

void a_host_that_beats_no_more_leads_no_more(void)
{
    cluster_leader_options options = options_for("heart");
    cluster_leader_handle handle;
    uint64_t end = now_ms() + BOUND_MS;
    options.heartbeat_ms = 2000;
    CHECK_OK(cluster_leader_start(&options, &handle));
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    while (cluster_leader_is_leader(handle)) {
        CHECK(now_ms() < end);
        rest();
    }
    while (!cluster_leader_is_leader(handle)) {
        CHECK(now_ms() < end);
        CHECK_OK(cluster_leader_beat(handle));
        rest();
    }
    CHECK_OK(cluster_leader_stop(handle));
}

void a_heartbeat_of_the_environment_can_be_switched_off(void)
{
    cluster_leader_options options = options_for("no-heart");
    cluster_leader_handle handle;
    uint64_t end;
    setenv("CLUSTER_LEADER_HEARTBEAT", "2s", 1);
    options.heartbeat_ms = CLUSTER_LEADER_HEARTBEAT_OFF;
    CHECK_OK(cluster_leader_start(&options, &handle));
    unsetenv("CLUSTER_LEADER_HEARTBEAT");
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    for (end = now_ms() + 2500; now_ms() < end; rest())
        CHECK(cluster_leader_is_leader(handle));
    CHECK_OK(cluster_leader_stop(handle));
}

static void *stop_in_another_thread(void *handle)
{
    rest();
    CHECK_OK(cluster_leader_stop(*(cluster_leader_handle *)handle));
    return NULL;
}

void stopping_ends_a_wait(void)
{
    cluster_leader_handle handle = started("wait");
    cluster_leader_status_t status = awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    uint64_t begin = now_ms();
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, stop_in_another_thread, &handle) == 0);
    while (status.state != CLUSTER_LEADER_STATE_STOPPED) {
        cluster_leader_result result = cluster_leader_wait(handle, status.version, UINT64_MAX, &status);
        CHECK(result == CLUSTER_LEADER_OK);
    }
    CHECK(now_ms() - begin < BOUND_MS);
    CHECK(pthread_join(thread, NULL) == 0);
    refuses(handle);
}

static void *errors_of_another_thread(void *unused)
{
    (void)unused;
    CHECK(cluster_leader_last_error() == CLUSTER_LEADER_OK);
    CHECK(strcmp(cluster_leader_error_message(), "") == 0);
    CHECK(!cluster_leader_is_leader(1));
    CHECK(cluster_leader_last_error() == CLUSTER_LEADER_ERROR_HANDLE);
    return NULL;
}

void each_thread_has_its_own_error(void)
{
    pthread_t thread;
    CHECK(cluster_leader_default(NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK(pthread_create(&thread, NULL, errors_of_another_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "handle is NULL");
}
