/* SPDX-License-Identifier: Apache-2.0
 *
 * Faults' names and rates, and when they strike. */
#include "tests/sim/sim_fault.h"

#include "common/base/ensure.h"

#define MILLION UINT64_C(1000000)
#define NEVER   UINT64_MAX

/* The highest rate, in a million; a run's is between that and a sixty-fourth of it. */
static const struct {
    const char *name;
    uint32_t most;
} faults_known[FAULTS] = {
    [FAULT_CRASH] = {"crash", 6000},
    [FAULT_MACHINE_LOST] = {"machine-lost", 300000},
    [FAULT_FREEZE] = {"freeze", 4000},
    [FAULT_DRAIN] = {"drain", 2000},
    [FAULT_CUT_BROKER] = {"cut-from-broker", 1000},
    [FAULT_CUT_DATABASE] = {"cut-from-database", 1000},
    [FAULT_DATABASE_LOST] = {"database-lost", 50000},
    [FAULT_LOST_BEFORE_COMMIT] = {"lost-before-commit", 100000},
    [FAULT_LOST_IN_COMMIT] = {"lost-in-commit", 150000},
    [FAULT_LOST_IDLE] = {"lost-idle", 30000},
    [FAULT_SERIALIZATION] = {"serialization", 100000},
    [FAULT_DEADLOCK] = {"deadlock", 100000},
    [FAULT_DATABASE_SLOW] = {"database-slow", 30000},
    [FAULT_READ_ONLY] = {"read-only", 4000},
    [FAULT_DATABASE_DOWN] = {"database-down", 4000},
    [FAULT_CLOCK_JUMP] = {"clock-jump", 30000},
    [FAULT_PAUSE] = {"pause", 300000},
    [FAULT_CONSUMER_LOST] = {"consumer-lost", 3000},
    [FAULT_PUBLISHER_LOST] = {"publisher-lost", 60000},
    [FAULT_CHANNEL_CLOSED] = {"channel-closed", 3000},
    [FAULT_HANDED_ON] = {"handed-on", 6000},
    [FAULT_CONFIRM_LATE] = {"confirm-late", 100000},
    [FAULT_CONFIRM_LOST] = {"confirm-lost", 10000},
    [FAULT_CONFIRM_REORDERED] = {"confirm-reordered", 500000},
    [FAULT_CONFIRM_MULTIPLE] = {"confirm-multiple", 700000},
    [FAULT_CONFIRM_NEGATIVE] = {"confirm-negative", 60000},
    [FAULT_RETURNED] = {"returned", 50000},
    [FAULT_DEAD_UNROUTABLE] = {"dead-unroutable", 200000},
    [FAULT_BLOCKED] = {"blocked", 20000},
    [FAULT_SORTER_REFUSED] = {"sorter-refused", 60000},
    [FAULT_SLOTS_UNBOUND] = {"slots-unbound", 60000},
    [FAULT_OFFICE_LOST] = {"office-lost", 60000},
    [FAULT_DRIVER_FAILS] = {"driver-fails", 100000},
    [FAULT_DRIVER_FROZEN] = {"driver-frozen", 100000},
    [FAULT_DRIVER_DIES] = {"driver-dies", 200000},
    [FAULT_OLD_LIST] = {"old-list", 600000},
    [FAULT_HELD_BACK] = {"held-back", 300000},
    [FAULT_NACKING_SUBSCRIBER] = {"nacking-subscriber", 250000},
    [FAULT_SLOW_DELIVERY] = {"slow-delivery", 50000},
    [FAULT_NO_KEY] = {"no-key", 900000},
    [FAULT_REPEAT_NEAR] = {"repeat-near", 100000},
    [FAULT_REPEAT_FAR] = {"repeat-far", 60000},
    [FAULT_ID_REUSED] = {"id-reused", 30000},
    [FAULT_MISROUTED] = {"misrouted", 120000},
    [FAULT_WRONG_EXCHANGE] = {"wrong-exchange", 30000},
    [FAULT_MALFORMED] = {"malformed", 40000},
    [FAULT_POISON] = {"poison", 20000},
    [FAULT_CRASHING] = {"crashing", 4000},
    [FAULT_GARBAGE_REPLY] = {"garbage-reply", 30000},
};

const char *sim_fault_name(enum sim_fault fault)
{
    ENSURE(fault < FAULTS);
    return faults_known[fault].name;
}

/* -log2(x / 2^64), in 2^-32: the same on all machines, and x is not 0. */
static uint64_t minus_log2(uint64_t x)
{
    uint64_t whole = (uint64_t)__builtin_clzll(x);
    uint64_t part = 0;
    x <<= whole;
    for (int i = 0; i < 32; i++) { /* x is 1 to 2, in 2^-63 */
        x = (uint64_t)((unsigned __int128)x * x >> 64);
        part = part << 1 | x >> 63;
        x <<= 1 - (x >> 63);
    }
    return ((whole + 1) << 32) - part;
}

/* A strike at each time with the same chance: a geometric distribution. */
void sim_fault_draw(struct sim_faults *faults, enum sim_fault fault)
{
    const uint64_t odds = faults->odds[fault];
    faults->left[fault] = odds == 0 ? NEVER : 1 + minus_log2(prng_next(&faults->prng) | 1) / odds;
}

void sim_faults_draw(struct sim_faults *faults, struct prng *prng)
{
    const uint32_t share = prng_below(prng, 5); /* in some runs nothing goes wrong */
    prng_init(&faults->prng, prng_next(prng));
    for (uint32_t i = 0; i < FAULTS; i++) {
        const bool there = prng_below(prng, 4) < share;
        const uint32_t rate = faults_known[i].most >> prng_below(prng, 7);
        faults->rates[i] = there ? rate : 0;
        faults->odds[i] = there ? minus_log2((MILLION - rate) * (UINT64_MAX / MILLION)) : 0;
        sim_fault_draw(faults, (enum sim_fault)i);
    }
}

void sim_fault_force(struct sim_faults *faults, enum sim_fault fault, bool strikes)
{
    faults->odds[fault] = strikes ? UINT64_MAX : 0;
    sim_fault_draw(faults, fault);
}

void sim_faults_calm(struct sim_faults *faults)
{
    for (uint32_t i = 0; i < FAULT_NACKING_SUBSCRIBER; i++) {
        faults->left[i] = NEVER;
    }
}
