// Stands in the election of its process until it leads.
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>

#include "cluster_leader.h"

int main(void) {
  const struct timespec pause = {0, 50 * 1000 * 1000};
  for (int tries = 0; tries < 1200; tries++) {
    if (cluster_leader_is_this_instance_leader()) {
      puts("leads");
      return 0;
    }
    nanosleep(&pause, NULL);
  }
  fprintf(stderr, "does not lead: %s\n", cluster_leader_error_message());
  return 1;
}
