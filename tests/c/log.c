/* Where log lines go. */
#include "harness.h"

struct heard {
    pthread_mutex_t lock;
    int lines, running, after_the_end;
    bool ended, slow, calls_back, leads, follows_syslog;
    pthread_t thread;
    cluster_leader_handle handle;
};

static void hear(void *user_data, cluster_leader_log_level level, const char *message)
{
    struct heard *heard = (struct heard *)user_data;
    sigset_t blocked;
    pthread_mutex_lock(&heard->lock);
    heard->running++;
    CHECK(heard->running == 1); /* one call at a time */
    heard->after_the_end += heard->ended;
    heard->lines++;
    heard->thread = pthread_self();
    heard->leads = heard->leads || strstr(message, "lead") != NULL;
    heard->follows_syslog = level == CLUSTER_LEADER_LOG_LEVEL_INFO || level == CLUSTER_LEADER_LOG_LEVEL_WARNING ||
                            level == CLUSTER_LEADER_LOG_LEVEL_ERROR;
    pthread_mutex_unlock(&heard->lock);
    CHECK(strlen(message) > 0 && strchr(message, '\n') == NULL);
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0);
    CHECK(sigismember(&blocked, SIGALRM) == 1 && sigismember(&blocked, SIGPIPE) == 1);
    if (heard->slow)
        rest();
    if (heard->calls_back) {
        /* Everything that takes a handle, and a whole election of its own; the log waits meanwhile. */
        cluster_leader_handle own = started("log-within");
        cluster_leader_status_t status;
        bool holds;
        heard->calls_back = false;
        status.size = sizeof status;
        cluster_leader_is_leader(heard->handle);
        CHECK_OK(cluster_leader_status(heard->handle, &status));
        CHECK_OK(cluster_leader_verify(heard->handle, &holds));
        awaited(own, CLUSTER_LEADER_STATE_LEADING);
        CHECK_OK(cluster_leader_stop(own));
        refuses(0);
    }
    pthread_mutex_lock(&heard->lock);
    heard->running--;
    pthread_mutex_unlock(&heard->lock);
}

static int lines_of(struct heard *heard)
{
    int lines;
    pthread_mutex_lock(&heard->lock);
    lines = heard->lines;
    pthread_mutex_unlock(&heard->lock);
    return lines;
}

static void await_lines(struct heard *heard, int more_than)
{
    uint64_t end = now_ms() + BOUND_MS;
    while (lines_of(heard) <= more_than) {
        CHECK(now_ms() < end);
        rest();
    }
}

/* From here on a call of its function is a mistake. */
static void end(struct heard *heard)
{
    pthread_mutex_lock(&heard->lock);
    CHECK(heard->running == 0);
    heard->ended = true;
    pthread_mutex_unlock(&heard->lock);
}

static struct heard nothing_heard(void)
{
    struct heard heard;
    memset(&heard, 0, sizeof heard);
    CHECK(pthread_mutex_init(&heard.lock, NULL) == 0);
    return heard;
}

void log_lines_go_where_the_program_says(void)
{
    struct heard first = nothing_heard(), second = nothing_heard();
    cluster_leader_handle handle;
    int lines;

    CHECK_OK(cluster_leader_set_log_callback(NULL, NULL));
    first.slow = true; /* it is still running when it is replaced */
    CHECK_OK(cluster_leader_set_log_callback(hear, &first));
    handle = started("log");
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    await_lines(&first, 0);
    CHECK(!pthread_equal(first.thread, pthread_self()));
    CHECK(first.follows_syslog);

    CHECK_OK(cluster_leader_stop(started("log-busy"))); /* lines enough to be busy with */
    CHECK_OK(cluster_leader_set_log_callback(hear, &second));
    end(&first);
    CHECK_OK(cluster_leader_stop(handle));
    handle = started("log");
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    await_lines(&second, 0);
    CHECK_OK(cluster_leader_set_log_callback(NULL, &second));
    end(&second);
    lines = lines_of(&second);
    CHECK_OK(cluster_leader_stop(handle));
    CHECK(lines_of(&second) == lines);
    CHECK(first.after_the_end == 0 && second.after_the_end == 0);
    CHECK(first.leads || second.leads);
}

