/*
 * What loading the library and standing in one election adds to a process: it says
 *
 *     size before|stands RSS_KIB ANONYMOUS_KIB THREADS
 *     role leader|follower
 *
 * of itself, by /proc/self/status, what is last when it has stood for so many seconds. Then it stops the
 * election and ends.
 *
 * growth LIBRARY SECONDS, with the environment that the programs of tests/chaos have.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster_leader.h"

static long number_after(const char *text, const char *name)
{
    const char *found = strstr(text, name);
    return found == NULL ? -1 : strtol(found + strlen(name), NULL, 10);
}

/* Without stdio, whose buffers would count. */
static void say_size(const char *when)
{
    static char status[4096], line[128];
    int file = open("/proc/self/status", O_RDONLY);
    ssize_t length = read(file, status, sizeof status - 1);
    close(file);
    status[length < 0 ? 0 : length] = 0;
    length = snprintf(line, sizeof line, "size %s %ld %ld %ld\n", when, number_after(status, "VmRSS:"),
                      number_after(status, "RssAnon:"), number_after(status, "Threads:"));
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(1);
}

static void *loaded(void *library, const char *name)
{
    void *function = dlsym(library, name);
    if (function == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return function;
}

int main(int count, char **arguments)
{
    if (count != 3)
        return 2;
    say_size("warm-up"); /* its own first use of pages */
    say_size("before");
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    int32_t (*start)(const cluster_leader_options *, cluster_leader_handle *);
    bool (*is_leader)(cluster_leader_handle);
    int32_t (*shutdown)(uint64_t);
    *(void **)&start = loaded(library, "cluster_leader_start");
    *(void **)&is_leader = loaded(library, "cluster_leader_is_leader");
    *(void **)&shutdown = loaded(library, "cluster_leader_shutdown");

    cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
    options.election = getenv("ELECTION_NAME");
    options.namespace_ = getenv("ELECTION_NAMESPACE");
    options.instance_name = getenv("ELECTION_IDENTITY");
    options.store = "kubernetes";
    cluster_leader_handle election;
    if (start(&options, &election) != CLUSTER_LEADER_OK)
        return 1;
    sleep((unsigned)atoi(arguments[2]));
    say_size("stands");
    printf("role %s\n", is_leader(election) ? "leader" : "follower");
    return shutdown(2000);
}
