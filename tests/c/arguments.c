/* What is given to the functions: nonsense, old sizes, stale handles. */
#include "harness.h"

void versions(void)
{
    CHECK(cluster_leader_abi_version() == CLUSTER_LEADER_ABI_VERSION);
    char numbers[32];
    CHECK(strcmp(cluster_leader_version(), CLUSTER_LEADER_VERSION) == 0);
    snprintf(numbers, sizeof numbers, "%d.%d.%d", CLUSTER_LEADER_VERSION_MAJOR, CLUSTER_LEADER_VERSION_MINOR,
             CLUSTER_LEADER_VERSION_PATCH);
    CHECK(strcmp(numbers, CLUSTER_LEADER_VERSION) == 0);
    CHECK(cluster_leader_last_error() == CLUSTER_LEADER_OK);
    CHECK(strcmp(cluster_leader_error_message(), "") == 0);
}

void null_pointers(void)
{
    cluster_leader_options options = options_for("null");
    cluster_leader_handle handle;
    CHECK(cluster_leader_start(&options, NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "handle is NULL");
    CHECK(cluster_leader_default(NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    handle = started("null");
    CHECK(cluster_leader_status(handle, NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "cluster_leader_status_t is NULL");
    CHECK(cluster_leader_wait(handle, 0, 0, NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK(cluster_leader_verify(handle, NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK_OK(cluster_leader_stop(handle));
}

void bad_options(void)
{
    struct {
        const char *election, *store, *namespace_, *instance_name;
        uint64_t lease, renew, retry;
        cluster_leader_result code;
        const char *part, *other_part;
    } cases[] = {
        {"Billing Jobs", NULL, NULL, NULL, 0, 0, 0, CLUSTER_LEADER_ERROR_CONFIGURATION,
         "cluster_leader_options.election", "billing-jobs"},
        {"ok", "ftp://x", NULL, NULL, 0, 0, 0, CLUSTER_LEADER_ERROR_CONFIGURATION,
         "cluster_leader_options.store", "ftp://x"},
        {"ok", NULL, "No_Space", NULL, 0, 0, 0, CLUSTER_LEADER_ERROR_CONFIGURATION,
         "cluster_leader_options.namespace_", "No_Space"},
        {"ok", NULL, NULL, "two\nlines", 0, 0, 0, CLUSTER_LEADER_ERROR_CONFIGURATION,
         "cluster_leader_options.instance_name", "control character"},
        {"ok", NULL, NULL, NULL, 1500, 0, 0, CLUSTER_LEADER_ERROR_CONFIGURATION,
         "cluster_leader_options.lease_duration_ms", "1.5s"},
        {"ok", NULL, NULL, NULL, 6000, 5500, 0, CLUSTER_LEADER_ERROR_CONFIGURATION,
         "cluster_leader_options.renew_deadline_ms", "5.5s"},
        {"ok", NULL, NULL, NULL, 6000, 4000, 3900, CLUSTER_LEADER_ERROR_CONFIGURATION,
         "cluster_leader_options.retry_period_ms", "3.9s"},
        {"ok", NULL, NULL, NULL, UINT64_MAX, 0, 0, CLUSTER_LEADER_ERROR_CONFIGURATION,
         "cluster_leader_options.lease_duration_ms", "s"},
        {"\xff", NULL, NULL, NULL, 0, 0, 0, CLUSTER_LEADER_ERROR_ARGUMENT,
         "cluster_leader_options.election", "UTF-8"},
        {"ok", "file:/nonexistent/\xff", NULL, NULL, 0, 0, 0, CLUSTER_LEADER_ERROR_ARGUMENT,
         "cluster_leader_options.store", "UTF-8"},
        {"ok", "file:/proc/no/such", NULL, NULL, 0, 0, 0, CLUSTER_LEADER_ERROR_STORE, "/proc", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
        cluster_leader_handle handle = 7;
        options.election = cases[i].election;
        options.store = cases[i].store != NULL ? cases[i].store : store("bad");
        options.namespace_ = cases[i].namespace_;
        options.instance_name = cases[i].instance_name;
        options.lease_duration_ms = cases[i].lease;
        options.renew_deadline_ms = cases[i].renew;
        options.retry_period_ms = cases[i].retry;
        CHECK(cluster_leader_start(&options, &handle) == cases[i].code);
        CHECK_ERROR(cases[i].code, cases[i].part);
        CHECK_ERROR(cases[i].code, cases[i].other_part);
        CHECK(handle == 0);
    }
    for (int log = 0; log <= 1; log++) {
        cluster_leader_options options = options_for("bad");
        cluster_leader_handle handle = 7;
        options.watch_pods = log ? "true" : "yes";
        options.termination_log = log ? "not-absolute" : NULL;
        CHECK(cluster_leader_start(&options, &handle) == CLUSTER_LEADER_ERROR_CONFIGURATION);
        CHECK_ERROR(CLUSTER_LEADER_ERROR_CONFIGURATION,
                    log ? "cluster_leader_options.termination_log" : "cluster_leader_options.watch_pods");
        CHECK(handle == 0);
    }
}

void sizes_of_structs(void)
{
    /* A program made for a later version, whose struct is longer. */
    struct {
        cluster_leader_options known;
        const char *unknown;
    } later = {CLUSTER_LEADER_OPTIONS_INIT, NULL};
    struct {
        cluster_leader_status_t known;
        uint64_t unknown;
        uint64_t beyond;
    } status;
    size_t bad[] = {0, 1, sizeof(void *), sizeof(cluster_leader_options) - 1, SIZE_MAX};
    cluster_leader_handle handle = 7;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cluster_leader_options options = options_for("sizes");
        options.size = bad[i];
        CHECK(cluster_leader_start(&options, &handle) == CLUSTER_LEADER_ERROR_ARGUMENT);
        CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "CLUSTER_LEADER_OPTIONS_INIT");
        CHECK(handle == 0);
    }
    later.known = options_for("sizes");
    later.known.size = sizeof later;
    later.unknown = "something";
    CHECK(cluster_leader_start(&later.known, &handle) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "newer");
    later.unknown = NULL;
    CHECK_OK(cluster_leader_start(&later.known, &handle));

    memset(&status, 0x55, sizeof status);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        status.known.size = bad[i];
        CHECK(cluster_leader_status(handle, &status.known) == CLUSTER_LEADER_ERROR_ARGUMENT);
        CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "sizeof(cluster_leader_status_t)");
        CHECK(status.known.size == bad[i] && status.known.term == 0x55555555);
    }
    status.known.size = sizeof status - sizeof status.beyond;
    CHECK_OK(cluster_leader_status(handle, &status.known));
    CHECK(strcmp(status.known.election, "c-test") == 0);
    CHECK(status.known.size == sizeof status - sizeof status.beyond);
    CHECK(status.unknown == 0);
    CHECK(status.beyond == 0x5555555555555555u);
    CHECK_OK(cluster_leader_stop(handle));
}

void stale_and_random_handles(void)
{
    cluster_leader_handle live = started("handles");
    cluster_leader_handle stale[8], handle;
    uint64_t random = 0x9e3779b97f4a7c15u;
    refuses(0);
    refuses(UINT64_MAX);
    for (int bit = 0; bit < 64; bit++)
        refuses(live ^ ((cluster_leader_handle)1 << bit));
    for (int i = 0; i < 1000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        refuses(random);
    }
    for (int i = 0; i < 8; i++) {
        stale[i] = started("handles");
        CHECK(stale[i] != live);
        cluster_leader_is_leader(stale[i]);
        CHECK(cluster_leader_last_error() == CLUSTER_LEADER_OK);
        CHECK_OK(cluster_leader_stop(stale[i]));
        for (int j = 0; j <= i; j++)
            refuses(stale[j]);
    }
    handle = started("handles");
    for (int i = 0; i < 8; i++) {
        CHECK(handle != stale[i]);
        refuses(stale[i]);
    }
    CHECK_OK(cluster_leader_stop(handle));
    cluster_leader_is_leader(live);
    CHECK(cluster_leader_last_error() == CLUSTER_LEADER_OK);
    CHECK_OK(cluster_leader_stop(live));
    refuses(live);
}
