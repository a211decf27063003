/* Errors that need surroundings of their own. */
#include "harness.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Something that listens in an API server's place. */
static int listening(const char *scheme)
{
    char path[PATH_MAX], text[1024];
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 64) == 0 && getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    snprintf(path, sizeof path, "%.3000s/kubeconfig-%s", directory, scheme);
    snprintf(text, sizeof text,
             "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
             "clusters: [{name: x, cluster: {server: '%s://127.0.0.1:%d'}}]\n"
             "users: [{name: x, user: {token: x}}]\n"
             "contexts: [{name: x, context: {cluster: x, user: x, namespace: x}}]\n",
             scheme, (int)ntohs(address.sin_port));
    write_file(path, text);
    setenv("KUBECONFIG", path, 1);
    unsetenv("KUBERNETES_SERVICE_HOST");
    return listener;
}

static cluster_leader_handle started_on_kubernetes(void)
{
    cluster_leader_options options = options_for("unanswered");
    cluster_leader_handle handle;
    options.store = "kubernetes";
    CHECK_OK(cluster_leader_start(&options, &handle));
    unsetenv("KUBECONFIG");
    return handle;
}

/* It takes connections and never answers. */
void a_server_that_does_not_answer_is_no_error_but_to_who_asks_it(void)
{
    int listener = listening("http");
    cluster_leader_handle handle = started_on_kubernetes();
    cluster_leader_status_t status;
    bool holds = true;
    uint64_t begin = now_ms();

    CHECK(!cluster_leader_is_leader(handle));
    CHECK(cluster_leader_last_error() == CLUSTER_LEADER_OK);
    CHECK(cluster_leader_verify(handle, &holds) == CLUSTER_LEADER_ERROR_UNANSWERED);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_UNANSWERED, " ");
    CHECK(!holds);
    CHECK(now_ms() - begin < BOUND_MS);
    status.size = sizeof status;
    CHECK_OK(cluster_leader_status(handle, &status));
    while (strcmp(status.last_problem, "") == 0) {
        CHECK(now_ms() - begin < BOUND_MS);
        CHECK_OK(cluster_leader_wait(handle, status.version, 1000, &status));
    }
    CHECK(status.state == CLUSTER_LEADER_STATE_STARTING && status.term == -1);
    CHECK(strcmp(status.place, "Lease x/c-test") == 0);
    CHECK(cluster_leader_shutdown(0) == CLUSTER_LEADER_ERROR_TIMEOUT);
    CHECK_ERROR(CLUSTER_LEADER_ERROR_TIMEOUT, "0ns");
    refuses(handle);
    close(listener);
}

static int broken;

/* Ends each connection so that writing to it raises SIGPIPE, and answers nonsense, which TLS complains of. */
static void *break_connections(void *listener)
{
    static const char nonsense[] = "HTTP/1.0 400 This is not TLS\r\n\r\n";
    struct linger reset = {1, 0};
    char hello[4096];
    int connection;
    while ((connection = accept(*(int *)listener, NULL, NULL)) >= 0) {
        CHECK(recv(connection, hello, sizeof hello, 0) >= 0);
        CHECK(send(connection, nonsense, sizeof nonsense - 1, MSG_NOSIGNAL) > 0);
        shutdown(connection, SHUT_WR);
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(connection);
        __atomic_add_fetch(&broken, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* SIGPIPE is at its default here, as in any program that never heard of it. */
void g11_connections_that_break_send_no_sigpipe(void)
{
    int listener = listening("https");
    cluster_leader_handle handle = started_on_kubernetes();
    uint64_t end = now_ms() + BOUND_MS;
    pthread_t thread;
    struct sigaction action;
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    CHECK(pthread_create(&thread, NULL, break_connections, &listener) == 0);
    while (__atomic_load_n(&broken, __ATOMIC_SEQ_CST) < 4) {
        CHECK(now_ms() < end);
        rest();
    }
    CHECK_OK(cluster_leader_stop(handle));
    CHECK(shutdown(listener, SHUT_RDWR) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    close(listener);
}

/* Without memory for a thread. Programs that are instrumented do not survive such a limit. */
void a_system_without_memory_is_an_error(void)
{
    int status;
    pid_t child;
    if (getenv("TEST_INSTRUMENTED") != NULL)
        return;
    child = fork();
    if (child == 0) {
        struct rlimit none = {1, 1};
        cluster_leader_options options = options_for("no-memory");
        cluster_leader_handle handle = 7;
        void *pieces[100];
        /* What the error itself takes is there. */
        for (int i = 0; i < 100; i++)
            pieces[i] = malloc(10000);
        for (int i = 0; i < 99; i++)
            free(pieces[i]);
        if (setrlimit(RLIMIT_AS, &none) != 0)
            _exit(2);
        if (cluster_leader_start(&options, &handle) != CLUSTER_LEADER_ERROR_SYSTEM || handle != 0)
            _exit(3);
        if (cluster_leader_set_log_callback(NULL, NULL) != CLUSTER_LEADER_OK)
            _exit(4);
        _exit(cluster_leader_last_error() == CLUSTER_LEADER_OK ? 0 : 5);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