void a_log_callback_may_call_back(void)
{
    struct heard heard = nothing_heard();
    heard.calls_back = true;
    heard.handle = started("log");
    CHECK_OK(cluster_leader_set_log_callback(hear, &heard));
    CHECK_OK(cluster_leader_stop(started("log-2"))); /* it says something */
    await_lines(&heard, 0);
    CHECK_OK(cluster_leader_set_log_callback(NULL, NULL));
    end(&heard);
    CHECK(!heard.calls_back);
    CHECK_OK(cluster_leader_stop(heard.handle));
    CHECK(heard.after_the_end == 0);
}

static void *set_and_unset(void *unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++) {
        struct heard *heard = (struct heard *)malloc(sizeof *heard);
        *heard = nothing_heard();
        heard->slow = i % 2 == 0;
        CHECK_OK(cluster_leader_set_log_callback(hear, heard));
        if (i % 5 == 0)
            CHECK_OK(cluster_leader_stop(started("log-many")));
        CHECK_OK(cluster_leader_set_log_callback(NULL, NULL));
        /* Another thread may have set its own meanwhile, but this one is done with. */
        CHECK(heard->running == 0);
        pthread_mutex_destroy(&heard->lock);
        free(heard); /* whoever still calls it is found by the sanitizers and by valgrind */
    }
    return NULL;
}

void log_callbacks_are_set_by_many_threads(void)
{
    pthread_t threads[4];
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++)
        CHECK(pthread_create(&threads[i], NULL, set_and_unset, NULL) == 0);
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

static void unset_within(void *user_data, cluster_leader_log_level level, const char *message)
{
    struct heard *heard = (struct heard *)user_data;
    (void)level, (void)message;
    CHECK_OK(cluster_leader_set_log_callback(NULL, NULL));
    pthread_mutex_lock(&heard->lock);
    heard->lines++;
    pthread_mutex_unlock(&heard->lock);
}

void a_log_callback_may_unset_itself_and_shutdown_unsets_it(void)
{
    struct heard within = nothing_heard(), heard = nothing_heard();
    CHECK_OK(cluster_leader_set_log_callback(unset_within, &within));
    CHECK_OK(cluster_leader_stop(started("log-3")));
    await_lines(&within, 0);
    CHECK_OK(cluster_leader_stop(started("log-3")));
    CHECK(lines_of(&within) == 1);

    heard.slow = true;
    CHECK_OK(cluster_leader_set_log_callback(hear, &heard));
    started("log-4");
    CHECK_OK(cluster_leader_shutdown(BOUND_MS));
    CHECK(heard.lines > 0 && heard.running == 0);
    end(&heard);
    CHECK_OK(cluster_leader_stop(started("log-4")));
    CHECK_OK(cluster_leader_shutdown(BOUND_MS));
    CHECK(heard.after_the_end == 0);
}

static void sleep_until_told(void *user_data, cluster_leader_log_level level, const char *message)
{
    (void)level, (void)message;
    while (lines_of((struct heard *)user_data) == 0)
        rest();
}

void a_log_callback_that_hangs_holds_up_nothing_but_the_log(void)
{
    struct heard heard = nothing_heard();
    cluster_leader_handle handle;
    cluster_leader_status_t status;
    CHECK_OK(cluster_leader_set_log_callback(sleep_until_told, &heard));
    handle = started("log-5");
    status = awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    CHECK_OK(cluster_leader_step_down(handle));
    CHECK_OK(cluster_leader_wait(handle, status.version, BOUND_MS, &status));
    CHECK_OK(cluster_leader_stop(handle));
    awaited(handle = started("log-5"), CLUSTER_LEADER_STATE_LEADING);
    CHECK(cluster_leader_shutdown(300) == CLUSTER_LEADER_ERROR_TIMEOUT);
    refuses(handle);
    pthread_mutex_lock(&heard.lock);
    heard.lines = 1;
    pthread_mutex_unlock(&heard.lock);
    CHECK_OK(cluster_leader_shutdown(BOUND_MS));
}
