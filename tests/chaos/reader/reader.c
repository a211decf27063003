/*
 * Asks all the time whether it leads, through the C ABI, and writes the record of its answers:
 *
 *     answers <first before> <first after> <last before> <last after> yes|no <count>
 *
 * in nanoseconds of CLOCK_BOOTTIME, a line for each run of equal answers. A run ends when the
 * answer changes, when the process was held up, and after a while, so that a kill loses little.
 *
 * Other lines: "acquired TOKEN TERM" on becoming the leader; "release TIME" before it steps down;
 * "wall MILLISECONDS" when the wall clock that this process sees is that far from the machine's;
 * "boottime FAKED" would void the record.
 *
 * SIGTERM: steps down, stops the election a retry period later, and goes on asking meanwhile.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cluster_leader.h"

#define MILLISECOND INT64_C(1000000)
#define HELD_UP (20 * MILLISECOND)
#define LONGEST_RUN (200 * MILLISECOND)
#define QUESTIONS_AT_ONCE 50

struct run {
    int64_t first_before, first_after, last_before, last_after;
    bool yes;
    long count;
};

static cluster_leader_handle election;
static atomic_bool stopped;
static uint64_t retry_period_ms;

static int64_t nanos(struct timespec time)
{
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* As any program reads a clock; libfaketime may answer. */
static int64_t seen(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return nanos(time);
}

/* As the kernel has it. */
static int64_t real(clockid_t clock)
{
    struct timespec time;
    syscall(SYS_clock_gettime, clock, &time);
    return nanos(time);
}

static void pause_for(uint64_t milliseconds)
{
    struct timespec rest = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000 * 1000000)};
    nanosleep(&rest, NULL);
}

static void say(const char *line, int length)
{
    /* A process whose reader has gone has nobody to tell. */
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(1);
}

static void check_clocks(void)
{
    static int64_t told;
    char line[64];
    int64_t before = real(CLOCK_BOOTTIME), between = seen(CLOCK_BOOTTIME), after = real(CLOCK_BOOTTIME);
    if (between < before || between > after)
        say(line, snprintf(line, sizeof line, "boottime FAKED\n"));
    int64_t ahead = (seen(CLOCK_REALTIME) - real(CLOCK_REALTIME)) / MILLISECOND;
    if (llabs(ahead - told) > 500) {
        told = ahead;
        say(line, snprintf(line, sizeof line, "wall %" PRId64 "\n", ahead));
    }
}

static void end_run(struct run *run)
{
    char line[160];
    if (run->count > 0)
        say(line, snprintf(line, sizeof line,
                           "answers %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %s %ld\n",
                           run->first_before, run->first_after, run->last_before, run->last_after,
                           run->yes ? "yes" : "no", run->count));
    run->count = 0;
}

static void say_term(void)
{
    char line[96];
    cluster_leader_status_t status;
    status.size = sizeof status;
    if (cluster_leader_status(election, &status) == CLUSTER_LEADER_OK && status.leading)
        say(line, snprintf(line, sizeof line, "acquired %" PRIu64 " %" PRId32 "\n", status.fencing_token,
                           status.term));
}

static void ask(struct run *run)
{
    int64_t before = seen(CLOCK_BOOTTIME);
    bool yes = cluster_leader_is_leader(election);
    int64_t after = seen(CLOCK_BOOTTIME);
    bool changed = run->count > 0 && yes != run->yes;
    if (changed || before - run->last_after > HELD_UP || after - run->first_before > LONGEST_RUN) {
        end_run(run);
        check_clocks();
        if (changed && yes)
            say_term();
    }
    if (run->count == 0) {
        run->yes = yes;
        run->first_before = before;
        run->first_after = after;
    }
    run->last_before = before;
    run->last_after = after;
    run->count++;
}

static void *stop_when_told(void *signals)
{
    int signal;
    char line[64];
    sigwait(signals, &signal);
    say(line, snprintf(line, sizeof line, "release %" PRId64 "\n", seen(CLOCK_BOOTTIME)));
    cluster_leader_step_down(election);
    /* Whatever happens to the release: the answer must have been no before its first byte. */
    pause_for(retry_period_ms);
    cluster_leader_stop(election);
    atomic_store(&stopped, true);
    return NULL;
}

static const char *text(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "%s is not set\n", name);
        exit(2);
    }
    return value;
}

static uint64_t number(const char *name)
{
    return strtoull(text(name), NULL, 10);
}

int main(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
    options.election = text("ELECTION_NAME");
    options.namespace_ = text("ELECTION_NAMESPACE");
    options.instance_name = text("ELECTION_IDENTITY");
    options.store = "kubernetes";
    options.lease_duration_ms = number("LEASE_DURATION_MS");
    options.renew_deadline_ms = number("RENEW_DEADLINE_MS");
    options.retry_period_ms = retry_period_ms = number("RETRY_PERIOD_MS");
    if (cluster_leader_start(&options, &election) != CLUSTER_LEADER_OK) {
        fprintf(stderr, "%s\n", cluster_leader_error_message());
        return 1;
    }
    pthread_t stopper;
    if (pthread_create(&stopper, NULL, stop_when_told, &signals) != 0)
        return 1;

    struct run run = {0};
    const char *interval = getenv("ANSWERS_INTERVAL_MS");
    uint64_t rest_ms = interval != NULL ? strtoull(interval, NULL, 10) : 1;
    for (bool last_round = false; !last_round;) {
        last_round = atomic_load(&stopped);
        for (int i = 0; i < QUESTIONS_AT_ONCE; i++)
            ask(&run);
        pause_for(rest_ms);
    }
    end_run(&run);
    return 0;
}
