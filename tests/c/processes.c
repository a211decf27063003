/* Forks, kills and exits. */
#include "harness.h"

void g11_a_forked_child_reads_false(void)
{
    cluster_leader_handle handle = started("fork");
    int status;
    pid_t child;
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    child = fork();
    if (child == 0) {
        if (cluster_leader_is_leader(handle) || cluster_leader_is_leader_for(handle, 1) ||
            cluster_leader_remaining_ms(handle) != 0)
            _exit(1);
        leave();
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(cluster_leader_is_leader(handle));
    CHECK_OK(cluster_leader_stop(handle));
}

/* Starts this program anew as a candidate, and returns when it leads. */
static pid_t another_process(const char *how, const char *where, int *says)
{
    int ends[2];
    char word[6] = "";
    pid_t child;
    CHECK(pipe(ends) == 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, how, where, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    CHECK(read(ends[0], word, 5) == 5 && strcmp(word, "leads") == 0);
    *says = ends[0];
    return child;
}

void after_a_kill_another_leads(void)
{
    int says, status;
    pid_t child = another_process("lead", store("kill") + strlen("file:"), &says);
    cluster_leader_handle handle = started("kill");
    cluster_leader_status_t following = awaited(handle, CLUSTER_LEADER_STATE_FOLLOWING);
    CHECK(!cluster_leader_is_leader(handle));
    CHECK(strcmp(following.leader, "the-other") == 0);
    CHECK(following.fencing_token == 0);
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(waitpid(child, &status, 0) == child);
    awaited(handle, CLUSTER_LEADER_STATE_LEADING);
    CHECK(cluster_leader_is_leader(handle));
    CHECK_OK(cluster_leader_stop(handle));
    close(says);
}

void g7_a_normal_exit_releases(void)
{
    int says, status;
    char record[PATH_MAX], content[4096];
    FILE *file;
    size_t length;
    pid_t child = another_process("exit", store("exit") + strlen("file:"), &says);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(says);
    /* Nobody else stands: what the record says is that process's last word. */
    snprintf(record, sizeof record, "%.3000s/exit/c-test.json", directory);
    file = fopen(record, "r");
    CHECK(file != NULL);
    length = fread(content, 1, sizeof content - 1, file);
    content[length] = '\0';
    fclose(file);
    CHECK(strstr(content, "holderIdentity") != NULL);
    CHECK(strstr(content, "the-other") == NULL);
}
