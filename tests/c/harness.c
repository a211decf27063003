/* What the tests share. */
#include "harness.h"

const char *test_name = "?";
const char *directory;
const char *program;

uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int rounds(int usual)
{
    const char *percent = getenv("TEST_PERCENT");
    return percent == NULL ? usual : usual * atoi(percent) / 100 + 1;
}

/* By another program: valgrind looks for leaks where a program ends, and what only threads of the
 * parent knew of is lost in a child. */
void leave(void)
{
    execl("/bin/true", "true", (char *)NULL);
    _exit(127);
}

void rest(void)
{
    struct timespec ten_ms = {0, 10 * 1000 * 1000};
    nanosleep(&ten_ms, NULL);
}

/* "file:DIR/NAME", for a store of its own. */
const char *store(const char *name)
{
    static __thread char text[PATH_MAX];
    char path[PATH_MAX - 8];
    snprintf(path, sizeof path, "%.3000s/%.100s", directory, name);
    mkdir(path, 0700);
    snprintf(text, sizeof text, "file:%s", path);
    return text;
}

cluster_leader_options options_for(const char *name)
{
    cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
    options.election = "c-test";
    options.store = store(name);
    options.lease_duration_ms = 6000;
    options.renew_deadline_ms = 4000;
    options.retry_period_ms = 500;
    return options;
}

cluster_leader_handle started(const char *name)
{
    cluster_leader_options options = options_for(name);
    cluster_leader_handle handle = 0;
    CHECK_OK(cluster_leader_start(&options, &handle));
    CHECK(handle != 0);
    return handle;
}

/* Waits until the status is in this state, or until the bound. */
cluster_leader_status_t awaited(cluster_leader_handle handle, cluster_leader_state state)
{
    uint64_t end = now_ms() + BOUND_MS;
    cluster_leader_status_t status;
    status.size = sizeof status;
    CHECK_OK(cluster_leader_status(handle, &status));
    while (status.state != state) {
        CHECK(now_ms() < end);
        CHECK_OK(cluster_leader_wait(handle, status.version, 1000, &status));
    }
    return status;
}

/* Every function that takes a handle, with one that stands for nothing. */
void refuses(cluster_leader_handle handle)
{
    cluster_leader_status_t status;
    bool holds = true;
    status.size = sizeof status;
    status.term = 77;
    CHECK(!cluster_leader_is_leader(handle));
    CHECK_ERROR(CLUSTER_LEADER_ERROR_HANDLE, "not the handle of an election");
    CHECK(!cluster_leader_is_leader_for(handle, 1));
    CHECK(cluster_leader_last_error() == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_remaining_ms(handle) == 0);
    CHECK(cluster_leader_last_error() == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_status(handle, &status) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_wait(handle, 0, 1000, &status) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(status.term == 77);
    CHECK(cluster_leader_ready(handle) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_step_down(handle) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_verify(handle, &holds) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(!holds);
    CHECK(cluster_leader_beat(handle) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_stop(handle) == CLUSTER_LEADER_ERROR_HANDLE);
}
