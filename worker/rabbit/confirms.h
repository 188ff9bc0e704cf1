/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of the published messages the broker has not spoken for yet.
 *
 * A channel's messages are numbered 1, 2, 3 … as they are sent. The broker's confirms come in any
 * order, for one or for all up to one, and may refuse. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

#define CONFIRMS_MAX 4096u /* messages without their confirm at one time */

struct confirm {
    uint32_t message; /* the caller's number for it */
    uint8_t attempt;  /* how often it was sent, this time included */
    bool open;        /* its confirm has not come */
    bool wanted;      /* false: forgotten; its confirm will be taken for nothing */
};

/* The numbers from first to before next are in the ring, at their number modulo its size. */
struct confirms {
    uint64_t first;   /* the lowest that may be open */
    uint64_t next;    /* the next message's */
    uint32_t waiting; /* open and wanted */
    uint32_t refused_first;
    uint32_t refused_count;
    struct confirm ring[CONFIRMS_MAX];
    struct confirm refused[CONFIRMS_MAX]; /* a ring too: not dealt with yet */
};

/* For a new channel. */
void confirms_reset(struct confirms *confirms);

/* The broker has not spoken for all that was sent, wanted or forgotten. */
bool confirms_owed(const struct confirms *confirms);

/* No more can be sent until confirms come. While messages are refused and not dealt with, only
 * these may be sent again, each once it was dropped: so what is refused always has a place. */
bool confirms_full(const struct confirms *confirms);

/* One more message was sent. Not while full. */
void confirms_sent(struct confirms *confirms, uint32_t message, uint8_t attempt);

/* The broker has taken (ack) or refused (nack) a message, or all up to it; of "all", the number 0
 * means those sent until now. False, with ERROR_RETRY: it confirms what was not sent, or twice. */
bool confirms_settle(struct confirms *confirms, uint64_t number, bool multiple, bool taken,
                     struct error *error) MUST_CHECK;

/* The refused message that was refused first. False: there is none. */
bool confirms_peek(const struct confirms *confirms, struct confirm *refused) MUST_CHECK;

/* It is dealt with. */
void confirms_drop(struct confirms *confirms);

/* What was sent does not matter any more; its confirms still come. */
void confirms_forget(struct confirms *confirms);
