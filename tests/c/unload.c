/*
 * A host that loads the library with dlopen() and unloads it again, several times over.
 *
 *     unload LIBRARY DIR
 */
#define _POSIX_C_SOURCE 200809L

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster_leader.h"

/* A function of the library, of this type. ISO C has no conversion from void * to it. */
#define FUNCTION(library, type, name)                                                              \
    type name;                                                                                     \
    {                                                                                              \
        void *address = dlsym(library, "cluster_leader_" #name);                                   \
        CHECK(address != NULL);                                                                    \
        memcpy(&name, &address, sizeof name);                                                      \
    }

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

typedef cluster_leader_result (*start_function)(const cluster_leader_options *, cluster_leader_handle *);
typedef cluster_leader_result (*wait_function)(cluster_leader_handle, uint64_t, uint64_t, cluster_leader_status_t *);
typedef cluster_leader_result (*shutdown_function)(uint64_t);

int main(int count, char **arguments)
{
    char store[4096];
    CHECK(count == 3);
    snprintf(store, sizeof store, "file:%.3000s", arguments[2]);
    for (int round = 0; round < 3; round++) {
        void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
        cluster_leader_handle handle;
        cluster_leader_status_t status;
        CHECK(library != NULL);
        {
            FUNCTION(library, start_function, start)
            FUNCTION(library, wait_function, wait)
            FUNCTION(library, shutdown_function, shutdown)
            options.election = "unload";
            options.store = store;
            CHECK(start(&options, &handle) == CLUSTER_LEADER_OK);
            memset(&status, 0, sizeof status);
            status.size = sizeof status;
            while (!status.leading)
                CHECK(wait(handle, status.version, 60000, &status) == CLUSTER_LEADER_OK);
            CHECK(shutdown(60000) == CLUSTER_LEADER_OK);
        }
        CHECK(dlclose(library) == 0);
    }
    printf("ok dlopen, lead, shutdown, dlclose\n");
    return 0;
}
