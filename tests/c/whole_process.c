/* What concerns all elections of the process. */
#include "harness.h"

void the_process_wide_election(void)
{
    cluster_leader_handle handle = 7, again;
    uint64_t end = now_ms() + BOUND_MS;

    setenv("CLUSTER_LEADER_LEASE_DURATION", "soon", 1);
    CHECK(!cluster_leader_is_this_instance_leader());
    CHECK_ERROR(CLUSTER_LEADER_ERROR_CONFIGURATION, "CLUSTER_LEADER_LEASE_DURATION");
    CHECK(cluster_leader_default(&handle) == CLUSTER_LEADER_ERROR_CONFIGURATION);
    CHECK(handle == 0);

    setenv("CLUSTER_LEADER_LEASE_DURATION", "6s", 1);
    setenv("CLUSTER_LEADER_RENEW_DEADLINE", "4s", 1);
    setenv("CLUSTER_LEADER_RETRY_PERIOD", "500ms", 1);
    setenv("CLUSTER_LEADER_ELECTION", "of-the-environment", 1);
    setenv("CLUSTER_LEADER_STORE", store("default"), 1);
    while (!cluster_leader_is_this_instance_leader()) {
        CHECK(cluster_leader_last_error() == CLUSTER_LEADER_OK);
        CHECK(now_ms() < end);
        rest();
    }
    CHECK_OK(cluster_leader_default(&handle));
    CHECK_OK(cluster_leader_default(&again));
    CHECK(handle == again);
    CHECK(cluster_leader_is_leader(handle));
    CHECK(strcmp(awaited(handle, CLUSTER_LEADER_STATE_LEADING).election, "of-the-environment") == 0);
}

/* Late: it ends everything. */
void shutdown_ends_everything(void)
{
    cluster_leader_handle handle = started("shutdown"), by_default;
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    CHECK_OK(cluster_leader_default(&by_default));
    CHECK_OK(cluster_leader_shutdown(UINT64_MAX));
    refuses(handle);
    refuses(by_default);
    refuses(0);
    CHECK(!cluster_leader_is_this_instance_leader());
    CHECK(cluster_leader_default(&by_default) == CLUSTER_LEADER_ERROR_STOPPED);
    CHECK(by_default == 0);
    CHECK_OK(cluster_leader_shutdown(0)); /* nothing is left */

    handle = started("shutdown");
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    CHECK_OK(cluster_leader_shutdown(BOUND_MS));
    refuses(handle);
}

/* Last: every later election is found in another way than those above. */
void more_elections_than_are_found_without_a_lock(void)
{
    cluster_leader_handle handle = 0;
    for (int i = 0; i < 300; i++) {
        cluster_leader_handle next = started("many");
        CHECK(next != handle);
        refuses(handle);
        cluster_leader_is_leader(next);
        CHECK(cluster_leader_last_error() == CLUSTER_LEADER_OK);
        CHECK_OK(cluster_leader_stop(next));
        handle = next;
    }
    refuses(handle);
    handle = started("many");
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    CHECK(cluster_leader_is_leader(handle));
    CHECK_OK(cluster_leader_shutdown(BOUND_MS));
    refuses(handle);
}
