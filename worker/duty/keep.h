/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeping lanes: which ones a worker serves, look by look, and when it lets go of them.
 *
 * Never needed for safety: without the database the lanes that are served stay. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/limits.h"
#include "worker/duty/generations.h"
#include "worker/duty/handover.h"
#include "worker/duty/living.h"
#include "worker/duty/share.h"

/* What is remembered of a lane that is served; zeros at first. It is in the caller's memory. */
struct kept {
    bool ending;               /* it has been asked to, and has not yet */
    bool wanted;               /* its generation is served, as far as the last look knows */
    struct share share;        /* the lane's */
    struct handover_view view; /* of the last look */
    struct handover_past past;
};

/* Somebody in the line of a lane, as he recorded it himself, and who claimed the lane last. Of a
 * lane that nobody stands in line for there is one without a worker. */
struct keep_row {
    const char *claimed_run;
    uint64_t claim_age_ms; /* UINT64_MAX: it was not claimed yet */
    const char *worker;
    const char *run;
    uint64_t age_ms; /* of the subscription */
    bool frozen;     /* it has gone silent, and has not gone: the broker may not know yet */
};

struct keep;

/* Lanes that are served have places, from 0; they keep them during a look, but for new ones. */
struct keep_ops {
    /* Monotonic, in ms, and not 0. */
    uint64_t (*now_ms)(void *self);

    /* Announces this worker; which generations are served, and who is alive: the list is the
     * caller's to free. */
    bool (*look)(void *self, struct generations *generations, struct living_list *list,
                 struct error *error);

    /* The lines of all lanes that are served: keep_see_row for each row. */
    bool (*read_lines)(void *self, struct keep *keep, struct error *error);

    uint32_t (*places)(void *self);

    /* NULL: there is none at this place. */
    struct kept *(*at)(void *self, uint32_t place);

    /* NULL: it is not served. */
    struct kept *(*find)(void *self, uint32_t generation, uint32_t lane);

    /* Begins to serve a lane that is not. */
    bool (*begin)(void *self, uint32_t generation, uint32_t lane, struct error *error);

    /* Whether it is subscribed, since when, 0: it is not; and whether it has jobs in hand. */
    void (*subscription)(void *self, uint32_t place, uint64_t *subscribed_ms, bool *in_hand);

    void (*step_aside)(void *self, uint32_t place);

    /* It finishes what it has in hand, and goes. */
    void (*end)(void *self, uint32_t place);
};

struct keep {
    const struct keep_ops *ops;
    void *self;
    const char *name; /* this worker's, */
    const char *run;  /* of this start */
    struct living living;
    struct generations generations; /* of the last look */
    uint32_t me;                    /* the place in it; SHARE_NONE: our name is another's */
    uint32_t owned;                 /* lanes of the current generation that are ours, */
    uint32_t standby;               /* that we stand by for, */
    uint32_t unowned;               /* and that nobody may have */
};

void keep_init(struct keep *keep, const struct keep_ops *ops, void *self, const char *name,
               const char *run);

/* Looks, shares the lanes of all served generations out, begins ours, and steps aside, leaves and
 * ends where it is time. */
bool keep_look(struct keep *keep, struct error *error) MUST_CHECK;

/* For the port, while it reads. */
void keep_see_row(const struct keep *keep, struct kept *kept, const struct keep_row *row);

/* From one look to the next. */
uint32_t keep_interval_ms(const struct keep *keep);

void keep_deinit(struct keep *keep);
