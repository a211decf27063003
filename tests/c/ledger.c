/* What leaders leave to their successors. */
#include "harness.h"

static cluster_leader_ledger_entry ran(void)
{
    cluster_leader_ledger_entry entry = {sizeof entry, 7200000, -1, 3, {1, 0, 255}};
    return entry;
}

void g13_a_ledger_is_handed_on(void)
{
    cluster_leader_handle first = started("ledger"), second;
    cluster_leader_ledger_entry entry = ran(), read;
    char json[1024];
    size_t length = 0;
    bool found = true;

    awaited(first, CLUSTER_LEADER_STATE_LEADING);
    CHECK_OK(cluster_leader_ledger_flush(first, 0));
    CHECK_OK(cluster_leader_ledger_get(first, "flushed", NULL, &found));
    CHECK(!found);
    CHECK_OK(cluster_leader_ledger_set(first, "flushed", &entry));
    CHECK_OK(cluster_leader_ledger_flush(first, BOUND_MS));
    second = started("ledger");
    awaited(second, CLUSTER_LEADER_STATE_FOLLOWING);
    CHECK(cluster_leader_ledger_set(second, "mine", &entry) == CLUSTER_LEADER_ERROR_NOT_LEADING);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_NOT_LEADING, "only the leader");
    CHECK(cluster_leader_ledger_remove(second, "flushed") == CLUSTER_LEADER_ERROR_NOT_LEADING);
    CHECK(cluster_leader_ledger_flush(second, BOUND_MS) == CLUSTER_LEADER_ERROR_NOT_LEADING);

    entry.ended_ms_ago = 5;
    entry.length = 0;
    CHECK_OK(cluster_leader_ledger_set(first, "noted", &entry));
    CHECK_OK(cluster_leader_ledger_set(first, "gone", &entry));
    CHECK_OK(cluster_leader_ledger_remove(first, "gone"));
    CHECK_OK(cluster_leader_ledger_remove(first, "gone"));
    CHECK_OK(cluster_leader_stop(first));

    awaited(second, CLUSTER_LEADER_STATE_LEADING);
    memset(&read, 0x55, sizeof read);
    read.size = sizeof read;
    CHECK_OK(cluster_leader_ledger_get(second, "flushed", &read, &found));
    CHECK(found && read.size == sizeof read);
    CHECK(read.started_ms_ago >= 7200000 && read.started_ms_ago < 7200000 + (int64_t)BOUND_MS);
    CHECK(read.ended_ms_ago == -1);
    CHECK(read.length == 3 && memcmp(read.bytes, "\1\0\377", 4) == 0);
    CHECK_OK(cluster_leader_ledger_get(second, "noted", &read, &found));
    CHECK(found && read.ended_ms_ago >= 5 && read.length == 0);
    CHECK_OK(cluster_leader_ledger_get(second, "gone", &read, &found));
    CHECK(!found);

    CHECK_OK(cluster_leader_ledger_json(second, NULL, 0, &length));
    CHECK(length > 20 && length < sizeof json);
    CHECK(cluster_leader_ledger_json(second, json, 20, &length) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "size is 20");
    CHECK_OK(cluster_leader_ledger_json(second, json, sizeof json, &length));
    CHECK(strlen(json) == length && strstr(json, "\"state\":\"known\"") != NULL);
    CHECK(strstr(json, "\"noted\"") != NULL);
    CHECK_OK(cluster_leader_stop(second));
}

void g13_what_a_ledger_refuses(void)
{
    cluster_leader_handle handle = started("refused");
    cluster_leader_ledger_entry entry = ran();
    bool found;
    size_t length;
    int jobs = 0;
    cluster_leader_result result = CLUSTER_LEADER_OK;

    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    CHECK(cluster_leader_ledger_set(handle, NULL, &entry) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK(cluster_leader_ledger_set(handle, "\xff", &entry) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "UTF-8");
    CHECK(cluster_leader_ledger_set(handle, "job", NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK(cluster_leader_ledger_get(handle, "job", &entry, NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK(cluster_leader_ledger_get(handle, NULL, &entry, &found) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK(cluster_leader_ledger_remove(handle, NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK(cluster_leader_ledger_json(handle, NULL, 0, NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK(cluster_leader_ledger_json(handle, NULL, 4096, &length) == CLUSTER_LEADER_ERROR_ARGUMENT);
    entry.length = CLUSTER_LEADER_LEDGER_BYTES + 1;
    CHECK(cluster_leader_ledger_set(handle, "job", &entry) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "64 bytes are the most");
    entry.size = 0;
    CHECK(cluster_leader_ledger_set(handle, "job", &entry) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "sizeof(cluster_leader_ledger_entry)");

    entry.size = sizeof entry;
    entry.length = CLUSTER_LEADER_LEDGER_BYTES;
    while (result == CLUSTER_LEADER_OK && jobs < 10000) {
        char name[16];
        snprintf(name, sizeof name, "job-%d", jobs++);
        result = cluster_leader_ledger_set(handle, name, &entry);
    }
    CHECK(result == CLUSTER_LEADER_ERROR_FULL);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_FULL, "65536 are the most");
    CHECK_OK(cluster_leader_ledger_flush(handle, BOUND_MS));
    CHECK_OK(cluster_leader_stop(handle));
    CHECK(cluster_leader_ledger_set(handle, "job", &entry) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_ledger_get(handle, "job", &entry, &found) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_ledger_remove(handle, "job") == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_ledger_flush(handle, 0) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_ledger_json(handle, NULL, 0, &length) == CLUSTER_LEADER_ERROR_HANDLE);
}
