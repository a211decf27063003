/*
 * A program that does nothing about signals: SIGPIPE would end it. It stands in the election that
 * its environment names, and says "leads" and "follows" as that changes. SIGTERM ends it well.
 */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cluster_leader.h"

static volatile sig_atomic_t stopping = 0;

static void stop(int signal)
{
    (void)signal;
    stopping = 1;
}

int main(void)
{
    struct sigaction of_sigpipe, on_sigterm;
    sigset_t blocked;
    cluster_leader_handle handle;
    cluster_leader_status_t status;
    bool led = false;

    sigaction(SIGPIPE, NULL, &of_sigpipe);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    if (of_sigpipe.sa_handler != SIG_DFL || sigismember(&blocked, SIGPIPE)) {
        printf("SIGPIPE is not at its default\n");
        return 2;
    }
    memset(&on_sigterm, 0, sizeof on_sigterm);
    on_sigterm.sa_handler = stop;
    sigaction(SIGTERM, &on_sigterm, NULL);

    if (cluster_leader_default(&handle) != CLUSTER_LEADER_OK) {
        printf("%s\n", cluster_leader_error_message());
        return 1;
    }
    memset(&status, 0, sizeof status);
    status.size = sizeof status;
    while (!stopping && cluster_leader_wait(handle, status.version, 50, &status) == CLUSTER_LEADER_OK) {
        bool leads = cluster_leader_is_leader(handle);
        if (leads != led) {
            printf(leads ? "leads\n" : "follows\n");
            fflush(stdout);
        }
        led = leads;
    }
    return cluster_leader_shutdown(10000) == CLUSTER_LEADER_OK ? 0 : 3;
}
