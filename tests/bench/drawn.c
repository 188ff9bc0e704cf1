/* SPDX-License-Identifier: Apache-2.0
 *
 * Draws, and writes as text. */
#include "tests/bench/drawn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ensure.h"
#include "till/slot.h"

#define CUSTOMERS 1000000u

void draw_init(struct draw *draw, uint32_t run, uint32_t skus)
{
    double sum = 0;
    ENSURE(skus > 0 && skus <= DRAWN_SKUS_MAX);
    draw->run = run;
    draw->skus = skus;
    prng_init(&draw->prng, run);
    for (uint32_t i = 0; i < skus; i++) {
        sum += 1.0 / (i + 1);
        draw->weights[i] = sum;
    }
}

/* The first SKU whose summed weight is above a point drawn evenly. */
static uint32_t draw_sku(struct draw *draw)
{
    const double share = (double)(prng_next(&draw->prng) >> 11) / 9007199254740992.0;
    const double point = share * draw->weights[draw->skus - 1];
    uint32_t low = 0;
    uint32_t high = draw->skus - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (draw->weights[middle] > point) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static struct span written(const char *text, int size, size_t capacity)
{
    ENSURE(size > 0 && (size_t)size < capacity);
    return (struct span){text, (uint32_t)size};
}

/* As front ends' random ids, so that no index is filled at its end only. */
void draw_job(struct draw *draw, uint32_t number, struct drawn *drawn)
{
    char sku[32];
    const int sku_size = snprintf(sku, sizeof sku, "SKU-%" PRIu32, draw_sku(draw));
    const uint32_t slot = till_slot(sku, (size_t)sku_size);
    drawn->id = written(drawn->id_text,
                        snprintf(drawn->id_text, sizeof drawn->id_text,
                                 "%016" PRIx64 "-%" PRIu32 "-%" PRIu32, prng_next(&draw->prng),
                                 draw->run, number),
                        sizeof drawn->id_text);
    drawn->body = written(drawn->body_text,
                          snprintf(drawn->body_text, sizeof drawn->body_text,
                                   "{\"id\":\"%s\",\"customer\":\"c-%" PRIu32
                                   "\",\"items\":[{\"sku\":\"%s\",\"qty\":1}]}",
                                   drawn->id_text, prng_below(&draw->prng, CUSTOMERS), sku),
                          sizeof drawn->body_text);
    drawn->slot = written(drawn->slot_text,
                          snprintf(drawn->slot_text, sizeof drawn->slot_text, "%" PRIu32, slot),
                          sizeof drawn->slot_text);
}

bool draw_number(const struct draw *draw, struct span id, uint32_t *number)
{
    char text[64];
    char *end = NULL;
    if (id.size >= sizeof text || id.size < 18 || id.bytes[16] != '-') {
        return false;
    }
    memcpy(text, id.bytes, id.size);
    text[id.size] = '\0';
    const unsigned long run = strtoul(text + 17, &end, 10);
    if (*end != '-' || run != draw->run) {
        return false;
    }
    *number = (uint32_t)strtoul(end + 1, NULL, 10);
    return true;
}
