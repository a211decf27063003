/*
 * Every function of cluster_leader.h, from outside. C99 and C++17: run.sh builds it as both.
 *
 *     test DIR [TEST...]   all tests, or those, with their files under DIR
 *     test lead DIR        a candidate that says "leads" when it does, and then waits to be killed
 *     test exit DIR        a candidate that says "leads" when it does, and then returns from main
 */
#include "harness.h"

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

/* All are, where none is named. */
static bool is_wanted(const char *name, char **names)
{
    bool wanted = *names == NULL;
    for (; *names != NULL; names++)
        wanted = wanted || strcmp(name, *names) == 0;
    return wanted;
}

#define NAMED(name) {#name, name},

int main(int count, char **arguments)
{
    struct {
        const char *name;
        void (*run)(void);
    } tests[] = {TESTS(NAMED)};
    program = arguments[0];
    if (count == 3 && (strcmp(arguments[1], "lead") == 0 || strcmp(arguments[1], "exit") == 0)) {
        directory = arguments[2];
        return candidate(arguments[1]);
    }
    if (count < 2) {
        fprintf(stderr, "usage: %s DIR [TEST...]\n", program);
        return 2;
    }
    directory = arguments[1];
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        uint64_t begin = now_ms();
        test_name = tests[i].name;
        if (!is_wanted(test_name, arguments + 2))
            continue;
        tests[i].run();
        printf("ok %s (%u ms)\n", test_name, (unsigned)(now_ms() - begin));
        fflush(stdout);
    }
    return 0;
}
