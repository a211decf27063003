/* Many threads and many signals at the same time. */
#include "harness.h"

#include <sys/time.h>

#define SHARED 8
#define OTHERS 8 /* of the threads that ask, more than there are processors */

static cluster_leader_handle shared[SHARED];
static int starting;

static uint64_t random_number(uint64_t *state)
{
    *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
    return *state;
}

/* Starts elections and stops them, in places that all threads know. */
static void *start_and_stop(void *seed)
{
    uint64_t random = *(uint64_t *)seed;
    for (int i = 0; i < rounds(100); i++) {
        cluster_leader_handle *place = &shared[random_number(&random) % SHARED];
        cluster_leader_handle fresh = started("threads"), old;
        old = __atomic_exchange_n(place, fresh, __ATOMIC_SEQ_CST);
        if (old != 0)
            CHECK_OK(cluster_leader_stop(old));
    }
    __atomic_sub_fetch(&starting, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* One question; it is answered, or refused for the one reason that there may be. */
static void ask(cluster_leader_handle handle, unsigned which)
{
    cluster_leader_status_t status;
    cluster_leader_result result;
    bool yes = false, holds;
    status.size = sizeof status;
    switch (which % 10) {
    case 0: result = cluster_leader_status(handle, &status); break;
    case 1: result = cluster_leader_wait(handle, 0, 0, &status); break;
    case 2: result = cluster_leader_step_down(handle); break;
    case 3: result = cluster_leader_beat(handle); break;
    case 4: result = cluster_leader_ready(handle); break;
    case 5: yes = cluster_leader_remaining_ms(handle) > 0; result = cluster_leader_last_error(); break;
    case 6: yes = cluster_leader_is_leader_for(handle, 1); result = cluster_leader_last_error(); break;
    case 7:
        result = cluster_leader_verify(handle, &holds);
        CHECK(!holds || result == CLUSTER_LEADER_OK);
        if (result == CLUSTER_LEADER_ERROR_STOPPED || result == CLUSTER_LEADER_ERROR_UNANSWERED)
            return;
        break;
    default: yes = cluster_leader_is_leader(handle); result = cluster_leader_last_error(); break;
    }
    CHECK(result == CLUSTER_LEADER_OK || (result == CLUSTER_LEADER_ERROR_HANDLE && !yes));
    CHECK((*cluster_leader_error_message() == '\0') == (result == CLUSTER_LEADER_OK));
    if (which % 10 <= 1 && result == CLUSTER_LEADER_OK)
        CHECK(strcmp(status.election, "c-test") == 0);
}

static void *ask_all_the_time(void *seed)
{
    uint64_t random = *(uint64_t *)seed;
    cluster_leader_handle stale = 0;
    while (__atomic_load_n(&starting, __ATOMIC_SEQ_CST) > 0) {
        cluster_leader_handle handle;
        uint64_t number = random_number(&random);
        switch (number % 4) {
        case 0: handle = number; break; /* one of 2^64 */
        case 1: handle = stale; break;
        default: handle = __atomic_load_n(&shared[number / 4 % SHARED], __ATOMIC_SEQ_CST);
        }
        ask(handle, (unsigned)(number >> 32));
        if (number % 64 == 7)
            stale = handle;
    }
    return NULL;
}

void threads_hammer_on_valid_stale_and_random_handles(void)
{
    pthread_t threads[2 + OTHERS];
    uint64_t seeds[2 + OTHERS];
    starting = 2;
    for (int i = 0; i < 2 + OTHERS; i++) {
        seeds[i] = 0x9e3779b97f4a7c15u * (uint64_t)(i + 1);
        CHECK(pthread_create(&threads[i], NULL, i < 2 ? start_and_stop : ask_all_the_time, &seeds[i]) == 0);
    }
    for (int i = 0; i < 2 + OTHERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < SHARED; i++) {
        if (shared[i] != 0)
            CHECK_OK(cluster_leader_stop(shared[i]));
        shared[i] = 0;
    }
}

/* ---- signals ------------------------------------------------------------------------------- */

static volatile sig_atomic_t signals_here, signals_elsewhere, storming;
static pthread_t main_thread, storm_thread;

static void count_signal(int signal)
{
    (void)signal;
    if (pthread_equal(pthread_self(), main_thread) || pthread_equal(pthread_self(), storm_thread))
        signals_here++;
    else
        signals_elsewhere++;
}

static void *storm(void *unused)
{
    struct timespec pause = {0, 200 * 1000};
    (void)unused;
    while (storming) {
        kill(getpid(), SIGUSR1);
        pthread_kill(main_thread, SIGUSR2);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

void signals_disturb_nothing_and_never_run_on_the_librarys_threads(void)
{
    struct sigaction action, before[3];
    struct itimerval each_ms = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    int numbers[] = {SIGALRM, SIGUSR1, SIGUSR2};
    cluster_leader_status_t status;

    memset(&action, 0, sizeof action);
    action.sa_handler = count_signal; /* without SA_RESTART: whatever can be interrupted is */
    for (int i = 0; i < 3; i++)
        CHECK(sigaction(numbers[i], &action, &before[i]) == 0);
    main_thread = pthread_self();
    storming = 1;
    CHECK(pthread_create(&storm_thread, NULL, storm, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &each_ms, NULL) == 0);

    for (int i = 0; i < rounds(10); i++) {
        cluster_leader_handle handle = started("signals");
        uint64_t begin;
        bool holds = false;
        status = awaited(handle, CLUSTER_LEADER_STATE_LEADING);
        CHECK(cluster_leader_is_leader(handle));
        CHECK_OK(cluster_leader_verify(handle, &holds));
        CHECK(holds);
        begin = now_ms();
        CHECK_OK(cluster_leader_wait(handle, status.version, 20, &status));
        CHECK(status.state == CLUSTER_LEADER_STATE_LEADING && now_ms() - begin >= 19);
        CHECK_OK(cluster_leader_stop(handle));
    }
    CHECK_OK(cluster_leader_shutdown(BOUND_MS));

    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    storming = 0;
    /* The storm itself may be interrupted: that is what it is for. */
    CHECK(pthread_join(storm_thread, NULL) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(sigaction(numbers[i], &before[i], NULL) == 0);
    CHECK(signals_here > 100);
    CHECK(signals_elsewhere == 0);
}
