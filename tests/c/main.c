/*
 * Every function of cluster_leader.h, from outside. C99 and C++17: run.sh builds it as both.
 *
 *     test DIR          all tests, with their files under DIR
 *     test lead DIR     a candidate that says "leads" when it does, and then waits to be killed
 *     test exit DIR     a candidate that says "leads" when it does, and then returns from main
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
        {"who_waits_until_it_is_ready_leads_once_it_is", who_waits_until_it_is_ready_leads_once_it_is},
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
