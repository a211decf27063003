/*
 * Every function of cluster_leader.h, from outside. C99 and C++17: run.sh builds it as both.
 *
 *     test DIR          all tests, with their files under DIR
 *     test lead DIR     a candidate that says "leads" when it does, and then waits to be killed
 *     test exit DIR     a candidate that says "leads" when it does, and then returns from main
 */
#define _POSIX_C_SOURCE 200809L

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

static const char *test_name = "?";
static const char *directory;
static const char *program;

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

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void rest(void)
{
    struct timespec ten_ms = {0, 10 * 1000 * 1000};
    nanosleep(&ten_ms, NULL);
}

/* "file:DIR/NAME", for a store of its own. */
static const char *store(const char *name)
{
    static char text[PATH_MAX];
    char path[PATH_MAX - 8];
    snprintf(path, sizeof path, "%.3000s/%.100s", directory, name);
    mkdir(path, 0700);
    snprintf(text, sizeof text, "file:%s", path);
    return text;
}

static cluster_leader_options options_for(const char *name)
{
    cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
    options.election = "c-test";
    options.store = store(name);
    options.lease_duration_ms = 6000;
    options.renew_deadline_ms = 4000;
    options.retry_period_ms = 500;
    return options;
}

static cluster_leader_handle started(const char *name)
{
    cluster_leader_options options = options_for(name);
    cluster_leader_handle handle = 0;
    CHECK_OK(cluster_leader_start(&options, &handle));
    CHECK(handle != 0);
    return handle;
}

/* Waits until the status is in this state, or until the bound. */
static cluster_leader_status_t awaited(cluster_leader_handle handle, cluster_leader_state state)
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

/* ---- tests ------------------------------------------------------------------------------------ */

static void versions(void)
{
    CHECK(cluster_leader_abi_version() == CLUSTER_LEADER_ABI_VERSION);
    CHECK(strchr(cluster_leader_version(), '.') != NULL);
    CHECK(cluster_leader_last_error() == CLUSTER_LEADER_OK);
    CHECK(strcmp(cluster_leader_error_message(), "") == 0);
}

static void null_pointers(void)
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

static void bad_options(void)
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
}

static void sizes_of_structs(void)
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

/* Every function that takes a handle, with one that stands for nothing. */
static void refuses(cluster_leader_handle handle)
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
    CHECK(cluster_leader_step_down(handle) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_verify(handle, &holds) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(!holds);
    CHECK(cluster_leader_beat(handle) == CLUSTER_LEADER_ERROR_HANDLE);
    CHECK(cluster_leader_stop(handle) == CLUSTER_LEADER_ERROR_HANDLE);
}

static void stale_and_random_handles(void)
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

