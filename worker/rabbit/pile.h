/* SPDX-License-Identifier: Apache-2.0
 *
 * The dead letters, in the hands of one command: each is looked at once, and what is not removed is
 * given back as it lay.
 *
 * Only one command at a time has them, for what one has in hand another would not see. It is the
 * broker that sees to it, by a queue that belongs to one connection and goes with it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/contract/address.h"
#include "worker/rabbit/letter.h"
#include "worker/rabbit/session.h"

#define PILE_CHANNELS_MAX 2000u

struct pile {
    struct session session;
    struct letters letters;
    struct address queue;
    struct address lock;
    uint32_t count;                      /* of letters at the beginning: no others are looked at */
    uint32_t seen;                       /* of them */
    uint32_t removed;                    /* of those seen */
    uint32_t channels;                   /* all but the last are full of letters that stay */
    uint32_t in_hand[PILE_CHANNELS_MAX]; /* on each */
};

/* *busy: another command has them, and has not let go for so long. All zeros before. */
bool pile_open(struct pile *pile, const struct amqp_url *url, const char *namespace,
               uint32_t wait_seconds, bool *busy, struct error *error) MUST_CHECK;

/* The next letter, valid until the next call; NULL behind the last. */
bool pile_next(struct pile *pile, const struct letter **letter, struct error *error) MUST_CHECK;

/* Whether no more letters come before one of those seen is removed, or else the next is taken for
 * all of them stay: to be removed is only what came on the channel of the last letter. */
bool pile_is_full(const struct pile *pile);

/* Removes one letter, by its tag; or all that were seen on the last letter's channel up to it. */
bool pile_remove(struct pile *pile, uint64_t tag, struct error *error) MUST_CHECK;
bool pile_remove_all(struct pile *pile, uint64_t tag, uint32_t count,
                     struct error *error) MUST_CHECK;

/* Keeps the connection alive; for whoever waits for something else. */
bool pile_keep(struct pile *pile, struct error *error) MUST_CHECK;

/* Gives back what was not removed, and waits until the queue has it. Accepts what was never opened,
 * or is broken: then the broker gives it back by itself. */
void pile_close(struct pile *pile);
