/*
 * A host that loads the library with dlopen() and unloads it again, several times over.
 *
 *     unload LIBRARY DIR
 */
#define _POSIX_C_SOURCE 200809L

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cluster_leader.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define BOUND_MS 60000

/* The functions, as the library that is loaded has them. */
static struct {
    void *library;
    cluster_leader_result (*start)(const cluster_leader_options *, cluster_leader_handle *);
    cluster_leader_result (*wait)(cluster_leader_handle, uint64_t, uint64_t, cluster_leader_status_t *);
    cluster_leader_result (*shutdown)(uint64_t);
    cluster_leader_result (*set_log_callback)(cluster_leader_log_callback, void *);
    bool (*is_leader)(cluster_leader_handle);
} loaded;

static const char *path;
static char store[4096];
static cluster_leader_handle handle;

/* ISO C has no conversion from void * to a function. */
static void find(void *function, size_t size, const char *name)
{
    void *address = dlsym(loaded.library, name);
    CHECK(address != NULL && size == sizeof address);
    memcpy(function, &address, size);
}

static void load(void)
{
    loaded.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(loaded.library != NULL);
    find(&loaded.start, sizeof loaded.start, "cluster_leader_start");
    find(&loaded.wait, sizeof loaded.wait, "cluster_leader_wait");
    find(&loaded.shutdown, sizeof loaded.shutdown, "cluster_leader_shutdown");
    find(&loaded.set_log_callback, sizeof loaded.set_log_callback, "cluster_leader_set_log_callback");
    find(&loaded.is_leader, sizeof loaded.is_leader, "cluster_leader_is_leader");
}

static void unload(void)
{
    CHECK(dlclose(loaded.library) == 0);
    memset(&loaded, 0, sizeof loaded);
}

static bool is_mapped(void)
{
    char line[8192];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL)
        found = found || strstr(line, "libcluster_leader") != NULL;
    fclose(maps);
    return found;
}

static void hear(void *user_data, cluster_leader_log_level level, const char *message)
{
    (void)user_data, (void)level, (void)message;
}

static void *lead(void *unused)
{
    cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
    cluster_leader_status_t status;
    (void)unused;
    CHECK(loaded.set_log_callback(hear, NULL) == CLUSTER_LEADER_OK);
    options.election = "unload";
    options.store = store;
    CHECK(loaded.start(&options, &handle) == CLUSTER_LEADER_OK);
    memset(&status, 0, sizeof status);
    status.size = sizeof status;
    while (!status.leading)
        CHECK(loaded.wait(handle, status.version, BOUND_MS, &status) == CLUSTER_LEADER_OK);
    return NULL;
}

static void *end(void *unused)
{
    (void)unused;
    CHECK(loaded.shutdown(BOUND_MS) == CLUSTER_LEADER_OK);
    CHECK(!loaded.is_leader(handle));
    return NULL;
}

/* glibc keeps a library loaded for as long as there are threads that its thread-local values belong to. */
static void in_a_thread_that_ends(void *(*what)(void *))
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, what, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(int count, char **arguments)
{
    CHECK(count == 3);
    path = arguments[1];
    snprintf(store, sizeof store, "file:%.3000s", arguments[2]);
    for (int round = 0; round < 3; round++) {
        load();
        in_a_thread_that_ends(lead);
        in_a_thread_that_ends(end);
        unload();
        CHECK(!is_mapped());
    }
    printf("ok dlopen, lead, shutdown, dlclose: it is unloaded\n");

    load();
    in_a_thread_that_ends(lead);
    unload();
    CHECK(is_mapped());
    struct timespec while_it_renews = {0, 300 * 1000 * 1000};
    nanosleep(&while_it_renews, NULL);
    load();
    CHECK(loaded.is_leader(handle));
    in_a_thread_that_ends(end);
    unload();
    CHECK(!is_mapped());
    printf("ok dlclose without shutdown: it stays loaded, and leads, until it is shut down\n");

    /* From a thread that lives on, and without an end: the process ends well. */
    load();
    lead(NULL);
    unload();
    CHECK(is_mapped());
    return 0;
}