static void a_life(void)
{
    cluster_leader_options options = options_for("life");
    cluster_leader_handle handle;
    cluster_leader_status_t status;
    uint64_t remaining, token, version;
    bool holds = false;

    options.instance_name = "pod-7";
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

static void a_host_that_beats_no_more_leads_no_more(void)
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

static void a_heartbeat_of_the_environment_can_be_switched_off(void)
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

static void stopping_ends_a_wait(void)
{
    cluster_leader_handle handle = started("wait");
    cluster_leader_status_t status = awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    uint64_t begin = now_ms();
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, stop_in_another_thread, &handle) == 0);
    while (status.state != CLUSTER_LEADER_STATE_STOPPED) {
        cluster_leader_result result = cluster_leader_wait(handle, status.version, UINT64_MAX, &status);
        if (result == CLUSTER_LEADER_ERROR_HANDLE)
            break; /* it was stopped between two waits */
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

static void each_thread_has_its_own_error(void)
{
    pthread_t thread;
    CHECK(cluster_leader_default(NULL) == CLUSTER_LEADER_ERROR_ARGUMENT);
    CHECK(pthread_create(&thread, NULL, errors_of_another_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_ARGUMENT, "handle is NULL");
}

static void g11_a_forked_child_reads_false(void)
{
    cluster_leader_handle handle = started("fork");
    int status;
    pid_t child;
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    child = fork();
    if (child == 0)
        _exit(cluster_leader_is_leader(handle) || cluster_leader_is_leader_for(handle, 1) ||
              cluster_leader_remaining_ms(handle) != 0);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(cluster_leader_is_leader(handle));
    CHECK_OK(cluster_leader_stop(handle));
}

/* Starts this program anew as a candidate, and returns when it leads. */
static pid_t another_process(const char *how, const char *where, int *says)
{
    int ends[2];
    char word[6] = "";
    pid_t child;
    CHECK(pipe(ends) == 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, how, where, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    CHECK(read(ends[0], word, 5) == 5 && strcmp(word, "leads") == 0);
    *says = ends[0];
    return child;
}

static void after_a_kill_another_leads(void)
{
    int says, status;
    pid_t child = another_process("lead", store("kill") + strlen("file:"), &says);
    cluster_leader_handle handle = started("kill");
    cluster_leader_status_t following = awaited(handle, CLUSTER_LEADER_STATE_FOLLOWING);
    CHECK(!cluster_leader_is_leader(handle));
    CHECK(strcmp(following.leader, "the-other") == 0);
    CHECK(following.fencing_token == 0);
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(waitpid(child, &status, 0) == child);
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    CHECK(cluster_leader_is_leader(handle));
    CHECK_OK(cluster_leader_stop(handle));
    close(says);
}

static void g7_a_normal_exit_releases(void)
{
    int says, status;
    char record[PATH_MAX], content[4096];
    FILE *file;
    size_t length;
    pid_t child = another_process("exit", store("exit") + strlen("file:"), &says);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(says);
    /* Nobody else stands: what the record says is that process's last word. */
    snprintf(record, sizeof record, "%.3000s/exit/c-test.json", directory);
    file = fopen(record, "r");
    CHECK(file != NULL);
    length = fread(content, 1, sizeof content - 1, file);
    content[length] = '\0';
    fclose(file);
    CHECK(strstr(content, "holderIdentity") != NULL);
    CHECK(strstr(content, "the-other") == NULL);
}

static void the_process_wide_election(void)
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
static void shutdown_ends_everything(void)
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
static void more_elections_than_are_found_without_a_lock(void)
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

/* ---- candidates in processes of their own ------------------------------------------------------ */

static int candidate(const char *how)
{
    cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
    cluster_leader_handle handle;
    char place[PATH_MAX];
    snprintf(place, sizeof place, "file:%.3000s", directory);
    options.election = "c-test";
    options.store = place;
    options.instance_name = "the-other";
    options.lease_duration_ms = 6000;
    options.renew_deadline_ms = 4000;
    options.retry_period_ms = 500;
    CHECK_OK(cluster_leader_start(&options, &handle));
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    CHECK(write(STDOUT_FILENO, "leads", 5) == 5);
    while (strcmp(how, "lead") == 0)
        pause();
    return 0;
}

int main(int count, char **arguments)
{
    struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"versions", versions},
        {"null_pointers", null_pointers},
        {"bad_options", bad_options},
        {"sizes_of_structs", sizes_of_structs},
        {"stale_and_random_handles", stale_and_random_handles},
        {"a_life", a_life},
        {"a_host_that_beats_no_more_leads_no_more", a_host_that_beats_no_more_leads_no_more},
        {"a_heartbeat_of_the_environment_can_be_switched_off",
         a_heartbeat_of_the_environment_can_be_switched_off},
        {"stopping_ends_a_wait", stopping_ends_a_wait},
        {"each_thread_has_its_own_error", each_thread_has_its_own_error},
        {"g11_a_forked_child_reads_false", g11_a_forked_child_reads_false},
        {"after_a_kill_another_leads", after_a_kill_another_leads},
        {"g7_a_normal_exit_releases", g7_a_normal_exit_releases},
        {"the_process_wide_election", the_process_wide_election},
        {"shutdown_ends_everything", shutdown_ends_everything},
        {"more_elections_than_are_found_without_a_lock", more_elections_than_are_found_without_a_lock},
    };
    program = arguments[0];
    if (count == 3) {
        directory = arguments[2];
        return candidate(arguments[1]);
    }
    if (count != 2) {
        fprintf(stderr, "usage: %s DIR\n", program);
        return 2;
    }
    directory = arguments[1];
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        uint64_t begin = now_ms();
        test_name = tests[i].name;
        tests[i].run();
        printf("ok %s (%u ms)\n", test_name, (unsigned)(now_ms() - begin));
        fflush(stdout);
    }
    return 0;
}
