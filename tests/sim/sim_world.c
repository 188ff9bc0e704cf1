/* SPDX-License-Identifier: Apache-2.0
 *
 * Draws a world. Small numbers are drawn more often: what is scarce meets more often. */
#include "tests/sim/sim_world.h"

#include <inttypes.h>
#include <stdio.h>

static uint32_t between(struct prng *prng, uint32_t least, uint32_t most)
{
    return least + prng_below(prng, most - least + 1);
}

/* Between least and most, but near least more often. */
static uint32_t rather_small(struct prng *prng, uint32_t least, uint32_t most)
{
    return between(prng, least, between(prng, least, most));
}

/* Each kind's part of all jobs; some kinds may be missing. Expires are the sweeper's. */
static void draw_weights(struct sim_world *world, struct prng *prng)
{
    static const uint32_t usual[KIND_COUNT] = {
        [KIND_CHECKOUT] = 30, [KIND_RESERVE] = 25, [KIND_COMMIT] = 15, [KIND_RELEASE] = 6,
        [KIND_EXTEND] = 4,    [KIND_CANCEL] = 8,   [KIND_ADJUST] = 6,  [KIND_SET] = 3,
        [KIND_DEFINE] = 3,    [KIND_EXPIRE] = 0,
    };
    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        world->weights[i] = usual[i] * between(prng, 0, 3);
    }
    world->weights[KIND_CHECKOUT] += 10;
}

/* Now and then the number of lanes changes; two commands may come at once. */
/* The second change retires what the first one left. Where a worker is to be cut off from the
 * database this is often when it does not hear of it any more. */
static void draw_scales(struct sim_world *world, struct prng *prng)
{
    const bool unheard = world->ill == ILL_CUT_DATABASE && prng_below(prng, 4) != 0;
    const uint32_t drawn = prng_below(prng, 3) == 0 ? between(prng, 1, SIM_SCALES_MAX) : 0;
    const uint32_t count = unheard ? SIM_SCALES_MAX : drawn;
    const int64_t most = world->storm < 2 * SIM_SECOND ? 2 * SIM_SECOND : world->storm;
    int64_t at = (int64_t)prng_below(prng, (uint32_t)(most / 2)) + (unheard ? most / 2 : 0);
    for (uint32_t i = 0; i < count; i++) {
        world->scales[i] = (struct sim_scale){between(prng, 1, SIM_LANES_MAX), at};
        at += prng_below(prng, 3) == 0 ? between(prng, 1, 1500) * SIM_MS
                                       : between(prng, 4, 12) * SIM_SECOND;
    }
}

/* Windows and holds end on whole seconds after some tick, so a coarse clock meets their ends. */
static void draw_tick(struct sim_world *world, struct prng *prng)
{
    static const int64_t ticks[] = {1, 1, SIM_MS, 100 * SIM_MS, SIM_SECOND};
    world->tick = ticks[prng_below(prng, sizeof ticks / sizeof ticks[0])];
}

/* Batches as each worker was told; the prefetch is one for all (common/base/limits.h). */
static void draw_batches(struct sim_world *world, struct prng *prng, bool uneven)
{
    const uint32_t most = rather_small(prng, 1, 64);
    const uint32_t prefetch = most * between(prng, 1, 4);
    for (uint32_t i = 0; i < SIM_WORKERS_MAX; i++) {
        world->jobs_max[i] = between(prng, 0, 1) == 0 ? most : between(prng, 1, most);
        world->prefetch[i] = prefetch;
    }
    if (uneven) {
        world->prefetch[0] = (prefetch + 1) / 2;
    }
}

void sim_world_draw(struct sim_world *world, struct prng *prng, uint64_t seed, bool uneven)
{
    *world = (struct sim_world){.seed = seed};
    world->workers = between(prng, 1, SIM_WORKERS_MAX);
    world->lanes = rather_small(prng, 1, SIM_LANES_MAX);
    world->skus = rather_small(prng, 1, SIM_SKUS_MAX);
    world->pools = between(prng, 1, 2);
    world->customers = between(prng, 1, SIM_CUSTOMERS_MAX);
    world->publishers = between(prng, 1, SIM_PUBLISHERS_MAX);
    world->jobs = between(prng, 60, 340);
    draw_batches(world, prng, uneven);
    world->stock = rather_small(prng, 1, 60);
    world->cart_max = rather_small(prng, 1, 4);
    world->ttl_max = between(prng, 1, 8);
    world->limit_share = between(prng, 0, 100);
    world->burst = rather_small(prng, 1, 24);
    world->pace = between(prng, 1, 400) * SIM_MS;
    world->storm = between(prng, 0, 30) * SIM_SECOND;
    draw_weights(world, prng);
    if (world->workers > 1 && prng_below(prng, 2) == 0) {
        world->ill = (enum sim_ill)between(prng, ILL_DEAD, ILL_CUT_DATABASE);
        world->ill_worker = prng_below(prng, world->workers);
    }
    draw_scales(world, prng);
    world->sorts = prng_below(prng, 2) == 0;
    world->sweeps = world->weights[KIND_RESERVE] > 0;
    draw_tick(world, prng);
}

static const char *ill_text(enum sim_ill ill)
{
    switch (ill) {
    case ILL_NONE:
        return "nobody";
    case ILL_DEAD:
        return "dead";
    case ILL_CUT_BROKER:
        return "cut off from the broker";
    case ILL_CUT_DATABASE:
        return "cut off from the database";
    }
    return "";
}

void sim_world_print(const struct sim_world *world)
{
    (void)printf("world: %u workers, %u lanes, %u SKUs, %u pools, %u customers, %u publishers\n",
                 world->workers, world->lanes, world->skus, world->pools, world->customers,
                 world->publishers);
    (void)printf("       %u jobs, stock up to %u, carts up to %u, ttl up to %u s\n", world->jobs,
                 world->stock, world->cart_max, world->ttl_max);
    (void)printf("       batches and prefetch:");
    for (uint32_t i = 0; i < world->workers; i++) {
        (void)printf(" %u/%u", world->jobs_max[i], world->prefetch[i]);
    }
    (void)printf("\n");
    (void)printf("       bursts of %u every %" PRId64 " ms, limits %u %%, storm of %" PRId64 " s\n",
                 world->burst, world->pace / SIM_MS, world->limit_share, world->storm / SIM_SECOND);
    (void)printf("       the database's clock shows every %" PRId64 " us\n", world->tick);
    (void)printf("       jobs:");
    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        if (world->weights[i] > 0) {
            (void)printf(" %s %u", kind_text((enum kind)i), world->weights[i]);
        }
    }
    (void)printf("%s", world->sorts ? ", some without a key" : "");
    for (uint32_t i = 0; i < SIM_SCALES_MAX && world->scales[i].lanes > 0; i++) {
        (void)printf("\n       scaled to %u lanes after %" PRId64 " ms", world->scales[i].lanes,
                     world->scales[i].at / SIM_MS);
    }
    (void)printf("\n       for ever: %s", ill_text(world->ill));
    if (world->ill != ILL_NONE) {
        (void)printf(" (worker %u)", world->ill_worker);
    }
    (void)printf("\n");
}
