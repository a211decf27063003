/*
 * Any bytes as options of an election, for libFuzzer:
 *
 *     clang -fsanitize=fuzzer,address,undefined -I include tests/c/fuzz_options.c -lcluster_leader
 *     FUZZ_DIRECTORY=DIR ./a.out
 *
 * The store is always below DIR: nothing else is written, which run.sh checks.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster_leader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s (%d: %s)\n", __FILE__, __LINE__, #condition,        \
                    (int)cluster_leader_last_error(), cluster_leader_error_message());             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct input {
    const uint8_t *data;
    size_t left;
};

static uint8_t byte(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->data++;
}

static uint64_t number(struct input *input)
{
    uint64_t number = 0;
    switch (byte(input) % 4) {
    case 0: return 0;
    case 1: return (uint64_t)byte(input) * 100;
    case 2: return (uint64_t)byte(input) * 1000;
    }
    for (int i = 0; i < 8; i++)
        number = number << 8 | byte(input);
    return number;
}

/* A text in memory of exactly its own size, so that reading beyond it is found; or NULL. */
static char *text(struct input *input, const char *prefix)
{
    size_t length = byte(input), start = strlen(prefix);
    char *text;
    if (length == 0)
        return NULL;
    length = length > input->left ? input->left : length;
    text = (char *)malloc(start + length + 1);
    CHECK(text != NULL);
    memcpy(text, prefix, start);
    for (size_t i = 0; i < length; i++) {
        char next = (char)byte(input);
        /* Below its directory, where that is given. */
        text[start + i] = start > 0 && next == '/' ? '-' : next;
    }
    text[start + length] = '\0';
    return text;
}

/* What the struct says of its own size: mostly the truth. */
static size_t size(struct input *input)
{
    size_t right = sizeof(cluster_leader_options);
    switch (byte(input) % 8) {
    case 0: return right - 1 - byte(input) % right;
    case 1: return right + byte(input);
    case 2: return (size_t)number(input);
    default: return right;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static unsigned runs;
    struct input input = {data, length};
    cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
    cluster_leader_handle handle = 7;
    cluster_leader_result result;
    char prefix[4096];
    char *texts[7];
    uint8_t *given;
    size_t claimed, real;

    snprintf(prefix, sizeof prefix, "file:%.3000s/", getenv("FUZZ_DIRECTORY"));
    claimed = size(&input);
    options.size = claimed;
    options.lease_duration_ms = number(&input);
    options.renew_deadline_ms = number(&input);
    options.retry_period_ms = number(&input);
    options.heartbeat_ms = number(&input);
    for (int i = 0; i < 7; i++)
        texts[i] = text(&input, i == 0 ? prefix : "");
    if (texts[0] == NULL) {
        texts[0] = (char *)malloc(strlen(prefix) + 1);
        CHECK(texts[0] != NULL);
        strcpy(texts[0], prefix);
    }
    options.store = texts[0];
    options.election = texts[1];
    options.namespace_ = texts[2];
    options.instance_name = texts[3];
    options.watch_pods = texts[4];
    options.termination_log = texts[5];
    options.wait_until_ready = texts[6];

    /* As large as it says, if that is believable, and what nobody knows of it is arbitrary too. */
    real = claimed < 64 * sizeof options ? claimed : sizeof options;
    real = real < sizeof(size_t) ? sizeof(size_t) : real;
    given = (uint8_t *)malloc(real);
    CHECK(given != NULL);
    memcpy(given, &options, real < sizeof options ? real : sizeof options);
    for (size_t i = sizeof options; i < real; i++)
        given[i] = byte(&input);

    result = cluster_leader_start((const cluster_leader_options *)(const void *)given, &handle);
    CHECK(result == cluster_leader_last_error());
    CHECK((result == CLUSTER_LEADER_OK) == (handle != 0));
    CHECK((result == CLUSTER_LEADER_OK) == (*cluster_leader_error_message() == '\0'));
    CHECK(result == CLUSTER_LEADER_OK || result == CLUSTER_LEADER_ERROR_ARGUMENT ||
          result == CLUSTER_LEADER_ERROR_CONFIGURATION || result == CLUSTER_LEADER_ERROR_STORE);
    free(given);
    for (int i = 0; i < 7; i++)
        free(texts[i]);
    if (result == CLUSTER_LEADER_OK) {
        cluster_leader_status_t status;
        status.size = sizeof status;
        CHECK(cluster_leader_status(handle, &status) == CLUSTER_LEADER_OK);
        CHECK(strlen(status.election) > 0 && strlen(status.instance_name) > 0);
        cluster_leader_is_leader(handle);
        CHECK(cluster_leader_stop(handle) == CLUSTER_LEADER_OK);
    }
    if (++runs % 64 == 0)
        CHECK(cluster_leader_shutdown(60000) == CLUSTER_LEADER_OK);
    return 0;
}
