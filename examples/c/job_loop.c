/*
 * A job that runs once a second on one of all the processes that are started like this:
 *
 *     cc job_loop.c $(pkg-config --cflags --libs cluster_leader) -o job_loop
 *     CLUSTER_LEADER_ELECTION=billing-jobs ./job_loop
 *
 * In a pod it elects on a Kubernetes Lease, elsewhere on files among the processes of the machine:
 * start it in two terminals. SIGINT (Ctrl-C) or SIGTERM releases, and the other takes over at
 * once; after a kill -9 too, because the kernel tells of the death.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cluster_leader.h"

static volatile sig_atomic_t stopping = 0;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

int main(void)
{
    signal(SIGINT, stop);
    signal(SIGTERM, stop);

    cluster_leader_handle election;
    if (cluster_leader_start(NULL, &election) != CLUSTER_LEADER_OK) {
        fprintf(stderr, "%s\n", cluster_leader_error_message());
        return 1;
    }
    while (!stopping) {
        if (cluster_leader_is_leader_for(election, 1000)) {
            printf("the job runs here\n");
            fflush(stdout);
        }
        sleep(1); /* a signal ends it early */
    }
    cluster_leader_stop(election);
    return 0;
}
