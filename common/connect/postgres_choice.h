/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of several servers to write to.
 *
 * A standby that was promoted begins a new timeline, and nobody may have told the old primary: it
 * goes on answering, takes what is written, and waits for ever for its standby to confirm it. So of
 * those that can be written to, the one with the highest timeline is right. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMELINE_NONE 0u /* the server itself begins with 1 */

struct postgres_choice {
    uint32_t timeline; /* of the best so far; TIMELINE_NONE: there is none */
    size_t host;
};

/* The timeline that a file of the write-ahead log belongs to, out of its name. */
uint32_t postgres_choice_timeline(const char *file);

/* Whether this server, asked after those before, is better than all of them; then it is the choice.
 * Of equals the first stays, so that two names of one server do not alternate. */
bool postgres_choice_offer(struct postgres_choice *choice, size_t host, uint32_t timeline);
