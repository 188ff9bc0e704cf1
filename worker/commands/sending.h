/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs sent by a command: parsed before they go, with the routing key that belongs to them, their
 * decisions printed as they come, and all of them counted. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/connect/postgres.h"
#include "common/contract/job_parse.h"
#include "till/event.h"
#include "worker/commands/command.h"
#include "worker/rabbit/submitter.h"

#define SENDING_WAIT_MAX 86400u /* seconds */

struct sending;

/* Called for each decision, or answer, that has come. */
typedef void sending_print(struct sending *sending, const struct till_event *event,
                           struct span bytes);

/* Zeroed but for the configuration, which sending_open takes. Some 300 KiB: keep it static. */
struct sending {
    const struct config *config;
    sending_print *print;
    bool as_json;
    bool waits; /* for decisions */

    uint64_t sent;
    uint64_t accepted;
    uint64_t granted;
    uint64_t sold_out;
    uint64_t refused;
    uint64_t undecided;

    struct submitter submitter;
    bool asks_database; /* for routing keys; false once it could not be reached */
    struct postgres postgres;
    struct till_event event; /* the one being printed */
    struct arena arena;
    char memory[JOB_MEMORY_MAX + 64]; /* aligned it is a little smaller */
};

/* With 0 seconds to wait only the broker's confirms are waited for. Not given a function to print
 * with, prints a line a decision. */
bool sending_open(struct sending *sending, const struct invocation *invocation,
                  uint32_t wait_seconds, sending_print *print, struct error *error) MUST_CHECK;
void sending_close(struct sending *sending);

/* Whether the bytes are a job; in the arena until the next call. ERROR_USAGE names the member. */
bool sending_parse(struct sending *sending, struct span body, struct job *job,
                   struct error *error) MUST_CHECK;

/* Sends it, once there is room. */
bool sending_add(struct sending *sending, const struct job *job, struct span body,
                 struct error *error) MUST_CHECK;

/* Waits until each job is confirmed and, if that was asked for, decided or given up. */
bool sending_finish(struct sending *sending, struct error *error) MUST_CHECK;

/* What the contract has the program end with. */
enum exit_status sending_status(const struct sending *sending);

/* A decision for people, or the event as it came. */
void sending_print_event(struct sending *sending, const struct till_event *event,
                         struct span bytes);
