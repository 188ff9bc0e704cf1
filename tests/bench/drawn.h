/* SPDX-License-Identifier: Apache-2.0
 *
 * The jobs of a measurement: checkouts of one unit each, of one SKU or of many by Zipf's law, by
 * customers drawn at random, with ids in no order. The same for the same run. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/prng.h"
#include "common/base/span.h"

#define DRAWN_SKUS_MAX 100000u

struct draw {
    uint32_t run; /* in the ids: no run repeats another's jobs */
    uint32_t skus;
    struct prng prng;
    double weights[DRAWN_SKUS_MAX]; /* summed: of a SKU and all before it */
};

/* A job as it goes to the broker; the spans point into the texts. */
struct drawn {
    char id_text[64];
    char body_text[256];
    char slot_text[16];
    struct span id;
    struct span body;
    struct span slot;
};

/* The SKUs are SKU-0, SKU-1 ... */
void draw_init(struct draw *draw, uint32_t run, uint32_t skus);

/* The job with this number. */
void draw_job(struct draw *draw, uint32_t number, struct drawn *drawn);

/* Which of the run's jobs an id names. False: none. */
bool draw_number(const struct draw *draw, struct span id, uint32_t *number);
