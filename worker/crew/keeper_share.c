/* SPDX-License-Identifier: Apache-2.0
 *
 * Which workers count as alive, and which lanes are this one's. */
#include "worker/crew/keeper_parts.h"

#include <stdlib.h>
#include <string.h>

#include "common/connect/log.h"

#define AGREE_MS 400u /* between two looks that agree on who is alive */

/* ---- Who is alive ---- */

static void adopt(struct keeper *keeper, uint64_t now_ms)
{
    const size_t size = keeper->seen.count * sizeof keeper->seen.entries[0];
    struct roster_list list = {malloc(size + 1), keeper->seen.count};
    if (list.entries == NULL) {
        return; /* the list of before is as good as one of before */
    }
    memcpy(list.entries, keeper->seen.entries, size);
    roster_free(&keeper->adopted);
    keeper->adopted = list;
    keeper->adopted_ms = now_ms;
    for (uint32_t i = 0; i < keeper->servings.count; i++) {
        keeper->servings.items[i]->past = (struct handover_past){.stepped_ms = 0};
    }
}

/* Two looks must agree, but for the first one: who was slow once is not gone. After an outage, ours
 * or everybody's, others need some time to come back. */
void keeper_agree(struct keeper *keeper, struct roster_list *list, uint64_t now_ms)
{
    const bool again = roster_same(&keeper->seen, list);
    if (keeper->looked_ms != 0 && now_ms - keeper->looked_ms > ROSTER_LIVE_MS) {
        keeper->steady_ms = now_ms + ROSTER_LIVE_MS;
    }
    roster_free(&keeper->seen);
    keeper->seen = *list;
    keeper->seen_since_ms = again ? keeper->seen_since_ms : now_ms;
    const bool agreed =
        again && now_ms - keeper->seen_since_ms >= AGREE_MS && now_ms >= keeper->steady_ms;
    if (keeper->adopted_ms == 0 || (agreed && !roster_same(&keeper->seen, &keeper->adopted))) {
        adopt(keeper, now_ms);
    }
}

/* ---- Which lanes are ours ---- */

static bool is_me(const struct keeper *keeper, uint32_t worker)
{
    const struct roster_entry *entry = &keeper->adopted.entries[worker];
    return strcmp(entry->name, keeper->roster->name) == 0 &&
           strcmp(entry->run, keeper->roster->run) == 0;
}

/* SHARE_NONE: our name is another's. */
static uint32_t my_place(const struct keeper *keeper)
{
    for (uint32_t i = 0; i < keeper->adopted.count; i++) {
        if (is_me(keeper, i)) {
            return i;
        }
    }
    return SHARE_NONE;
}

static bool serve(struct keeper *keeper, uint32_t generation, uint32_t lane, struct share share,
                  uint32_t me, struct error *error)
{
    struct serving *serving = servings_find(&keeper->servings, generation, lane);
    const bool ours = me != SHARE_NONE && (share.owner == me || share.standby == me);
    if (serving == NULL && ours) {
        if (!servings_start(&keeper->servings, keeper->aide.duty, generation, lane, error)) {
            return false;
        }
        serving = servings_find(&keeper->servings, generation, lane);
    }
    if (serving != NULL) {
        serving->wanted = true;
        serving->share = share;
    }
    return true;
}

/* What of the current generation is ours is said when it changes. */
static void say_shares(struct keeper *keeper, uint32_t owned, uint32_t standby, uint32_t unowned)
{
    const uint32_t generation = keeper->generations.current;
    if (owned != keeper->said_owned || standby != keeper->said_standby ||
        generation != keeper->said_generation) {
        log_write(LOG_LEVEL_INFO, "worker: serving name=%s generation=%u lanes=%u standby=%u",
                  keeper->roster->name, generation, owned, standby);
    }
    if (unowned != keeper->said_unowned && unowned > 0) {
        log_write(LOG_LEVEL_WARN,
                  "worker: %u lanes have no worker: all have their --lanes MAX -> Start more "
                  "workers, or with a larger MAX.",
                  unowned);
    }
    keeper->said_owned = owned;
    keeper->said_standby = standby;
    keeper->said_generation = generation;
    keeper->said_unowned = unowned;
}

static bool serve_generation(struct keeper *keeper, const struct generation *generation,
                             const uint32_t *lanes_max, uint32_t *taken, struct error *error)
{
    struct share shares[LANES_MAX];
    const uint32_t me = keeper->me;
    uint32_t owned = 0;
    uint32_t standby = 0;
    const uint32_t unowned =
        share_out(lanes_max, keeper->adopted.count, generation->lanes, taken, shares);
    for (uint32_t lane = 0; lane < generation->lanes; lane++) {
        if (!serve(keeper, generation->number, lane, shares[lane], me, error)) {
            return false;
        }
        owned += me != SHARE_NONE && shares[lane].owner == me;
        standby += me != SHARE_NONE && shares[lane].standby == me;
    }
    if (generation->number == keeper->generations.current) {
        say_shares(keeper, owned, standby, unowned);
    }
    return true;
}

/* The bound of a worker counts in each generation: else the new one could wait for the old. */
bool keeper_share(struct keeper *keeper, struct error *error)
{
    const uint32_t count = keeper->adopted.count;
    uint32_t *numbers = calloc(2 * (size_t)count + 1, sizeof numbers[0]);
    bool served = numbers != NULL;
    if (!served) {
        return error_set(error, ERROR_FATAL, "no memory for a list of %u workers", count);
    }
    keeper->me = my_place(keeper);
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = keeper->adopted.entries[i].lanes_max;
    }
    for (uint32_t i = 0; i < keeper->servings.count; i++) {
        keeper->servings.items[i]->wanted = false;
    }
    for (uint32_t i = 0; served && i < keeper->generations.count; i++) {
        served = serve_generation(keeper, &keeper->generations.served[i], numbers, numbers + count,
                                  error);
    }
    free(numbers);
    return served;
}
